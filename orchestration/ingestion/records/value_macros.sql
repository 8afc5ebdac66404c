{#-
How one value of a record is read, and what is said of one that cannot be read. Jinja, filled by `value_types.py`.

Each type of value has a macro that gives null for whatever the lake must not hold. Needs the macros of `personal`, and
those that `mapping_macros` makes of a mapping.
-#}

-- In NFC, nothing invisible, single blanks within and none around; nor the apostrophe by which a spreadsheet marks a
-- text, nor quotes around it. Each value stands once in it: what is made of a value twice is compiled twice.
create or replace temp macro cleaned(v) as trim(regexp_replace(nfc_normalize(
    translate(v, '{{ blanks }}{{ invisible }}' || chr(0), '{{ blank }}')), ' {2,}', ' ', 'g'), ' ''');
-- Most are as they should be. Of all others only those whose first letter says that they cannot be a word for nothing;
-- comparing is much faster than calling. No regular expression, as each costs more than all of this.
create or replace temp macro is_clean(v) as strlen(v) = length(v) and begins_clean(v)
    and not ends_with(v, ' ') and not ends_with(v, chr(9)) and not ends_with(v, chr(10));
-- Cleaned, but words for nothing are still words.
create or replace temp macro said_text(v) as if(is_clean(v) and not contains(v, ' '), v, cleaned(v));
create or replace temp macro clean_text(v) as nullif(regexp_replace(cleaned(v), nothing_shape(), ''), '');
-- Cleaned, null if nothing or a word for nothing is left.
create or replace temp macro bare_text(v) as case when v = '' then null when is_clean(v) then v else clean_text(v) end;
create or replace temp macro holds_person(v) as
    holds_number(v) and not regexp_full_match(upper(v), '[{]?({{ random }})[}]?') or is_address(v);
create or replace temp macro may_be_person(v) as has_nine_digits(v) or contains(v, '@');
create or replace temp macro is_garbled(v) as strlen(v) <> length(v) and regexp_matches(v, '{{ garbled }}')
    or contains(v, '?') and regexp_matches(v, '\p{L}[?]');
create or replace temp macro read_text(v) as if(is_garbled(v) or names_person(v), null, v);
create or replace temp macro is_code(v) as strlen(v) <= {{ longest }} and regexp_full_match(v, '{{ code }}')
    and not (strlen(v) in (4, 5) and lower(v) in ('true', 'false'))
    and not (contains(v, '+') and regexp_full_match(v, '[0-9.]+[Ee][+][0-9]+'));
-- A column of numbers writes 12 as 12.0.
create or replace temp macro without_zero(v) as
    if(ends_with(v, '.0') and regexp_full_match(v, '[0-9]+[.]0'), left(v, -2), v);
create or replace temp macro read_code(v) as
    case when regexp_full_match(v, '{{ plain_code }}') then v
    when is_code(v) and not holds_person(v) then without_zero(upper(v)) end;
create or replace temp macro read_identifier(v) as case
    when not is_code(v) and not regexp_full_match(upper(v), '[{]({{ random }})[}]') then null
    when holds_person(v) then 'hash:' || hashed(if(is_number_of_person(v), bare_number(v), v))
    else without_zero(v) end;
create or replace temp macro read_procedure_code(v) as case
    when regexp_full_match(v, '{{ procedure_code }}') then v
    when is_code(v) and not regexp_full_match(v, '[0-9]+[.]0[0-9]*|[0-9]+[.][0-9]{7,}') and not holds_person(v)
    then v end;
create or replace temp macro read_state_code(v) as if(regexp_full_match(v, '[0-9A-Za-z.]+') and strlen(v) <= {{ longest }}
    and (not has_nine_digits(v) or regexp_full_match(v, '[0-9]{2}[.][0-9]{3}[.][0-9]{5}')), without_zero(v), null);
create or replace temp macro read_dossier_code(v) as
    if(regexp_full_match(upper(v), '{{ dossier_code }}'), upper(v), null);
create or replace temp macro has_unknown_agency(v) as regexp_full_match(upper(v), '{{ any_dossier_code }}');
create or replace temp macro read_agency_code(v) as case
    when regexp_full_match(v, '{{ agency_code }}') then v
    when regexp_full_match(agency_code_today(v), '{{ agency_code }}') then agency_code_today(v)
end;
create or replace temp macro read_any_agency_code(v) as
    if(regexp_full_match(v, '{{ any_agency_code }}') and not holds_person(v), v, null);
create or replace temp macro is_in_years(m) as
    coalesce(m between timestamp '{{ before }} 23:59:59.999999' + interval 1 microsecond
        and timestamp '{{ after }}' - interval 1 microsecond, false);
create or replace temp macro in_years(m) as if(is_in_years(m), m, null);
create or replace temp macro day_in_years(m) as in_years(m)::date;
create or replace temp macro is_other_moment(v) as any_moment(v) is not null;
create or replace temp macro read_flag(v) as case
    when v in ('1', 'True', 'true') then true
    when v in ('0', 'False', 'false') then false
    when lower(v) in ('true', '1.0') then true
    when lower(v) in ('false', '0.0') then false
end;
create or replace temp macro read_count(v) as case
    when regexp_full_match(v, '[0-9]{1,8}') then v::bigint
    when regexp_full_match(as_decimal(v), '[0-9]{1,8}([.]0+)?') then split_part(as_decimal(v), '.', 1)::bigint end;
create or replace temp macro read_number(v) as case
    when regexp_full_match(v, '[0-9]{1,8}([.][0-9]+)?') then round(v::double, 2)
    when not starts_with(v, '0') then round(v::double, -6) end;
create or replace temp macro read_limit(v) as
    if(regexp_full_match(v, '[0-9]{1,5}([.,][0-9]{1,2})?'), as_decimal(v)::double, null);
create or replace temp macro is_negative(v) as
    coalesce(try_cast(v as double) < 0, false) or starts_with(v, '-') and as_decimal(v[2:]) is not null;
create or replace temp macro read_year(v) as
    if(regexp_full_match(v, '[0-9]{4}([.]0)?') and left(v, 4)::integer between {{ first }} and {{ last }},
        left(v, 4)::integer, null);
create or replace temp macro read_word(v) as lower(v);
create or replace temp macro is_given(v) as v is not null;
create or replace temp macro dossier_codes() as '\b({{ any_dossier_code }})\b';
-- What a problem or the quarantine may show of a value: codes and figures, never sentences or names.
create or replace temp macro shown(v) as case
    when regexp_full_match(upper(v), '{{ any_dossier_code }}|{{ moment_digits }}') then left(v, 60)
    when strlen(v) <= {{ longest }} and regexp_full_match(v, '[!-?A-~]+') and not has_nine_digits(v) and not is_address(v)
        then left(v, 60)
    else 'a text of ' || length(v) || ' characters'
end;

-- What is written as most values are, so that it is read fast (`ValueType.plain`).
create or replace temp macro plain_code_shape() as '{{ plain_code }}';
create or replace temp macro plain_identifier_shape() as '{{ plain_identifier }}';
create or replace temp macro plain_hash_shape() as '{{ plain_number }}|[A-Z][1-9][0-9]{6,7}';

-- What is wrong with a value: in a row that is refused for it, and in one that goes on without it.
create or replace temp macro problem(reason, gravity, place, value, wanted, advice) as struct_pack(reason_code := reason,
    severity := gravity, field := place, found := value, expected := wanted, action := advice);
create or replace temp macro error_in(reason, place, value, wanted) as
    problem(reason, 'error', place, value, wanted, {{ resend | literal }});
create or replace temp macro left_out(reason, place, value, wanted) as
    problem(reason, 'aside', place, value, wanted, 'the row goes on without it');
create or replace temp macro foreign_agency(place, value, whose) as problem({{ foreign_agency | literal }}, 'error', place,
    value, 'an agency for which ' || whose || ' may deliver', {{ not_agreed | literal }});

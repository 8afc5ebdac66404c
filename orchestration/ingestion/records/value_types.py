"""How one value of a record is read, and what is wrong with one that cannot be read.

Here: the types of values, each a SQL macro that gives null for whatever the lake must not hold, and the
reasons by which such a value is refused. A fault is therefore always the same thing: a value was sent, and
nothing came of it. Not here: which columns there are (`contracts`), what a vendor calls them (`mapping`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from orchestration.ingestion.personal import DAY_OF_DOSSIER, MOMENT_NUMBER
from orchestration.ingestion.unit_identity import AGENCY_CODE_SQL

#: What lies outside is a typing error or a placeholder such as 1900-01-01; 2099 is judged in dbt.
FIRST_YEAR, LAST_YEAR = 2000, 2100
#: What programs make up: a UUID with or without hyphens, and digests of MD5 (as long as the latter), SHA-1, SHA-256.
_RANDOM = "[0-9A-F]{8}(-?[0-9A-F]{4}){3}-?[0-9A-F]{12}|[0-9A-F]{40}|[0-9A-F]{64}"
#: Begins with a letter or digit. Names and sentences have blanks or accents, addresses an @, JSON and formulas brackets
#: and quotes.
_CODE = "[0-9A-Za-z_][0-9A-Za-z._/:()+&=%*-]*"
#: Counted beside the pattern, not in it: a bounded repetition takes long to compile, and lists compile anew.
_LONGEST_CODE = 64
#: What may be shown of a refused value besides: a moment as the exchange format writes it.
_MOMENT_DIGITS = "(19|2[0-9])[0-9]{12}"
#: A part of an agency's code, and the serial number of a dossier: too short for a number of a person, also together.
_PART = "([0-9A-Z]{1,4}|[A-Z]{1,16}[0-9]{0,4})"
_SERIAL = (
    "([0-9A-Z]{1,8}|[0-9A-Z]{1,4}[-.][0-9A-Z]{1,4}|[0-9A-Z]{1,6}[-.][0-9A-Z]{1,2}"
    "|[0-9A-Z]{1,4}([-.][0-9A-Z]{1,2}){2})"
)


def _agency_code(roots: str) -> str:
    return f"({roots})([.]{_PART}){{0,2}}"


def dossier_code(roots: str) -> str:
    """Regular expression of the code of a dossier, in capitals, of an agency whose code begins with one of `roots`."""
    return f"(000[.](00[.])?({_PART}[.]){{0,2}}({roots})|{_agency_code(roots)})-{DAY_OF_DOSSIER}-{_SERIAL}"


#: How most moments are written: any of them with a day that there is, in years that count.
PLAIN_MOMENT = "%Y%m%d%H%M%S"
#: Old provinces kept their codes, `H` and two digits, though provinces.csv lists only today's 34.
_ANY_PROVINCE = "H[0-9]{2}"
_ANY_ROOT = "[A-Z][0-9]{2,3}"
#: Of the national catalogue: six digits after the dot, the first of them 0 so far.
PROCEDURE_CODE = "[0-9][.][0-9]{6}"
#: The number of a person as it should be written, so that nothing is done to it before it is hashed.
PLAIN_NUMBER = "[0-9]{12}|[0-9]{9}"
#: What is nothing, in lower case, whatever the column: what spreadsheets, databases and programs write for it.
NOTHING = (
    "#n/a", "#n/a!", "#n/a n/a", "#na", "#null!", "#ref!", "#value!", "#div/0!", "#name?", "#num!", "#spill!", "#calc!",
    "#blocked!", "#getting_data", "null", "(null)", "<null>", "[null]", "nan", "-nan", "(nan)", "nat", "none", "(none)",
    "<none>", "nil", "n/a", "n.a.", "(n/a)", "na", "<na>", r"\n", "undefined", "(trống)", "(blank)", "(empty)", "-",
    "--", "---", "–", "—", "''", '""',
)  # fmt: skip


@dataclass(frozen=True)
class ValueType:
    """`reader`: the macro. `reason`, `expected`: of a value that it does not read, unless one of
    `special`, pairs of a predicate macro and its reason, says it better. `plain`: SQL of a regular expression,
    without blanks, of what `plain_read` reads as `reader` would, only faster: most of what is sent. `first`: the macro
    that makes of a value what `reader` reads, where that refers to it several times and each would be compiled.
    """

    reader: str
    reason: str
    expected: str
    special: tuple[tuple[str, str], ...] = ()
    plain: str = ""
    plain_read: str = "{}"
    first: str = ""


#: Letters, though none first that a word for nothing begins with, and one to eight digits in one or two groups: no word,
#: no number, none of a person, and not too long. What is more would make matching slower than what it saves.
_PLAIN_CODE = (
    "[0-9]{1,8}|[A-MO-TV-Z][A-Z]{0,7}[/._:-]?[A-Z]{0,3}([0-9]{1,8}|[0-9]{1,2}[/._:-][A-Z]{0,3}[0-9]{1,6}"
    "|[0-9]{3,4}[/._:-][A-Z]{0,3}[0-9]{1,4})|[A-MO-Z][A-Z]?"
)
#: Those, a dossier's code with something before or behind, moments, what programs make up.
_PLAIN_IDENTIFIER = (
    _PLAIN_CODE + f"|([A-Z]{{2}}[.])?[A-Z][0-9]{{2}}([.][0-9]{{1,3}})?-{DAY_OF_DOSSIER}-"
    "([0-9A-Z]{1,8}|[0-9A-Z]{1,6}-[0-9A-Z]{1,2})"
    f"|{MOMENT_NUMBER}|{_RANDOM}|{_RANDOM.replace('A-F', 'a-f')}"
)
#: Of what was not read: cheaper than asking once more why.
_IS_PERSONAL = ("may_be_person", "personal_number")

VALUE_TYPES = {
    "dossier_code": ValueType(
        "read_dossier_code",
        "malformed_dossier_code",
        "a code such as H19.95-250701-0001",
        (("has_unknown_agency", "unknown_agency"),),
    ),
    "agency_code": ValueType(
        "read_agency_code", "unknown_agency", "the code of a province or of a unit below it"
    ),
    "any_agency_code": ValueType(
        "read_any_agency_code",
        "malformed_code",
        "an agency's code such as H19.95",
        (_IS_PERSONAL,),
        first="agency_code_today",
    ),
    "code": ValueType(
        "read_code",
        "malformed_code",
        "a code without blanks, accents and personal numbers, of at most eight digits",
        (_IS_PERSONAL,),
        plain=f"'{_PLAIN_CODE}'",
    ),
    # Any digits: those that may be a number of a person are replaced by their hash.
    "identifier": ValueType(
        "read_identifier",
        "malformed_code",
        "a code without blanks and accents",
        plain=f"'{_PLAIN_IDENTIFIER}'",
    ),
    "procedure_code": ValueType(
        "read_procedure_code",
        "malformed_procedure_code",
        "a code such as 1.004250, with six digits"
        " after the dot: as a number it loses the last, so that it must be sent as text",
        (_IS_PERSONAL,),
    ),
    "state_code": ValueType(
        "read_state_code", "malformed_code", "a statistics code such as 75 or 75.731.26005", (_IS_PERSONAL,)
    ),
    "text": ValueType(
        "read_text",
        "malformed_text",
        "a text in UTF-8 that was decoded as UTF-8, and nothing personal in it",
        (("names_person", "personal_number"), ("is_garbled", "garbled_text")),
    ),
    "moment": ValueType(
        "in_years",
        "bad_moment",
        f"a moment from {FIRST_YEAR} to {LAST_YEAR}, as the mapping writes them",
        (("is_other_moment", "date_out_of_range"),),
        plain="plain_moment_shape()",
        plain_read=f"strptime({{}}, '{PLAIN_MOMENT}')",
        first="any_moment",
    ),
    "date": ValueType(
        "day_in_years",
        "bad_moment",
        f"a date from {FIRST_YEAR} to {LAST_YEAR}, as the mapping writes them",
        (("is_other_moment", "date_out_of_range"),),
        first="any_date",
    ),
    "flag": ValueType(
        "read_flag",
        "not_a_flag",
        "1 or 0, true or false",
        plain="'[01]|[Tt]rue|[Ff]alse'",
        plain_read="{}::boolean",
    ),
    "count": ValueType(
        "read_count",
        "not_a_number",
        "a whole number of at most eight digits, 0 or more; with dots or commas"
        " only as the mapping's numbers have them",
        (("is_negative", "negative_count"),),
    ),
    # Nothing but whether it is 0 rests on a price, and nine digits may be a person's: of more, the million is kept.
    "number": ValueType(
        "read_number",
        "not_a_number",
        "a number, 0 or more; with dots or commas only as the mapping's"
        " numbers have them, and no 0 before many digits",
        (("is_negative", "negative_number"),),
        plain="'[0-9]{1,8}([.][0-9]{1,2})?'",
        plain_read="{}::double",
        first="as_decimal",
    ),
    # 1.000 days would be three years or one day: no limit has thousands.
    "limit": ValueType(
        "read_limit",
        "not_a_number",
        "a number below 100,000 with at most two digits after the decimal sign",
        (("is_negative", "negative_number"),),
    ),
    "year": ValueType("read_year", "bad_period", f"a year from {FIRST_YEAR} to {LAST_YEAR}"),
    "choice": ValueType("read_count", "unknown_code", "a code of the list", plain_read="{}::integer"),
    "word": ValueType("read_word", "unknown_code", "a word of the list"),
    # Whatever is sent gives a hash, or null for a placeholder; whatever is sent is something.
    "hash": ValueType(
        "keyed_hash",
        "",
        "",
        plain=f"'{PLAIN_NUMBER}|[A-Z][1-9][0-9]{{6,7}}'",
        plain_read="keyed_hash({})",
        first="bare_number",
    ),
    # A word for nothing begins otherwise, or with N or U.
    "is_given": ValueType(
        "is_given", "", "", plain="'[+./0-9A-MO-TV-Za-mo-tv-z]'", plain_read="({} is not null)"
    ),
}


def _characters(*ranges: tuple[int, int]) -> str:
    return "".join(chr(code) for first, last in ranges for code in range(first, last + 1))


#: Joiners, marks of direction and of byte order, soft hyphens, variation selectors; NUL beside them.
_INVISIBLE = _characters((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x180B, 0x180E),
                         (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
                         (0xFFF9, 0xFFFB))  # fmt: skip
_BLANKS = _characters((0x01, 0x1F), (0x7F, 0x7F), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
                      (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000))  # fmt: skip
#: Letters of UTF-8 that was read as another encoding, or lost.
_GARBLED = (
    r"\x{FFFD}|[\x{80}-\x{9F}]|[ÃÂ][\x{A0}-\x{BF}€‚ƒ„†‡ˆ‰Š‹ŒŽ•˜™š›œžŸ]|[ÄÆ][\x{A0}-\x{BF}€‚ƒ„†‡ˆ‰Š‹ŒŽ•˜™š›œžŸ‘’“”–—…]"
    r"|á[º»][^\s\p{L}\p{N},.;:)!?]"
)

_MACROS = r"""
-- In NFC, nothing invisible, single blanks within and none around; nor the apostrophe by which a spreadsheet marks a
-- text, nor quotes around it. Each value stands once in it: what is made of a value twice is compiled twice.
create or replace temp macro cleaned(v) as trim(regexp_replace(nfc_normalize(
    translate(v, '{blanks}{invisible}' || chr(0), '{blank}')), ' {{2,}}', ' ', 'g'), ' ''');
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
    holds_number(v) and not regexp_full_match(upper(v), '[{{]?({random})[}}]?') or is_address(v);
create or replace temp macro may_be_person(v) as has_nine_digits(v) or contains(v, '@');
create or replace temp macro is_garbled(v) as strlen(v) <> length(v) and regexp_matches(v, '{garbled}')
    or contains(v, '?') and regexp_matches(v, '\p{{L}}[?]');
create or replace temp macro read_text(v) as if(is_garbled(v) or names_person(v), null, v);
create or replace temp macro is_code(v) as strlen(v) <= {longest} and regexp_full_match(v, '{code}')
    and not (strlen(v) in (4, 5) and lower(v) in ('true', 'false'))
    and not (contains(v, '+') and regexp_full_match(v, '[0-9.]+[Ee][+][0-9]+'));
-- A column of numbers writes 12 as 12.0.
create or replace temp macro without_zero(v) as
    if(ends_with(v, '.0') and regexp_full_match(v, '[0-9]+[.]0'), left(v, -2), v);
create or replace temp macro read_code(v) as
    case when regexp_full_match(v, '{plain_code}') then v
    when is_code(v) and not holds_person(v) then without_zero(upper(v)) end;
create or replace temp macro read_identifier(v) as case
    when not is_code(v) and not regexp_full_match(upper(v), '[{{]({random})[}}]') then null
    when holds_person(v) then 'hash:' || hashed(if(is_number_of_person(v), bare_number(v), v))
    else without_zero(v) end;
create or replace temp macro read_procedure_code(v) as case
    when regexp_full_match(v, '{procedure_code}') then v
    when is_code(v) and not regexp_full_match(v, '[0-9]+[.]0[0-9]*|[0-9]+[.][0-9]{{7,}}') and not holds_person(v)
    then v end;
create or replace temp macro read_state_code(v) as if(regexp_full_match(v, '[0-9A-Za-z.]+') and strlen(v) <= {longest}
    and (not has_nine_digits(v) or regexp_full_match(v, '[0-9]{{2}}[.][0-9]{{3}}[.][0-9]{{5}}')), without_zero(v), null);
create or replace temp macro read_dossier_code(v) as
    if(regexp_full_match(upper(v), '{dossier_code}'), upper(v), null);
create or replace temp macro has_unknown_agency(v) as regexp_full_match(upper(v), '{any_dossier_code}');
create or replace temp macro read_agency_code(v) as case
    when regexp_full_match(v, '{agency_code}') then v
    when regexp_full_match(agency_code_today(v), '{agency_code}') then agency_code_today(v)
end;
create or replace temp macro read_any_agency_code(v) as
    if(regexp_full_match(v, '{any_agency_code}') and not holds_person(v), v, null);
create or replace temp macro is_in_years(m) as
    coalesce(m between timestamp '{before} 23:59:59.999999' + interval 1 microsecond
        and timestamp '{after}' - interval 1 microsecond, false);
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
    when regexp_full_match(v, '[0-9]{{1,8}}') then v::bigint
    when regexp_full_match(as_decimal(v), '[0-9]{{1,8}}([.]0+)?') then split_part(as_decimal(v), '.', 1)::bigint end;
create or replace temp macro read_number(v) as case
    when regexp_full_match(v, '[0-9]{{1,8}}([.][0-9]+)?') then round(v::double, 2)
    when not starts_with(v, '0') then round(v::double, -6) end;
create or replace temp macro read_limit(v) as
    if(regexp_full_match(v, '[0-9]{{1,5}}([.,][0-9]{{1,2}})?'), as_decimal(v)::double, null);
create or replace temp macro is_negative(v) as
    coalesce(try_cast(v as double) < 0, false) or starts_with(v, '-') and as_decimal(v[2:]) is not null;
create or replace temp macro read_year(v) as
    if(regexp_full_match(v, '[0-9]{{4}}([.]0)?') and left(v, 4)::integer between {first} and {last},
        left(v, 4)::integer, null);
create or replace temp macro read_word(v) as lower(v);
create or replace temp macro is_given(v) as v is not null;
create or replace temp macro dossier_codes() as '\b({any_dossier_code})\b';
-- What a problem or the quarantine may show of a value: codes and figures, never sentences or names.
create or replace temp macro shown(v) as case
    when regexp_full_match(upper(v), '{any_dossier_code}|{moment_digits}') then left(v, 60)
    when strlen(v) <= {longest} and regexp_full_match(v, '[!-?A-~]+') and not has_nine_digits(v) and not is_address(v)
        then left(v, 60)
    else 'a text of ' || length(v) || ' characters'
end;
"""


def value_macros(roots: Iterable[str]) -> str:
    """SQL that makes the macros. `roots` are known agencies, of which the first part of the code counts.

    Needs the macros of `personal`, and those that `row_query` makes of a mapping.
    """
    known = {root.split(".")[0].strip().upper() for root in roots}
    listed = sorted(re.escape(root) for root in known if re.fullmatch("[A-Z0-9]+", root))
    roots_pattern = "|".join([_ANY_PROVINCE, *listed])
    return AGENCY_CODE_SQL + _MACROS.format(
        invisible=_INVISIBLE,
        blanks=_BLANKS,
        blank=" " * len(_BLANKS),
        garbled=_GARBLED,
        random=_RANDOM,
        code=_CODE,
        plain_code=_PLAIN_CODE,
        longest=_LONGEST_CODE,
        procedure_code=PROCEDURE_CODE,
        dossier_code=dossier_code(roots_pattern),
        any_dossier_code=dossier_code(_ANY_ROOT),
        agency_code=_agency_code(roots_pattern),
        any_agency_code=_agency_code("[A-Z]{1,5}[0-9]{1,3}"),
        moment_digits=_MOMENT_DIGITS,
        first=FIRST_YEAR,
        last=LAST_YEAR,
        before=f"{FIRST_YEAR - 1}-12-31",
        after=f"{LAST_YEAR + 1}-01-01",
    )

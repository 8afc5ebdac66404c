"""How one value of a record is read, and what is wrong with one that cannot be read.

Here: the kinds of values, each a SQL macro that gives null for whatever the lake must not hold, and the
reasons by which such a value is refused. A fault is therefore always the same thing: a value was sent, and
nothing came of it. Not here: which columns there are (`record_types`), what a vendor calls them (`mapping`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from orchestration.ingest.unit_identity import AGENCY_CODE_SQL

#: What lies outside is a typing error or a placeholder such as 1900-01-01; 2099 is judged in dbt.
FIRST_YEAR, LAST_YEAR = 2000, 2100
#: Digits that are an identity number (9, 12) or a telephone number (10, 11): no code is made like that.
_PERSONAL_DIGITS = "[+]?[0-9]{9,12}|0[0-9]{2,3}[.-][0-9]{3}[.-][0-9]{3,4}"
#: Printable ASCII without blank and @. Names and sentences have blanks or accents, addresses have an @.
_CODE = "[!-?A-~]+"
#: Counted beside the pattern, not in it: a bounded repetition takes long to compile, and lists compile anew.
_LONGEST_CODE = 64
#: Most codes and identifiers (a UUID has 36) are no longer; each character more makes matching slower.
_PLAIN_CODE, _PLAIN_IDENTIFIER = 16, 40
#: What may be shown of a refused value besides: a moment as the exchange format writes it.
_MOMENT_DIGITS = "(19|2[0-9])[0-9]{12}"
DOSSIER_CODE = (
    "(000[.]([0-9A-Z]+[.])*({roots})|({roots})([.][0-9A-Z]+)*)-[0-9]{{6}}-[0-9A-Z]+([-.][0-9A-Z]+)*"
)
#: How most moments are written: any of them with a day that there is, in years that count.
PLAIN_MOMENT = "%Y%m%d%H%M%S"
_AGENCY_CODE = "({roots})([.][0-9A-Z]+)*"
#: Old provinces kept their codes, `H` and two digits, though provinces.csv lists only today's 34.
_ANY_PROVINCE = "H[0-9]{2}"
_ANY_ROOT = "[A-Z][0-9]{2,3}"


@dataclass(frozen=True)
class Kind:
    """`reader`: the macro. `reason`, `expected`: of a value that it does not read, unless one of
    `special`, pairs of a predicate macro and its reason, says it better. `plain`: SQL of a regular expression,
    without blanks, of what `plain_read` reads as `reader` would, only faster: most of what is sent.
    """

    reader: str
    reason: str
    expected: str
    special: tuple[tuple[str, str], ...] = ()
    plain: str = ""
    plain_read: str = "{}"


KINDS = {
    "dossier_code": Kind("read_dossier_code", "malformed_dossier_code", "a code such as H19.95-250701-0001",
                         (("has_unknown_agency", "unknown_agency"),)),
    "agency_code": Kind("read_agency_code", "unknown_agency", "the code of a province or of a unit below it"),
    "any_agency_code": Kind("read_any_agency_code", "malformed_code", "an agency's code such as H19.95",
                            plain=f"'[A-Z][!-?A-Z_]{{0,{_PLAIN_CODE - 1}}}'"),
    # Codes that could be mistaken for a number of a person are not taken, identifiers may be any digits.
    "code": Kind("read_code", "malformed_code", "a code without blanks, accents and personal numbers",
                 plain=f"'[A-Z][!-?A-Z_]{{0,{_PLAIN_CODE - 1}}}|[0-9]{{1,8}}'"),
    "identifier": Kind("read_identifier", "malformed_code", "a code without blanks and accents",
                       plain=f"'{_CODE.removesuffix('+')}{{1,{_PLAIN_IDENTIFIER}}}'"),
    "text": Kind("read_text", "malformed_text", "a text"),
    "moment": Kind("read_moment", "bad_moment", f"a moment from {FIRST_YEAR} to {LAST_YEAR}, as the mapping "
                   "writes them", (("is_other_moment", "date_out_of_range"),), plain="plain_moment_shape()",
                   plain_read=f"strptime({{}}, '{PLAIN_MOMENT}')"),
    "date": Kind("read_date", "bad_moment", f"a date from {FIRST_YEAR} to {LAST_YEAR}, as the mapping "
                 "writes them", (("is_other_moment", "date_out_of_range"),)),
    "flag": Kind("read_flag", "not_a_flag", "1 or 0, true or false",
                 plain="'[01]|[Tt]rue|[Ff]alse'", plain_read="{}::boolean"),
    "count": Kind("read_count", "not_a_number", "a whole number of at most nine digits, 0 or more",
                  (("is_negative", "negative_count"),)),
    "number": Kind("read_number", "not_a_number", "a number, 0 or more",
                   (("is_negative", "negative_number"),), plain="'[0-9]{1,15}([.][0-9]{1,9})?'",
                   plain_read="{}::double"),
    "year": Kind("read_year", "bad_period", f"a year from {FIRST_YEAR} to {LAST_YEAR}"),
    "choice": Kind("read_count", "unknown_code", "a code of the list", plain_read="{}::integer"),
    "word": Kind("read_word", "unknown_code", "a word of the list"),
    # Whatever is sent gives a hash, or null for a placeholder; whatever is sent is something.
    "hash": Kind("keyed_hash", "", "", plain="'[0-9A-Z]{1,32}'", plain_read="keyed_hash({})"),
    "is_given": Kind("is_given", "", "", plain="'[!-~]'", plain_read="({} is not null)"),
}  # fmt: skip

_MACROS = r"""
-- Without blanks around, null if nothing is left. `trim` looks at every character: only where there is a reason.
create or replace temp macro bare_text(v) as case
    when v = '' then null
    when strlen(v) = length(v) and not starts_with(v, ' ') and not ends_with(v, ' ') then v
    else nullif(trim(v), '')
end;
create or replace temp macro read_text(v) as v;
create or replace temp macro is_code(v) as strlen(v) <= {longest} and regexp_full_match(v, '{code}');
create or replace temp macro read_identifier(v) as if(is_code(v), v, null);
create or replace temp macro read_code(v) as
    if(is_code(v) and not (strlen(v) between 9 and 14 and regexp_full_match(v, '{personal}')), upper(v), null);
create or replace temp macro read_dossier_code(v) as
    if(regexp_full_match(upper(v), '{dossier_code}'), upper(v), null);
create or replace temp macro has_unknown_agency(v) as regexp_full_match(upper(v), '{any_dossier_code}');
create or replace temp macro read_agency_code(v) as case
    when regexp_full_match(v, '{agency_code}') then v
    when regexp_full_match(agency_code_today(v), '{agency_code}') then agency_code_today(v)
end;
create or replace temp macro read_any_agency_code(v) as read_code(agency_code_today(v));
-- What is out of bounds is moved to the bound, which is then none.
create or replace temp macro in_years(m) as nullif(nullif(
    least(greatest(m, timestamp '{before} 23:59:59.999999'), timestamp '{after}'),
    timestamp '{before} 23:59:59.999999'), timestamp '{after}');
create or replace temp macro is_in_years(m) as
    coalesce(m between timestamp '{before} 23:59:59.999999' + interval 1 microsecond
        and timestamp '{after}' - interval 1 microsecond, false);
create or replace temp macro read_moment(v) as in_years(any_moment(v));
create or replace temp macro read_date(v) as read_moment(v)::date;
create or replace temp macro is_other_moment(v) as any_moment(v) is not null;
create or replace temp macro read_flag(v) as case
    when v in ('1', 'True', 'true') then true
    when v in ('0', 'False', 'false') then false
    when lower(v) in ('true', '1.0') then true
    when lower(v) in ('false', '0.0') then false
end;
create or replace temp macro read_count(v) as
    if(regexp_full_match(v, '[0-9]{{1,9}}([.]0+)?'), split_part(v, '.', 1)::bigint, null);
create or replace temp macro read_number(v) as
    if(regexp_full_match(v, '[0-9]{{1,15}}([.][0-9]{{1,9}})?'), v::double, null);
create or replace temp macro is_negative(v) as coalesce(try_cast(v as double) < 0, false);
create or replace temp macro read_year(v) as
    if(regexp_full_match(v, '[0-9]{{4}}') and v::integer between {first} and {last}, v::integer, null);
create or replace temp macro read_word(v) as lower(v);
create or replace temp macro is_given(v) as v is not null;
create or replace temp macro dossier_codes() as '{any_dossier_code}';
-- What a problem or the quarantine may show of a value: codes and figures, never sentences or names.
create or replace temp macro shown(v) as case
    when regexp_full_match(upper(v), '{any_dossier_code}|{moment_digits}') then left(v, 60)
    when is_code(v) then masked(v)
    else 'a text of ' || length(v) || ' characters'
end;
"""


def value_macros(roots: Iterable[str]) -> str:
    """SQL that makes the macros. `roots` are known agencies, of which the first part of the code counts.

    Needs the macro `masked` (problems) and, when run, `any_moment` and `keyed_hash` of a mapping.
    """
    known = {root.split(".")[0].strip().upper() for root in roots}
    listed = sorted(re.escape(root) for root in known if re.fullmatch("[A-Z0-9]+", root))
    roots_pattern = "|".join([_ANY_PROVINCE, *listed])
    return AGENCY_CODE_SQL + _MACROS.format(
        code=_CODE,
        longest=_LONGEST_CODE,
        personal=_PERSONAL_DIGITS,
        dossier_code=DOSSIER_CODE.format(roots=roots_pattern),
        any_dossier_code=DOSSIER_CODE.format(roots=_ANY_ROOT),
        agency_code=_AGENCY_CODE.format(roots=roots_pattern),
        moment_digits=_MOMENT_DIGITS,
        first=FIRST_YEAR,
        last=LAST_YEAR,
        before=f"{FIRST_YEAR - 1}-12-31",
        after=f"{LAST_YEAR + 1}-01-01",
    )

"""How one value of a record is read, and what is wrong with one that cannot be read.

Here: the types of values, each a SQL macro that gives null for whatever the lake must not hold, and the
reasons by which such a value is refused. A fault is therefore always the same thing: a value was sent, and
nothing came of it. Not here: which columns there are (`contracts`), what a vendor calls them (`mapping`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestration.ingestion.personal import DAY_OF_DOSSIER, MOMENT_NUMBER
from orchestration.ingestion.problems import FOREIGN_AGENCY, NOT_AGREED, RESEND
from orchestration.ingestion.unit_identity import AGENCY_CODE_SQL
from orchestration.sql_text import sql_template

#: What lies outside is a typing error or a placeholder such as 1900-01-01; 2099 is judged in dbt.
FIRST_YEAR, LAST_YEAR = 2000, 2100
#: What programs make up: a UUID with or without hyphens, and digests of MD5 (as long as the latter), SHA-1, SHA-256.
_RANDOM = "[0-9A-F]{8}(-?[0-9A-F]{4}){3}-?[0-9A-F]{12}|[0-9A-F]{40}|[0-9A-F]{64}"
#: Begins with a letter or digit. Names and sentences have blanks or accents, addresses an @, JSON and formulas brackets
#: and quotes.
_CODE = "[0-9A-Za-z_][0-9A-Za-z._/:()+&=%*-]*"
#: Counted beside the pattern, not in it: a bounded repetition takes long to compile, and lists compile it again.
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
        plain="plain_code_shape()",
    ),
    # Any digits: those that may be a number of a person are replaced by their hash.
    "identifier": ValueType(
        "read_identifier",
        "malformed_code",
        "a code without blanks and accents",
        plain="plain_identifier_shape()",
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
        plain="plain_hash_shape()",
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


def value_macros(roots: Iterable[str]) -> str:
    """SQL that makes the macros. `roots` are known agencies, of which the first part of the code counts.

    Needs the macros of `personal`, and those that `mapping_macros` makes of a mapping.
    """
    known = {root.split(".")[0].strip().upper() for root in roots}
    listed = sorted(re.escape(root) for root in known if re.fullmatch("[A-Z0-9]+", root))
    roots_pattern = "|".join([_ANY_PROVINCE, *listed])
    return AGENCY_CODE_SQL + sql_template(Path(__file__).with_suffix(".sql.jinja")).render(
        invisible=_INVISIBLE,
        blanks=_BLANKS,
        blank=" " * len(_BLANKS),
        garbled=_GARBLED,
        random=_RANDOM,
        code=_CODE,
        plain_code=_PLAIN_CODE,
        plain_identifier=_PLAIN_IDENTIFIER,
        plain_number=PLAIN_NUMBER,
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
        resend=RESEND,
        foreign_agency=FOREIGN_AGENCY,
        not_agreed=NOT_AGREED,
    )

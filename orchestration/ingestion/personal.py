"""What of a text may be a number or an address of a person, in Python and in SQL.

Here: the patterns, and how they are kept out of what is shown. Not here: what becomes of such a value, which the kinds
of `value_types`, the rules of the portal and `landing` say.

Codes are judged by what they may be, not by what a number looks like: more than eight digits are a person's unless they
are what systems write (a moment, the code of a dossier, an agency or a procedure, a UUID), because people put anything
between digits. Texts hold figures of many kinds, so that there only digits that lie together count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

#: What people and programs put between the digits of a number.
_GAP = "[ ._/()-]{0,2}"
_DIGIT = f"{_GAP}[0-9]"
_BEFORE = "(^|[^0-9A-Z ._/()-]|[A-Z]{2}|[A-Z][ ._/()-])[ ._/()-]*"
_AFTER = "([.]0)?[ ._/()-]*($|[^0-9 ._/()-])"
#: A number that is written as people write theirs, in capitals: nine (old identity card) to twelve digits (identity
#: number; eleven with a zero lost; telephone ten or eleven) in a row; or apart, beginning or grouped as such numbers
#: are. The raw gate looks for these once more.
PERSONAL_NUMBER = "|".join((
    "(^|[^0-9])[0-9]{9,12}($|[^0-9])",
    f"{_BEFORE}0({_GAP}0)?{_GAP}[1-9]({_DIGIT}){{7,10}}{_AFTER}",
    f"{_BEFORE}84({_DIGIT}){{9,10}}{_AFTER}",
    f"{_BEFORE}(0[1-9]|[1-9][0-9])({_DIGIT}){{6}}[0-9]{_AFTER}",
    f"0[0-9]{{2,3}}([ ._/()-]{{1,2}}[0-9]{{3,4}}){{2,3}}{_AFTER}",
))  # fmt: skip
#: An address, in capitals, however its @ is written.
ADDRESS = (
    "[@＠﹫]|%40|&#(0*64|X0*40);|U0040|[(\\[{<] *(AT|A CÒNG|A CONG) *[)\\]}>]"
    "|[ ._-]AT[ ._-]([0-9A-Z-]+([.]|[ ._-]DOT[ ._-]))+(VN|COM|NET|ORG|EDU|GOV|INFO)([^0-9A-Z]|$)"
)
_MONTH, _DAY = "(0[1-9]|1[0-2])", "(0[1-9]|[12][0-9]|3[01])"
_HOUR, _MINUTE = "([01][0-9]|2[0-3])", "[0-5][0-9]"
#: The day in the code of a dossier. Systems are younger than 2010: a number that begins with 0 is none.
DAY_OF_DOSSIER = f"[1-4][0-9]{_MONTH}{_DAY}"
#: A moment as a number of its own: a document is named after it.
MOMENT_NUMBER = f"20[0-9]{{2}}{_MONTH}{_DAY}{_HOUR}{_MINUTE}{_MINUTE}([0-9]{{3}})?"
_START = "(^|[^0-9])"
_TIME = f"{_HOUR}:?{_MINUTE}(:?{_MINUTE}([.]?[0-9]{{3}})?)?"
#: Whose digits are nobody's, in capitals, with hyphens for underscores: the beginning of a dossier's code; an agency as
#: it was written; days and moments, of today or in milliseconds; the code of a procedure, of a component; a year first.
_DATES = "|".join((
    f"{_START}20[0-9]{{2}}{_MONTH}{_DAY}([-T ]?{_TIME}Z?)?\\b",
    f"{_START}20[0-2][0-9][-./]{_MONTH}[-./]{_DAY}([-T ]?{_TIME}Z?)?\\b",
    f"{_START}(0?[1-9]|[12][0-9]|3[01])[-./](0?[1-9]|1[0-2])[-./]20[0-2][0-9]\\b",
    "\\b1[67][0-9]{11}\\b",
))  # fmt: skip
_AGENCY = "[A-Z][0-9]{2,3}([.][0-9]{1,3}|[.][0-9]{1,2}[.][0-9]{1,2})?"
_OLD_AGENCY = "000[.]([0-9]{2}[.]){1,2}([0-9]{1,3}[.])?[A-Z][0-9]{2}"
NOBODYS_DIGITS = "|".join((
    f"\\b({_AGENCY}|{_OLD_AGENCY})-{DAY_OF_DOSSIER}-",
    f"\\b{_OLD_AGENCY}\\b",
    _DATES,
    "(^|[^0-9.])[1-3][.][0-9]{6}\\b",
    "\\bG[0-2][0-9][.][0-9]{6}\\b",
    "(^|[A-Z][-./])20[0-2][0-9][-./]",
))  # fmt: skip
#: In texts besides: laws and decisions, and what is listed (`khoản 1, 2 và 3`).
_NOBODYS_DIGITS_IN_TEXT = "|".join((
    NOBODYS_DIGITS,
    "\\b[0-9]{1,5}/((19|20)[0-9]{2}\\b/?|[A-ZĐ])",
    "[A-ZÀ-Ỹ] [1-9][0-9]?(, [1-9][0-9]?)+( (VÀ|HOẶC) [1-9][0-9]?)?\\b",
))  # fmt: skip
#: Digits that lie together, up to three characters apart; at least as many as the shortest number has. Those of other
#: scripts are made these first: classes of Unicode take RE2 fifty times as long to compile, for each field of each run.
_TOGETHER_SQL = "[0-9]([^0-9]{0,3}[0-9]){8,}"
_TOGETHER = re.compile(_TOGETHER_SQL)
_NINE_SQL = "[0-9]([^0-9]*[0-9]){8}"
_OTHER_DIGITS = "".join(c for c in map(chr, range(0x80, 0x20000)) if unicodedata.digit(c, None) is not None)
#: Some character that is no Latin letter, mark of a tone or common sign. Without one there is no digit of theirs, and a
#: Vietnamese text need not be translated: that takes 40 microseconds, for the map of digits is made for each.
_MAY_BE_DIGIT = r"[^\x00-\xB1\xB4-\xB8\xBA-\x{36F}\x{1E00}-\x{206F}]"
_THEIR_DIGITS = "".join(str(unicodedata.digit(c)) for c in _OTHER_DIGITS)

SHOWN_CHARACTERS = 60
#: More of a text is not even looked at: Python's `re` takes the longer the longer a word is, by its square.
_LOOKED_AT = 500
_WORD = r"[^\s\"<>@]+"
#: Patterns that Python's re and DuckDB's RE2 read alike.
E_MAIL = (
    rf"{_WORD}[@＠﹫]{_WORD}|{_WORD}(%40|&#64;|\\u0040){_WORD}"
    rf"|{_WORD} ?[(\[{{] ?[Aa][Tt] ?[)\]}}] ?{_WORD}|{_WORD}[ ._-][Aa][Tt][ ._-]{_WORD}[.]{_WORD}"
)
LONG_JSON_TEXT = r'("(?:[^"\\]|\\.){60})(?:[^"\\]|\\.){61,}"'
#: A moment is shown: the `T` in it counts for more than a gap.
_MOMENT, _KEPT, _T = r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2})", "\x02\x02\x02\x02", "T"


def _sql(pattern: str) -> str:
    return pattern.replace("'", "''")


_MASKED_SQL = (
    "replace(regexp_replace(regexp_replace(regexp_replace(value, '"
    + _MOMENT + "', '\\1' || repeat(chr(2), 4) || '\\2', 'g'), '" + _sql(E_MAIL) + "', '[e-mail]', 'g'), '"
    + _TOGETHER_SQL + "', '[digits]', 'g'), repeat(chr(2), 4), 'T')"
)  # fmt: skip
#: `masked` is for short values, `masked_json` for the text of a record; `holds_number` for codes, `names_person` for
#: texts.
PERSONAL_SQL = f"""
create or replace temp macro in_plain_digits(v) as
    if(strlen(v) = length(v) or not regexp_matches(v, '{_MAY_BE_DIGIT}'), v,
        translate(v, '{_OTHER_DIGITS}', '{_THEIR_DIGITS}'));
create or replace temp macro is_address(v) as regexp_matches(upper(v), '{_sql(ADDRESS)}');
create or replace temp macro without_persons(value) as {_MASKED_SQL};
create or replace temp macro masked_ascii(clean, value) as if(is_address(clean),
    'a text of ' || length(value) || ' characters',
    left(clean, {SHOWN_CHARACTERS}) || case when length(value) > {SHOWN_CHARACTERS} then '…' else '' end);
create or replace temp macro masked(value) as masked_ascii(without_persons(in_plain_digits(value)), value);
create or replace temp macro masked_json_ascii(clean, value) as if(is_address(clean),
    '"a record of ' || length(value) || ' characters"', regexp_replace(clean, '{LONG_JSON_TEXT}', '\\1…"', 'g'));
create or replace temp macro masked_json(value) as masked_json_ascii(without_persons(in_plain_digits(value)), value);
create or replace temp macro has_nine_digits(v) as strlen(v) >= 9 and regexp_matches(v, '{_NINE_SQL}');
create or replace temp macro is_number_of_person(v) as regexp_matches(upper(v), '{PERSONAL_NUMBER}');
create or replace temp macro holds_number(v) as has_nine_digits(v) and (is_number_of_person(v)
    or has_nine_digits(regexp_replace(replace(upper(v), '_', '-'), '{NOBODYS_DIGITS}', ' ', 'g')));
create or replace temp macro names_number(v) as has_nine_digits(v) and (is_number_of_person(v)
    or regexp_matches(regexp_replace(upper(v), '{_NOBODYS_DIGITS_IN_TEXT}', '    ', 'g'), '{_TOGETHER_SQL}'));
create or replace temp macro names_person(v) as is_address(v) or names_number(in_plain_digits(v));
"""


def masked(value: str) -> str:
    """`value` without addresses and digits that lie together, cut to `SHOWN_CHARACTERS`; of one with an address that is
    written in yet another way, its length.
    """
    clean = re.sub(E_MAIL, "[e-mail]", re.sub(_MOMENT, rf"\1{_KEPT}\2", value[:_LOOKED_AT]))
    clean = _without_numbers(clean).replace(_KEPT, _T)
    if re.search(ADDRESS, clean.upper()):
        return f"a text of {len(value)} characters"
    return clean[:SHOWN_CHARACTERS] + ("…" if len(value) > SHOWN_CHARACTERS else "")


def _without_numbers(text: str) -> str:
    # Digit for digit, so that the places are those of `text`.
    digits = "".join(_digit(c) for c in text)
    result, end = [], 0
    for found in _TOGETHER.finditer(digits):
        result += [text[end : found.start()], "[digits]"]
        end = found.end()
    return "".join([*result, text[end:]])


def _digit(character: str) -> str:
    return character if character.isascii() else str(unicodedata.digit(character, character))


#: What machines write into names of files besides: UUIDs (by chance, none has digits alone), digests, numbers filled with
#: zeros, long ones.
_MADE_UP = re.compile(
    "(?=[0-9-]*[A-F])[0-9A-F]{8}(-?[0-9A-F]{4}){3}-?[0-9A-F]{12}|[0-9A-F]{40,64}|(?<![0-9])0{4,}[0-9]{1,6}(?![0-9])"
    "|(?<![0-9])[1-9][0-9]{12,}(?![0-9])"
)
#: A number in one piece, and one of several.
_WHOLE = re.compile("[0-9]{9,12}|0[0-9]{12,}")
_OF_PERSON = re.compile("(0[1-9]|84[1-9])[0-9]{8,9}|0[0-9]{11}|(?!000)[0-9]{9}")


def is_in_name(name: str) -> bool:
    """Whether the name of a file or folder holds a number or an address of a person.

    Refusing a file costs more than leaving out a code, so that digits must be as many, and begin, as such numbers are,
    whatever lies between them.
    """
    seen = (c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
    text = "".join(map(_digit, seen)).upper().replace("_", "-")
    if re.search(ADDRESS, text):
        return True
    text = re.sub(NOBODYS_DIGITS, "    ", _MADE_UP.sub("    ", text))
    return any(map(_WHOLE.fullmatch, re.findall("[0-9]+", text))) or any(
        map(_OF_PERSON.fullmatch, _numbers(text))
    )


def _numbers(text: str) -> Iterator[str]:
    """What groups of digits that lie together, two and more, are as one."""
    for found in _TOGETHER.finditer(text):
        groups = re.findall("[0-9]+", found[0])
        for first in range(len(groups)):
            for last in range(first + 2, len(groups) + 1):
                yield "".join(groups[first:last])

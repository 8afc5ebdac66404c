"""What a mapping says of all values, as macros: its numbers, moments and words for nothing; and the hash under the key.

Not here: which column is read how (`row_query.sql.jinja`), and how one value is read (`value_types`), which calls these.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Iterable

from orchestration.ingestion.records.mapping import DIRECTIVES, Numbers, SystemMapping
from orchestration.ingestion.records.value_types import NOTHING, PLAIN_MOMENT, PLAIN_NUMBER
from orchestration.sql_text import literal
from orchestration.vietnam_time import ZONE, ZONE_MINUTES

#: Wall clock of the lake, which has had no other offset since 1975.
_HASH_DIGITS = 32


def mapping_macros(mapping: SystemMapping, key: bytes) -> str:
    """SQL of the macros that a mapping gives: of numbers, moments, words for nothing, and `keyed_hash`. The key is in
    it, as a hash: never log it.

    The hash is the one-step key derivation of NIST SP 800-56C (option 1, SHA-256): the secret is SHA-256 of the key,
    what is derived for is the number. ADR 0012 says why.
    """
    known = b"\0\0\0\1" + hashlib.sha256(key).digest()
    blob = "'" + "".join(f"\\x{byte:02X}" for byte in known) + "'::blob"
    none = ", ".join(map(literal, ["", 9 * "0", 12 * "0", *map(_bare_number, mapping.placeholders)]))
    nothing = "|".join(map(re.escape, dict.fromkeys((*NOTHING, *mapping.nothing))))
    return f"""
        create or replace temp macro begins_clean(v) as {_begins_clean_sql((*NOTHING, *mapping.nothing))};
        create or replace temp macro may_lists_be_plain() as {str(not mapping.nothing).lower()};
        create or replace temp macro nothing_shape() as {literal(f"(?i)^({nothing})$")};
        {_NUMBER_MACROS.replace("{plain_number}", PLAIN_NUMBER)}
        create or replace temp macro hashed(v) as left(sha256({blob} || encode(v)), {_HASH_DIGITS});
        create or replace temp macro keyed_hash(v) as if(list_contains([{none}], v), null, hashed(v));
        create or replace temp macro as_decimal(v) as {_decimal_sql(mapping.numbers)};
        create or replace temp macro any_moment(v) as {_moment_sql(mapping, mapping.is_midnight_date)};
        create or replace temp macro any_date(v) as {_moment_sql(mapping, True)};
        create or replace temp macro plain_moment_shape() as {literal(_plain_moment_shape(mapping))};
    """


#: The number of a person or a business, however it is written: capitals and digits, without a label before, and with
#: the zeros at its beginning that a column of numbers loses (nine digits or twelve); null if it is nobody's: no digit
#: but 0, or cut to `7.9203E+10`.
_NUMBER_MACROS = r"""
create or replace temp macro letters_and_digits(v) as regexp_replace(replace(regexp_replace(
    regexp_replace(upper(v), '[^0-9A-ZĐ.]+', '', 'g'), '^([0-9]+)[.]0+$', '\1'), '.', ''),
    '^[A-ZĐ]{2,}([0-9]{9,12})$', '\1');
create or replace temp macro padded(v) as case
    when regexp_full_match(v, '[0-9]{1,9}') then lpad(v, 9, '0')
    when regexp_full_match(v, '[0-9]{10,11}') then lpad(v, 12, '0') else v end;
create or replace temp macro bare_number(v) as case
    when regexp_full_match(v, '{plain_number}') then v
    when not regexp_matches(v, '[1-9]') then null
    when regexp_full_match(v, '[0-9]([.][0-9]+)?[Ee][+]?[0-9]+') then
        if(strlen(v) >= 13, padded(try_cast(try_cast(v as double) as bigint)::varchar), null)
    else padded(letters_and_digits(v)) end;
"""


def _bare_number(placeholder: str) -> str:
    """A placeholder as `bare_number` gives it."""
    bare = re.sub("[^0-9A-ZĐ]", "", placeholder.upper())
    return bare.rjust(9 if len(bare) <= 9 else 12, "0") if bare.isdigit() else bare


def _begins_clean_sql(nothing: Iterable[str]) -> str:
    """Whether a value begins with a letter or digit that no word for nothing begins with."""
    taken = {first for word in nothing for first in (word[0].lower(), word[0].upper())}
    runs: list[list[str]] = []
    for character in string.digits + string.ascii_uppercase + string.ascii_lowercase:
        if character in taken:
            continue
        if runs and ord(character) == ord(runs[-1][1]) + 1:
            runs[-1][1] = character
        else:
            runs.append([character, character])
    ranges = (f"v >= {literal(first)} and v < {literal(chr(ord(last) + 1))}" for first, last in runs)
    return f"({' or '.join(ranges) or 'false'})"


def _plain_moment_shape(mapping: SystemMapping) -> str:
    """Regular expression of moments that `PLAIN_MOMENT` reads, each of them a day that there is."""
    if PLAIN_MOMENT not in mapping.formats or not _is_lake_zone(mapping):
        return r"[^\s\S]"  # fits nothing
    days = "(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])(29|30)|(0[13578]|1[02])31"
    return f"20[0-9]{{2}}({days})([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]"


def _is_lake_zone(mapping: SystemMapping) -> bool:
    return mapping.zone == ZONE or mapping.zone_minutes == ZONE_MINUTES


def _decimal_sql(numbers: Numbers) -> str:
    """A number as SQL writes it, or null. Three digits after a sign that is not known to be a decimal one may be
    thousands: 145.000 is then no number, whatever the mapping says of the other sign.
    """
    whens = [r"when regexp_full_match(v, '[0-9]{1,15}([.]([0-9]{1,2}|[0-9]{4,9}))?|0[.][0-9]{3}') then v"]
    thousands, decimal = re.escape(numbers.thousands), re.escape(numbers.decimal)
    if numbers.thousands:
        plain = f"replace(replace(v, {literal(numbers.thousands)}, ''), {literal(numbers.decimal)}, '.')"
        shape = f"[0-9]{{1,3}}({thousands}[0-9]{{3}}){{1,4}}({decimal}[0-9]{{1,9}})?"
        whens.append(f"when regexp_full_match(v, {literal(shape)}) then {plain}")
    if numbers.is_stated:
        digits = "[0-9]{1,9}" if not numbers.thousands else "([0-9]{1,2}|[0-9]{4,9})"
        shape = f"[0-9]{{1,15}}{decimal}{digits}"
        whens.append(
            f"when regexp_full_match(v, {literal(shape)}) then replace(v, {literal(numbers.decimal)}, '.')"
        )
    return f"case {' '.join(whens)} end"


def _moment_sql(mapping: SystemMapping, is_midnight_date: bool) -> str:
    """The moment as the lake has it. A date without a time is its midnight in any zone; if `is_midnight_date`, midnight
    in the zone of the value is a date.
    """
    whens = []
    for text in mapping.formats:
        # LIKE, not regular expressions: those would be compiled again for every chunk of every list. A length, where
        # nothing but digits is asked for: what has it must still be read in full.
        shapes = [re.sub("%(-?.)", lambda part: _SHAPES[str(part[1])], text)]
        if "%z" in text:
            shapes = [shapes[0].replace("<z>", zone) for zone in ("Z", "+%", "-%")]
        fits = " or ".join(
            f"strlen(v) = {len(shape)}" if set(shape) == {"_"} else f"v like {literal(shape)}"
            for shape in shapes
        )
        whens.append(f"when {fits} then {_parsed_sql(mapping, text, is_midnight_date)}")
    if mapping.has_excel_serials:  # days since 30 December 1899, a fraction for the time
        day = "timestamp '1899-12-30' + to_seconds(round(try_cast(v as double) * 86400)::bigint)"
        # First: `45751.39` has the length of a date without separators.
        whens.insert(0, "when (v like '_____' or v like '_____.%') and try_cast(v as double) between 10000 and "
                     f"99999 then {_in_lake_zone(mapping, day, True)}")  # fmt: skip
    return f"case {' '.join(whens)} end" if whens else "null::timestamp"


def _parsed_sql(mapping: SystemMapping, text: str, is_midnight_date: bool) -> str:
    value = "v"
    if "%f" in text:  # DuckDB takes six digits; .NET writes seven, Java and Oracle nine
        value = f"regexp_replace({value}, '([.,][0-9]{{6}})[0-9]+', '\\1')"
    if "%p" in text:  # Vietnamese: sáng, chiều
        value = f"replace(replace(upper({value}), 'SA', 'AM'), 'CH', 'PM')"
    if "%z" not in text:
        parsed = f"try_strptime({value}, {literal(text)})"
        has_time = "%H" in text or "%-H" in text or "%I" in text or "%-I" in text
        return _in_lake_zone(mapping, parsed, is_midnight_date) if has_time else parsed
    stated = f"if(ends_with(v, 'Z'), left({value}, -1) || '+00', {value})"
    instant = f"epoch_us(try_strptime({stated}, {literal(text)}))"
    moved = f"make_timestamp({instant} + {ZONE_MINUTES * 60_000_000})"
    if not is_midnight_date:
        return moved
    there = f"try_strptime(regexp_replace({value}, ' ?(Z|[+-][0-9:]+)$', ''), {literal(text.replace('%z', '').strip())})"
    return f"if({there}::time = time '00:00', {there}, {moved})"


def in_zone(mapping: SystemMapping, instant: str) -> str:
    """`instant`, with time zone, as wall clock of the mapping's zone."""
    if mapping.zone_minutes is None:
        return f"timezone({literal(mapping.zone)}, {instant})"
    return f"timezone('UTC', {instant}) + to_minutes({mapping.zone_minutes})"


def _in_lake_zone(mapping: SystemMapping, moment: str, is_midnight_date: bool) -> str:
    """`moment`, wall clock of the mapping's zone, as wall clock of the lake's; in an hour that comes twice, the first."""
    if _is_lake_zone(mapping):
        return moment
    if mapping.zone_minutes is None:
        moved = f"timezone('{ZONE}', timezone({literal(mapping.zone)}, {moment}))"
    else:
        moved = f"{moment} + to_minutes({ZONE_MINUTES - mapping.zone_minutes})"
    return f"if(({moment})::time = time '00:00', {moment}, {moved})" if is_midnight_date else f"({moved})"


#: Of the parts of a format, for LIKE. What fits must still be read in full.
_SHAPES = {part: "_" * digits or "%" for part, digits in DIRECTIVES.items()} | {"z": "<z>"}

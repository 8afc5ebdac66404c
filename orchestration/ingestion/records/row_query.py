"""A mapping, compiled: one SQL select from the fields of a source to typed rows, judged.

Here: the select, and the macros that a mapping's moments and the hash key give. Not here: how files become a
relation of fields (`formats.relations`), how one value is read (`value_types`), which columns there are (`contracts`).

The relation that the select reads has `record_no`; `text`, the record as it came, if it came as text;
`is_malformed`; `bad_lists`, the names of list fields that hold something else; `twice`, those of fields that it names
twice; and one column a field, texts or lists of structs of texts, with a name of ours (`wire_names`): a field may be
called as any of these.
"""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence

from orchestration.ingestion.contracts import Column, Contract, ListColumn
from orchestration.ingestion.problems import FOREIGN_AGENCY, NOT_AGREED, RESEND
from orchestration.ingestion.records.mapping import (
    DIRECTIVES,
    FieldMapping,
    ListFeed,
    Numbers,
    SourceMapping,
    SystemMapping,
    TemplatePart,
)
from orchestration.ingestion.records.value_types import NOTHING, PLAIN_MOMENT, PLAIN_NUMBER
from orchestration.sql_text import identifier, literal

#: Wall clock of the lake, which has had no other offset since 1975.
LAKE_ZONE, LAKE_ZONE_MINUTES = "Asia/Ho_Chi_Minh", 7 * 60
_HASH_DIGITS = 32
_SEPARATED = ", '\x1d', "
LEFT_OUT = "the row goes on without it"


def wire_fields(mapping: SourceMapping) -> dict[str, list[str] | None]:
    """The fields that a mapping reads: None for a value, the fields of its elements for a list."""
    fields: dict[str, list[str] | None] = {}
    for feed in mapping.columns.values():
        if isinstance(feed, ListFeed):
            parts = [wire for part in feed.columns.values() for wire in part.wires]
            fields[feed.wire] = list(dict.fromkeys(parts))
        else:
            for wire in feed.wires:
                fields.setdefault(wire)
    return fields


def wire_names(fields: Iterable[str]) -> dict[str, str]:
    """The column of the relation by field. `fields` are those of `wire_fields`, in their order."""
    return {field: f"field_{place}" for place, field in enumerate(fields)}


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
    return mapping.zone == LAKE_ZONE or mapping.zone_minutes == LAKE_ZONE_MINUTES


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
        # LIKE, not regular expressions: those would be compiled anew for every chunk of every list. A length, where
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
    moved = f"make_timestamp({instant} + {LAKE_ZONE_MINUTES * 60_000_000})"
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
        moved = f"timezone('{LAKE_ZONE}', timezone({literal(mapping.zone)}, {moment}))"
    else:
        moved = f"{moment} + to_minutes({LAKE_ZONE_MINUTES - mapping.zone_minutes})"
    return f"if(({moment})::time = time '00:00', {moment}, {moved})" if is_midnight_date else f"({moved})"


#: Of the parts of a format, for LIKE. What fits must still be read in full.
_SHAPES = {part: "_" * digits or "%" for part, digits in DIRECTIVES.items()} | {"z": "<z>"}


def classified_rows_sql(
    source: Contract,
    mapping: SourceMapping,
    relation: str,
    lineage: Mapping[str, str],
    *,
    own: str | None = None,
    are_copies_marked: bool = True,
) -> str:
    """All rows of `relation` as the lake holds them: `lineage` (SQL expressions), record_no, the columns of the
    source; and `is_other`, whether anything may be wrong with the row or, if copies are told, an earlier one says the
    same. `own`: what the codes of the agencies begin with for which the sender may deliver (`rights.Scope.pattern`).

    So that both kinds have the same columns, `source_file` of the others is not that: it is what the row was
    read from, as JSON (`validated_rows_sql`), or null where the row is only a copy.
    """
    compiler = _Compiler(source, mapping)
    # Cast, so that all files of a run agree whatever each of them holds.
    columns = (
        "told as source_file"
        if column == "source_file"
        else f"{identifier(column)}::{kind} as {identifier(column)}"
        for column, kind in source.row_columns.items()
    )
    return f"""
        with {compiler.typed(relation, lineage, own, are_copies_marked)},
        sifted as (select *, are_lists_plain and is_known as is_copy, {compiler.is_suspect()} as is_suspect from typed),
        told as (
            select *, case when is_suspect then {compiler.read_from()} when not is_copy then source_file end as told
            from sifted
        )
        select {", ".join(columns)}, is_suspect or is_copy as is_other from told
    """


def validated_rows_sql(source: Contract, mapping: SourceMapping, rows: str) -> str:
    """What is wrong with `rows`, suspects that `classified_rows_sql` gave; they should lie together, not be one in
    hundred of what is read: each chunk costs as much as a full one.

    One row a suspect with problems: file_hash, record_no, `problems`, `is_refused`, and `row_text` of refused
    rows, with nothing personal in it.
    """
    compiler = _Compiler(source, mapping)
    columns = ", ".join(identifier(column.name) for column in source.columns)
    return f"""
        with opened as (
            select file_hash, sender, record_no, {columns}, unnest({compiler.opened("source_file")}) from ({rows})
        ),
        raw as (select *, {compiler.raw_lists()} from opened),
        judged as (select *, {compiler.problems()} as problems from raw),
        decided as (select *, list_contains(list_transform(problems, lambda p: p.severity), 'error') as is_refused
            from judged where len(problems) > 0)
        select file_hash, record_no, problems, is_refused,
            case when is_refused then {compiler.row_text()} end as row_text
        from decided
    """


class _Compiler:
    def __init__(self, source: Contract, mapping: SourceMapping) -> None:
        self.agencies = source.agency_columns
        self.values = [
            (c, f) for c in source.values if isinstance(f := mapping.columns.get(c.name), FieldMapping)
        ]
        self.lists = [(c, f) for c in source.lists if isinstance(f := mapping.columns.get(c.name), ListFeed)]
        self.absent = [c for c in source.columns if c.name not in mapping.columns]
        self.names = wire_names(wire_fields(mapping))

    def typed(
        self, relation: str, lineage: Mapping[str, str], own: str | None, are_copies_marked: bool
    ) -> str:
        """Steps from `relation` to `typed`: each made once, as those that follow refer to a value several times."""
        places = ", ".join(f"{value} as {column}" for column, value in lineage.items())
        return f"""
            wire as ({relation}),
            raw as (select {places}, record_no, text, is_malformed, bad_lists, twice, {self.raw()}
                from wire),
            listed as (select *, {self.list_text()} as list_text from raw),
            {self.known() if are_copies_marked else "known as (select *, false as is_known from listed)"},
            begun as (select *, {self.first_steps()} from known),
            valued as (select *, {self.typed_values()} from begun),
            quick as (select *, {self.are_lists_plain()} as are_lists_plain, {self.is_foreign(own)} as is_foreign
                from valued),
            slow as (select *, {self.other_lists()} from quick),
            typed as (select *, {self.typed_lists()} from slow)"""

    def known(self) -> str:
        """Column is_known: whether an earlier row says the same, if the lists are plain. Both windows stream.

        Said by 64 bits: of 30 million files with a million rows, one has two rows that they wrongly take for the same.
        """
        return f"""
            hashed as (select *, {self.content()} as content from listed),
            counted as (
                select *, count(distinct content) over (rows between unbounded preceding and current row) as contents
                from hashed
            ),
            known as (select *, coalesce(contents = lag(contents) over (), false) as is_known from counted)"""

    def raw(self) -> str:
        """Columns raw_<column>: texts without blanks around, words as codes, null if missing; lists as wire_<column>."""
        values = [
            f"{_raw(column, feed, self.names.__getitem__)} as raw_{column.name}"
            for column, feed in self.values
        ]
        lists = [f"{self.names[feed.wire]} as wire_{column.name}" for column, feed in self.lists]
        return ", ".join(values + lists)

    def first_steps(self) -> str:
        """Columns first_<column>: see `ValueType.first`."""
        steps = [
            f"{column.how.first}(raw_{column.name}) as first_{column.name}"
            for column, _ in self.values
            if column.how.first
        ]
        return ", ".join(steps or ["null as no_first_step"])

    def typed_values(self) -> str:
        values = [
            f"{column.how.reader}(first_{column.name}) as {column.name}"
            if column.how.first
            else f"{_read(column, f'raw_{column.name}')} as {column.name}"
            for column, _ in self.values
        ]
        empty = [
            f"{'[]' if isinstance(column, ListColumn) else 'null'}::{column.data_type} as {column.name}"
            for column in self.absent
        ]
        return ", ".join(values + empty)

    def list_text(self) -> str:
        """All that is read of the lists that may be plain."""
        # One call: a chain of them takes DuckDB 50 ms to fold, for every file.
        texts = [_list_text(column, feed) for column, feed in self.lists if _may_be_plain(column, feed)]
        return f"concat({_SEPARATED.join(texts)})" if texts else "''"

    def are_lists_plain(self) -> str:
        """Whether every element of the lists is written as most are, so that it is read fast.

        One regular expression for all of them, because each call costs much, whatever it does. It is made of
        `ValueType.plain`; the blanks, line ends and separators between the values are in none of them.
        """
        shapes = [_list_shape(column, feed) for column, feed in self.lists if _may_be_plain(column, feed)]
        shape = f"concat({_SEPARATED.join(shapes)})"
        return f"(may_lists_be_plain() and regexp_full_match(list_text, {shape}))" if shapes else "true"

    def content(self) -> str:
        """A hash of all that is read of a row, and of what else can make it a suspect: no good row is taken for the
        copy of a refused one.
        """
        said = ["is_malformed", "bad_lists", "twice", *(f"raw_{column.name}" for column, _ in self.values)]
        said += [f"wire_{column.name}" for column, feed in self.lists if not _may_be_plain(column, feed)]
        return f"hash(list_text, {', '.join(said)})"

    def other_lists(self) -> str:
        """Columns raw_<list>: lists of texts, like raw values, where the list is not read fast."""
        lists = [
            f"{_unless_plain(column, feed, 'null', _raw_list(column, feed))} as raw_{column.name}"
            for column, feed in self.lists
        ]
        return ", ".join(lists or ["null as no_other_list"])

    def typed_lists(self) -> str:
        hashed = [column.name for column, _ in self.values if column.type == "hash"]
        lists = [
            _unless_plain(column, feed, _plain_list(column, feed, hashed), _typed_list(column, feed))
            for column, feed in self.lists
        ]
        named = [
            f"coalesce({typed}, []) as {column.name}"
            for typed, (column, _) in zip(lists, self.lists, strict=True)
        ]
        return ", ".join(named or ["null as no_typed_list"])

    def raw_lists(self) -> str:
        """All lists as lists of texts, for judging."""
        lists = [f"{_raw_list(column, feed)} as raw_{column.name}" for column, feed in self.lists]
        return ", ".join(lists or ["null as no_list"])

    def is_suspect(self) -> str:
        """Cheap, and true at least where there is a problem: something sent has come to nothing."""
        tests = [
            "is_malformed",
            "is_foreign",
            "coalesce(len(bad_lists), 0) > 0",
            "coalesce(len(twice), 0) > 0",
        ]
        for column, _ in self.values:
            if column.required:
                tests.append(f"{column.name} is null")
            elif column.can_fail:
                tests.append(f"(raw_{column.name} is not null and {column.name} is null)")
        tests += [_loses_something(column, feed) for column, feed in self.lists]
        return " or ".join(tests)

    def read_from(self) -> str:
        """JSON of what judging needs of a row, hashed numbers aside."""
        # Of a list, JSON would be made of all rows of a chunk, for the few that are kept.
        alone = {f"wire_{column.name}" for column, _ in self.lists}
        values = (f"list_transform({kept}, lambda x: x)" if kept in alone else kept for kept in self._kept())
        packed = ", ".join(f"{kept} := {value}" for kept, value in zip(self._kept(), values, strict=True))
        return f"to_json(struct_pack({packed}))::varchar"

    def opened(self, text: str) -> str:
        """The struct again that `read_from` made a text of."""
        return f"json_transform({text}, {literal(json.dumps(self._kept()))})"

    def _kept(self) -> dict[str, object]:
        """Columns of a row and their types, as `json_transform` wants them."""
        texts = {f"raw_{column.name}": "VARCHAR" for column, _ in self.values if column.type != "hash"}
        lists = {
            f"wire_{column.name}": [
                {wire: "VARCHAR" for part in feed.columns.values() for wire in part.wires}
            ]
            for column, feed in self.lists
        }
        found = {"text": "VARCHAR", "is_malformed": "BOOLEAN", "is_foreign": "BOOLEAN"}
        return {**found, "bad_lists": ["VARCHAR"], "twice": ["VARCHAR"], **texts, **lists}

    def problems(self) -> str:
        """All that is wrong with a suspect row, in order of the columns."""
        found = [
            "list_transform(coalesce(bad_lists, []), lambda b:"
            f" {_problem('malformed_list', False, 'b', _OTHER, _A_LIST)})",
            "list_transform(coalesce(twice, []), lambda b:"
            f" {_problem('duplicate_key', False, 'b', _TWICE, _ONCE)})",
        ]
        values = [_value_problem(column, feed) for column, feed in self.values]
        found.append(_given([*([self.foreign_problem()] if self.agencies else []), *values]))
        for list_column, list_feed in self.lists:
            place = f"{literal(list_feed.wire + '[')} || (i - 1) || ']"
            whole = _problem("empty_element", True, f"{place}'", "'nothing known'", "'an object with fields'")
            elements = [f"case when {_is_nothing(list_column, list_feed)} = 1 then {whole} end"]
            for part, fed in _parts(list_column, list_feed):
                if part.can_fail:
                    label = f"{place}.' || {literal(fed.label or part.name)}"
                    elements.append(_unread(part, f"x.{part.name}", _read(part, f"x.{part.name}"), label))
            inner = f"list_transform(raw_{list_column.name}, lambda x, i: {_given(elements)})"
            # Most suspects are at fault in one place, and looking through lists is dear.
            found.append(
                f"case when {_loses_something(list_column, list_feed)} then flatten({inner}) else [] end"
            )
        malformed = _problem(
            "malformed_record", False, "''", "'text that is no record'", "'one whole record'"
        )
        together = found[0]
        for more in found[1:]:
            together = f"list_concat({together}, {more})"
        return f"case when is_malformed then [{malformed}] else {together} end"

    def is_foreign(self, own: str | None) -> str:
        """Whether a row names an agency for which its sender may not deliver."""
        if own is None:
            return "false"
        tests = [f"not regexp_matches(upper({column}), {literal(own)})" for column in self.agencies]
        return f"coalesce({' or '.join(tests)}, false)"

    def foreign_problem(self) -> str:
        shown = ", ' ', ".join(
            f"shown(raw_{column.name})" for column, _ in self.values if column.name in self.agencies
        )
        field = next(
            feed.label or column.name for column, feed in self.values if column.name in self.agencies
        )
        expected = "'an agency for which ' || sender || ' may deliver'"
        problem = _problem(
            FOREIGN_AGENCY, False, literal(field), f"concat({shown})", expected, action=NOT_AGREED
        )
        return f"case when is_foreign then {problem} end"

    def row_text(self) -> str:
        """The record again, of fields that the lake knows only: codes and figures, no sentence, no name."""
        shown: dict[str, str] = {}
        for column, feed in self.values:
            if feed.label is not None and column.type != "hash":
                macro = "masked" if column.type == "text" else "shown"
                shown[feed.label] = f"{macro}(raw_{column.name})"
        for list_column, list_feed in self.lists:
            parts = ", ".join(
                f"{literal(label)}, shown(x.{part.name})"
                for part, fed in _parts(list_column, list_feed)
                if (label := fed.label) is not None and part.can_fail
            )
            shown[list_feed.wire] = f"list_transform(raw_{list_column.name}, lambda x: json_object({parts}))"
        record = ", ".join(f"{literal(wire)}, {value}" for wire, value in shown.items())
        codes = "array_to_string(list_distinct(regexp_extract_all(upper(text), dossier_codes()))[:3], ', ')"
        return (
            f"case when is_malformed then length(text) || ' characters, codes in it: ' || {codes}"
            f" else json_object({record})::varchar end"
        )


_OTHER, _A_LIST = "'something else'", "'a list of objects'"
_TWICE, _ONCE = "'the field twice, with a value each'", "'each field once'"


def _given(problems: Sequence[str]) -> str:
    """Those that are not null, at once: joining lists copies what is in them."""
    return f"list_filter([{', '.join(problems)}], lambda p: p is not null)"


def _parts(column: ListColumn, feed: ListFeed) -> list[tuple[Column, FieldMapping]]:
    return [(part, feed.columns[part.name]) for part in column.columns if part.name in feed.columns]


def _loses_something(column: ListColumn, feed: ListFeed) -> str:
    """True where fewer values of a list were read than were sent, or an element holds none."""
    failing = [part for part, _ in _parts(column, feed) if part.can_fail]
    given = " + ".join(
        [_is_nothing(column, feed), *(f"(x.{part.name} is not null)::int" for part in failing)]
    )
    kept = " + ".join(_is_kept(part, "x" if column.of_values else f"x.{part.name}") for part in failing)
    raw = f"raw_{column.name}"
    return (
        f"case when len({raw}) > 0 then list_sum(list_transform({raw}, lambda x: {given}))"
        f" <> list_sum(list_transform({column.name}, lambda x: {kept or '0'})) else false end"
    )


def _is_kept(part: Column, value: str) -> str:
    """1 for a value of a list that the lake may hold. Moments are read without their bounds there (`_typed_list`)."""
    return f"is_in_years({value})::int" if part.type == "moment" else f"({value} is not null)::int"


def _is_nothing(column: ListColumn, feed: ListFeed) -> str:
    """1 for an element `x` of which nothing is known: what is no object looks like that."""
    return f"(coalesce({', '.join(f'x.{part.name}' for part, _ in _parts(column, feed))}) is null)::int"


def _raw(column: Column, feed: FieldMapping, place: Callable[[str], str]) -> str:
    """A value as text, cleaned and in codes, null if there is none. `place`: SQL of a field."""
    if feed.template:
        return " || ".join(_raw_part(part, place) for part in feed.template)
    if feed.wire is None:
        return literal(feed.constant or "")
    text = f"{'clean_text' if column.type == 'text' else 'bare_text'}({place(feed.wire)})"
    if not feed.values and feed.otherwise is None:
        return text
    rest = literal(feed.otherwise) if feed.otherwise is not None else text
    given = f"case when {text} is not null then {rest} else {_literal_or_null(feed.values.get(''))} end"
    # A word for nothing may be a code of this field.
    words = [f"when {literal(word)} then {literal(code)}" for word, code in feed.values.items() if word]
    return f"case lower(said_text({place(feed.wire)})) {' '.join(words)} else {given} end" if words else given


def _raw_part(part: TemplatePart, place: Callable[[str], str]) -> str:
    if part.field is None:
        return literal(part.text)
    text = f"bare_text({place(part.field)})"
    if part.moment:
        return f"strftime(any_moment({text}), {literal(part.moment)})"
    return (
        f"if(strlen({text}) < {part.digits}, lpad({text}, {part.digits}, '0'), {text})"
        if part.digits
        else text
    )


def _literal_or_null(text: str | None) -> str:
    return "null" if text is None else literal(text)


def _of_element(wire: str) -> str:
    return f"x.{identifier(wire)}"


def _read(column: Column, raw: str) -> str:
    read = f"{column.how.reader}({column.how.first}({raw}))"
    if column.type == "choice":  # as it should be sent, else in other words such as 01 or 1.0
        codes = ", ".join(column.codes)
        read = (
            f"case when {raw} in ({', '.join(map(literal, column.codes))}) then {raw}::integer"
            f" when {read} in ({codes}) then {read}::integer end"
        )
    elif column.codes:
        read = f"if({read} in ({', '.join(map(literal, column.codes))}), {read}, null)"
    return read


def _raw_list(column: ListColumn, feed: ListFeed) -> str:
    parts = ", ".join(f"{part.name} := {_raw(part, fed, _of_element)}" for part, fed in _parts(column, feed))
    return f"list_transform(wire_{column.name}, lambda x: struct_pack({parts}))"


def _may_be_plain(column: ListColumn, feed: ListFeed) -> bool:
    """Whether elements can be read fast: none of their values is decoded, and each has a shape."""
    return all(
        part.plain is not None and fed.wire is not None and not fed.values and fed.otherwise is None
        for part, fed in _parts(column, feed)
    )


def _unless_plain(column: ListColumn, feed: ListFeed, plain: str, other: str) -> str:
    return (
        f"case when are_lists_plain then {plain} else {other} end" if _may_be_plain(column, feed) else other
    )


def _list_text(column: ListColumn, feed: ListFeed) -> str:
    """A line an element."""
    shown = ", ' ', ".join(
        f"left(x.{identifier(wire)}, 1)" if part.type == "is_given" else f"x.{identifier(wire)}"
        for part, fed in _parts(column, feed)
        if (wire := fed.wire) is not None
    )
    return f"array_to_string(list_transform(wire_{column.name}, lambda x: concat({shown}, '\n')), '')"


def _list_shape(column: ListColumn, feed: ListFeed) -> str:
    """SQL of the parts of the regular expression of `_list_text`. What comes first in an element must be given, so that
    one of which nothing is known fits no shape.
    """
    first, *more = (f"'(', {part.plain}, ')'" for part, _ in _parts(column, feed))
    rest = "".join(f"' ', {shape}, '?', " for shape in more)
    return f"'(', {first}, {rest}'\n)*'"


def _plain_list(column: ListColumn, feed: ListFeed, hashed: Sequence[str]) -> str:
    """The typed list, where every element is plain."""
    values = {
        part.name: _plain(part, f, hashed, is_given=i == 0)
        for i, (part, f) in enumerate(_parts(column, feed))
    }
    return f"list_transform(wire_{column.name}, lambda x: {_element(column, values)})"


def _plain(part: Column, feed: FieldMapping, hashed: Sequence[str], *, is_given: bool) -> str:
    field = f"x.{identifier(feed.wire or '')}"
    value = field if is_given else f"nullif({field}, '')"
    read = part.how.plain_read.format(value, type=part.data_type)
    if part.type == "hash":  # the applicant's own number, as a rule, and hashing is dear
        known = "".join(f" when {value} = first_{column} then {column}" for column in hashed)
        return f"case{known} else {read} end" if known else read
    return read


def _typed_list(column: ListColumn, feed: ListFeed) -> str:
    values = {part.name: _read_in_list(part, f"x.{part.name}") for part, _ in _parts(column, feed)}
    return f"list_transform(raw_{column.name}, lambda x: {_element(column, values)})"


def _element(column: ListColumn, values: Mapping[str, str]) -> str:
    """An element of the list as the lake holds it, of what is known of its parts."""
    parts = {part.name: values.get(part.name, f"null::{part.data_type}") for part in column.columns}
    if column.of_values:
        return parts[column.columns[0].name]
    return f"struct_pack({', '.join(f'{part} := {value}' for part, value in parts.items())})"


def _read_in_list(part: Column, raw: str) -> str:
    """Bounds would make each moment be parsed several times: nothing is shared within a list. A row with a moment
    out of bounds is refused by `_is_kept`, so that what stands in it does not matter.
    """
    return f"{part.how.first}({raw})" if part.type == "moment" else _read(part, raw)


def _value_problem(column: Column, feed: FieldMapping) -> str:
    raw, label = f"raw_{column.name}", literal(feed.label or column.name)
    tests = []
    if column.required:
        missing = _problem(f"missing_{column.name}", False, label, "'nothing'", literal(column.expected))
        tests.append(f"when {raw} is null then {missing}")
    if column.can_fail:
        tests.append(_unread(column, raw, column.name, label).removeprefix("case ").removesuffix(" end"))
    return f"case {' '.join(tests)} end" if tests else "null"


def _unread(column: Column, raw: str, value: str, label: str) -> str:
    reason = column.reason or column.how.reason
    special = [
        f"when {predicate}({raw}) then {literal((predicate == 'is_negative' and column.negative_reason) or why)}"
        for predicate, why in column.how.special
    ]
    reasons = f"case {' '.join(special)} else {literal(reason)} end" if special else literal(reason)
    problem = _problem(
        reasons, column.leaves_out, label, f"shown({raw})", literal(column.expected), is_sql=True
    )
    return f"case when {raw} is not null and {value} is null then {problem} end"


def _problem(
    reason: str,
    leave_out: bool,
    field: str,
    found: str,
    expected: str,
    *,
    is_sql: bool = False,
    action: str = RESEND,
) -> str:
    severity, action = ("aside", LEFT_OUT) if leave_out else ("error", action)
    return (
        f"struct_pack(reason_code := {reason if is_sql else literal(reason)}, severity := '{severity}',"
        f" field := {field}, found := {found}, expected := {expected}, action := {literal(action)})"
    )

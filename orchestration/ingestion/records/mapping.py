"""Mappings: what a source system calls the columns of the lake, and how it writes values.

Here: reading `mappings/<name>.yml` and `mappings/senders.yml`, and everything that can be wrong with them.
The format is described at the head of `mappings/national_exchange.yml`. Not here: the SQL made of a mapping
(`row_query`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb

from orchestration.ingestion.contracts import RECORD_SOURCES, Column, Contract, ListColumn
from validated_files import InvalidFileError, Item, ValidationErrors, read_yaml

__all__ = [
    "FieldMapping",
    "InvalidFileError",
    "ListFeed",
    "Mappings",
    "Numbers",
    "SourceMapping",
    "SystemMapping",
    "TemplatePart",
    "load_mappings",
    "read_mapping",
]  # fmt: skip

DEFAULT = "national_exchange"
SENDERS = "senders.yml"
#: The parts of a moment that a format may name, and how many digits each has; 0 if any.
DIRECTIVES = {"Y": 4, "m": 2, "d": 2, "H": 2, "I": 2, "M": 2, "S": 2, "p": 2, "f": 0, "z": 0,
              "-m": 0, "-d": 0, "-H": 0, "-I": 0}  # fmt: skip
#: Those that a template may write, of the day.
_DAY_DIRECTIVES = {"Y", "y", "m", "d"}
_HASH_KINDS = {"hash", "is_given"}
#: Signs between digits: thousands (none if empty) and decimal.
_THOUSANDS, _DECIMALS = ("", ".", ",", " ", "'"), (".", ",")


@dataclass(frozen=True)
class TemplatePart:
    """`text` as it is, or the value of `field`: of a moment what format `moment` writes, else filled up with zeros to
    `digits`.
    """

    text: str = ""
    field: str | None = None
    moment: str = ""
    digits: int = 0


@dataclass(frozen=True)
class FieldMapping:
    """Where a value comes from: field `wire`, `constant`, or `template`, which is null where a part of it is.

    `values` turns words into codes: words in lower case, cleaned as values are; the empty one is for nothing.
    """

    wire: str | None
    constant: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = None
    template: tuple[TemplatePart, ...] = ()

    @property
    def wires(self) -> tuple[str, ...]:
        """The fields that it reads."""
        parts = (part.field for part in self.template if part.field is not None)
        return (self.wire,) if self.wire is not None else tuple(dict.fromkeys(parts))

    @property
    def label(self) -> str | None:
        """What problems call it: the fields that it reads; None for a constant."""
        return " and ".join(self.wires) or None


@dataclass(frozen=True)
class ListFeed:
    """Where a list comes from, and the values of its elements."""

    wire: str
    columns: Mapping[str, FieldMapping]


@dataclass(frozen=True)
class SourceMapping:
    """One source of one system: lake column -> where it comes from; what is not named stays empty."""

    columns: Mapping[str, FieldMapping | ListFeed]

    @property
    def fields(self) -> dict[str, list[str] | None]:
        """The fields that are read: None for a value, the fields of its elements for a list."""
        fields: dict[str, list[str] | None] = {}
        for feed in self.columns.values():
            if isinstance(feed, ListFeed):
                parts = [wire for part in feed.columns.values() for wire in part.wires]
                fields[feed.wire] = list(dict.fromkeys(parts))
            else:
                for wire in feed.wires:
                    fields.setdefault(wire)
        return fields


@dataclass(frozen=True)
class Numbers:
    """The signs within numbers: of thousands, empty if there is none, and of decimals. Unless `is_stated`, nobody knows,
    and what could be either is no number.
    """

    thousands: str = ""
    decimal: str = "."
    is_stated: bool = False


@dataclass(frozen=True)
class SystemMapping:
    """All sources of one system.

    `zone`: of moments that carry no offset themselves, an offset (`+07:00`) or a name (`Asia/Tokyo`); `zone_minutes`:
    that offset, None for a name. `is_midnight_date`: whether a moment at midnight there is a date without a time.
    `nothing`: words, in lower case, that are nothing in every column, beside those that always are.
    """

    name: str
    version: str
    formats: tuple[str, ...]
    zone: str
    zone_minutes: int | None
    is_midnight_date: bool
    has_excel_serials: bool
    numbers: Numbers
    nothing: tuple[str, ...]
    placeholders: tuple[str, ...]
    sources: Mapping[str, SourceMapping]

    @property
    def label(self) -> str:
        """What a batch says about how it was read."""
        return f"{self.name}/{self.version}"


def column_of_field(fields: Iterable[str]) -> dict[str, str]:
    """The column of the relation of a file by field (`row_query`). `fields` are those of `SourceMapping.fields`."""
    return {field: f"field_{place}" for place, field in enumerate(fields)}


@dataclass(frozen=True)
class Mappings:
    """The mappings of a folder, and who sends by which: whoever is not named by `senders` by the default one.

    What cannot be read is kept as the error of whoever needs it: `faults` by mapping, `fault` of the list of senders.
    """

    mappings: Mapping[str, SystemMapping]
    senders: Mapping[str, str]
    faults: Mapping[str, InvalidFileError] = field(default_factory=dict)
    fault: InvalidFileError | None = None

    def of(self, sender: str) -> SystemMapping:
        """Raises InvalidFileError, naming file and line."""
        if self.fault is not None:
            raise self.fault
        name = self.senders.get(sender, DEFAULT)
        if name in self.faults:
            raise self.faults[name]
        return self.mappings[name]


def load_mappings(folder: Path) -> Mappings:
    """Every mapping of `folder`; a faulty one concerns only its senders. Raises FileNotFoundError without the default."""
    if not (folder / f"{DEFAULT}.yml").is_file():
        raise FileNotFoundError(f"no default mapping {DEFAULT}.yml in {folder}")
    mappings: dict[str, SystemMapping] = {}
    faulty: dict[str, InvalidFileError] = {}
    for file in sorted(folder.glob("*.yml")):
        if file.name == SENDERS:
            continue
        try:
            mappings[file.stem] = read_mapping(file)
        except InvalidFileError as error:
            faulty[file.stem] = error
    if not (folder / SENDERS).is_file():
        return Mappings(mappings, {}, faulty)
    try:
        senders, wrong = _senders(folder / SENDERS, {*mappings, *faulty})
    except InvalidFileError as error:
        return Mappings(mappings, {}, faulty, error)
    return Mappings(mappings, senders, faulty | wrong)


def _senders(file: Path, known: Collection[str]) -> tuple[dict[str, str], dict[str, InvalidFileError]]:
    """The mapping by sender, and what is wrong with one that is not known. Raises InvalidFileError for the file."""
    document, faults = read_yaml(file)
    senders: dict[str, str] = {}
    wrong: dict[str, InvalidFileError] = {}
    for sender, item in faults.table(document, "senders").items():
        senders[sender] = name = faults.text(item, f"the mapping of {sender}")
        if name and name not in known:
            expected = f"expected one of {', '.join(sorted(known))}"
            wrong[name] = InvalidFileError(f"{file}:{item.line}: found mapping {name!r}, {expected}")
    faults.raise_if_any()
    return senders, wrong


def read_mapping(file: Path) -> SystemMapping:
    """The mapping in `file`. Raises InvalidFileError with every fault, each with its line."""
    document, faults = read_yaml(file)
    top = faults.table(document, "the mapping")
    faults.only(top, {"mapping", "version", "about", "moments", "numbers", "nothing", "placeholders", "sources"},
                "the mapping")  # fmt: skip
    for key in ("mapping", "version", "moments", "sources"):
        if key not in top:
            faults.add(document.line, f"found no {key!r}, expected it at the top of the file")
    name = faults.text(top.get("mapping"), "mapping")
    if name and name != file.stem:
        faults.add(top["mapping"].line, f"found name {name!r}, expected {file.stem!r}, as the file is called")
    moments = faults.table(top.get("moments"), "moments")
    faults.only(moments, {"formats", "zone", "excel_serials", "midnight_is_date"}, "moments")
    sources = {}
    for source, item in faults.table(top.get("sources"), "sources").items():
        if source in RECORD_SOURCES:
            sources[source] = _SourceReader(RECORD_SOURCES[source], faults).read(item)
        else:
            faults.add(item.key_line, f"found source {source!r}, expected one of {', '.join(RECORD_SOURCES)}")
    if name == DEFAULT:
        sources = {dataset: _as_named(contract) for dataset, contract in RECORD_SOURCES.items()} | sources
    zone = faults.text(moments.get("zone"), "zone") or "+07:00"
    result = SystemMapping(
        name=name,
        version=faults.text(top.get("version"), "version"),
        formats=_formats(moments.get("formats"), faults),
        zone=zone,
        zone_minutes=_zone_minutes(zone, moments.get("zone"), faults),
        is_midnight_date=_yes_or_no(moments, "midnight_is_date", faults),
        has_excel_serials=_yes_or_no(moments, "excel_serials", faults),
        numbers=_numbers(top.get("numbers"), faults),
        nothing=tuple(
            word for text, _ in faults.texts(top.get("nothing"), "nothing") if (word := cleaned_word(text))
        ),
        placeholders=tuple(text for text, _ in faults.texts(top.get("placeholders"), "placeholders")),
        sources=sources,
    )
    faults.raise_if_any()
    return result


def _as_named(contract: Contract) -> SourceMapping:
    """Every column under its own name: of datasets for which the source contract names no fields."""

    def values(columns: Collection[Column]) -> dict[str, FieldMapping]:
        return {column.name: FieldMapping(column.name) for column in columns}

    lists = {column.name: ListFeed(column.name, values(column.columns)) for column in contract.lists}
    return SourceMapping({**values(contract.values), **lists})


def cleaned_word(word: str) -> str:
    """`word` as values are compared with it: in NFC and lower case, nothing invisible, single blanks."""
    visible = "".join(c for c in word if unicodedata.category(c) != "Cf" and c != "\0")
    return " ".join(unicodedata.normalize("NFC", visible).lower().split())


def _formats(item: Item | None, faults: ValidationErrors) -> tuple[str, ...]:
    texts = faults.texts(item, "formats")
    for text, line in texts:
        named = re.findall("%(-?.?)", text)
        parts = {part.removeprefix("-") for part in named}
        if not set(named) <= set(DIRECTIVES) or not {"Y", "m", "d"} <= parts:
            known = " ".join(f"%{part}" for part in DIRECTIVES)
            faults.add(line, f"found format {text!r}, expected one made of {known}, with %Y, %m and %d")
        elif ("I" in parts) != ("p" in parts) or {"H", "I"} <= parts:
            faults.add(line, f"found format {text!r}, expected %I and %p together, or %H without them")
    return tuple(text for text, _ in texts)


def _zone_minutes(text: str, item: Item | None, faults: ValidationErrors) -> int | None:
    match = re.fullmatch(r"([+-])(\d{2}):(\d{2})", text)
    if match is not None:
        return (-1 if match[1] == "-" else 1) * (int(match[2]) * 60 + int(match[3]))
    if text not in _zone_names():
        faults.add(item.line if item else 0, f"found zone {text!r}, expected an offset such as '+07:00' or a name"
                   " such as Asia/Ho_Chi_Minh")  # fmt: skip
    return None


@cache
def _zone_names() -> frozenset[str]:
    """Those that DuckDB knows, which will do the reckoning; its abbreviations mean something else elsewhere."""
    with duckdb.connect() as connection:
        names = connection.execute("select name from pg_timezone_names()").fetchall()
    return frozenset(name for (name,) in names if "/" in name or name == "UTC")


def _yes_or_no(moments: Mapping[str, Item], key: str, faults: ValidationErrors) -> bool:
    item = moments.get(key)
    text = faults.text(item, key) or "false"
    if item and text not in ("true", "false"):
        faults.add(item.line, f"found {text!r} as {key}, expected true or false")
    return text == "true"


def _numbers(item: Item | None, faults: ValidationErrors) -> Numbers:
    if item is None:
        return Numbers()
    table = faults.table(item, "numbers")
    faults.only(table, {"thousands", "decimal"}, "numbers")
    signs = {}
    for key, known in (("thousands", _THOUSANDS), ("decimal", _DECIMALS)):
        signs[key] = faults.text(table.get(key), key)
        if key not in table or signs[key] not in known:
            faults.add(item.line if key not in table else table[key].line,
                       f"found {signs[key]!r} as {key}, expected one of {', '.join(map(repr, known))}")  # fmt: skip
    if signs["thousands"] == signs["decimal"]:
        faults.add(item.line, f"found {signs['decimal']!r} for thousands and decimals, expected two signs")
    return Numbers(signs["thousands"], signs["decimal"], is_stated=True)


def _template(text: str, line: int, faults: ValidationErrors) -> tuple[TemplatePart, ...]:
    """`H19.95-{accepted:%y%m%d}-{case:04}` in parts."""
    parts = []
    for plain, inner, rest in re.findall(r"([^{}]*)(?:\{([^{}]*)\}|([{}].*)|$)", text):
        if plain:
            parts.append(TemplatePart(text=plain))
        if rest:
            faults.add(line, f"found {rest!r} in template {text!r}, expected each field as {{field}}")
        if inner:
            parts.append(_template_field(inner, line, faults))
    if not any(part.field for part in parts):
        faults.add(line, f"found template {text!r}, expected a field in it, as {{field}}, and no empty one")
    return tuple(parts)


def _template_field(inner: str, line: int, faults: ValidationErrors) -> TemplatePart:
    name, _, how = inner.rpartition(":") if re.search(r":(%|\d)[^:]*$", inner) else (inner, "", "")
    if "%" in how:
        if not set(re.findall("%(.?)", how)) <= _DAY_DIRECTIVES:
            known = " ".join(f"%{part}" for part in sorted(_DAY_DIRECTIVES))
            faults.add(line, f"found {how!r} in a template, expected a day made of {known}")
        return TemplatePart(field=name, moment=how)
    if how and not re.fullmatch("0[1-9]", how):
        faults.add(
            line, f"found {how!r} in a template, expected how many digits there are at least, such as 04"
        )
        return TemplatePart(field=name)
    return TemplatePart(field=name, digits=int(how or 0))


class _SourceReader:
    """Reads one source of a mapping; keeps the personal fields, which every value is held against."""

    def __init__(self, source: Contract, faults: ValidationErrors) -> None:
        self.source, self.faults = source, faults
        self.read_fields: dict[str, str] = {}
        self.dropped: set[str] = set()
        self.hashed: set[str] = set()

    def read(self, item: Item) -> SourceMapping:
        name, faults = self.source.name, self.faults
        table = faults.table(item, name)
        faults.only(table, {"columns", "personal"}, name)
        personal = faults.table(table.get("personal"), f"personal of {name}")
        faults.only(personal, {"drop", "hash"}, f"personal of {name}")
        self.dropped = {text for text, _ in faults.texts(personal.get("drop"), "drop")}
        self.hashed = {text for text, _ in faults.texts(personal.get("hash"), "hash")}
        columns = faults.table(table.get("columns"), f"columns of {name}")
        known = {column.name: column for column in self.source.columns}
        faults.only(columns, set(known), f"columns of {name}")
        for column in self.source.values:
            if column.required and column.name not in columns:
                faults.add(item.key_line, f"found no column {column.name!r} in {name}, expected it, as no row "
                           "is accepted without")  # fmt: skip
        return SourceMapping({key: self._entry(known[key], columns[key]) for key in columns if key in known})

    def _entry(self, column: Column | ListColumn, item: Item) -> FieldMapping | ListFeed:
        if isinstance(column, Column):
            return self._feed(column, item, "")
        table = self.faults.table(item, column.name)
        self.faults.only(table, {"from", "columns"}, column.name)
        wire = self.faults.text(table.get("from"), "from")
        if not wire:
            self.faults.add(item.line, f"found no 'from' of list {column.name}, expected the field's name")
        nested = self.faults.table(table.get("columns"), f"columns of {column.name}")
        known = {part.name: part for part in column.columns}
        self.faults.only(nested, set(known), f"columns of {column.name}")
        feeds = {key: self._feed(known[key], nested[key], f"{wire}.") for key in nested if key in known}
        self._check_capitals(wire, item.line)
        return ListFeed(wire, feeds)

    def _feed(self, column: Column, item: Item, prefix: str) -> FieldMapping:
        faults = self.faults
        if isinstance(item.value, str):
            feed = FieldMapping(wire=item.value)
        else:
            table = faults.table(item, column.name)
            faults.only(table, {"from", "constant", "template", "values", "otherwise"}, column.name)
            origins = [key for key in ("from", "constant", "template") if key in table]
            if isinstance(item.value, dict) and len(origins) != 1:
                found = " and ".join(map(repr, origins)) or "none of 'from', 'constant' and 'template'"
                faults.add(item.line, f"found {found} in {column.name}, expected one")
            words = faults.table(table.get("values"), f"values of {column.name}")
            template = table.get("template")
            feed = FieldMapping(
                wire=faults.text(table.get("from"), "from") or None,
                constant=faults.text(table.get("constant"), "constant") if "constant" in table else None,
                values=self._words(words),
                otherwise=faults.text(table.get("otherwise"), "otherwise") or None,
                template=_template(faults.text(template, "template"), template.line, faults)
                if template
                else (),
            )
            if (feed.values or feed.otherwise) and feed.wire is None:
                faults.add(
                    item.line, f"found values without 'from' in {column.name}, expected them of a field"
                )
            codes = [*((feed.values[cleaned_word(word)], code.line) for word, code in words.items()),
                     *((code, item.line) for code in (feed.otherwise, feed.constant) if code)]  # fmt: skip
            for code, line in codes:
                self._check_code(column, code, line)
        for wire in feed.wires:
            self._check_personal(column, prefix + wire, item.line)
            self._check_capitals(prefix + wire, item.line)
        return feed

    def _words(self, words: Mapping[str, Item]) -> dict[str, str]:
        found: dict[str, str] = {}
        for word, code in words.items():
            if cleaned_word(word) in found:
                self.faults.add(
                    code.key_line, f"found {word!r} twice, expected each word once, whatever its capitals"
                )
            found[cleaned_word(word)] = self.faults.text(code, word)
        return found

    def _check_capitals(self, field: str, line: int) -> None:
        """DuckDB knows no capitals in the names of fields."""
        other = self.read_fields.setdefault(field.lower(), field)
        if other != field:
            self.faults.add(line, f"found fields {other!r} and {field!r}, expected names that differ by more than"
                            " capitals")  # fmt: skip

    def _check_code(self, column: Column, code: str, line: int) -> None:
        choices = column.codes or (("0", "1", "true", "false") if column.type == "flag" else ())
        if choices and code not in choices:
            self.faults.add(
                line, f"found code {code!r} for {column.name}, expected one of {', '.join(choices)}"
            )

    def _check_personal(self, column: Column, name: str, line: int) -> None:
        if name in self.dropped and column.type != "is_given":
            self.faults.add(line, f"found {name!r} as {column.name}, expected nothing from a personal field")
        if name in self.hashed and column.type not in _HASH_KINDS:
            self.faults.add(line, f"found {name!r} as {column.name}, expected it only in a hash")
        if column.type == "hash" and name not in self.hashed:
            self.faults.add(line, f"found {name!r} as {column.name}, expected it in 'hash' of 'personal' too")

"""Mappings: what a source system calls the columns of the lake, and how it writes values.

Here: reading `mappings/<name>.yml` and `mappings/senders.yml`, and everything that can be wrong with them.
The format is described at the head of `mappings/national_exchange.yml`. Not here: the SQL made of a mapping
(`mapping_sql`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.ingest.record_types import RECORD_SOURCES, Column, ListColumn, RecordSource
from orchestration.ingest.yaml_lines import Faults, Item, MappingError, read_yaml

__all__ = ["Feed", "ListFeed", "MappingError", "SourceMapping", "SystemMapping", "load_mappings",
           "read_mapping"]  # fmt: skip

DEFAULT = "national_exchange"
SENDERS = "senders.yml"
#: The parts of a moment that a format may name, and how many digits each has.
DIRECTIVES = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "f": 0, "z": 0}
_HASH_KINDS = {"hash", "is_given"}


@dataclass(frozen=True)
class Feed:
    """Where a value comes from: field `wire`, or `constant`; `values` turns words into codes."""

    wire: str | None
    constant: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = None


@dataclass(frozen=True)
class ListFeed:
    """Where a list comes from, and the values of its elements."""

    wire: str
    columns: Mapping[str, Feed]


@dataclass(frozen=True)
class SourceMapping:
    """One source of one system: lake column -> where it comes from; what is not named stays empty."""

    columns: Mapping[str, Feed | ListFeed]


@dataclass(frozen=True)
class SystemMapping:
    """All sources of one system. `zone_minutes`: of moments that carry no offset themselves."""

    name: str
    version: str
    formats: tuple[str, ...]
    zone_minutes: int
    has_excel_serials: bool
    placeholders: tuple[str, ...]
    sources: Mapping[str, SourceMapping]

    @property
    def label(self) -> str:
        """What a batch says about how it was read."""
        return f"{self.name}/{self.version}"


def load_mappings(folder: Path) -> tuple[dict[str, SystemMapping], dict[str, str]]:
    """Every mapping of `folder` by name, and the name of the mapping by sender.

    Raises MappingError, naming file and line, and FileNotFoundError without the default mapping.
    """
    if not (folder / f"{DEFAULT}.yml").is_file():
        raise FileNotFoundError(f"no default mapping {DEFAULT}.yml in {folder}")
    files = [file for file in sorted(folder.glob("*.yml")) if file.name != SENDERS]
    mappings = {file.stem: read_mapping(file) for file in files}
    senders: dict[str, str] = {}
    if (folder / SENDERS).is_file():
        document, faults = read_yaml(folder / SENDERS)
        for sender, item in faults.table(document, "senders").items():
            senders[sender] = faults.text(item, f"the mapping of {sender}")
            if senders[sender] not in mappings:
                faults.add(
                    item.line, f"found mapping {senders[sender]!r}, expected one of {', '.join(mappings)}"
                )
        faults.raise_if_any()
    return mappings, senders


def read_mapping(file: Path) -> SystemMapping:
    """The mapping in `file`. Raises MappingError with every fault, each with its line."""
    document, faults = read_yaml(file)
    top = faults.table(document, "the mapping")
    faults.only(top, {"mapping", "version", "about", "moments", "placeholders", "sources"}, "the mapping")
    for key in ("mapping", "version", "moments", "sources"):
        if key not in top:
            faults.add(document.line, f"found no {key!r}, expected it at the top of the file")
    name = faults.text(top.get("mapping"), "mapping")
    if name and name != file.stem:
        faults.add(top["mapping"].line, f"found name {name!r}, expected {file.stem!r}, as the file is called")
    moments = faults.table(top.get("moments"), "moments")
    faults.only(moments, {"formats", "zone", "excel_serials"}, "moments")
    sources = {}
    for source, item in faults.table(top.get("sources"), "sources").items():
        if source in RECORD_SOURCES:
            sources[source] = _SourceReader(RECORD_SOURCES[source], faults).read(item)
        else:
            faults.add(item.key_line, f"found source {source!r}, expected one of {', '.join(RECORD_SOURCES)}")
    result = SystemMapping(
        name=name,
        version=faults.text(top.get("version"), "version"),
        formats=_formats(moments.get("formats"), faults),
        zone_minutes=_zone(moments.get("zone"), faults),
        has_excel_serials=_yes_or_no(moments.get("excel_serials"), faults),
        placeholders=tuple(text for text, _ in faults.texts(top.get("placeholders"), "placeholders")),
        sources=sources,
    )
    faults.raise_if_any()
    return result


def _formats(item: Item | None, faults: Faults) -> tuple[str, ...]:
    texts = faults.texts(item, "formats")
    for text, line in texts:
        unknown = [part for part in re.findall("%(.?)", text) if part not in DIRECTIVES]
        if unknown or not {"Y", "m", "d"} <= set(re.findall("%(.)", text)):
            known = " ".join(f"%{part}" for part in DIRECTIVES)
            faults.add(line, f"found format {text!r}, expected one made of {known}, with %Y, %m and %d")
    return tuple(text for text, _ in texts)


def _zone(item: Item | None, faults: Faults) -> int:
    text = faults.text(item, "zone") or "+07:00"
    match = re.fullmatch(r"([+-])(\d{2}):(\d{2})", text)
    if match is None:
        faults.add(item.line if item else 0, f"found zone {text!r}, expected an offset such as '+07:00'")
        return 0
    return (-1 if match[1] == "-" else 1) * (int(match[2]) * 60 + int(match[3]))


def _yes_or_no(item: Item | None, faults: Faults) -> bool:
    text = faults.text(item, "excel_serials") or "false"
    if item and text not in ("true", "false"):
        faults.add(item.line, f"found {text!r} as excel_serials, expected true or false")
    return text == "true"


class _SourceReader:
    """Reads one source of a mapping; keeps the personal fields, which every value is held against."""

    def __init__(self, source: RecordSource, faults: Faults) -> None:
        self.source, self.faults = source, faults
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
            if column.is_required and column.name not in columns:
                faults.add(item.key_line, f"found no column {column.name!r} in {name}, expected it, as no row "
                           "is accepted without")  # fmt: skip
        return SourceMapping({key: self._entry(known[key], columns[key]) for key in columns if key in known})

    def _entry(self, column: Column | ListColumn, item: Item) -> Feed | ListFeed:
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
        return ListFeed(wire, feeds)

    def _feed(self, column: Column, item: Item, prefix: str) -> Feed:
        faults = self.faults
        if isinstance(item.value, str):
            feed = Feed(wire=item.value)
        else:
            table = faults.table(item, column.name)
            faults.only(table, {"from", "constant", "values", "otherwise"}, column.name)
            if isinstance(item.value, dict) and ("from" in table) == ("constant" in table):
                faults.add(
                    item.line, f"found both or none of 'from' and 'constant' in {column.name}, expected one"
                )
            words = faults.table(table.get("values"), f"values of {column.name}")
            feed = Feed(
                wire=faults.text(table.get("from"), "from") or None,
                constant=faults.text(table.get("constant"), "constant") if "constant" in table else None,
                values={word.strip().lower(): faults.text(code, word) for word, code in words.items()},
                otherwise=faults.text(table.get("otherwise"), "otherwise") or None,
            )
            codes = [*((feed.values[word.strip().lower()], code.line) for word, code in words.items()),
                     *((code, item.line) for code in (feed.otherwise, feed.constant) if code)]  # fmt: skip
            for code, line in codes:
                self._check_code(column, code, line)
        self._check_personal(column, feed, prefix, item.line)
        return feed

    def _check_code(self, column: Column, code: str, line: int) -> None:
        choices = column.choices or (("0", "1", "true", "false") if column.kind == "flag" else ())
        if choices and code not in choices:
            self.faults.add(
                line, f"found code {code!r} for {column.name}, expected one of {', '.join(choices)}"
            )

    def _check_personal(self, column: Column, feed: Feed, prefix: str, line: int) -> None:
        if feed.wire is None:
            return
        name = prefix + feed.wire
        if name in self.dropped and column.kind != "is_given":
            self.faults.add(line, f"found {name!r} as {column.name}, expected nothing from a personal field")
        if name in self.hashed and column.kind not in _HASH_KINDS:
            self.faults.add(line, f"found {name!r} as {column.name}, expected it only in a hash")
        if column.kind == "hash" and name not in self.hashed:
            self.faults.add(line, f"found {name!r} as {column.name}, expected it in 'hash' of 'personal' too")

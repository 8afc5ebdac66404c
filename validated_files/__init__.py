"""Files that people write (contracts, mappings, suites), checked by a model; each fault is named with its line.

Here: YAML as nodes that know their lines, with duplicate keys refused; and what pydantic finds wrong with a document of
YAML or a row of CSV, in the words of this project. Not here: what a file should say (in `orchestration`,
`ingestion.contracts`, `ingestion.rights`, `ingestion.delivery_sla`, `ingestion.records.mapping` and
`extraction`; and `expectations.builder`). A package of its own, because `expectations` and `orchestration` both
read such files, and the former knows nothing of the latter.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

Model = TypeVar("Model")


class InvalidFileError(Exception):
    """Everything wrong with a file, one line each: `<file>:<line>: found ..., expected ...`."""


@dataclass(frozen=True)
class Item:
    """A value and its line. `value` is a text, a list of items, or a dict from keys to items."""

    value: str | list[Item] | dict[str, Item]
    line: int
    key_line: int = 0

    @property
    def kind(self) -> str:
        """For errors."""
        return {str: "a text", list: "a list", dict: "a table of keys"}[type(self.value)]


class ValidationErrors:
    """Collects what is wrong, to tell it all at once."""

    def __init__(self, file: Path) -> None:
        self.file, self.found = file, list[tuple[int, str]]()

    def add(self, line: int, sentence: str) -> None:
        self.found.append((line, sentence))

    def raise_if_any(self) -> None:
        if self.found:
            raise InvalidFileError(
                "\n".join(f"{self.file}:{line}: {sentence}" for line, sentence in sorted(self.found))
            )

    def table(self, item: Item | None, what: str) -> dict[str, Item]:
        """The keys of `item`, or none and a fault if it is something else; None stands for absent."""
        if item is None:
            return {}
        if isinstance(item.value, dict):
            return item.value
        self.add(item.line, f"found {item.kind} as {what}, expected a table of keys")
        return {}

    def texts(self, item: Item | None, what: str) -> list[tuple[str, int]]:
        """The texts of a list and their lines."""
        if item is None:
            return []
        if not isinstance(item.value, list):
            self.add(item.line, f"found {item.kind} as {what}, expected a list")
            return []
        wrong = [entry for entry in item.value if not isinstance(entry.value, str)]
        for entry in wrong:
            self.add(entry.line, f"found {entry.kind} in {what}, expected a text")
        return [(entry.value, entry.line) for entry in item.value if isinstance(entry.value, str)]

    def text(self, item: Item | None, what: str) -> str:
        """The text of `item`; empty if absent, empty and a fault if it is no text."""
        if item is None:
            return ""
        if isinstance(item.value, str):
            return item.value
        self.add(item.line, f"found {item.kind} as {what}, expected a text")
        return ""

    def only(self, table: dict[str, Item], known: set[str], what: str) -> None:
        """A fault for every key that nobody would read."""
        for key, item in table.items():
            if key not in known:
                line = item.key_line or item.line
                self.add(line, f"found {key!r} in {what}, expected one of {', '.join(sorted(known))}")


def read_yaml(file: Path) -> tuple[Item, ValidationErrors]:
    """The document in `file`. Raises InvalidFileError for what is no YAML, OSError for what cannot be read."""
    faults = ValidationErrors(file)
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidFileError(f"{file}:{line}: no YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidFileError(f"{file}:1: no YAML: {error}") from None
    if node is None:
        raise InvalidFileError(f"{file}:1: found an empty file, expected a mapping")
    try:
        return _item(node, faults, 0), faults
    except RecursionError:
        raise InvalidFileError(f"{file}:1: found an alias within itself, expected plain YAML") from None


def _item(node: yaml.Node, faults: ValidationErrors, key_line: int) -> Item:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        table: dict[str, Item] = {}
        for key, item in _pairs(node, faults):
            if key in table:
                faults.add(item.key_line, f"found {key!r} twice, expected each key once")
            table[key] = item
        return Item(table, line, key_line)
    if isinstance(node, yaml.SequenceNode):
        return Item([_item(child, faults, 0) for child in node.value], line, key_line)
    return Item("" if node.tag.endswith(":null") else str(node.value), line, key_line)


def _pairs(node: yaml.MappingNode, faults: ValidationErrors) -> Iterator[tuple[str, Item]]:
    for key, value in node.value:
        line = key.start_mark.line + 1
        if isinstance(key, yaml.ScalarNode):
            yield key.value, _item(value, faults, line)
        else:
            faults.add(line, "found a list or table as a key, expected a text")


def validated_yaml(file: Path, model: type[Model]) -> Model:
    """The document in `file` as `model`, whose validators find the file under `file` in their context. Raises
    InvalidFileError with every fault, OSError for what cannot be read.
    """
    document, faults = read_yaml(file)
    faults.raise_if_any()
    try:
        return TypeAdapter(model).validate_python(_plain(document), context={"file": file})
    except ValidationError as error:
        for one in error.errors(include_url=False):
            faults.add(_line_of(document, one["loc"]), _sentence(one))
    faults.raise_if_any()
    raise AssertionError("an error names a fault")


def validated_csv(file: Path, model: type[Model], **context: object) -> tuple[Model, ...]:
    """The rows of `file`, each as `model`, whose validators find `file` and `context` in theirs; columns that it does
    not know are for readers. Raises InvalidFileError with every fault, OSError for what cannot be read.
    """
    adapter, faults, found = TypeAdapter(model), ValidationErrors(file), []
    with file.open(encoding="utf-8", newline="") as stream:
        rows: csv.DictReader[str] = csv.DictReader(stream, restval="")
        for row in rows:
            if row.pop(None, None) is not None:
                faults.add(rows.line_num, f"found more values than the header has, expected {len(row)}")
                continue
            try:
                found.append(adapter.validate_python(row, context={"file": file, **context}))
            except ValidationError as error:
                for one in error.errors(include_url=False):
                    faults.add(rows.line_num, _sentence(one))
    faults.raise_if_any()
    return tuple(found)


def expected(what: str) -> PydanticCustomError:
    """For validators: what was expected, in place of a value that must not be shown."""
    return PydanticCustomError("not_shown", "{what}", {"what": what})


def _plain(item: Item) -> Any:
    if isinstance(item.value, dict):
        return {key: _plain(inner) for key, inner in item.value.items()}
    return [_plain(inner) for inner in item.value] if isinstance(item.value, list) else item.value


def _line_of(item: Item, place: Sequence[int | str]) -> int:
    """The line of what lies at `place`, or of the innermost thing around it that there is."""
    line = item.line
    for step in place:
        if isinstance(item.value, dict) and step in item.value:
            item = item.value[str(step)]
        elif isinstance(item.value, list) and isinstance(step, int) and step < len(item.value):
            item = item.value[step]
        else:
            continue  # the name of a model among several, or a key that is missing
        line = item.key_line or item.line
    return line


def _sentence(error: Mapping[str, Any]) -> str:
    key, given = error["loc"][-1] if error["loc"] else "", error["input"]
    if error["type"] == "missing":
        return f"found no {key!r}, expected it"
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"found key {key!r}, expected none of that name"
    if error["type"] == "not_shown":
        return f"found something else as {key}, expected {error['msg']}"
    found = repr(given) if isinstance(given, str | int | float) else f"this {type(given).__name__}"
    said = (
        error["ctx"]["error"]
        if error["type"] == "value_error"
        else error["msg"].removeprefix("Input should be ")
    )
    return f"found {found}{f' as {key}' if key else ''}, expected {said}"

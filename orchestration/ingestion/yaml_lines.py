"""YAML whose every value knows its line, so that an error can name it.

Here: reading a document into plain nodes, with duplicate keys refused, and checking one by a model of pydantic. Not
here: what a document should say (`contracts`, `records.mapping`, `extraction.gateways`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


class YamlError(Exception):
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
            raise YamlError(
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
    """The document in `file`. Raises YamlError for what is no YAML, OSError for what cannot be read."""
    faults = ValidationErrors(file)
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise YamlError(f"{file}:{line}: no YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise YamlError(f"{file}:1: no YAML: {error}") from None
    if node is None:
        raise YamlError(f"{file}:1: found an empty file, expected a mapping")
    try:
        return _item(node, faults, 0), faults
    except RecursionError:
        raise YamlError(f"{file}:1: found an alias within itself, expected plain YAML") from None


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
    """The document in `file` as `model`, whose validators find the file under `file` in their context. Raises YamlError
    with every fault, each with its line, OSError for what cannot be read.
    """
    document, faults = read_yaml(file)
    faults.raise_if_any()
    try:
        return model.model_validate(_plain(document), context={"file": file})
    except ValidationError as error:
        for one in error.errors(include_url=False):
            faults.add(_line_of(document, one["loc"]), _sentence(one))
    faults.raise_if_any()
    raise AssertionError("an error names a fault")


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


def _sentence(error: Any) -> str:
    key, given = error["loc"][-1] if error["loc"] else "the file", error["input"]
    if error["type"] == "missing":
        return f"found no {key!r}, expected it"
    if error["type"] == "extra_forbidden":
        return f"found key {key!r}, expected none of that name"
    found = repr(given) if isinstance(given, str | int | float) else f"this {type(given).__name__}"
    if error["type"] == "value_error":
        return f"found {found}, expected {error['ctx']['error']}"
    return f"found {found} as {key}, expected {error['msg'].removeprefix('Input should be ')}"

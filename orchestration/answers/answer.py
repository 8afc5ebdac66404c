"""What a command answers: one value, which people read as lines and tables and scripts as JSON.

Belongs here: the shape of an answer, and how its facts become JSON. Does not belong here: the terminal (`screen`), and
what is answered (the modules that commands call).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any


def plain(value: Any) -> str:
    """A value as it is; nothing where there is none."""
    return "" if value is None else str(value)


def number(value: Any, form: str, none: str = "-") -> str:
    """A number in Python's format `form`, or `none` where there is none."""
    return none if value is None else format(value, form)


@dataclass(frozen=True)
class Column:
    """What a table shows of one value of its rows: its head, and the value as people read it. Numbers stand right."""

    name: str
    head: str | None = None
    shown: Callable[[Any], str] = plain
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """Rows as they are also given to scripts, and which of their values people see, in which order."""

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Answer:
    """`facts` are what was found or done, for scripts; `shown` is what of it people read. `code` is the exit code."""

    facts: Mapping[str, Any]
    shown: Sequence[str | Table] = field(default=())
    code: int = 0


class NotDoneError(Exception):
    """A command did not do what it says: the sentence that says why, and the exit code."""

    def __init__(self, why: object, code: int = 1) -> None:
        super().__init__(str(why))
        self.code = code

    @property
    def answer(self) -> Answer:
        """What a script reads of it."""
        return Answer({"error": str(self)}, code=self.code)


def as_json(facts: Mapping[str, Any]) -> str:
    """One document. Letters stay letters; what a terminal would act on is escaped, so that it is read back as it was."""
    text = json.dumps(_value(facts), ensure_ascii=False, indent=2, allow_nan=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def _value(value: Any) -> Any:
    """`value` of what JSON has: numbers as numbers, days, moments and paths as text, nothing (and no number) as null."""
    match value:
        case Mapping():
            made: Any = {str(key): _value(item) for key, item in value.items()}
        case list() | tuple():
            made = [_value(item) for item in value]
        case Decimal() if value.as_tuple().exponent == 0:
            made = int(value)
        case Decimal() | float():
            made = float(value) if math.isfinite(value) else None
        case date():
            made = value.isoformat()
        case Path():
            made = str(value)
        case _:
            made = _value(asdict(value)) if is_dataclass(value) and not isinstance(value, type) else value
    return made

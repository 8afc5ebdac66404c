"""What a file of `suites/` may say.

Belongs here: its keys and what is wrong with them. Does not belong here: what is made of it (`builder.py`), and how its
templates are filled (`templates.py`).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from expectations.templates import template


def _bound(given: object) -> object:
    """Files are read as texts; what is no number is a template."""
    for number in (int, float):
        try:
            if math.isfinite(found := number(str(given))):
                return found
        except ValueError:
            continue
    return template(str(given))


Template = Annotated[str, AfterValidator(template)]
Bound = Annotated[int | float | str, BeforeValidator(_bound)]
Bounds = Mapping[str, Bound]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expectation(_Part):
    """What must hold of a table: no rows of `sql`, or what an expectation of Great Expectations says."""

    id: str = Field(
        pattern="^[a-z][a-z0-9_]*$",
        description="Its name in the suite, by which tests poison it.",
    )
    description: Template = Field(
        min_length=1, description="What holds; the first that people read of a failure."
    )
    reason: Template = Field(min_length=10, description="Why, and why this bound.")
    date: dt.date = Field(description="Since when it is so.")
    when: str = Field("", description="Only where this expression is true of the suite's parameters.")
    bounds: Bounds = Field({}, description="Numbers and texts that the other texts name.")
    sql: Template = Field(
        "", description="The rows that must not be, read from `batch`; shows what identifies a row."
    )
    expect: Mapping[str, Template] = Field(
        {}, description="`type`, a class of Great Expectations, and its arguments."
    )

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Expectation:
        if bool(self.sql) == bool(self.expect) or (self.expect and "type" not in self.expect):
            raise ValueError("either sql, or expect with a type")
        return self


class Use(_Part):
    """An expectation of `_shared.yml`, with bounds of this suite in place of its own."""

    use: str = Field(description="Its id.")
    bounds: Bounds = {}


def _kind(entry: object) -> str:
    return "use" if isinstance(entry, Use) or (isinstance(entry, dict) and "use" in entry) else "expectation"


class Suite(_Part):
    """One file of `suites/`."""

    description: str = Field(min_length=1, description="What it asks of which table.")
    name: Template = Field("", description="Its name in results, where that is not the file's.")
    parameters: tuple[str, ...] = Field((), description="What `load` may be given, and is nothing otherwise.")
    texts: Mapping[str, Template] = Field(
        {}, description="Parts of texts that several expectations have in common."
    )
    expectations: tuple[
        Annotated[
            Annotated[Use, Tag("use")] | Annotated[Expectation, Tag("expectation")], Discriminator(_kind)
        ],
        ...,
    ]

    @model_validator(mode="after")
    def _has_each_once(self) -> Suite:
        if not self.expectations:
            raise ValueError("an expectation, as none would let anything pass")
        ids = [entry.use if isinstance(entry, Use) else entry.id for entry in self.expectations]
        if again := {one for one in ids if ids.count(one) > 1}:
            raise ValueError(f"each id once, and not {', '.join(sorted(again))} again")
        return self

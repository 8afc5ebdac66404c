"""Data contracts: which datasets provinces send as records, which columns each has in the lake, what a bad value means.

Here: what `seeds/agreements/contracts/<dataset>.yml` may say, and what follows of it for ingestion and gates. Not here:
how a value is read (`records.value_types`), what it is called in a file (`records.mapping`), and the portal's datasets,
which come in one shape (`portal.contracts`).

Refuse or leave out? A row is refused where the value decides what the row counts for: what it is about, when, in which
state; a moment that cannot be read could make a late dossier punctual. It is accepted without the value, and the value
noted as left out, where no scored metric rests on it: one wrong room number must not hide a dossier. What contradicts
other values (end before receipt) is not refused here at all: dbt repairs or counts it, because progress may tell the
truth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from orchestration.ingestion.landing import CONTRACTS, RECORD_DATASETS
from orchestration.ingestion.records.value_types import VALUE_TYPES, ValueType
from validated_files import validated_yaml

_DATA_TYPES = {"moment": "timestamp", "date": "date", "flag": "boolean", "is_given": "boolean", "count": "bigint",
               "number": "double", "limit": "double", "year": "integer", "choice": "integer"}  # fmt: skip
#: Whose text may be anything that is no number of a person: what a gate looks through again.
_TEXT_TYPES = frozenset({"code", "any_agency_code", "agency_code", "identifier", "procedure_code", "text"})
#: Without two underscores in a row, which keep names apart that are made of two (`records.row_query`).
NAME = "^[a-z][a-z0-9]*(_[a-z0-9]+)*$"

#: Where a row came from: the first columns of every dataset, and what they mean.
LINEAGE = {
    "source_file": ("varchar", "The file, below landing."),
    "file_hash": ("varchar", "Of sender and content (ADR 0033)."),
    "delivery_date": ("date", "The day of the delivery."),
    "sender": ("varchar", "Who delivered it."),
    "record_no": ("bigint", "The position in the file, from 1."),
    "precedence": ("integer", "Of what two senders say of one thing the lower one wins (ADR 0033)."),
}


class Part(BaseModel):
    """A part of a contract: as it is written, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Part):
    """A value: of a row, or of an element of a list."""

    name: str = Field(pattern=NAME, description="Name in the lake.")
    description: str = Field(min_length=1, description="What it means, in one sentence or two.")
    type: str = Field(description="How a value is read: see `records/value_types.py`. `hash`: a number of a person, of"
                      " which only a keyed hash enters; `choice`: one of `codes`, as a number; `word`: one of `codes`.",
                      json_schema_extra={"enum": [*sorted(VALUE_TYPES)]})  # fmt: skip
    required: bool = Field(False, description="A row without it is refused.")
    codes: Mapping[str, str] = Field({}, description="The only values there are, each with what it means.")
    bad_value: Literal["refuse_row", "leave_out"] = Field(
        "refuse_row", description="What becomes of a row with a value that cannot be read."
    )
    reason: str = Field("", description="Reason code of a bad value, in place of the type's own.")
    negative_reason: str = Field(
        "", description="Reason code of a number below 0, in place of the type's own."
    )

    @field_validator("type")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in VALUE_TYPES:
            raise ValueError(f"one of {', '.join(sorted(VALUE_TYPES))}")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Column:
        if bool(self.codes) != (self.type in ("choice", "word")):
            raise ValueError("codes where the type is choice or word, and nowhere else")
        if self.type == "choice" and not all(code.isdecimal() for code in self.codes):
            raise ValueError("whole numbers as codes of a choice; words are of type word")
        if self.required and self.leaves_out:
            raise ValueError("bad_value: refuse_row, as no row is accepted without a required column")
        return self

    @property
    def data_type(self) -> str:
        """DuckDB's name of the type."""
        return _DATA_TYPES.get(self.type, "varchar")

    @property
    def how(self) -> ValueType:
        """How it is read."""
        return VALUE_TYPES[self.type]

    @property
    def leaves_out(self) -> bool:
        """Whether a row is accepted without a bad value."""
        return self.bad_value == "leave_out"

    @property
    def plain(self) -> str | None:
        """SQL of a regular expression of what is read fast, if there is one."""
        if self.type == "choice":
            return f"'{'|'.join(self.codes)}'"
        return None if self.codes else self.how.plain or None

    @property
    def can_fail(self) -> bool:
        """Whether a value that was sent can come to nothing."""
        return bool(self.how.reason)

    @property
    def expected(self) -> str:
        """For problems: what would have been right."""
        return f"one of {', '.join(self.codes)}" if self.codes else self.how.expected


class ListColumn(Part):
    """A list of structs, or, if `of_values`, of the values of its one column."""

    name: str = Field(pattern=NAME, description="Name in the lake.")
    description: str = Field(min_length=1, description="What its elements are.")
    of_values: bool = Field(False, description="Its elements are values of the one column, not structs.")
    columns: tuple[Column, ...] = Field(description="What an element says.")

    @model_validator(mode="after")
    def _is_whole(self) -> ListColumn:
        _distinct(column.name for column in self.columns)
        if not self.columns or (self.of_values and len(self.columns) > 1):
            raise ValueError("columns in a list of structs, and one in a list of values")
        if any(column.required for column in self.columns):
            raise ValueError("no required column in a list, as a list may be empty")
        return self

    @property
    def data_type(self) -> str:
        """DuckDB's name of the type."""
        if self.of_values:
            return f"{self.columns[0].data_type}[]"
        return f"struct({', '.join(f'{column.name} {column.data_type}' for column in self.columns)})[]"


def _kind(given: object) -> str:
    return (
        "list"
        if isinstance(given, ListColumn) or (isinstance(given, dict) and "columns" in given)
        else "value"
    )


class Contract(Part):
    """One dataset of records."""

    name: str = Field(
        pattern=NAME, description="Name of its folder in landing and in the lake; the file's name."
    )
    description: str = Field(min_length=1, description="What it is, and what one row is.")
    agency_columns: tuple[str, ...] = Field(
        (), description="Columns with a code of an agency, or of a dossier of it, for which the sender must be allowed"
        " to deliver. None: the rows are the nation's.",
    )  # fmt: skip
    is_dated: bool = Field(False, description="A row says what is so from the day of its delivery on: the same on"
                           " another day is then no duplicate (ADR 0042).")  # fmt: skip
    most_refused: float = Field(
        gt=0,
        lt=1,
        description="Share of a sender's rows, 0 to 1, above which its delivery is refused whole (ADR 0014).",
    )
    runs_backwards: str = Field("", description="SQL, true of a row whose moments run backwards: a delivery with a third"
                                " of such rows is refused.")  # fmt: skip
    columns: tuple[
        Annotated[Annotated[Column, Tag("value")] | Annotated[ListColumn, Tag("list")], Discriminator(_kind)],
        ...,
    ] = Field(min_length=1, description="In the order of the lake, after lineage.")

    @field_validator("name")
    @classmethod
    def _is_the_files(cls, value: str, info: ValidationInfo) -> str:
        if info.context and value != info.context["file"].stem:
            raise ValueError(f"{info.context['file'].stem!r}, as the file is called")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Contract:
        names = [column.name for column in self.columns]
        _distinct([*LINEAGE, *names])
        if unknown := set(self.agency_columns) - {column.name for column in self.values}:
            raise ValueError(f"agency_columns that are columns, not {', '.join(sorted(unknown))}")
        if not isinstance(first := self.columns[0], Column) or not first.required:
            raise ValueError("a required column first: what a row is about")
        return self

    @property
    def values(self) -> tuple[Column, ...]:
        """The columns that are no lists."""
        return tuple(column for column in self.columns if isinstance(column, Column))

    @property
    def lists(self) -> tuple[ListColumn, ...]:
        """The columns that are lists."""
        return tuple(column for column in self.columns if isinstance(column, ListColumn))

    @property
    def row_columns(self) -> dict[str, str]:
        """The columns of rows.parquet and their types, in order."""
        lineage = {name: data_type for name, (data_type, _) in LINEAGE.items()}
        return lineage | {column.name: column.data_type for column in self.columns}

    @property
    def texts(self) -> tuple[str, ...]:
        """SQL of each text in which something personal could have slipped through."""
        found = [
            column.name
            for column in self.values
            if column.type in _TEXT_TYPES or (column.type == "dossier_code" and not column.required)
        ]
        for column in self.lists:
            parts = [part.name for part in column.columns if part.type in _TEXT_TYPES]
            if parts and column.of_values:
                found.append(f"array_to_string({column.name}, '|')")
            elif parts:
                each = ", ".join(f"x.{part}" for part in parts)
                found.append(f"array_to_string([concat_ws('|', {each}) for x in {column.name}], '|')")
        return tuple(found)


def _distinct(names: Iterable[str]) -> None:
    counted = Counter(names)
    if again := sorted(name for name, times in counted.items() if times > 1):
        raise ValueError(f"each column once, and not {', '.join(again)} again")


def read_contract(file: Path) -> Contract:
    """The contract in `file`. Raises InvalidFileError with every fault, each with its line."""
    return validated_yaml(file, Contract)


#: The datasets, by name. A contract that cannot be read stops every command that needs one: it is part of the code.
RECORD_SOURCES = {name: read_contract(CONTRACTS / f"{name}.yml") for name in RECORD_DATASETS}

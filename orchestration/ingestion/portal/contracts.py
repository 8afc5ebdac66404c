"""Data contracts of what the portal publishes: the columns of each of its datasets in the lake.

Here: what `seeds/agreements/contracts/portal/<dataset>.yml` may say. Not here: how a column is read from an answer, which
is SQL (`service_results`), as the portal writes it in one way; and what provinces send as records
(`ingestion.contracts`), each in its own.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from orchestration.ingestion.contracts import LINEAGE, NAME, Part
from orchestration.ingestion.landing import CONTRACTS, PORTAL
from validated_files import validated_yaml


class Column(Part):
    """A value, or a list of structs; one struct, if not `is_list`."""

    name: str = Field(pattern=NAME, description="Name in the lake.")
    description: str = Field(
        min_length=1, description="What it means, in one sentence or two, with its unit."
    )
    data_type: Literal["varchar", "integer", "bigint", "double", "boolean", "timestamptz"] | None = Field(
        None, description="DuckDB's name of the type of a value."
    )
    columns: tuple[Column, ...] = Field((), description="What a struct says.")
    is_list: bool = Field(True, description="Many structs; one where false.")

    @model_validator(mode="after")
    def _is_whole(self) -> Column:
        if bool(self.columns) == bool(self.data_type):
            raise ValueError("a data_type, or columns of a struct")
        return self

    @property
    def sql_type(self) -> str:
        """DuckDB's name of the type, of whatever kind."""
        if self.data_type:
            return self.data_type
        inner = ", ".join(f"{column.name} {column.sql_type}" for column in self.columns)
        return f"struct({inner}){'[]' if self.is_list else ''}"


class PortalContract(Part):
    """One dataset of the portal."""

    name: str = Field(pattern=NAME, description="Name of its folder in landing and in the lake.")
    description: str = Field(min_length=1, description="What it is, and what one row is.")
    columns: tuple[Column, ...] = Field(min_length=1, description="In the order of the lake, after lineage.")

    @property
    def row_columns(self) -> dict[str, str]:
        """The columns of rows.parquet and their types, in order."""
        lineage = {name: data_type for name, (data_type, _) in LINEAGE.items()}
        return lineage | {column.name: column.sql_type for column in self.columns}


PORTAL_CONTRACTS = CONTRACTS / "portal"
#: A contract that cannot be read stops every command that needs one: it is part of the code.
SERVICE_RESULTS = validated_yaml(PORTAL_CONTRACTS / f"{PORTAL}.yml", PortalContract)

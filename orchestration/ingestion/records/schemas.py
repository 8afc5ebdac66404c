"""The record sources: which columns their rows have in the lake, and what must hold for each value.

Here: docs/lake.md as data, and for each column whether a bad value refuses the row or is left out. Not here:
how a value is read (`value_types`), what it is called in a file (`mapping`).

Refuse or leave out? A row is refused where the value decides what the row counts for: what it is about,
when, in which state. It is accepted without the value, and the value noted as left out, where no scored
metric rests on it: one wrong room number must not hide a dossier. What contradicts other values (end
before receipt) is not refused here at all: dbt repairs or counts it, because progress may tell the truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestration.ingestion.records.value_types import KINDS, Kind

_TYPES = {"moment": "timestamp", "date": "date", "flag": "boolean", "is_given": "boolean", "count": "bigint",
          "number": "double", "limit": "double", "year": "integer", "choice": "integer"}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A value. `choices`: the only ones there are. `leave_out`: accept the row without a bad value.

    `reason` replaces the reason of the kind; `negative` that of a number below 0.
    """

    name: str
    kind: str
    choices: tuple[str, ...] = ()
    is_required: bool = False
    leave_out: bool = False
    reason: str = ""
    negative: str = ""

    @property
    def type(self) -> str:
        """DuckDB's name of the type."""
        return _TYPES.get(self.kind, "varchar")

    @property
    def how(self) -> Kind:
        """How it is read."""
        return KINDS[self.kind]

    @property
    def plain(self) -> str | None:
        """SQL of a regular expression of what is read fast, if there is one."""
        if self.kind == "choice":
            return f"'{'|'.join(self.choices)}'"
        return None if self.choices else self.how.plain or None

    @property
    def can_fail(self) -> bool:
        """Whether a value that was sent can come to nothing."""
        return bool(self.how.reason)

    @property
    def expected(self) -> str:
        """For problems: what would have been right."""
        return f"one of {', '.join(self.choices)}" if self.choices else self.how.expected


@dataclass(frozen=True)
class ListColumn:
    """A list of structs, or, if `is_plain`, of the values of its one column."""

    name: str
    columns: tuple[Column, ...]
    is_plain: bool = False

    @property
    def type(self) -> str:
        """DuckDB's name of the type."""
        if self.is_plain:
            return f"{self.columns[0].type}[]"
        return f"struct({', '.join(f'{column.name} {column.type}' for column in self.columns)})[]"


@dataclass(frozen=True)
class RecordSource:
    """One dataset of the lake."""

    name: str
    columns: tuple[Column | ListColumn, ...]
    #: Columns with a code of an agency, or of a dossier of it, for which the sender must be allowed to deliver.
    agencies: tuple[str, ...] = ()
    #: Whether a row says what is so from the day of its delivery on: the same on another day is then no duplicate.
    is_dated: bool = False

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
        return LINEAGE | {column.name: column.type for column in self.columns}


LINEAGE = {
    "source_file": "varchar",
    "file_hash": "varchar",
    "delivery_date": "date",
    "sender": "varchar",
    "record_no": "bigint",
    "precedence": "integer",
}


def _each(names: str, kind: str, leave_out: bool = True) -> Iterator[Column]:
    return (Column(name, kind, leave_out=leave_out) for name in names.split())


def _moments(names: str) -> Iterator[Column]:
    """A moment that is there but unreadable refuses the row: it could make a late dossier punctual."""
    return _each(names, "moment", leave_out=False)


def _one_of(name: str, reason: str, *choices: str, leave_out: bool = False, required: bool = False) -> Column:
    kind = "choice" if choices[0].isdigit() else "word"
    return Column(name, kind, choices, required, leave_out, reason)


_STATUS = _one_of("status_code", "unknown_status", *map(str, range(1, 11)), required=True)

DOSSIERS = RecordSource("dossiers", (
    Column("dossier_code", "dossier_code", is_required=True),
    # Half of the metrics count procedures: without one the dossier would be in some and not in others.
    Column("procedure_code", "procedure_code", is_required=True),
    *_each("field_code", "code"),
    # Says whether a dossier was filed online, which is scored; missing is allowed by the contract.
    _one_of("channel_code", "unknown_channel", "1", "2", "3"),
    _one_of("applicant_kind_code", "unknown_applicant_kind", "1", "2", "3", "4", leave_out=True),
    Column("applicant_hash", "hash"),
    *_moments("submitted_at received_at due_at"),
    _STATUS,
    *_moments("returned_at finished_at refused_at"),
    *_each("return_form_code processing_unit_code", "code"), *_each("received_place_code", "any_agency_code"),
    *_each("has_digitised_parts is_vneid_verified", "flag"),
    _one_of("paid_online_code", "unknown_payment", "0", "1", "2"),
    ListColumn("submitted_documents", (
        *_each("document_id", "identifier"), *_each("component_code", "code"),
        *_each("is_deleted is_digitised is_reused is_from_national_store", "flag"),
        *_each("replaced_result_code", "identifier"),
    )),
    ListColumn("fees", (
        *_each("fee_code collection_form_code", "code"),
        # Whether anything was to be paid decides whether the dossier counts for online payment.
        Column("price", "number", negative="negative_fee"), *_each("fee_kind_code", "code"),
    )),
    ListColumn("supplements", (
        *_each("supplement_id", "identifier"), *_moments("requested_at received_at"),
        *_each("status_code", "code"), *_moments("due_before_at due_after_at"),
    )),
    ListColumn("results", (
        *_each("document_id", "identifier"), *_each("component_code", "code"),
        *_each("result_code", "identifier"), Column("has_file", "is_given"),
    )),
    ListColumn("identities", (
        _one_of("kind_code", "unknown_identity_kind", "1", "2", leave_out=True), Column("number_hash", "hash"),
    )),
    ListColumn("database_codes", (Column("database_code", "code", leave_out=True),), is_plain=True),
), ("dossier_code",))  # fmt: skip

PROGRESS = RecordSource("progress", (
    Column("dossier_code", "dossier_code", is_required=True),
    # May be missing: a step that is under way has only begun.
    *_moments("acted_at"), _STATUS, *_each("room_code", "code"), *_moments("started_at due_at"),
), ("dossier_code",))  # fmt: skip

PROCEDURES = RecordSource("procedures", (
    Column("procedure_code", "procedure_code", is_required=True),
    *_each("name_vi", "text"), *_each("field_code", "code"),
    _one_of("execution_level", "unknown_execution_level", "ministry", "province", "commune"),
    Column("statutory_limit", "limit", negative="negative_limit"),
    _one_of("limit_unit", "unknown_limit_unit", "working_day", "day", "hour"),
    *_each("is_fee_bearing has_synchronised_fees returns_paper_result", "flag"),
    _one_of("online_level", "unknown_online_level", "2", "3", "4"),
    *_each("is_open_to_citizens has_all_parts", "flag"),
), is_dated=True)  # fmt: skip

PUBLICATION_DECISIONS = RecordSource("publication_decisions", (
    Column("decision_no", "text", is_required=True), Column("agency_code", "agency_code", is_required=True),
    Column("decision_date", "date", is_required=True),
    Column("procedure_code", "procedure_code", is_required=True),
    _one_of("kind", "unknown_decision_kind", "new", "amended", "abolished", required=True),
    Column("legal_effect_date", "date"), *_moments("published_at"),
), ("agency_code",))  # fmt: skip

PETITIONS = RecordSource("petitions", (
    Column("petition_id", "identifier", is_required=True),
    Column("agency_code", "agency_code", is_required=True),
    Column("received_at", "moment", is_required=True), *_moments("transferred_at"),
    _one_of("kind", "unknown_petition_kind", "procedure", "staff", "other"),
    _one_of("status", "unknown_petition_status", "open", "refused", "supplement_requested", "finished",
            required=True),
    *_moments("finished_at"), Column("likes", "count"), Column("dislikes", "count"),
    # A petition counts for its agency; which dossier it came from is only shown.
    Column("dossier_code", "dossier_code", leave_out=True),
), ("agency_code",))  # fmt: skip

NATIONAL_REPORT_TOTALS = RecordSource("national_report_totals", (
    Column("agency_code", "agency_code", is_required=True), Column("year", "year", is_required=True),
    _one_of("month", "bad_period", *map(str, range(1, 13)), required=True),
    Column("received", "count", is_required=True),
), ("agency_code",))  # fmt: skip

UNIT_CATALOGUE = RecordSource("unit_catalogue", (
    # Any agency: this source is where new ones come from.
    Column("agency_code", "any_agency_code", is_required=True), Column("name_vi", "text", is_required=True),
    _one_of("unit_level", "unknown_unit_level", "province", "department", "district", "commune", required=True),
    Column("parent_agency_code", "any_agency_code"), Column("state_code", "state_code"),
    Column("valid_from", "date", is_required=True), Column("valid_to", "date"),
), ("agency_code", "parent_agency_code"))  # fmt: skip

RECORD_SOURCES = {
    source.name: source
    for source in (DOSSIERS, PROGRESS, PROCEDURES, PUBLICATION_DECISIONS, PETITIONS, NATIONAL_REPORT_TOTALS,
                   UNIT_CATALOGUE)
}  # fmt: skip

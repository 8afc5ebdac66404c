"""Who may deliver what: which sources a sender delivers, and of which agencies (`seeds/agreements/delivery_rights.csv`).

Here: reading the agreement, and what follows from it for one sender. Not here: judging rows by it (`row_query`,
`portal.rules`), and who wins where two senders may deliver for one agency (dbt, by `precedence`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import pydantic.dataclasses

from orchestration.ingestion.contracts import RECORD_SOURCES
from orchestration.ingestion.landing import SOURCES, LandedFile, Scan, known_source
from orchestration.ingestion.personal import masked
from orchestration.ingestion.problems import Problem
from validated_files import validated_csv

#: In place of a sender: each agency, under its own code. In place of a source: each. In place of an agency: the nation.
ANY = "*"
#: In place of an agency: the one that the sender is named after.
SELF = "self"
#: Whose rows are of no agency: they are the nation's.
OF_NO_AGENCY = frozenset(name for name, contract in RECORD_SOURCES.items() if not contract.agency_columns)
#: `H01` to `H63`, the provinces of today and those merged away, and the units below them.
_PROVINCIAL = re.compile(r"H(0[1-9]|[1-5][0-9]|6[0-3])([.][0-9A-Z]{1,4}){0,2}")
_AGENCY = re.compile(r"[A-Z][0-9]{2,3}([.][0-9A-Z]{1,4}){0,2}")
_ADD = "if that was agreed, add it to seeds/agreements/delivery_rights.csv; else move the file to its sender's folder"


def _source(name: str) -> str:
    return name if name == ANY else known_source(name)


def _whose(code: str) -> str:
    if code not in (ANY, SELF) and not _AGENCY.fullmatch(code):
        raise ValueError(f"{SELF}, {ANY} or a code such as H19.95")
    return code


@pydantic.dataclasses.dataclass(frozen=True)
class Right:
    """A row: `sender` may deliver `source` for `agency_code` and all below it."""

    sender: Annotated[str, pydantic.Field(min_length=1)]
    source: Annotated[str, pydantic.AfterValidator(_source)]
    agency_code: Annotated[str, pydantic.AfterValidator(_whose)]
    precedence: Annotated[int, pydantic.Field(ge=0)] = 1

    @pydantic.model_validator(mode="after")
    def _is_somebodys(self) -> Right:
        if self.sender == ANY and self.agency_code != SELF:
            raise ValueError(f"a name as sender of {self.agency_code!r}, or {ANY} for {SELF}")
        if self.agency_code == SELF and self.sender != ANY and _agency_of(self.sender) is None:
            raise ValueError(f"a code in place of {SELF}, as {self.sender!r} is none of an agency")
        return self


@dataclass(frozen=True)
class Scope:
    """What a sender may deliver of a source: for `agencies` and all below them, or, if `is_national`, for everyone.

    Of what two senders say of one thing the one with the lower `precedence` wins.
    """

    sender: str
    agencies: tuple[str, ...]
    is_national: bool = False
    precedence: int = 1

    def with_merged(self, merged: Mapping[str, str]) -> Scope:
        """`merged`: by agency that is gone, the one that took it over, and answers for it."""
        gone = {old for old, new in merged.items() if new in self.agencies}
        return replace(self, agencies=tuple(sorted({*self.agencies, *gone})))

    @property
    def pattern(self) -> str | None:
        """Regular expression of what a code of an agency or dossier of its begins with; None for everyone's.

        `H19` and `H19.95-250701-0001`; `000.00.95.H19-250701-0001`, the old form, which runs backwards.
        """
        if self.is_national:
            return None
        starts = [f"{re.escape(agency)}([.-]|$)" for agency in self.agencies]
        ends = [
            rf"000[.]([^-]*[.])?{re.escape('.'.join(agency.split('.')[::-1]))}(-|$)"
            for agency in self.agencies
        ]
        return f"^({'|'.join([*starts, *ends])})"

    def __str__(self) -> str:
        return "the nation" if self.is_national else ", ".join(self.agencies)


@dataclass(frozen=True)
class Rights:
    """The agreement."""

    rows: tuple[Right, ...]

    def of(self, sender: str, source: str) -> Scope | None:
        """What `sender` may deliver of `source`; None where nothing was agreed."""
        own = _agency_of(sender)
        rows = [
            row
            for row in self.rows
            if row.source in (ANY, source)
            and (own is not None if row.sender == ANY else row.sender == sender)
        ]
        agencies = {own if row.agency_code == SELF else row.agency_code for row in rows}
        if not agencies or (source in OF_NO_AGENCY and ANY not in agencies):
            return None
        named = tuple(sorted(code for code in agencies if code and code != ANY))
        return Scope(sender, named, ANY in agencies, min(row.precedence for row in rows))

    def of_agreed(self, scanned: Scan) -> Scan:
        """The files of senders that may deliver their source; the others are problems: none of their rows is read."""
        files, problems = [], []
        for file in scanned.files:
            if self.of(file.sender, file.source) is None:
                problems.append(self._not_agreed(file))
            else:
                files.append(file)
        return Scan(tuple(files), tuple(sorted([*scanned.problems, *problems], key=str)))

    def _not_agreed(self, file: LandedFile) -> Problem:
        is_known = any(self.of(file.sender, source) for source in SOURCES)
        reason = "foreign_source" if is_known else "unknown_sender"
        who = sorted({row.sender for row in self.rows if row.source in (ANY, file.source)})
        expected = f"a sender of {file.source}: {', '.join('each province' if name == ANY else name for name in who)}"
        return Problem(
            file.relative_path,
            reason,
            "$",
            "",
            f"sender {_spelled(file.sender)}",
            expected if who else "no file of it",
            _ADD,
        )


def _spelled(sender: str) -> str:
    """Which sender, also where it only looks like another: what is no plain sign is written out as well."""
    shown = masked(sender)
    return shown if re.fullmatch(r"[\w.*-]+", shown, re.ASCII) else f"{shown} (written {shown!a})"


def load_rights(agreed: Path) -> Rights:
    """All rows of the file. Raises InvalidFileError, OSError."""
    return Rights(validated_csv(agreed, Right))


def national(sender: str) -> Rights:
    """The right of one sender to deliver everything."""
    return Rights((Right(sender, ANY, ANY),))


def _agency_of(sender: str) -> str | None:
    """The agency that a sender is named after, in the order of today. A name that differs by a capital or a blank alone
    is another's: where one folder is a sender's, anyone may make a second one beside it.
    """
    code = sender
    if code.startswith("000."):
        code = ".".join(reversed(re.sub(r"^000[.](00[.])*", "", code).split(".")))
    return code if _PROVINCIAL.fullmatch(code) else None

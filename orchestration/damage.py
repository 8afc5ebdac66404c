"""What this project wrote, and can no longer read: how that is said, and where the runbook says more.

Belongs here: the sentence, and the sections of `docs/runbook.md` that it names. Does not belong here: finding damage,
which those do who read the file.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

RUNBOOK = "docs/runbook.md"


class Section(StrEnum):
    """Sections of the runbook that messages name: about damage, and about what could not be brought up to date."""

    BATCH = "A batch of the lake is damaged"
    RETRACTION = "A record of a retraction is damaged"
    RELEASE = "A release is damaged"
    HOLD = "A record of a rollback is damaged"
    CLOSED = "A closed month is damaged"
    FOLDERS = "Folders cannot be written"
    DAGSTER = "Dagster's own storage is damaged"
    POSTGRES = "PostgreSQL is behind"


def damaged(path: Path, found: str, expected: str, action: str, section: Section) -> str:
    """One sentence for whoever is on call."""
    return f"{path}: found {found}; expected {expected}; {action} ({RUNBOOK}, section '{section}')"


def section_in(message: str) -> str | None:
    """The section that a message names."""
    return next((section for section in Section if f"section '{section}'" in message), None)


class DamagedError(Exception):
    """Something that cannot be made again from anything else is missing or unreadable: the night is refused."""

    def __init__(self, path: Path, found: str, expected: str, action: str, section: Section) -> None:
        super().__init__(damaged(path, found, expected, action, section))

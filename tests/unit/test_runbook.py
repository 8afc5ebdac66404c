"""The runbook has each section that an alert or a message names."""

from __future__ import annotations

import re

import pytest

from orchestration.alerts import Failure
from orchestration.damage import RUNBOOK, Section, damaged, section_in
from orchestration.defs.alerts import _section, _served
from orchestration.publishing.postgres_session import PostgresBehindError
from orchestration.settings import REPOSITORY


def sections() -> set[str]:
    """The first column of its table."""
    text = (REPOSITORY / RUNBOOK).read_text(encoding="utf-8")
    return {row.split("|")[1].strip() for row in text.splitlines() if row.startswith("|")}


@pytest.mark.parametrize("section", Section)
def test_a_message_about_damage_names_a_section_that_is_there(section: Section) -> None:
    said = damaged(REPOSITORY, "nothing", "something", "do it", section)
    assert section_in(said) == section
    assert section in sections()


def test_every_section_that_the_code_names_is_there() -> None:
    """In whatever words a module has them: `section 'X'` in its source."""
    named = {
        name
        for path in (REPOSITORY / "orchestration").rglob("*.py")
        for name in re.findall(r"section '([A-Z][^'{}]+)'", path.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= sections()


@pytest.mark.parametrize(
    "name",
    [
        "raw_gate",
        "release__mart_index",
        "marts/mart_index: not_null",
        "models",
        "is_scored",
        "ingestion/portal_capture: portal_was_captured",
        "ingestion/pulled_pages: gateways_answered",
        "ingestion/dossiers_batch: all_in_place",
        "release",
        "run",
    ],
)
def test_every_section_that_an_alert_names_is_there(name: str) -> None:
    assert _section([Failure(name, "")]) in sections()


def test_an_alert_names_the_section_of_the_message_rather_than_that_of_the_step() -> None:
    said = damaged(REPOSITORY, "nothing", "something", "do it", Section.BATCH)
    assert _section([Failure("models", said)]) == Section.BATCH


@pytest.mark.parametrize("step", ["ingestion__dossiers_batch_raw_gate", "models", "release", "run"])
@pytest.mark.parametrize(
    "said", ["No space left on device", "Read-only file system", "database or disk is full"]
)
def test_a_full_disk_is_no_matter_of_a_delivery_at_whichever_step(step: str, said: str) -> None:
    assert _section([Failure(step, f"OSError: [Errno 28] {said}: '/data/build/gates/x'")]) == Section.FOLDERS


def test_an_alert_says_that_the_files_are_served_where_only_postgresql_is_not() -> None:
    said = [Failure("release", str(PostgresBehindError("no way in")))]
    assert _served(said) == "the files are served, PostgreSQL serves what it did"
    assert _section(said) == Section.POSTGRES
    assert _served([Failure("release", "OSError: no")]) == "what is served stays as it was"

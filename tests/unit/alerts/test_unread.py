"""Whoever is on call hears of a file that was not read: a green run says nothing, and its sender cannot know.

Belongs here: which of what a run did not read makes an alert, and what that says. Does not belong here: why a file is not
read (`tests/unit/ingestion`), and when it is tried again (`tests/graph/test_triggers.py`).
"""

from datetime import UTC, datetime

import dagster as dg
import pytest

from orchestration.alerts import Alert
from orchestration.defs.alerts import alert_of
from orchestration.defs.ingestion import _all_in_place, _every_file_read
from orchestration.ingestion.problems import LANDED_FILE_CHANGED, Problem
from orchestration.ingestion.report import IngestReport

FILE = "dossiers/2025-12-02/H21/a.jsonl"


def problem(reason: str, file: str = FILE) -> Problem:
    return Problem(file, reason, "$", "", "something", "something else", "do this")


def report(landing: tuple[Problem, ...] = (), unread: tuple[Problem, ...] = ()) -> IngestReport:
    return IngestReport("dossiers", None, None, (), landing, unread)


def told(found: IngestReport) -> Alert | None:
    """What a run that found this tells."""

    @dg.asset(
        key=["ingestion", "dossiers_batch"],
        check_specs=[
            dg.AssetCheckSpec(name, asset=dg.AssetKey(["ingestion", "dossiers_batch"]))
            for name in ("every_file_read", "all_in_place")
        ],
    )
    # Beside a check, Dagster knows the result by its bare class only.
    def batch() -> dg.MaterializeResult:  # type: ignore[type-arg]
        return dg.MaterializeResult(check_results=[_every_file_read(found), _all_in_place(found)])

    with dg.DagsterInstance.ephemeral() as instance:
        ran = dg.Definitions([batch]).resolve_implicit_global_asset_job_def()
        return alert_of(ran.execute_in_process(instance=instance).all_events, "r1", datetime.now(UTC))


@pytest.mark.parametrize(
    "found",
    [
        report(unread=(problem("our_defect"),)),
        report(unread=(problem("not_enough_memory"),)),
        report(landing=(problem("faulty_mapping"),)),
        report(landing=(problem("unknown_sender"),)),
        report(landing=(problem("foreign_source"),)),
        report(landing=(problem(LANDED_FILE_CHANGED),)),
    ],
    ids=lambda found: found.problems[0].reason_code,
)
def test_a_file_that_was_not_read_is_told_with_what_was_found_and_what_to_do(found: IngestReport) -> None:
    alert = told(found)
    assert alert is not None
    assert (alert.kind, alert.agencies) == ("delivery_refused", ("H21",))
    assert alert.title.startswith("Deliveries not read: ingestion/dossiers_batch: ")
    assert f"{FILE}: found something, expected something else; do this" in alert.text
    assert alert.what_to_do == "docs/runbook.md, section 'A delivery was not read'"


@pytest.mark.parametrize(
    "file",
    ["else/2025-12-02/H21/a.jsonl", "dossiers/stray.csv", "dossiers/2025-02-30/H21/a.jsonl", "a.jsonl"],
)
def test_what_lies_outside_of_all_days_is_nobodys_delivery(file: str) -> None:
    """Each run finds it, whatever its day is: it would be told of every night until somebody tidies up."""
    assert told(report(landing=(problem("misplaced_file", file),))) is None


def test_beside_it_a_file_that_was_not_read_comes_first() -> None:
    """A chat tool shows the beginning, and an alert keeps no more than that."""
    strays = tuple(problem("misplaced_file", f"a{n}.jsonl") for n in range(50))
    alert = told(report(landing=(*strays, problem("faulty_mapping"))))
    assert alert is not None
    assert alert.failures[0].message.startswith(f"{FILE}: ")


def test_where_all_was_read_nothing_is_told() -> None:
    assert told(report()) is None

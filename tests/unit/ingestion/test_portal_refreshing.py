"""Captures taken while the portal refreshes its figures: groups of one moment beside totals of another.

`portal_captures_2026.csv`: 20 real captures of the national list, 17 September to 10 October 2026, 34 provinces each,
transcribed from public captures of the National Public Service Portal. In five of them 8 to 26 provinces have groups that
do not sum to their total (by up to 3.32 points); in the other 15 the largest difference is 0.01.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration.ingestion.report import FileOutcome

CAPTURES = Path(__file__).with_name("portal_captures_2026.csv")
GROUPS = ("CKMB", "TDGQ", "ONLINE", "TTTT", "MDSH", "MDHL")
#: How many provinces are apart, by the moment of the capture.
REFRESHING = {
    "2026-09-29T23:55:04Z": 26,
    "2026-10-03T07:00:30Z": 22,
    "2026-10-04T23:00:28Z": 9,
    "2026-10-07T07:00:28Z": 24,
    "2026-10-09T21:00:31Z": 8,
}


def captures() -> dict[str, list[dict[str, str]]]:
    """The rows of each capture, by its moment."""
    found: dict[str, list[dict[str, str]]] = {}
    with CAPTURES.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found.setdefault(row["captured_at"], []).append(row)
    return found


def as_payload(summary: Any, moment: str, rows: list[dict[str, str]]) -> Any:
    """The figures of a capture in the shape of the summary."""
    names = {province["departmentCode"]: province for province in summary["provinces"]}
    summary["metadata"]["extractedAt"] = moment
    summary["overview"].pop("totalScore")
    summary["provinces"] = [
        {
            **names[row["departmentCode"]],
            "totalScore": float(row["totalScore"]),
            "groupScores": {group: float(row[group]) for group in GROUPS},
            "rank": int(row["rank"]) if row["rank"] else None,
        }
        for row in rows
    ]
    return summary


@pytest.fixture(scope="module")
def outcomes(new_workplace: Callable[[], Any], payload: Callable[[str], Any]) -> dict[str, FileOutcome]:
    """What became of each capture, by its moment; all are read in one run."""
    workplace = new_workplace()
    for moment, rows in captures().items():
        name = f"{moment.replace(':', '')}.json"
        workplace.deliver(as_payload(payload("summary"), moment, rows), name, day=moment[:10])
    report = workplace.ingest()
    of_name = {Path(file.source_file).name: file for file in report.files}
    return {moment: of_name[f"{moment.replace(':', '')}.json"] for moment in captures()}


@pytest.mark.parametrize("moment", list(captures()))
def test_a_capture_is_refused_as_a_whole_where_the_portal_was_refreshing_and_nowhere_else(
    moment: str, outcomes: dict[str, FileOutcome]
) -> None:
    file = outcomes[moment]
    if moment not in REFRESHING:
        assert (file.status, file.rows_accepted, file.problems) == ("accepted", 34, ())
        return
    assert (file.status, file.rows_accepted, file.rows_quarantined) == ("quarantined", 0, 34)
    whole = [problem for problem in file.problems if problem.reason_code == "portal_refreshing"]
    assert [(problem.record, problem.field) for problem in whole] == [("$", "provinces[*].groupScores")]
    assert whole[0].found == f"{REFRESHING[moment]} provinces whose groups do not sum to their total"
    assert file.problems == tuple(whole), "no province is at fault"


@pytest.mark.parametrize("apart", [1, 2])
def test_one_province_alone_is_at_fault_itself(
    workplace: Any, payload: Callable[[str], Any], apart: int
) -> None:
    """Two or more are a sign that the figures were being changed."""
    changed = payload("summary")
    for province in changed["provinces"][:apart]:
        province["groupScores"]["TDGQ"] = round(province["groupScores"]["TDGQ"] - 0.5, 2)
    workplace.deliver(changed)
    (file,) = workplace.ingest().files
    assert (file.status, file.rows_quarantined) == (
        ("partly_quarantined", 1) if apart == 1 else ("quarantined", 34)
    )
    assert ("portal_refreshing" in file.reason_codes) == (apart > 1)

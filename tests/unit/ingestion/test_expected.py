"""Who should have delivered, and has not: cases worked out by hand."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from orchestration.ingestion.delivery_sla import agreements, overdue
from orchestration.settings import REPOSITORY, Settings
from validated_files import InvalidFileError

REFERENCE = REPOSITORY / "seeds" / "reference"
HEADER = "source,sender,every_days,valid_from,valid_to,note\n"


@pytest.fixture
def agreed(tmp_path: Path) -> Path:
    return tmp_path / "expected_deliveries.csv"


def agree(agreed: Path, *rows: str) -> None:
    agreed.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")


def deliver(landing: Path, day: str, sender: str, name: str = "a.jsonl") -> None:
    path = landing / "dossiers" / day / sender / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}", encoding="utf-8")


def told(agreed: Path, landing: Path, day: str) -> list[str]:
    return [str(late) for late in overdue(agreed, REFERENCE, landing, "dossiers", date.fromisoformat(day))]


@pytest.mark.parametrize(
    ("every", "delivered", "day", "expected"),
    [
        # Every day: what came on the day itself is in time, what came the day before is one day old.
        (1, ["2026-03-10"], "2026-03-10", []),
        (1, ["2026-03-09"], "2026-03-10", ["last delivery of 2026-03-09, expected every day, due 2026-03-10"]),
        # Every seven days: the seventh day after the last delivery is the day it is due.
        (7, ["2026-03-03"], "2026-03-09", []),
        (7, ["2026-03-03"], "2026-03-10", ["last delivery of 2026-03-03, expected every 7 days, due 2026-03-10"]),
        # The first day of the agreement (1 March) is due as well; before it nothing is.
        (1, [], "2026-03-01", ["never delivered, expected every day, due 2026-03-01"]),
        (1, [], "2026-02-28", []),
        # What came long before the agreement does not make the sender late before its first term is over.
        (7, ["2025-01-01"], "2026-03-06", []),
        (7, ["2025-01-01"], "2026-03-07", ["last delivery of 2025-01-01, expected every 7 days, due 2026-03-07"]),
        # A delivery of a later day says nothing about this one: a day can be looked at again.
        (1, ["2026-03-11"], "2026-03-10", ["never delivered, expected every day, due 2026-03-01"]),
        # The agreement ends on 31 March.
        (1, [], "2026-03-31", ["never delivered, expected every day, due 2026-03-01"]),
        (1, [], "2026-04-01", []),
    ],
)  # fmt: skip
def test_a_delivery_is_overdue_when_its_term_has_passed(
    agreed: Path, tmp_path: Path, every: int, delivered: list[str], day: str, expected: list[str]
) -> None:
    agree(agreed, f"dossiers,H19,{every},2026-03-01,2026-03-31,")
    for one in delivered:
        deliver(tmp_path / "landing", one, "H19")
    assert told(agreed, tmp_path / "landing", day) == [f"H19 Đồng Nai: {text}" for text in expected]


def test_a_star_is_each_of_the_34_provinces(agreed: Path, tmp_path: Path) -> None:
    agree(agreed, "dossiers,*,1,2026-03-01,,")
    deliver(tmp_path / "landing", "2026-03-10", "H19")
    late = told(agreed, tmp_path / "landing", "2026-03-10")
    assert len(late) == 33
    assert not any(line.startswith("H19 ") for line in late)


def test_a_file_that_is_still_being_written_is_no_delivery(agreed: Path, tmp_path: Path) -> None:
    agree(agreed, "dossiers,H19,1,2026-03-10,,")
    deliver(tmp_path / "landing", "2026-03-10", "H19", ".a.jsonl.part")
    assert len(told(agreed, tmp_path / "landing", "2026-03-10")) == 1


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("dosiers,H19,1,2026-03-01,,", r":3: found 'dosiers' as source, expected one of "),
        ("dossiers,H19,0,2026-03-01,,", ":3: found '0' as every_days, expected greater than 0"),
        (
            "dossiers,H19,1,01/03/2026,,",
            ":3: found '01/03/2026' as valid_from, expected a day, YYYY-MM-DD",
        ),
    ],
)
def test_a_wrong_row_is_told_with_its_line(agreed: Path, row: str, message: str) -> None:
    agree(agreed, "dossiers,H01,1,2026-03-01,,", row)
    with pytest.raises(InvalidFileError, match=message):
        agreements(agreed, REFERENCE)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("dossiers,H19,1,2026-03-01,,soon,", "found 'soon' as complete_from, expected a day, YYYY-MM-DD"),
        # What is of no province cannot be kept out of a province's figures, and no other source has what is left over.
        (
            "dossiers,vendor,1,2026-03-01,,2026-03-01,",
            "expected no complete_from but of dossiers of [*] or a province",
        ),
        (
            "petitions,H19,1,2026-03-01,,2026-03-01,",
            "expected no complete_from but of dossiers of [*] or a province",
        ),
        # Merged into Đồng Nai: it may deliver, but the figures are H19's, and its day would keep nothing out of them.
        ("dossiers,H10,1,2026-03-01,,2026-03-01,", "expected no complete_from but .* a province of today"),
    ],
)
def test_since_when_all_is_delivered_is_said_of_the_dossiers_of_provinces(
    agreed: Path, row: str, message: str
) -> None:
    header = HEADER.replace("note", "complete_from,note")
    agreed.write_text(f"{header}dossiers,*,1,2026-03-01,,2026-03-01,\n{row}\n", encoding="utf-8")
    with pytest.raises(InvalidFileError, match=f":3: .*{message}"):
        agreements(agreed, REFERENCE)


def test_what_the_project_ships_can_be_read_and_fits_its_own_samples() -> None:
    shipped = agreements(Settings(data=Path()).expected_deliveries, REFERENCE)
    assert {agreement.source for agreement in shipped} >= {"dossiers", "progress", "portal_service_results"}


@pytest.mark.parametrize(
    ("day", "name"), [("2026-08-31", "Gia Lai"), ("2026-09-01", "Pleiku"), ("2026-10-01", "An Khê")]
)
def test_who_is_overdue_has_the_name_of_the_day(agreed: Path, tmp_path: Path, day: str, name: str) -> None:
    reference = tmp_path / "reference"
    shutil.copytree(REFERENCE, reference)
    with (reference / "unit_changes.csv").open("a", encoding="utf-8") as stream:
        # The later change first: the order of lines means nothing.
        stream.write(
            "52,2026-10-01,city,An Khê,,,,documented,made up\n52,2026-09-01,city,Pleiku,,,,documented,made up\n"
        )
    agree(agreed, "dossiers,H21,1,2026-01-01,,")
    (late,) = overdue(agreed, reference, tmp_path / "landing", "dossiers", date.fromisoformat(day))
    assert (late.sender, late.sender_name) == ("H21", name)

"""`status`: how old what is served is, and whatever waits for a person, each in the exit code.

Belongs here: what is asked of whom, and the words. Does not belong here: whether those who are asked are right.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.alerts import Alert, send
from orchestration.answers.answer import as_json
from orchestration.answers.screen import printed
from orchestration.cli import main
from orchestration.ingestion.refused_files import remember_refused
from orchestration.ingestion.unprocessed_files import content_of
from orchestration.last_refresh import note_refresh_ended
from orchestration.publishing.rollback import roll_back
from orchestration.settings import REPOSITORY, Settings
from orchestration.status import status
from tests.small_batches import write_batch

#: 01:30 in Vietnam, on the 11th: the night of the 10th begins. In UTC the 10th has not ended.
NOW = datetime(2026, 10, 10, 18, 30, tzinfo=UTC)
AGREED = "source,sender,every_days,valid_from,valid_to,note\ndossiers,H19,1,{day},2026-10-10,agreed\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation that serves the second of two releases, three hours old, and expects nothing that is not there."""
    made = Settings(data=tmp_path / "data", repository=tmp_path / "repository")
    for number, before in (("1", None), ("2", "1")):
        folder = made.serving / "releases" / number
        (folder / "parquet").mkdir(parents=True)
        (folder / "warehouse.duckdb").touch()
        facts = {
            "release_id": number, "previous": before, "fingerprint": "", "contains_synthetic": True, "tables": {},
            "created_at": "2026-10-10T15:30:00+00:00", "inputs": [], "retracted": [],
        }  # fmt: skip
        (folder / "manifest.json").write_text(json.dumps(facts), encoding="utf-8")
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select '{number}' as release_id, timestamptz '2026-10-10 15:30:00+00' as created_at,"
                " date '2026-10-08' as as_of, true as contains_synthetic, 14 as gates_passed, 40 as checks_passed,"
                f" 'abc' as code_revision, false as is_code_changed) to '{folder}/parquet/release.parquet'"
                " (format parquet)"
            )
    for name in ("parquet", "warehouse.duckdb"):
        (made.serving / name).symlink_to(f"current/{name}")
    (made.serving / "current").symlink_to("releases/2")
    made.reference.parent.mkdir(parents=True)
    made.reference.symlink_to(REPOSITORY / "seeds" / "reference")
    made.expected_deliveries.parent.mkdir()
    # From the day after the one that has ended: nothing is due yet.
    made.expected_deliveries.write_text(
        AGREED.format(day="2026-10-11").replace("2026-10-10", ""), encoding="utf-8"
    )
    return made


def reported(settings: Settings, now: datetime = NOW) -> tuple[int, list[str]]:
    answer = status(settings, now)
    json.loads(as_json(answer.facts))
    return answer.code, "\n".join(map(printed, answer.shown)).splitlines()


SERVED = [
    "Served: 2, published 2026-10-10 22:30 in Vietnam, 3 hours ago",
    "Figures up to 2026-10-08, 3 days ago, SYNTHETIC ones among them",
    "Gates: 14 passed, 40 checks; code abc",
    "Last refresh ended 2026-10-10 22:30 in Vietnam, 3 hours ago",
]


def test_where_nothing_waits_it_says_what_is_served(settings: Settings) -> None:
    assert reported(settings) == (
        0,
        [*SERVED, "Nothing is held, overdue, unread, refused or behind, and no alert is open"],
    )
    facts = status(settings, NOW).facts
    assert (facts["release"]["age_hours"], facts["release"]["as_of_days_ago"], facts["wrong"]) == (3.0, 3, [])


def test_a_hold_waits_for_a_person_and_so_does_one_that_cannot_be_read(settings: Settings) -> None:
    made = roll_back(settings.serving, "duty", "wrong file", NOW)
    code, lines = reported(settings)
    assert (code, lines[0]) == (1, SERVED[0].replace("2,", "1,", 1))
    assert lines[4].startswith(f"WRONG held since {made.at} by duty (user ")
    assert lines[4].endswith("): wrong file; bin/service-index unhold --by NAME --reason WHY")
    (record,) = (settings.serving / "rollbacks").iterdir()
    record.write_text("{")
    code, lines = reported(settings)
    assert (code, "no record of a rollback" in lines[4]) == (1, True)
    assert status(settings, NOW).facts["is_held"] is True


def test_what_is_served_and_damaged_waits_for_a_person_and_an_older_one_does_not(settings: Settings) -> None:
    (settings.serving / "releases" / "1" / "manifest.json").write_text("{", encoding="utf-8")
    code, lines = reported(settings)
    assert (code, len(lines), lines[4].startswith("DAMAGED ")) == (0, 6, True)
    (settings.serving / "releases" / "2" / "manifest.json").unlink()
    code, lines = reported(settings)
    assert (code, lines[4].split(" ")[0], "releases/2/manifest.json" in lines[4]) == (1, "WRONG", True)


def test_an_open_breaker_waits_for_a_person(settings: Settings) -> None:
    settings.portal.mkdir(parents=True)
    breaker = settings.portal / "breaker.json"
    breaker.write_text(json.dumps({"reason": "403", "at": "2026-10-09T23:00:00+00:00", "question": "list"}))
    assert reported(settings) == (
        1,
        [
            *SERVED,
            "WRONG the portal has not been asked since 2026-10-09T23:00:00+00:00: it answered with 403;"
            " bin/service-index capture --resume WHY",
        ],
    )
    breaker.write_text("{")
    assert "since an unknown moment" in reported(settings)[1][4]


def test_deliveries_are_overdue_by_the_last_day_whose_night_has_been(settings: Settings) -> None:
    """From the 9th on every day: that of the 9th came, that of the 10th did not. Until its night has been nobody waits
    for it: a night begins by asking gateways for the day that has ended.
    """
    settings.expected_deliveries.write_text(AGREED.format(day="2026-10-09"), encoding="utf-8")
    delivered = settings.landing / "dossiers" / "2026-10-09" / "H19"
    delivered.mkdir(parents=True)
    (delivered / "a.jsonl").touch()
    write_batch(settings.lake, "dossiers/2026-10-09/H19/a.jsonl", 0)
    late = (
        "- overdue: dossiers: H19 Đồng Nai: last delivery of 2026-10-09, expected every day, due 2026-10-10"
    )
    assert reported(settings)[0] == 0
    code, lines = reported(settings, NOW + timedelta(minutes=30))
    assert code == 1
    assert lines[4:] == ["WRONG deliveries of dossiers overdue at the end of 2026-10-10: 1", late]
    settings.expected_deliveries.write_text(AGREED.format(day="soon"), encoding="utf-8")
    code, lines = reported(settings)
    assert (code, "expected_deliveries.csv" in lines[4]) == (1, True)


def test_a_file_that_no_run_has_read_waits_for_a_person_once_its_night_has_been(settings: Settings) -> None:
    """That of the 9th was to be read by the night before; at 01:30 that of the 10th has yet to be. A mapping may be
    broken, and once another release is published no alert is left that says so.
    """
    for day in ("2026-10-09", "2026-10-10"):
        path = settings.landing / "dossiers" / day / "H19" / "a.jsonl"
        path.parent.mkdir(parents=True)
        path.touch()
    wrong = "WRONG files of dossiers that nobody has read, of days whose night has been: 1;"
    wrong += " docs/runbook.md, section 'A delivery was not read'"
    unread = "dossiers/2026-10-09/H19/a.jsonl"
    assert reported(settings) == (1, [*SERVED, wrong, f"- unread: {unread}"])
    assert status(settings, NOW).facts["unread"] == {"dossiers": [unread]}
    later = status(settings, NOW + timedelta(minutes=30))
    assert later.facts["unread"] == {"dossiers": [unread, unread.replace("09", "10", 1)]}
    write_batch(settings.lake, unread, 0)
    assert reported(settings)[0] == 0


def test_a_file_that_was_refused_is_not_unread_as_well(settings: Settings) -> None:
    """Its alert says so, and the correction that was asked for comes under another date."""
    refused = settings.landing / "dossiers" / "2026-10-09" / "H19" / "a.jsonl"
    refused.parent.mkdir(parents=True)
    refused.touch()
    name = refused.relative_to(settings.landing).as_posix()
    content = content_of(settings.landing, name)
    assert content is not None
    remember_refused(settings.build, settings.landing, "dossiers", {name: content})
    assert reported(settings)[0] == 0
    refused.write_text("{}")
    assert status(settings, NOW).facts["unread"] == {"dossiers": [name]}


def test_a_lake_that_is_damaged_is_named_in_place_of_what_is_unread(settings: Settings) -> None:
    batch = settings.lake / "dossiers" / "batch=0123456789abcdef"
    batch.mkdir(parents=True)
    (batch / "files.parquet").write_text("no Parquet")
    code, lines = reported(settings)
    assert (code, "section 'A batch of the lake is damaged'" in lines[4]) == (1, True)


def test_an_alert_is_open_until_something_newer_is_published(settings: Settings) -> None:
    def alert(title: str, at: str) -> None:
        send(
            Alert("run_failed", title, (), (), 0, "look", "run", at),
            settings.alerts_log,
            "http://evil.example",
        )

    alert("before it was published", "2026-10-10T15:29:59+00:00")
    assert reported(settings)[0] == 0
    with settings.alerts_log.open("a", encoding="utf-8") as log:
        log.write('{"half a line')
    alert("Run failed: raw_gate", "2026-10-10T15:30:01+00:00")
    code, lines = reported(settings)
    assert (code, lines[4]) == (1, "WRONG 2 alerts since it was published")
    assert lines[5].startswith("- alert: SERVICE_INDEX_ALERT_WEBHOOK: found an address without https")
    assert lines[6:] == ["- alert: Run failed: raw_gate"]


NO_RUN = (
    "WRONG no refresh has ended in the last 26 hours, and one should each night: the last did {ago} ago;"
    " bin/service-index dev starts the nights, bin/service-index refresh one run now;"
    " docs/runbook.md, section 'No run has ended'"
)


def test_where_no_refresh_has_ended_since_last_night_that_is_wrong(settings: Settings) -> None:
    """However the last one ended, and whether it published: here it did on the 11th at 01:35, three hours after the
    release."""
    ended = NOW + timedelta(minutes=5)
    note_refresh_ended(settings, ended)

    def at(age: timedelta) -> tuple[int, list[str]]:
        answer = status(settings, ended + age)
        assert answer.facts["last_refresh_ended"] == ended
        return answer.code, "\n".join(map(printed, answer.shown)).splitlines()[3:5]

    calm = "Nothing is held, overdue, unread, refused or behind, and no alert is open"
    last = "Last refresh ended 2026-10-11 01:35 in Vietnam, {ago} ago"
    assert at(timedelta(hours=3)) == (0, [last.format(ago="3 hours"), calm])
    settings.expected_deliveries.unlink()  # expects something of the next day
    settings.expected_deliveries.write_text(AGREED.splitlines()[0], encoding="utf-8")
    assert at(timedelta(hours=26)) == (0, [last.format(ago="26 hours"), calm])
    assert at(timedelta(hours=26, seconds=1)) == (
        1,
        [last.format(ago="26 hours"), NO_RUN.format(ago="26 hours")],
    )
    assert at(timedelta(days=3)) == (1, [last.format(ago="3 days"), NO_RUN.format(ago="3 days")])


def test_where_it_was_not_noted_a_release_says_that_a_refresh_ended(settings: Settings) -> None:
    """The folder of the build may go. A note that is older, or no moment, says no more."""
    published = datetime(2026, 10, 10, 15, 30, tzinfo=UTC)
    assert status(settings, NOW).facts["last_refresh_ended"] == published
    note_refresh_ended(settings, published - timedelta(days=2))
    assert status(settings, NOW).facts["last_refresh_ended"] == published
    (settings.build / "refresh_ended").write_text("soon", encoding="utf-8")
    assert status(settings, NOW).facts["last_refresh_ended"] == published


def test_postgresql_that_cannot_be_asked_waits_for_a_person(settings: Settings, tmp_path: Path) -> None:
    """Whether it follows is asked of a server in `tests/bi/test_release_step.py`."""
    url = f"postgresql://bi:secret@/warehouse?host={tmp_path}"
    code, lines = reported(replace(settings, postgres_url=url))
    assert (code, lines[:4]) == (1, SERVED)
    assert lines[4].startswith("WRONG PostgreSQL: found no way in at ")
    assert "secret" not in "".join(lines)


def test_where_nothing_is_served_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(tmp_path))
    assert main(["status", "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts["release"] is None
    assert "nothing is served" in facts["wrong"][0]
    assert (facts["last_refresh_ended"], len(facts["wrong"])) == (None, 1)
    assert main(["status"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "No refresh is known to have ended here"
    assert [line.split(" ")[0] for line in said[1:]] == ["WRONG"]

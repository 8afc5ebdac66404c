"""A capture as a step of a run: what it warns of, whom that alerts, and that it holds nothing back.

Belongs here: the asset, the command and their answers. Does not belong here: what the portal may do
(`tests/unit/extraction`).
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration import cli
from orchestration.alerts import Alert
from orchestration.defs.alerts import alert_of
from orchestration.defs.extraction import pulled_pages
from orchestration.defs.portal_capture import NEXT_TRY, captured_answers
from orchestration.defs.resources import Installation
from orchestration.extraction.portal.under_way import WORK
from orchestration.ingestion.landing import PORTAL
from orchestration.settings import Settings
from tests.portal_server import FewUnits, Portal, Reply, answered, serving


@pytest.fixture
def portal() -> Iterator[Portal]:
    with serving(FewUnits()) as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path, portal: Portal) -> Settings:
    """Whose portal is on this machine."""
    made = Settings(data=tmp_path / "data", repository=tmp_path, contact="index@example.org")
    made.landing.mkdir(parents=True)
    made.portal_agreement.parent.mkdir(parents=True)
    made.portal_agreement.write_text(
        f"url: {portal.url}\nprovinces: [H44]\npause_seconds: 0\njitter_seconds: 0\n", encoding="utf-8"
    )
    return made


def refresh_figures(portal: Portal) -> None:
    """It changes them in this moment."""
    data = FewUnits()("service-results", {})
    for row in data["evaluation"][:5]:
        row["groupScores"]["CLGQ"] += 1
    portal.before = lambda asked: answered(data)


def run(
    settings: Settings, tags: dict[str, str] | None = None
) -> tuple[dg.AssetCheckEvaluation, Alert | None]:
    """The step alone: its check, and the alert of the run."""
    installation = Installation.configure_at_launch(
        settings=dg.ResourceDefinition.hardcoded_resource(settings)
    )
    done = dg.materialize([captured_answers], resources={"installation": installation}, tags=tags)
    assert done.success, "whatever the portal does, the others go on"
    (check,) = done.get_asset_check_evaluations()
    assert check.passed or check.severity == dg.AssetCheckSeverity.WARN
    return check, alert_of(done.all_events, done.run_id, datetime.now(UTC))


def landed(settings: Settings) -> int:
    return len(list((settings.landing / PORTAL).rglob("*.json")))


def test_what_was_captured_lies_in_landing(settings: Settings) -> None:
    check, alert = run(settings)
    assert (check.passed, alert, landed(settings)) == (True, None, 7)


def test_a_capture_that_fails_warns_and_alerts(settings: Settings, portal: Portal) -> None:
    portal.before = lambda asked: Reply(b"", 403)
    check, alert = run(settings)
    assert not check.passed and "found status 403" in str(check.description)
    assert alert is not None and (alert.kind, alert.failures[0].name) == (
        "delivery_refused",
        "ingestion/portal_capture: portal_was_captured",
    )
    assert "section 'The portal was not captured'" in alert.what_to_do
    check, alert = run(settings)
    assert "found the breaker open" in str(check.description) and alert is not None
    assert (len(portal.asked), landed(settings)) == (1, 0)


def test_without_a_contact_a_run_warns(settings: Settings, portal: Portal) -> None:
    check, _ = run(Settings(data=settings.data, repository=settings.repository))
    assert "SERVICE_INDEX_CONTACT" in str(check.description)
    assert portal.asked == []


def test_a_faulty_agreement_is_told_with_its_line(settings: Settings) -> None:
    settings.portal_agreement.write_text("url: http://portal.example\nprovinces: all\n", encoding="utf-8")
    assert "portal.yml:1: found something else as url" in str(run(settings)[0].description)


def test_a_portal_that_is_refreshing_is_warned_of_where_no_try_is_left(
    settings: Settings, portal: Portal
) -> None:
    refresh_figures(portal)
    check, alert = run(settings, {NEXT_TRY: "09:00"})
    assert (check.passed, alert, landed(settings)) == (True, None, 1)
    check, alert = run(settings)
    assert not check.passed and "5 provinces have groups that do not sum to their total" in str(
        check.description
    )
    assert alert is not None


def test_the_night_completes_what_was_killed_while_it_landed(settings: Settings) -> None:
    settings.gateways.write_text("gateways: []\n", encoding="utf-8")
    whole = settings.landing / WORK / "whole" / "2026-10-10"
    whole.mkdir(parents=True)
    (whole / "2026-10-10T000029Z-service-results-nation-2026.json").write_text("{}", encoding="utf-8")
    installation = Installation.configure_at_launch(
        settings=dg.ResourceDefinition.hardcoded_resource(settings)
    )
    assert dg.materialize([pulled_pages], resources={"installation": installation}).success
    assert landed(settings) == 1


@pytest.fixture
def typed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The installation of whoever types a command."""
    monkeypatch.setattr(Settings, "from_environment", classmethod(lambda cls: settings))
    return settings


def test_the_command_lands_files_and_says_how_many(
    typed: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["capture"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("captured: 7 answers landed, 8 requests, ")
    assert out[1] == "H44 2026: 7 units in all, 1 in each list"


def test_the_command_answers_scripts(
    typed: Settings, portal: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["capture", "--province", "H20", "--province", "H19", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["error"].startswith(
        "not captured: transparency of H20 for 2026: found overview.departmentId"
    )
    portal.before = lambda asked: None
    assert cli.main(["capture", "--json"]) == 0
    captured = json.loads(capsys.readouterr().out)["captured"]
    assert (captured["answers"], captured["requests"], captured["is_refreshing"]) == (7, 8, False)


def test_a_person_closes_the_breaker_and_captures(
    typed: Settings, portal: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    portal.before = lambda asked: Reply(b"", 429)
    assert cli.main(["capture"]) == 1
    assert "found status 429" in capsys.readouterr().err
    portal.before = lambda asked: None
    assert cli.main(["capture"]) == 1
    assert "bin/service-index capture --resume WHY" in capsys.readouterr().err
    assert cli.main(["capture", "--resume", " "]) == 2
    assert cli.main(["capture", "--resume", "they said `yes`; $(x)"]) == 0
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (typed.portal, *typed.portal.iterdir())}
    assert modes == {"portal": 0o750, "breaker_log.jsonl": 0o640, "last_capture.json": 0o640}
    log = json.loads((typed.portal / "breaker_log.jsonl").read_text(encoding="utf-8"))
    assert (log["reason"], log["why"]) == ("status 429", "they said `yes`; $(x)")


@pytest.mark.parametrize("word", ["h19", "../H19", "H19.01", ""])
def test_what_is_no_province_is_not_understood(word: str, typed: Settings, portal: Portal) -> None:
    assert cli.main(["capture", "--province", word]) == 2
    assert portal.asked == []

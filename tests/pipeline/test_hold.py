"""A province that moves far: held, held again, approved by a person, and on the record. Then a rollback.

The payload of 10 October comes again a day later with Đồng Nai's petitions handled badly: 6.94 points less. Every
figure agrees with itself, so that no gate has anything against it; a person should hear of it first.
"""

from __future__ import annotations

import json
from typing import Any

import dagster as dg
import pytest

from orchestration.cli import main
from orchestration.commands import os_user
from orchestration.defs.partitions import known_days
from orchestration.defs.release_gates import HOLD
from orchestration.defs.run_job import Outcome, refresh
from orchestration.deliveries_behind import deliveries_behind
from orchestration.harmless_text import for_terminal
from orchestration.ingestion.lake import promote
from orchestration.settings import Settings
from orchestration.sources import agreed_at_start, source_named
from tests.pipeline.checksums import checksums
from tests.pipeline.deliveries import eleventh_of_october, encoded, fallen, land
from tests.unit.ingestion.record_workplace import as_lines, good

# The first: six runs of the whole job, each of which rests on the one before. The others go on from the first run.
pytestmark = pytest.mark.slow

#: A name that a page, a shell or a chat tool would act on, were it not shown as text.
NAME = "results `id` $(id) [x](javascript:alert) ![x](a.png) <img src=x> <!channel>.json"


def manifest(settings: Settings) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((settings.serving / "manifest.json").read_text(encoding="utf-8"))
    return read


def hold_in(outcome: Outcome) -> str:
    text = "\n".join(outcome.lines)
    assert "FAILED hold__province_moves" in text, text
    return text.split("HELD as ")[1].split(":")[0]


def evaluations(instance: dg.DagsterInstance, outcome: Outcome) -> list[dg.AssetCheckEvaluation]:
    events = instance.all_logs(outcome.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    return [entry.get_dagster_event().asset_check_evaluation_data for entry in events]


def take_in(settings: Settings, source: str, day: str, sender: str, records: list[dict[str, Any]]) -> None:
    """Deliver records, and admit them to the lake, as a run would before it builds."""
    path = settings.landing / source / day / sender / "synthetic.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(as_lines(records))
    admit(settings, source)


def admit(settings: Settings, source: str) -> None:
    batch = source_named(source).ingest(settings, known_days(), agreed_at_start(settings, "by hand")).batch_id
    assert batch is not None
    promote(settings.lake, source, batch)


def test_held_until_a_person_approves(
    copy_of_installation: Settings,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = copy_of_installation
    land(settings, encoded(fallen()), "2026-10-11", NAME)
    before = checksums(settings.serving)
    served = manifest(settings)["release_id"]

    first = refresh(settings, instance)
    assert not first.success
    hold = hold_in(first)
    text = "\n".join(first.lines)
    assert '"name_vi": "Đồng Nai"' in text
    assert f"bin/service-index approve {hold} --by NAME" in text
    behind = "came, from senders who may deliver for them (portal):\n    - nation: portal_service_results/2026-10-11/"
    assert f"{behind}nation/{NAME}, 34 rows\n    If it is right" in for_terminal(text), text
    (said,) = (check.description or "" for check in evaluations(instance, first) if check.check_name == HOLD)
    assert "javascript:alert" in said
    assert [sign for sign in ("](", "![", "<img", "<!") if sign in said] == []
    assert checksums(settings.serving) == before
    (alert,) = [json.loads(line) for line in settings.alerts_log.read_text(encoding="utf-8").splitlines()]
    assert alert["kind"] == "release_held"
    assert alert["rows"] >= 1
    assert {"75", "nation"} <= set(alert["agencies"]), "who moved, and who delivered"

    # The next night asks the same question; approving another one is no answer to it.
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(settings.data))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    assert main(["approve", "0" * 12, "--by", "x", "--reason", "y"]) == 1
    printed = capsys.readouterr().out
    assert f"HELD as {hold}" in printed
    assert f"nation/{NAME}, 34 rows" in printed, "as `retract` takes it"
    assert checksums(settings.serving) == before

    approval = {"hold": hold, "by": "head of unit", "reason": "the portal confirmed it"}
    approved = refresh(settings, instance, approval=approval)
    assert approved.success, "\n".join(approved.lines)
    assert manifest(settings)["approvals"] == [{**approval, "os_user": os_user(), "through": "command line"}]
    assert manifest(settings)["previous"] == served
    assert "head of unit" in (settings.serving / "report.html").read_text(encoding="utf-8")

    # Someone finds that it was wrong after all.
    assert main(["rollback", "--by", "duty", "--reason", "the portal took it back"]) == 0
    assert manifest(settings)["release_id"] == served
    after = checksums(settings.serving)
    held = refresh(settings, instance, approval=approval)
    assert not held.success
    assert "bin/service-index unhold" in "\n".join(held.lines)
    assert checksums(settings.serving) == after
    assert main(["unhold", "--by", "duty", "--reason", "the file is taken back"]) == 0
    file = f"portal_service_results/2026-10-11/nation/{NAME}"
    assert main(["retract", file, "--by", "duty", "--reason", "the portal took it back"]) == 0
    # Without that file the build is what is served: there is nothing to publish.
    last = refresh(settings, instance)
    assert last.success, "\n".join(last.lines)
    assert manifest(settings)["release_id"] == served


SCORED = "Since then came, from senders who may deliver for them"
DONG_NAI = ("records", "75")


def test_two_senders_behind_one_move_are_both_named_and_a_third_is_not(
    copy_of_installation: Settings,
) -> None:
    """Đồng Nai's own dossiers, and petitions of the nation, which come for it as for all. H20 is another province."""
    settings = copy_of_installation
    take_in(settings, "dossiers", "2026-10-11", "H19", [good("dossiers", number) for number in range(3)])
    take_in(settings, "dossiers", "2026-10-12", "H20", [good("dossiers", MaHoSo="H20.95-250701-0001")])
    take_in(settings, "petitions", "2026-10-11", "nation", [good("petitions", number) for number in range(2)])
    assert deliveries_behind(settings, {DONG_NAI}).text.splitlines() == [
        f"{SCORED} (records):",
        "- H19: dossiers/2026-10-11/H19/synthetic.jsonl, 3 rows",
        "- nation: petitions/2026-10-11/nation/synthetic.jsonl, 2 rows",
    ]


def test_a_delivery_of_which_a_province_got_no_row_in_is_not_behind_its_move(
    copy_of_installation: Settings,
) -> None:
    """H20 says something of Đồng Nai, which is refused row by row; what H19 says of H20 neither."""
    settings = copy_of_installation
    take_in(settings, "dossiers", "2026-10-11", "H20", [good("dossiers")])
    foreign = good("dossiers", MaHoSo="H20.95-250701-0001")
    take_in(settings, "dossiers", "2026-10-12", "H19", [foreign, good("dossiers", 2)])
    assert deliveries_behind(settings, {DONG_NAI}).text.splitlines()[1:] == [
        "- H19: dossiers/2026-10-12/H19/synthetic.jsonl, 1 rows"
    ]


def test_what_was_taken_back_is_behind_a_move_beside_what_came(
    copy_of_installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its batch is read again without it: the files that are read again are none that came."""
    settings = copy_of_installation
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(settings.data))
    gone, *others = sorted(file for entry in manifest(settings)["inputs"] for file in entry["files"])
    assert others
    assert main(["retract", gone, "--by", "duty", "--reason", "wrong <b>year</b>"]) == 0
    admit(settings, "portal_service_results")
    assert deliveries_behind(settings, {("portal", "75")}).text.splitlines()[1:] == [
        f"- retracted: {gone} (wrong <b>year</b>)"
    ]


def test_a_snapshot_of_the_nation_is_behind_a_move_of_the_portal_and_no_dossier_is(
    copy_of_installation: Settings,
) -> None:
    settings = copy_of_installation
    take_in(settings, "dossiers", "2026-10-11", "H19", [good("dossiers")])
    land(settings, encoded(eleventh_of_october()), "2026-10-11")
    admit(settings, "portal_service_results")
    assert deliveries_behind(settings, {("portal", "75")}).text.splitlines() == [
        f"{SCORED} (portal):",
        "- nation: portal_service_results/2026-10-11/nation/results.json, 34 rows",
    ]
    both = deliveries_behind(settings, {("portal", "75"), DONG_NAI}).text
    assert [line for line in both.splitlines() if line.startswith(SCORED)] == [
        f"{SCORED} (portal):", f"{SCORED} (records):",
    ]  # fmt: skip

"""Hostile deliveries through the whole graph: a clear error, nothing of them published, nothing lost.

How each kind of bad row is found is told in `tests/unit/ingestion`; here it is shown that the run goes on with a
sentence that names file and field, and that what is served, the lake and the landed file stay as they were.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest

from orchestration.defs.run_job import refresh
from orchestration.ingestion.landing import PORTAL
from orchestration.ingestion.refused_files import waiting_files
from orchestration.ingestion.unprocessed_files import unread_files
from orchestration.settings import Settings
from tests.pipeline.checksums import checksums
from tests.pipeline.deliveries import eleventh_of_october, encoded, land, metric, province

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Poison:
    """What is done to the payload of 10 October, and what the error must name beside the file."""

    name: str
    bytes_of: Callable[[dict[str, Any]], bytes]
    names: tuple[str, ...]


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], bytes]:
    def poisoned(payload: dict[str, Any]) -> bytes:
        change(payload)
        return encoded(payload)

    return poisoned


POISONS = [
    Poison("truncated JSON", lambda p: encoded(p)[:5000], ("line", "column")),
    Poison(
        "an HTML page instead of JSON",
        lambda p: b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
        ("HTML",),
    ),
    Poison("an empty file", lambda p: b"", ("empty",)),
    Poison("UTF-16", lambda p: json.dumps(p).encode("utf-16"), ("UTF-16",)),
    Poison("a province missing", changed(lambda p: p["provinces"].pop()), ("departmentCode", "33", "34")),
    Poison(
        "a province twice",
        changed(lambda p: p["provinces"].append(province(p))),
        ("departmentCode", "H19"),
    ),
    Poison(
        "an unknown agency code",
        changed(lambda p: province(p).update(departmentCode="H99")),
        ("departmentCode", "H99"),
    ),
    Poison(
        "a negative count",
        changed(lambda p: metric(p).update(numerator=-2)),
        ("metrics[PUBLISH_ON_TIME].numerator", "-2", "H19"),
    ),
    Poison(
        "a count that is no number",
        changed(lambda p: metric(p).update(denominator="ba mươi chín")),
        ("metrics[PUBLISH_ON_TIME].denominator", "H19"),
    ),
    Poison(
        "numerator above denominator",
        changed(lambda p: metric(p).update(numerator=40, ratio=102.56)),
        ("metrics[PUBLISH_ON_TIME].numerator", "40", "39", "H19"),
    ),
    Poison(
        "a score above its maximum",
        changed(lambda p: metric(p).update(score=6.31)),
        ("metrics[PUBLISH_ON_TIME].score", "6.31", "H19"),
    ),
    Poison(
        "a ratio that contradicts the counts",
        changed(lambda p: metric(p).update(ratio=51.3)),
        ("metrics[PUBLISH_ON_TIME].ratio", "51.3", "H19"),
    ),
]


DAYS = {poison.name: f"2026-10-{11 + number}" for number, poison in enumerate(POISONS)}


#: So many that a message names each file.
NIGHTS = POISONS[:6], POISONS[6:]


@pytest.fixture(scope="module", params=NIGHTS, ids=["first night", "second night"])
def night(
    request: pytest.FixtureRequest,
    installation: Settings,
    instance: dg.DagsterInstance,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Settings, str, list[Poison]]:
    """A night that some of them are delivered to, each of a day of its own; what it printed. The first four cannot be
    read, and would be superseded by the fifth, which is read in full, if the gate admitted it.
    """
    settings = Settings(data=tmp_path_factory.mktemp("bad input") / "data")
    shutil.copytree(installation.data, settings.data, symlinks=True)
    for poison in request.param:
        land(settings, poison.bytes_of(eleventh_of_october()), DAYS[poison.name])
    before = checksums(settings.serving, settings.lake / PORTAL, settings.landing)
    outcome = refresh(settings, instance)
    assert outcome.success, "a night goes on with what the others delivered"
    assert checksums(settings.serving, settings.lake / PORTAL, settings.landing) == before
    return settings, "\n".join(outcome.lines), request.param


def test_bad_input_ends_in_a_clear_error_and_is_not_published(
    night: tuple[Settings, str, list[Poison]],
) -> None:
    settings, text, poisons = night
    assert f"WARNING raw_gate on ingestion/{PORTAL}_batch" in text
    assert "Not admitted, and read again by the next run of its day; all else was:\n" in text
    for poison in poisons:
        assert f"    - {PORTAL}/{DAYS[poison.name]}/nation/results.json" in text
        for name in poison.names:
            assert name in text, (poison.name, text)
    assert "unchanged, already served" in text
    alert = json.loads(settings.alerts_log.read_text().splitlines()[-1])
    assert (alert["kind"], alert["what_to_do"]) == (
        "delivery_refused",
        "docs/runbook.md, section 'A delivery was refused'",
    )


def test_a_retry_does_not_turn_green_by_having_seen_the_file_before(
    copy_of_installation: Settings, instance: dg.DagsterInstance, payload: dict[str, Any]
) -> None:
    metric(payload)["numerator"] = -2
    land(copy_of_installation, encoded(payload), "2026-10-11")
    first, second = (refresh(copy_of_installation, instance) for _ in range(2))
    for outcome in (first, second):
        assert "Not admitted, and read again by the next run of its day" in "\n".join(outcome.lines)


def test_what_the_gate_refused_is_not_offered_again_until_it_changes(
    copy_of_installation: Settings, instance: dg.DagsterInstance, payload: dict[str, Any]
) -> None:
    """The sensor of late deliveries looks half an hour after the night, which has told of it."""
    settings = copy_of_installation
    metric(payload)["numerator"] = -2
    land(settings, encoded(payload), "2026-10-11")
    refresh(settings, instance)
    (unread,) = unread_files(settings.landing, settings.lake, PORTAL)
    assert waiting_files(settings.landing, settings.lake, settings.build, PORTAL) == ()
    (settings.landing / unread.path).write_bytes(b"{}")
    (waiting,) = waiting_files(settings.landing, settings.lake, settings.build, PORTAL)
    assert waiting.path == unread.path


def test_a_file_in_the_wrong_place_is_named_and_stops_nobody(
    copy_of_installation: Settings, instance: dg.DagsterInstance, payload: dict[str, Any]
) -> None:
    settings = copy_of_installation
    landed = settings.landing / PORTAL
    (landed / "stray.json").write_bytes(encoded(payload))
    (landed / "2026-10-11" / "H19").mkdir(parents=True)
    (landed / "2026-10-11" / "H19" / "loop.json").symlink_to("loop.json")
    land(settings, encoded(payload), "2026-10-11")
    outcome = refresh(settings, instance)
    said = "\n".join(outcome.lines)
    assert outcome.success, said
    assert f"WARNING all_in_place on ingestion/{PORTAL}_batch" in said
    assert "stray.json" in said
    assert "2026-10-11/H19/loop.json: found a link that leads to no file" in said
    assert f"{PORTAL}: batch " in said, "the good delivery beside them was read"

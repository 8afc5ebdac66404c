"""Runs after the first: nothing new, a new day with a reader in the middle, a release gate that fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
import yaml

from orchestration.answers.answer import as_json
from orchestration.cli import main
from orchestration.defs.run_job import Outcome, refresh
from orchestration.ingestion.landing import PORTAL
from orchestration.movement import movement_since
from orchestration.settings import REPOSITORY, Settings
from tests.pipeline.checksums import checksums
from tests.pipeline.deliveries import CKMB, eleventh_of_october, encoded, land, metric, province

# Opens the served file as BI tools do, again and again until it has to stop; prints what it saw. Some ten times a second:
# readers that never pause are those of tests/unit/publishing, and here they would take half the machine from the night.
READER = """
import sys, threading, duckdb
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
reads, releases = 0, set()
while not stop.wait(0.1) or reads == 0:
    with duckdb.connect(sys.argv[1], read_only=True) as connection:
        rows = connection.execute(
            "select count(*), min(release_id), max(release_id) from marts.mart_province_ranking"
        ).fetchone()
        assert rows[0] > 0 and rows[1] == rows[2], rows
        releases.add(rows[1])
    if reads == 0:
        print("reading", flush=True)
    reads += 1
print(reads, *sorted(releases), flush=True)
"""


@dataclass(frozen=True)
class Night:
    """A second run: what it said, which releases stood before and after, and what a reader saw meanwhile."""

    settings: Settings
    outcome: Outcome
    before: str
    after: str
    reads: int
    seen: frozenset[str]
    reader_errors: str


def served(settings: Settings) -> str:
    manifest = json.loads((settings.serving / "manifest.json").read_text(encoding="utf-8"))
    return str(manifest["release_id"])


@pytest.fixture(scope="module")
def night(first_run: Path, instance: dg.DagsterInstance) -> Night:
    """The 11th: a bad file, its correction a day later with a metric nobody knows, and a reader at work."""
    settings = Settings(data=first_run / "data")
    bad = eleventh_of_october()
    metric(bad)["numerator"] = -2
    land(settings, encoded(bad), "2026-10-11")
    good = eleventh_of_october()
    listed = province(good)["componentIndicators"][CKMB]["metrics"]
    listed.append({**metric(good), "code": "NEW_METRIC_OF_2027"})
    land(settings, encoded(good), "2026-10-12")

    before = served(settings)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(settings.serving / "warehouse.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "reading\n"
    with warnings.catch_warnings():
        # Nothing that Dagster says will be gone is called, but for what dagster-dbt itself calls. dbt's own warnings of
        # the kind are errors where it parses (Makefile).
        warnings.filterwarnings("error", ".*will be removed in", DeprecationWarning)
        warnings.filterwarnings("ignore", "AssetExecutionContext.op is deprecated", DeprecationWarning)
        outcome = refresh(settings, instance)
    output, errors = reader.communicate("stop", timeout=60)
    reads, *seen = output.split()
    return Night(settings, outcome, before, served(settings), int(reads), frozenset(seen), errors)


def test_the_first_run_says_what_it_did(first_lines: str) -> None:
    assert "3 files, 84 rows read, 84 rows accepted" in first_lines
    assert "published" in first_lines
    assert "FAILED" not in first_lines


def test_the_rows_of_each_mart_are_shown_beside_it(night: Night, instance: dg.DagsterInstance) -> None:
    tables = json.loads((night.settings.serving / "manifest.json").read_text(encoding="utf-8"))["tables"]
    for name in ("mart_index", "ind_dossier_sync"):
        (seen,) = instance.fetch_observations(dg.AssetKey(["marts", name]), limit=1).records
        assert seen.asset_observation is not None
        assert seen.asset_observation.metadata["dagster/row_count"].value == tables[name]["rows"] > 0


def test_a_night_records_what_it_has_computed(night: Night) -> None:
    """All of it: what stayed unrecorded would be computed again each night."""
    with duckdb.connect(str(night.settings.data / "build" / "build.duckdb"), read_only=True) as connection:
        recorded = connection.execute("select distinct input, is_recorded from state.inputs").fetchall()
    assert ("code", True) in recorded and ("unit", True) in recorded
    assert all(is_recorded for _, is_recorded in recorded)


def test_a_new_day_becomes_a_new_release(night: Night) -> None:
    assert night.outcome.success, "\n".join(night.outcome.lines)
    assert night.before != night.after
    with duckdb.connect(str(night.settings.serving / "warehouse.duckdb"), read_only=True) as connection:
        days = connection.execute(
            "select as_of, baseline from marts.mart_province_ranking where agency_code = 'H19' order by as_of"
        ).fetchall()
    # Each day is compared with the one observed before it.
    assert [(str(day), baseline and baseline[-10:]) for day, baseline in days] == [
        ("2026-09-26", None),
        ("2026-10-10", "2026-09-26"),
        ("2026-10-11", "2026-10-10"),
    ]


def test_what_a_release_says_otherwise_is_explained(night: Night, tmp_path: Path) -> None:
    """The 11th is new. Of the 10th both say the same, until the earlier one is written otherwise, in a copy."""
    serving = tmp_path / "serving"
    shutil.copytree(night.settings.serving, serving, symlinks=True)
    tenth = "H19", "previous", "2026-10-10", "portal", "year_to_date"
    same = movement_since(serving, *tenth).facts
    assert (same["from_release"], same["to_release"]) == (night.before, night.after)
    assert (same["total_moved"], {part["points_moved"] for part in same["parts"]}) == (0, {0})

    new = movement_since(serving, "H19", "previous", "2026-10-11", "portal", "year_to_date")
    assert new.code == 1
    assert f"by release {night.before}: no figures of it there" in new.facts["error"]

    # A quarter of a point less for one metric, and so in its group and the total: it alone moved, by that.
    earlier = serving / "releases" / night.before / "parquet"
    earlier.chmod(0o755)
    with duckdb.connect() as connection:
        for name, score, of in (
            ("mart_indicator_scores", "shown_score", "metric_code = 'PUBLISH_ON_TIME'"),
            ("mart_index", "score", "group_code in ('CKMB', 'TOTAL')"),
            ("bi_ranking", "total_score", "true"),
        ):
            file = earlier / f"{name}.parquet"
            connection.execute(f"create table {name} as from '{file}'")
            connection.execute(
                f"update {name} set {score} = {score} - 0.25"
                f" where unit_code = '75' and as_of = '2026-10-10' and period_type = 'year_to_date' and {of}"
            )
            file.unlink()
            connection.execute(f"copy {name} to '{file}'")
    moved = movement_since(serving, *tenth)
    assert (moved.code, str(moved.facts["total_moved"])) == (0, "0.25")
    parts = {
        part["part_code"]: str(part["points_moved"]) for part in moved.facts["parts"] if part["points_moved"]
    }
    assert parts == {"PUBLISH_ON_TIME": "0.25"}


def test_a_reader_in_another_process_sees_whole_releases_and_no_error(night: Night) -> None:
    assert night.reader_errors == ""
    assert night.reads > 1
    assert night.before in night.seen
    assert night.seen <= {night.before, night.after}


def test_a_correction_delivered_later_clears_the_bad_file(night: Night) -> None:
    text = "\n".join(night.outcome.lines)
    assert f"superseded: {PORTAL}/2026-10-11/nation/results.json" in text


def test_an_unknown_metric_is_kept_aside_and_the_rest_goes_on(night: Night) -> None:
    text = "\n".join(night.outcome.lines)
    assert f"{PORTAL}/2026-10-12/nation/results.json" in text
    assert "NEW_METRIC_OF_2027" in text
    kept = duckdb.sql(
        "select count(*) from read_parquet($files) where severity = 'aside' and reason_code = 'unknown_metric'",
        params={"files": [str(path) for path in (night.settings.quarantine / PORTAL).glob("*.parquet")]},
    ).fetchall()
    assert kept == [(1,)]


def test_a_run_without_news_changes_nothing(night: Night, instance: dg.DagsterInstance) -> None:
    settings = night.settings
    watched = (settings.serving, settings.lake, settings.landing, settings.quarantine)
    before = checksums(*watched)
    steps: list[tuple[str, int, int]] = []
    outcome = refresh(settings, instance, step=lambda *step: steps.append(step))
    assert outcome.success
    assert "nothing new" in outcome.lines[0]
    assert any("unchanged, already served" in line for line in outcome.lines)
    assert checksums(*watched) == before
    # Whoever looks on sees each step begin, and how many have ended of how many; a night without news skips some.
    names, ended, of = (list(column) for column in zip(*steps, strict=True))
    assert 5 < len(names) == len(set(names)) <= of[0]
    assert (ended[0], ended == sorted(ended), set(of)) == (0, True, {of[0]})
    assert ended[-1] < of[0]


QUIET = "unchanged, already served; neither dbt nor the gates had to run"


def written_otherwise(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.slow
def test_a_change_that_moves_no_figure_is_served_by_one_night_and_the_next_is_quiet(
    copy_of_installation: Settings,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A remark in an agreement that gates judge by, then a heading of the scoreboard: nobody delivered anything. Each
    makes one release, or the nights to come would build and judge for ever, and readers keep the old heading.
    """
    project = tmp_path / "project"
    for name in ("dbt_project", "expectations", "mappings", "orchestration", "seeds"):
        shutil.copytree(
            REPOSITORY / name, project / name, ignore=shutil.ignore_patterns("__pycache__", "logs")
        )
    shutil.copy(REPOSITORY / "requirements.lock", project)
    settings = Settings(data=copy_of_installation.data, repository=project)

    def night() -> str:
        outcome = refresh(settings, instance)
        text = "\n".join(outcome.lines)
        assert outcome.success, text
        return text

    first = served(settings)
    assert f"release {first}: {QUIET}" in night(), "a copy of the code is the same code"

    written_otherwise(settings.expected_deliveries, "carried as samples", "that are samples")
    assert QUIET not in night()
    second = served(settings)
    assert second != first
    assert f"release {second}: {QUIET}" in night()

    texts = project / "orchestration" / "publishing" / "scoreboard" / "texts.yml"
    monkeypatch.setattr("orchestration.publishing.scoreboard.page.TEXTS", texts)
    written_otherwise(texts, "Bỏ qua đến nội dung", "Đến thẳng nội dung")
    assert QUIET not in night()
    third = served(settings)
    assert third != second
    assert "Đến thẳng nội dung" in (settings.serving / "scoreboard.html").read_text(encoding="utf-8")
    before = checksums(settings.serving)
    assert f"release {third}: {QUIET}" in night()
    assert checksums(settings.serving) == before


@pytest.mark.slow
def test_a_script_is_told_what_a_run_did(
    copy_of_installation: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = copy_of_installation
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(settings.data))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    served = json.loads((settings.serving / "manifest.json").read_text(encoding="utf-8"))["release_id"]
    assert main(["refresh", "--json"]) == 0
    did = json.loads(capsys.readouterr().out)
    assert (did["success"], did["served"], did["release"], did["failures"]) == (True, served, None, [])
    assert {source["batch"] for source in did["sources"]} == {None}


@pytest.mark.slow
def test_a_score_that_breaks_the_rule_is_not_published_until_it_is_taken_back(
    copy_of_installation: Settings,
    instance: dg.DagsterInstance,
    payload: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Dong Nai announced 2 of 39 on time: 0.31 points. The payload now says 1.31, and its group and total say so
    # too: it agrees with itself, so the raw gate has nothing against it. The scoring rule does.
    dong_nai = province(payload)
    for holder, key in [
        (metric(payload), "score"),
        (dong_nai["componentIndicators"][CKMB], "score"),
        (dong_nai["groupScores"], "CKMB"),
        (dong_nai, "totalScore"),
    ]:
        holder[key] = round(holder[key] + 1, 2)
    settings = copy_of_installation
    land(settings, encoded(payload), "2026-10-11")
    before = checksums(settings.serving)

    outcome = refresh(settings, instance)

    text = "\n".join(outcome.lines)
    assert not outcome.success
    assert "FAILED release__mart_official_reconciliation" in text
    assert "PUBLISH_ON_TIME" in text
    assert "1.31" in text
    assert checksums(settings.serving) == before
    facts = json.loads(as_json(outcome.facts))
    assert (facts["success"], facts["run_id"]) == (False, outcome.run_id)
    names = {failure["name"] for failure in facts["failures"]}
    assert "release__mart_official_reconciliation" in names
    assert "PUBLISH_ON_TIME" in facts["error"]
    assert facts["checks"] > facts["passed"] > 0

    # The batch is in the lake by now. Whoever is on call takes the file back, and the next run goes on.
    assert "bin/service-index retract FILE" in text
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(settings.data))
    file = f"{PORTAL}/2026-10-11/nation/results.json"
    assert main(["retract", file, "--by", "duty", "--reason", "PUBLISH_ON_TIME of H19 is wrong"]) == 0
    outcome = refresh(settings, instance)
    assert outcome.success, "\n".join(outcome.lines)
    assert checksums(settings.serving) == before


def test_every_dbt_unit_test_passes_as_a_person_would_run_them(night: Night) -> None:
    settings = night.settings
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *["--no-use-colors", "test", "--select", "test_type:unit"],
            *["--profiles-dir", ".", "--target-path", str(settings.build / "dbt")],
        ],
        cwd=settings.dbt_project,
        env={**os.environ, "SERVICE_INDEX_DATA": str(settings.data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    found = len(json.loads(settings.dbt_manifest.read_text(encoding="utf-8"))["unit_tests"])
    assert found > 0
    hooks = yaml.safe_load((settings.dbt_project / "dbt_project.yml").read_text(encoding="utf-8"))
    others = len(hooks["on-run-start"]) + len(hooks["on-run-end"])
    assert f"PASS={found + others} " in done.stdout, (
        "each of them, and the hooks that begin and end every run"
    )
    assert "Unable to do partial parsing" not in done.stdout, (
        "a night parses what changed, not all models again"
    )


def test_the_report_shows_the_ranking_and_where_the_marts_are(
    installation: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(installation.data))
    assert main(["report"]) == 0
    printed = capsys.readouterr().out
    assert "▲ 9    Gia Lai" in printed
    assert "475 of 475" in printed
    assert str(Path("serving") / "warehouse.duckdb") in printed
    assert main(["report", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (len(told["ranking"]["provinces"]), told["headline"]) == (34, None)
    assert told["ranking"]["provinces"][3]["total_score"] == 66.23
    assert told["reconciliation"]["matched"] == 475
    assert main(["releases", "--json"]) == 0
    (kept,) = json.loads(capsys.readouterr().out)["releases"]
    assert (kept["is_served"], kept["batches"] > 0) == (True, True)

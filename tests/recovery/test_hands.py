"""What people ask for while a real run is at work: it waits, says so, and comes to what was meant when it was asked.

One run stops itself when it calls dbt: its batch is in the lake, nothing is published. A retraction of what it has just
read, a step back and the closing of a month are given meanwhile. Commands against the lock alone are in
`tests/unit/publishing/test_while_a_run_works.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.commands import os_user
from tests.recovery import nights
from tests.recovery.nights import CLI
from tests.unit.ingestion.record_workplace import as_lines, good

pytestmark = pytest.mark.recovery

#: `refresh`, which stops itself when it first starts dbt.
STOPPED = """
import os, signal, sys
from orchestration.cli import main
moments = [signal.SIGSTOP]
def hook(event, arguments):
    if event == "subprocess.Popen" and "dbt" in str(arguments[1][:2]) and moments:
        os.kill(os.getpid(), moments.pop())
sys.addaudithook(hook)
sys.exit(main(["refresh"]))
"""
WHO = ("--by", "duty officer", "--reason", "last year's file")
FIRST, SECOND = (f"dossiers/2025-12-0{day}/H19/synthetic.jsonl" for day in (1, 2))


def deliver(data: Path, file: str, numbers: range) -> None:
    path = data / "landing" / file
    path.parent.mkdir(parents=True)
    path.write_bytes(as_lines([good("dossiers", number) for number in numbers]))


def served(data: Path) -> str:
    return (data / "serving" / "current").resolve().name


def releases(data: Path) -> list[str]:
    return [path.name for path in (data / "serving" / "releases").iterdir()]


def manifest(data: Path, release: str) -> dict[str, Any]:
    text = (data / "serving" / "releases" / release / "manifest.json").read_text(encoding="utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


def dossiers(data: Path, release: str) -> int:
    table = data / "serving" / "releases" / release / "parquet" / "mart_source_quality.parquet"
    with duckdb.connect() as connection:
        found = connection.execute(f"select coalesce(max(dossiers_checked), 0) from '{table}'").fetchone()
    assert found is not None
    return int(found[0])


@pytest.fixture(scope="module")
def two_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portal's samples, then a delivery of 40 dossiers: a release each."""

    def make(folder: Path) -> None:
        shutil.copytree(nights.first_night(tmp_path_factory), folder / "data", symlinks=True)
        deliver(folder / "data", FIRST, range(40))
        nights.run(folder / "data", *CLI, "refresh")

    return nights.shared(tmp_path_factory, "two_releases", make) / "data"


def test_what_is_asked_while_a_run_works_waits_and_is_done_as_it_was_meant(
    two_releases: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(two_releases, data, symlinks=True)
    wrong = served(data)
    right = manifest(data, wrong)["previous"]
    deliver(data, SECOND, range(100, 125))

    run = nights.start(data, "-c", STOPPED)
    asked: dict[str, subprocess.Popen[str]] = {}
    try:
        _, status = os.waitpid(run.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), "it ended before it called dbt"
        log = (data / "build" / "run.log").read_bytes()
        for command in (("retract", SECOND, *WHO), ("rollback", *WHO), ("close", "2026-09-01")):
            asked[command[0]] = nights.start(data, *CLI, *command)
        for process in asked.values():
            assert process.stdout is not None
            assert process.stdout.readline().startswith(f"waiting for the run of process {run.pid}")
        assert (data / "build" / "run.log").read_bytes() == log
        assert served(data) == wrong
    finally:
        os.kill(run.pid, signal.SIGCONT)
        ended = {
            word: (process.communicate(timeout=300)[0], process.returncode) for word, process in asked.items()
        }
        printed, _ = run.communicate(timeout=300)
    assert run.returncode == 0, printed

    # The run published what it had read, and says nothing else: nothing was taken back yet.
    (made,) = (name for name in releases(data) if manifest(data, name)["previous"] == wrong)
    assert manifest(data, made)["retracted"] == []
    assert dossiers(data, made) == 65
    # Stepped back from what was wrong when it was asked, not from what the run published meanwhile.
    assert ended["rollback"][1] == 0, ended
    assert served(data) == right
    # The month was to be closed as it was seen.
    assert ended["close"][1] == 1
    assert f"took the place of {wrong}" in ended["close"][0]
    assert ended["retract"][1] == 0, ended
    assert "the next refresh publishes without it" in ended["retract"][0]

    # The next night does, once a person lets it; and no release says of a file that it serves that it was taken back.
    nights.run(data, *CLI, "unhold", *WHO)
    nights.run(data, *CLI, "refresh")
    last = served(data)
    (record,) = manifest(data, last)["retracted"]
    assert (record["source_file"], record["by"], record["os_user"]) == (SECOND, "duty officer", os_user())
    for release in releases(data):
        assert dossiers(data, release) == {right: 0, wrong: 40, made: 65, last: 40}[release]
        assert bool(manifest(data, release)["retracted"]) == (release == last)

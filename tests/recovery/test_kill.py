"""kill -9 at every kind of moment of a night; the next run finds the same marts and leaves nothing behind.

The night: to the portal's samples and a first release come a corrected payload, records of three days and a bad
file. One undisturbed run of it stops itself at more than thirty moments, spread over all it does. While it and
whatever it started are stopped, its data folder is copied: that is what a kill of all of them leaves on the disk. Each
copy is put back in its place and the next night is run on it; of moments whose landing folder, lake, quarantine,
build and serving folder are the same to the byte (logs aside) once, as that is all a night goes by.

A dbt that outlives the run that started it is only seen where a run is really killed: one of each kind is.

Compared are the fingerprint of all published tables, and every file of lake, quarantine and serving by name.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestration.defs.instance import instance_of
from orchestration.defs.run_job import refresh
from orchestration.settings import Settings
from tests.pipeline.deliveries import eleventh_of_october, encoded, land
from tests.recovery.nights import first_night, start

pytestmark = pytest.mark.recovery

VICTIM = str(Path(__file__).with_name("victim.py"))
#: At which events the night is copied: every so many of a kind. All of the swap is besides (`victim`).
EVERY = {"event": 100, "write": 7, "rename": 5, "mkdir": 28, "remove": 20, "start": 5, "link": 4}
#: What a night goes by. Logs and Dagster's history grow without anything else being done.
LASTING = ("landing", "lake", "quarantine", "build", "serving", "closed", "alerts")
LOGS = re.compile(r"build/(run|dbt/dbt)\.log(\.\d)?")


@dataclass
class Night:
    """An undisturbed night: before and after it, where it was, what it did, and the copies made meanwhile."""

    before: Path
    after: Path
    data: Path
    done: list[str]
    #: The event before which each moment was, and the folder with what lasts of it: some share one.
    moments: dict[str, Path] = field(default_factory=dict)
    recovered: set[Path] = field(default_factory=set)


def deliver(settings: Settings) -> None:
    """What comes for the night: a payload, its correction, records, and a file that is none."""
    bad = eleventh_of_october()
    bad["provinces"][0]["totalScore"] = "many"
    land(settings, encoded(bad), "2026-10-11")
    land(settings, encoded(eleventh_of_october()), "2026-10-12")
    dossiers = [
        {"MaHoSo": f"H19.{unit}-250701-{number:04}", "MaTTHC": "1.000001", "KenhThucHien": "2",
         "NgayTiepNhan": f"2025070{1 + number % 3}080000", "NgayHenTra": "20250710170000", "TrangThaiHoSo": "4"}
        for unit in ("1", "2") for number in range(30)
    ]  # fmt: skip
    for day in ("2025-07-02", "2025-07-03"):
        path = settings.landing / "dossiers" / day / "H19" / "synthetic.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(f"{json.dumps(row)}\n" for row in dossiers), encoding="utf-8")
        dossiers = [{**row, "TrangThaiHoSo": "10", "NgayTra": "20250703090000"} for row in dossiers[:40]]
    broken = settings.landing / "dossiers" / "2025-07-03" / "H01" / "synthetic.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("<html>502 Bad Gateway</html>", encoding="utf-8")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Of each worker: a copy goes back to where it was, since views name their folder."""
    home = tmp_path_factory.mktemp("night")
    found = Night(home / "before", home / "after", home / "data", [])
    shutil.copytree(first_night(tmp_path_factory), found.before, symlinks=True)
    deliver(Settings(data=found.before))
    shutil.copytree(found.before, found.data, symlinks=True)
    log, copies = home / "done.log", home / "copies"
    every = [f"{kind}={number}" for kind, number in EVERY.items()]
    victim = start(found.data, VICTIM, str(found.data), str(log), "SIGSTOP", *every, alone=True)
    digests: dict[str, Path] = {}
    while os.WIFSTOPPED(status := os.waitpid(victim.pid, os.WUNTRACED)[1]):
        stop_all_of(victim.pid)
        event = log.read_text(encoding="utf-8").splitlines()[-1]
        if event in found.moments:  # two threads stop the night, and the second had the last word both times
            os.killpg(victim.pid, signal.SIGCONT)
            continue
        copy = copies / str(len(found.moments))
        shutil.copytree(found.data, copy, symlinks=True)
        os.killpg(victim.pid, signal.SIGCONT)
        found.moments[event] = digests.setdefault(digest(copy), copy)
        if found.moments[event] != copy:
            shutil.rmtree(copy)
    assert status == 0, victim.communicate()
    victim.returncode = 0  # it was waited for here
    found.data.rename(found.after)
    found.done = log.read_text(encoding="utf-8").splitlines()
    return found


def stop_all_of(group: int) -> None:
    """Stop what a process started, and wait until nothing of it moves."""
    os.killpg(group, signal.SIGSTOP)
    moving = True
    while moving:
        listed = subprocess.run(["ps", "-e", "-o", "pgid=,stat="], capture_output=True, text=True, check=True)
        states = [line.split() for line in listed.stdout.splitlines()]
        moving = any(int(of) == group and state[0] not in "TZ" for of, state in states)


def digest(data: Path) -> str:
    """Of every lasting file and link, by name and content."""
    whole = hashlib.sha256()
    for path in sorted(path for folder in LASTING for path in (data / folder).rglob("*")):
        name = str(path.relative_to(data))
        if path.is_symlink():
            whole.update(f"{name} -> {path.readlink()}\n".encode())
        elif path.is_file() and not LOGS.fullmatch(name):
            whole.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def published(data: Path) -> dict[str, Any]:
    manifest = json.loads((data / "serving" / "manifest.json").read_text(encoding="utf-8"))
    return {
        "fingerprint": manifest["fingerprint"],
        "tables": manifest["tables"],
        "inputs": manifest["inputs"],
    }


def names(data: Path) -> set[str]:
    """Every file and link of what lasts; a release's name holds the moment it was made at. Empty folders are nothing."""
    return {
        re.sub(r"releases/\d{8}T\d{6}Z", "releases/then", str(path.relative_to(data)))
        for folder in ("landing", "lake", "quarantine", "serving")
        for path in (data / folder).rglob("*")
        if path.is_symlink() or path.is_file()
    }


def assert_next_night_recovers(data: Path, night: Night, killed_at: str, patch: pytest.MonkeyPatch) -> None:
    assert published(data) in (published(night.before), published(night.after)), killed_at
    patch.delenv("DAGSTER_HOME", raising=False)  # its store is the one that was left
    settings = Settings(data=data)
    with instance_of(settings) as instance:
        outcome = refresh(settings, instance)
    assert outcome.success, f"after {killed_at}: " + "\n".join(outcome.lines)
    assert published(data) == published(night.after), killed_at
    assert names(data) == names(night.after), killed_at


def test_more_than_thirty_moments_are_looked_at(night: Night) -> None:
    """Of every kind, before, while and after dbt works, and before and after the swap."""
    assert len(night.moments) >= 30
    assert {event.split()[0] for event in night.moments} == set(EVERY)
    assert any(
        name.startswith("rename") and name.endswith("/serving/.current.next") for name in night.moments
    )
    ways = {published(copy)["fingerprint"] for copy in night.moments.values()}
    assert ways == {published(way)["fingerprint"] for way in (night.before, night.after)}
    unfinished = {path.stat().st_size for path in night.data.parent.glob("copies/*/build/build.duckdb.wal")}
    assert len(unfinished) >= 4


#: The cases are numbered, because what a night does is only known once one has run.
CASES = 45


@pytest.mark.parametrize("case", range(CASES))
def test_a_killed_night_leaves_nothing_to_clean_up(
    case: int, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(night.moments) <= CASES
    if case >= len(night.moments):
        return
    event, copy = list(night.moments.items())[case]
    if copy in night.recovered:
        return  # from the same files
    night.recovered.add(copy)
    shutil.rmtree(night.data, ignore_errors=True)
    shutil.copytree(copy, night.data, symlinks=True)
    assert_next_night_recovers(night.data, night, event, monkeypatch)


def while_dbt_works(done: list[str]) -> str:
    """The event in the middle between the start of dbt's last call and what is written once it has ended."""
    began = max(at for at, line in enumerate(done) if line.startswith("start") and "locked_dbt" in line)
    ended = next(at for at, line in enumerate(done) if line.endswith("/whole_build.txt"))
    events = [line for line in done[began:ended] if line.startswith("event")]
    assert len(events) > 100
    return events[len(events) // 2]


KILLED = [
    "while dbt works",
    "write 0.6",
    "rename 0.5",
    "mkdir 0.1",
    "remove 0.1",
    "link 1.0",
    "start 0.0",
    "start 1.0",
]


@pytest.mark.parametrize("where", KILLED)
def test_a_run_that_is_really_killed_does_not_either(
    where: str, night: Night, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, _, part = where.partition(" ")
    of_kind = [line for line in night.done if line.startswith(f"{kind} ")]
    event = of_kind[round(float(part) * (len(of_kind) - 1))] if of_kind else while_dbt_works(night.done)
    kind, number, *_ = event.split()
    data = tmp_path / "data"
    shutil.copytree(night.before, data, symlinks=True)
    victim = start(data, VICTIM, str(data), str(tmp_path / "log"), "SIGKILL", f"{kind}={number}")
    victim.wait(timeout=600)
    assert victim.returncode == -signal.SIGKILL, f"{event} was not reached"
    assert_next_night_recovers(data, night, event, monkeypatch)

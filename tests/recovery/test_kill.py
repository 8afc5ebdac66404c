"""kill -9 at every kind of moment of a night; the next run finds the same marts and leaves nothing behind.

The night: to the portal's samples and a first release come a corrected payload, records of three days and a bad
file. An undisturbed run of it tells at what it can be killed. Each case kills one run there, starts the next, and
compares: the fingerprint of all published tables, every file of lake, quarantine and serving by name.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestration.samples import land_samples
from orchestration.settings import REPOSITORY, Settings
from tests.pipeline.deliveries import eleventh_of_october, encoded, land

pytestmark = pytest.mark.recovery

VICTIM = Path(__file__).with_name("victim.py")
#: Where a night is killed: kind of event, and which part of all events of that kind (0 the first, 1 the last).
SPREAD = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
KINDS = {
    # A run may write a few events more or fewer than another: the very last may not come.
    "event": [*SPREAD[:-1], 0.98],
    "write": SPREAD[::2],
    "rename": SPREAD[::2],
    "mkdir": SPREAD[::5],
    "remove": SPREAD[::5],
    "start": [0.0, 1.0],
    "link": [0.0, 1.0],
}


@dataclass(frozen=True)
class Night:
    """An installation before the night, and what an undisturbed night made of it."""

    before: Path
    after: Path
    told: list[str]


def run(data: Path, log: Path, *fatal: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "SERVICE_INDEX_DATA": str(data),
        "DAGSTER_HOME": str(data / "dagster"),
        "PYTHONPATH": str(REPOSITORY),
    }
    (data / "dagster").mkdir(exist_ok=True)
    shutil.copy(REPOSITORY / "orchestration" / "dagster.yaml", data / "dagster")
    command = [sys.executable, str(VICTIM), str(data), str(log), *fatal]
    return subprocess.run(
        command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=600
    )


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
    home = tmp_path_factory.mktemp("night")
    settings = Settings(data=home / "before")
    settings.data.mkdir()
    land_samples(settings)
    first = run(settings.data, home / "first.log")
    assert first.returncode == 0, first.stdout + first.stderr
    deliver(settings)
    after = home / "after"
    shutil.copytree(settings.data, after, symlinks=True)
    undisturbed = run(after, home / "told.log")
    assert undisturbed.returncode == 0, undisturbed.stdout + undisturbed.stderr
    return Night(settings.data, after, (home / "told.log").read_text(encoding="utf-8").splitlines())


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


def points(told: list[str]) -> list[tuple[str, int]]:
    """At least thirty: events spread over the whole run, every kind of file operation, and all of the swap."""
    kinds = [line.split()[0] for line in told]
    found: list[tuple[str, int]] = []
    for kind, spread in KINDS.items():
        last = kinds.count(kind) - 1
        assert last >= 0, f"the night did no {kind}"
        found += [(kind, round(part * last)) for part in spread]
    return list(dict.fromkeys(found))


#: The cases are numbered, because what a night does is only known once one has run.
CASES = 34


@pytest.mark.parametrize("case", range(CASES))
def test_a_killed_night_leaves_nothing_to_clean_up(case: int, night: Night, tmp_path: Path) -> None:
    chosen = points(night.told)
    assert 30 <= len(chosen) <= CASES
    if case >= len(chosen):
        return  # two points of the spread fell on the same event
    kind, number = chosen[case]
    data = tmp_path / "data"
    shutil.copytree(night.before, data, symlinks=True)
    served = published(data)

    killed = run(data, tmp_path / "killed.log", kind, str(number))
    assert killed.returncode == -9, f"{kind} {number} was not reached: {killed.stdout}{killed.stderr}"
    assert published(data) in (served, published(night.after))

    recovered = run(data, tmp_path / "recovered.log")
    assert recovered.returncode == 0, f"after {kind} {number}: {recovered.stdout}{recovered.stderr}"
    assert published(data) == published(night.after)
    assert names(data) == names(night.after)

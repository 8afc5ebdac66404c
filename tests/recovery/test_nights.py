"""Nights as they come: one without deliveries costs little, and two runs started at once both succeed.

Real processes on a real installation; times are a ratio within one run, because machines differ and are shared.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration.settings import Settings
from tests.pipeline.deliveries import eleventh_of_october, encoded, land
from tests.recovery.nights import CLI, environment, first_night, run, start

pytestmark = pytest.mark.recovery


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("nights") / "data"
    shutil.copytree(first_night(tmp_path_factory), data, symlinks=True)
    return data


def releases(data: Path) -> list[str]:
    return sorted(path.name for path in (data / "serving" / "releases").iterdir())


def test_a_night_without_deliveries_costs_at_most_twice_what_importing_the_tools_does(
    installation: Path,
) -> None:
    def seconds(code: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env=environment(installation))
        return time.perf_counter() - began

    def night() -> float:
        began = time.perf_counter()
        output = run(installation, *CLI, "backfill", "2026-10-20", "2026-10-20")
        assert "unchanged, already served; neither dbt nor the gates had to run" in output
        return time.perf_counter() - began

    imports = ("import dagster, dagster_dbt", "import dbt.cli.main", "import great_expectations")
    # Side by side, the better of two: whatever else the machine is doing hits both.
    tools, nights = [], []
    for _ in range(2):
        tools.append(sum(seconds(code) for code in imports))
        nights.append(night())
    print(f"\nimports {min(tools):.1f} s, night {min(nights):.1f} s: {min(nights) / min(tools):.2f} times")
    assert min(nights) <= 2 * min(tools)


def test_two_runs_started_at_once_both_succeed_and_make_one_release(
    installation: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(installation, data, symlinks=True)
    land(Settings(data=data), encoded(eleventh_of_october()), "2026-10-11")
    before = releases(data)
    both = [start(data, *CLI, "refresh"), start(data, *CLI, "backfill", "2026-10-01", "2026-10-31")]
    outputs = [process.communicate(timeout=600)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert len(releases(data)) == len(before) + 1
    # One of them did the work, the other found nothing to do.
    assert sum("published, " in output for output in outputs) == 1
    assert sum("unchanged, already served" in output for output in outputs) == 1
    manifest = json.loads((data / "serving" / "manifest.json").read_text(encoding="utf-8"))
    assert any("2026-10-11" in file for entry in manifest["inputs"] for file in entry["files"])

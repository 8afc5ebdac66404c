"""Memory and speed of a big province at a tenth of a month's national work, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.simulation.reading import REFERENCE

pytestmark = pytest.mark.slow  # a third of a million dossiers

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import json, sys, time
from pathlib import Path
from orchestration.simulation import simulate

started = time.monotonic()
report = simulate(Path(sys.argv[1]), Path(sys.argv[2]), 0.3, 1, agencies=frozenset({"H19"}))
# Of this program alone: what getrusage says is inherited from the process that started it.
peak = next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"dossiers": report.dossiers, "seconds": time.monotonic() - started, "megabytes": peak}))
"""


def test_a_big_province_needs_little_memory_and_time(tmp_path: Path) -> None:
    """Đồng Nai at scale 0.3, in monthly chunks as at scale 1: 0.3 x (412,604 + 729,453) = 342,617 dossiers."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(REFERENCE)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    measured = json.loads(done.stdout.splitlines()[-1])
    assert abs(measured["dossiers"] - 342_617) < 5
    # Measured 2026-11-23: 0.45 GB; 13,000 a second on cores shared with five others, 80,000 on quiet ones.
    assert measured["megabytes"] < 800
    assert measured["dossiers"] / measured["seconds"] > 4_000
    print(measured)

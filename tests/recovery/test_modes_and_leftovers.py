"""The whole data folder after a night, a failed night and a kill: who may read it, and that nothing is left.

Real processes, started with the umask of a careless operator (000) and of a careful one (077).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.samples import land_samples
from orchestration.settings import REPOSITORY, Settings
from tests.data_folder import leftovers, paths, wrong_modes
from tests.unit.ingest.record_workplace import good

pytestmark = pytest.mark.recovery

PHONE = "0912345678"
#: `refresh`, watched: a work folder that others could enter ends it with 7; at the first file opened whose path holds
#: the given text it kills itself.
WATCHED = """
import os, signal, stat, sys
from pathlib import Path
data, fatal = Path(os.environ["SERVICE_INDEX_DATA"]), sys.argv[1]
def hook(event, arguments):
    if event != "open":
        return
    for work in (data / "lake" / ".pending").glob("*/.work-*"):
        if stat.S_IMODE(work.stat().st_mode) != 0o700:
            os._exit(7)
        if fatal == "unpacked" and any(path.stat().st_size for path in work.rglob("*") if path.is_file()):
            os.kill(os.getpid(), signal.SIGKILL)
    if fatal in str(arguments[0]):
        os.kill(os.getpid(), signal.SIGKILL)
from orchestration.cli import main
sys.addaudithook(hook)
sys.exit(main(["refresh"]))
"""


def run(
    data: Path, mask: int, *command: str, fatal: str = "never at all"
) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "SERVICE_INDEX_DATA": str(data),
        "DAGSTER_HOME": str(data / "dagster"),
        "PYTHONPATH": str(REPOSITORY),
    }
    (data / "dagster").mkdir(exist_ok=True)
    shutil.copy(REPOSITORY / "orchestration" / "dagster.yaml", data / "dagster")
    arguments = ["-m", "orchestration.cli", *command] if command != ("refresh",) else ["-c", WATCHED, fatal]
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment, cwd=REPOSITORY, umask=mask, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip


def landed(data: Path) -> dict[str, tuple[int, int, str]]:
    """Mode, time and content of every landed file."""
    return {
        name: (path.stat().st_mode, path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for name, path in paths(data / "landing").items()
        if path.is_file()
    }


def deliver(data: Path, day: str, records: list[dict[str, object]]) -> None:
    """Packed, so that it lies unpacked in the work folder while it is read; people and a telephone are in it."""
    path = data / "landing" / "dossiers" / day / "H19" / "synthetic.jsonl.gz"
    path.parent.mkdir(parents=True)
    text = "\n".join(json.dumps({**record, "ChuHoSo": f"Trần Thị B {PHONE}"}) for record in records)
    path.write_bytes(gzip.compress(text.encode()))


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Landed, and nothing run yet."""
    data = tmp_path_factory.mktemp("modes") / "data"
    data.mkdir()
    land_samples(Settings(data=data))
    deliver(data, "2025-12-01", [good("dossiers", number) for number in range(40)])
    return data


@pytest.fixture(scope="module")
def night(
    request: pytest.FixtureRequest, delivered: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    """After a night, under a umask that would let everyone in unless another is asked for."""
    mask = getattr(request, "param", 0o000)
    data = tmp_path_factory.mktemp("night") / "data"
    shutil.copytree(delivered, data)
    done = run(data, mask, "refresh")
    assert done.returncode == 0, done.stdout + done.stderr
    return data, mask


def copy_of(data: Path, tmp_path: Path) -> Path:
    shutil.copytree(data, tmp_path / "data", symlinks=True)
    return tmp_path / "data"


@pytest.mark.parametrize("night", [0o000, 0o077], indirect=True, ids=["umask 000", "umask 077"])
def test_after_a_night(night: tuple[Path, int], delivered: Path) -> None:
    data, _ = night
    assert wrong_modes(data) == []
    assert leftovers(data) == []
    assert {name: facts[2] for name, facts in landed(data).items()} == {
        name: facts[2] for name, facts in landed(delivered).items()
    }


def test_after_a_night_that_failed(night: tuple[Path, int], tmp_path: Path) -> None:
    """A batch of the lake is cut, so that the night is refused while a new delivery waits."""
    data, mask = copy_of(night[0], tmp_path), night[1]
    (rows,) = (
        path for path in (data / "lake" / "dossiers").glob("batch=*/rows.parquet") if "=0000" not in str(path)
    )
    rows.chmod(0o640)
    rows.write_bytes(rows.read_bytes()[:100])
    deliver(data, "2025-12-02", [good("dossiers", n) for n in range(40, 50)])
    done = run(data, mask, "refresh")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "section 'A batch of the lake is damaged'" in done.stdout
    assert wrong_modes(data) == []
    assert [name for name in leftovers(data) if "/batch=" not in name] == []


def test_after_a_night_that_refused_a_delivery(night: tuple[Path, int], tmp_path: Path) -> None:
    """Every other row of a delivery is bad: its raw gate refuses it, and somebody is alerted."""
    data, mask = copy_of(night[0], tmp_path), night[1]
    deliver(
        data, "2025-12-02", [good("dossiers", n, NgayTiepNhan="?" if n % 2 else "20250701083000") for n in range(40)]
    )  # fmt: skip
    before = landed(data)
    done = run(data, mask, "refresh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (data / "alerts" / "alerts.jsonl").is_file()
    assert list((data / "quarantine" / "dossiers").iterdir())
    assert wrong_modes(data) == []
    assert leftovers(data) == []
    assert landed(data) == before
    for path in paths(data).values():
        if path.is_file() and "landing" not in path.parts:
            assert PHONE.encode() not in path.read_bytes(), path


@pytest.fixture(scope="module")
def killed(night: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Killed while a delivery lay unpacked."""
    data = tmp_path_factory.mktemp("killed") / "data"
    shutil.copytree(night[0], data, symlinks=True)
    deliver(data, "2025-12-03", [good("dossiers", number) for number in range(100, 140)])
    done = run(data, night[1], "refresh", fatal="unpacked")
    assert done.returncode == -9, done.stdout + done.stderr
    return data, night[1]


def test_what_a_killed_run_was_reading_is_for_its_owner_alone(killed: tuple[Path, int]) -> None:
    data, _ = killed
    (work,) = (name for name in leftovers(data) if "/.work-" in name)
    assert stat.S_IMODE((data / work).stat().st_mode) == 0o700
    assert PHONE.encode() in b"".join(
        path.read_bytes() for path in (data / work).rglob("*") if path.is_file()
    )
    assert wrong_modes(data) == []


@pytest.mark.parametrize(
    "command",
    [
        ["releases"],
        ["report"],
        ["rollback", "--by", "duty officer", "--reason", "wrong"],
        ["unhold", "--by", "duty officer", "--reason", "right"],
        ["retract", "dossiers/2025-12-09/H19/none.jsonl", "--by", "duty officer", "--reason", "wrong"],
        ["close", "2026-09-01"],
        ["pull", "2025-12-01"],
        ["land-samples"],
    ],
    ids=lambda command: command[0],
)
def test_whatever_is_started_next_removes_it(
    command: list[str], killed: tuple[Path, int], tmp_path: Path
) -> None:
    data, mask = copy_of(killed[0], tmp_path), killed[1]
    before = landed(data)
    done = run(data, mask, *command)
    assert "Traceback" not in done.stderr, done.stderr
    assert [name for name in leftovers(data) if "/.work-" in name] == []
    assert wrong_modes(data) == []
    assert landed(data) == before


def test_the_next_run_leaves_nothing(killed: tuple[Path, int], tmp_path: Path) -> None:
    data, mask = copy_of(killed[0], tmp_path), killed[1]
    done = run(data, mask, "refresh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert leftovers(data) == []
    assert wrong_modes(data) == []


def test_nor_does_the_one_after_a_kill_while_publishing(night: tuple[Path, int], tmp_path: Path) -> None:
    data, mask = copy_of(night[0], tmp_path), night[1]
    deliver(data, "2025-12-03", [good("dossiers", number) for number in range(100, 140)])
    done = run(data, mask, "refresh", fatal="serving/releases/.")
    assert done.returncode == -9, done.stdout + done.stderr
    assert [name for name in leftovers(data) if name.startswith("serving/releases/.")]
    assert [found for found in wrong_modes(data) if "serving/releases/." not in found] == []
    done = run(data, mask, "refresh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert leftovers(data) == []
    assert wrong_modes(data) == []

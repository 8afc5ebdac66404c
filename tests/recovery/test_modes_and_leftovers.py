"""The whole data folder after a night, a failed night and a kill: who may read it, and that nothing is left.

Real processes, started with the umask of a careless operator (000) and of a careful one (077).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import stat
from pathlib import Path

import pytest

from orchestration.settings import Settings
from tests.data_folder import leftovers, paths, wrong_modes
from tests.recovery import nights
from tests.recovery.nights import CLI
from tests.three_samples import land_three_samples
from tests.unit.ingestion.record_workplace import good

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


def run(data: Path, mask: int, *command: str, code: int | None = 0, fatal: str = "never at all") -> str:
    arguments = [*CLI, *command] if command != ("refresh",) else ["-c", WATCHED, fatal]
    return nights.run(data, *arguments, umask=mask, code=code)


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

    def make(folder: Path) -> None:
        data = folder / "data"
        data.mkdir()
        land_three_samples(Settings(data=data))
        deliver(data, "2025-12-01", [good("dossiers", number) for number in range(40)])

    return nights.shared(tmp_path_factory, "delivered", make) / "data"


@pytest.fixture(scope="module")
def night(delivered: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """After a night, under a umask that would let everyone in."""

    def make(folder: Path) -> None:
        shutil.copytree(delivered, folder / "data")
        run(folder / "data", 0o000, "refresh")

    return nights.shared(tmp_path_factory, "night_for_modes", make) / "data", 0o000


def copy_of(data: Path, tmp_path: Path) -> Path:
    shutil.copytree(data, tmp_path / "data", symlinks=True)
    return tmp_path / "data"


def assert_right_after_a_night(data: Path, delivered: Path) -> None:
    assert wrong_modes(data) == []
    assert leftovers(data) == []
    assert {name: facts[2] for name, facts in landed(data).items()} == {
        name: facts[2] for name, facts in landed(delivered).items()
    }


def test_after_a_night(night: tuple[Path, int], delivered: Path) -> None:
    assert_right_after_a_night(night[0], delivered)


def test_after_a_night_of_a_careful_operator(delivered: Path, tmp_path: Path) -> None:
    data = copy_of(delivered, tmp_path)
    run(data, 0o077, "refresh")
    assert_right_after_a_night(data, delivered)


def test_after_a_night_that_failed(night: tuple[Path, int], tmp_path: Path) -> None:
    """A batch of the lake is cut, so that the night is refused while a new delivery waits."""
    data, mask = copy_of(night[0], tmp_path), night[1]
    (rows,) = (
        path for path in (data / "lake" / "dossiers").glob("batch=*/rows.parquet") if "=0000" not in str(path)
    )
    rows.chmod(0o640)
    rows.write_bytes(rows.read_bytes()[:100])
    deliver(data, "2025-12-02", [good("dossiers", n) for n in range(40, 50)])
    assert "section 'A batch of the lake is damaged'" in run(data, mask, "refresh", code=1)
    assert wrong_modes(data) == []
    assert [name for name in leftovers(data) if "/batch=" not in name] == []


def test_after_a_night_that_refused_a_delivery(night: tuple[Path, int], tmp_path: Path) -> None:
    """Every other row of a delivery is bad: its raw gate refuses it, and somebody is alerted."""
    data, mask = copy_of(night[0], tmp_path), night[1]
    deliver(
        data, "2025-12-02", [good("dossiers", n, NgayTiepNhan="?" if n % 2 else "20250701083000") for n in range(40)]
    )  # fmt: skip
    before = landed(data)
    run(data, mask, "refresh")
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

    def make(folder: Path) -> None:
        data = folder / "data"
        shutil.copytree(night[0], data, symlinks=True)
        deliver(data, "2025-12-03", [good("dossiers", number) for number in range(100, 140)])
        run(data, night[1], "refresh", code=-9, fatal="unpacked")

    return nights.shared(tmp_path_factory, "killed_run", make) / "data", night[1]


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
    """And touches nothing that has landed; `land-samples` lands more."""
    data, mask = copy_of(killed[0], tmp_path), killed[1]
    before = landed(data)
    assert "Traceback" not in run(data, mask, *command, code=None)
    assert [name for name in leftovers(data) if "/.work-" in name] == []
    assert wrong_modes(data) == []
    after = landed(data)
    assert {name: after.get(name) for name in before} == before
    assert command == ["land-samples"] or len(after) == len(before)


def test_the_next_run_leaves_nothing(killed: tuple[Path, int], tmp_path: Path) -> None:
    data, mask = copy_of(killed[0], tmp_path), killed[1]
    run(data, mask, "refresh")
    assert leftovers(data) == []
    assert wrong_modes(data) == []


def test_nor_does_the_one_after_a_kill_while_publishing(night: tuple[Path, int], tmp_path: Path) -> None:
    data, mask = copy_of(night[0], tmp_path), night[1]
    deliver(data, "2025-12-03", [good("dossiers", number) for number in range(100, 140)])
    run(data, mask, "refresh", code=-9, fatal="serving/releases/.")
    assert [name for name in leftovers(data) if name.startswith("serving/releases/.")]
    assert [found for found in wrong_modes(data) if "serving/releases/." not in found] == []
    run(data, mask, "refresh")
    assert leftovers(data) == []
    assert wrong_modes(data) == []

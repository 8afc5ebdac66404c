"""What a file system can hold besides files, and hands can put into landing: named, and nobody's night ends."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.ingestion.landing import MOST_FOLDERS, delivery_days, delivery_files, scan
from orchestration.ingestion.retraction import retract, retractions
from orchestration.ingestion.unprocessed_files import unread_files
from orchestration.run_lock import one_writer
from orchestration.settings import Settings
from orchestration.sources import hash_key
from tests.unit.ingestion.record_workplace import Records, as_lines, as_xlsx, good

pytestmark = pytest.mark.slow


def fifo(place: Path) -> None:
    os.mkfifo(place / "pipe.jsonl")


def unix_socket(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(place)  # the address of a socket is short
        made.bind("socket.jsonl")
        os.chdir(here)


def device(place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("making a device takes root")
    os.mknod(place / "zero.jsonl", 0o020666, os.makedev(1, 5))


def deep_tree(place: Path) -> None:
    """As deep as a path can be; Python gives up at a thousand calls within each other."""
    path = str(place)
    while len(path) < 4000:
        path += "/d"
        os.mkdir(path)  # noqa: PTH102  (pathlib would take minutes)


def deep_file(place: Path) -> None:
    path = place.joinpath(*["d"] * (MOST_FOLDERS + 3))
    path.mkdir(parents=True)
    (path / "a.jsonl").write_text("{}")


def loop(place: Path) -> None:
    (place / "loop").symlink_to(place)


def loop_of_two(place: Path) -> None:
    (place / "a.jsonl").symlink_to(place / "b.jsonl")
    (place / "b.jsonl").symlink_to(place / "a.jsonl")


def linked_day(place: Path) -> None:
    (place.parent.parent / "2025-12-09").symlink_to(place.parent)


def closed_folder(place: Path) -> None:
    (place / "closed").mkdir(mode=0)


def remove(folder: Path) -> None:
    """Also what is too deep for Python, and so for whoever tidies up after tests."""
    subprocess.run(["rm", "-rf", str(folder)], check=True)


@pytest.fixture(autouse=True)
def tidied(tmp_path: Path) -> Iterator[None]:
    """However a test ends."""
    yield
    remove(tmp_path)


STRANGE = [fifo, unix_socket, device, deep_tree, deep_file, loop, loop_of_two, linked_day, closed_folder]


@pytest.mark.parametrize("make", STRANGE)
@pytest.mark.parametrize("where", ["dossiers/2025-12-01/H20", "else/2025-12-01/H20"])
def test_whatever_lies_in_landing_ends_nobodys_night(
    make: Callable[[Path], None], where: str, tmp_path: Path
) -> None:
    place = Records(tmp_path)
    place.deliver(as_lines([good("dossiers")]))
    (place.landing / where).mkdir(parents=True)
    make(place.landing / where)
    report = place.ingest()
    assert [(file.sender, file.rows_accepted) for file in report.files] == [("H19", 1)]
    # Sensor, partitions and key look at it too.
    assert [file.path for file in unread_files(place.landing, place.lake, "dossiers")] == [
        "dossiers/2025-12-01/H19/a.jsonl"
    ]
    assert {sender for _, sender in delivery_days(place.landing, "dossiers")} == {"H19"}
    with pytest.raises(Exception, match=r"H19/a\.jsonl: holds real records"):
        hash_key(Settings(data=tmp_path), "dossiers")


def test_a_folder_below_too_many_others_is_named_once(tmp_path: Path) -> None:
    place = tmp_path / "dossiers" / "2025-12-01" / "H19"
    place.mkdir(parents=True)
    deep_tree(place)
    (problem,) = scan(tmp_path, "dossiers").problems
    assert problem.reason_code == "misplaced_file"
    assert problem.file.count("/") == MOST_FOLDERS


def test_a_folder_that_is_taken_away_while_it_is_listed_is_no_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Records(tmp_path)
    place.deliver(as_lines([good("dossiers", 1)]), sender="H19")
    place.deliver(as_lines([good("dossiers", 2)]), sender="H20")
    scandir = os.scandir

    def taken(path: str | int) -> object:
        if not isinstance(path, int) and Path(path).name == "H19":
            remove(Path(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", taken)
    assert [path.parent.name for _, path in delivery_files(place.landing, "dossiers")] == ["H20"]
    report = place.ingest()
    assert [file.sender for file in report.files] == ["H20"]


def test_names_as_long_as_names_may_be_are_read_refused_and_taken_back(tmp_path: Path) -> None:
    place = Records(tmp_path)
    long, other = "ạ" * 85, "b" * 255  # 255 bytes each
    place.deliver(as_lines([good("dossiers", 1)]), "n" * 249 + ".jsonl", sender=long)
    place.deliver(as_lines([good("dossiers", 2), good("dossiers", 3, MaTTHC="?")]), sender=other)
    report = place.ingest()
    assert sorted(file.sender for file in report.files) == sorted([long, other])
    assert len(place.quarantined()) == 1
    place.promote(report)
    for file in report.files:
        taken = retract(place.lake, place.landing, "dossiers", file.source_file, "wrong", datetime.now(UTC))
        assert taken in retractions(place.lake, "dossiers")
        again = place.ingest()
        if again.batch_id is not None:
            place.promote(again)
    assert unread_files(place.landing, place.lake, "dossiers") == ()


def test_names_that_differ_in_case_are_two_files(tmp_path: Path) -> None:
    place = Records(tmp_path)
    for number, name in enumerate(("a.jsonl", "A.JSONL", "A.jsonl")):
        place.deliver(as_lines([good("dossiers", number)]), name)
    assert [file.rows_accepted for file in place.ingest().files] == [1, 1, 1]


@pytest.mark.parametrize("moment", [0, -(10**9), 4 * 10**9, 253_402_300_799])
def test_what_a_file_says_of_its_age_says_nothing(moment: int, tmp_path: Path) -> None:
    """1970 and before, and the future: which delivery is newer, its folder says."""
    place = Records(tmp_path)
    first = place.deliver(as_lines([good("dossiers", KenhThucHien="1")]), day="2025-12-01")
    then = place.deliver(as_lines([good("dossiers", KenhThucHien="2")]), "b.jsonl", day="2025-12-02")
    os.utime(first, (moment, moment))
    assert [path.name for path in unread_paths(place)] == ["a.jsonl", "b.jsonl"]
    report = place.ingest()
    assert [(file.source_file[9:], file.rows_accepted) for file in report.files] == [
        ("2025-12-01/H19/a.jsonl", 1),
        ("2025-12-02/H19/b.jsonl", 1),
    ]
    place.promote(report)
    for path in (first, then):  # nor does it make a file that was read another one
        os.utime(path, (4 * 10**9 - moment // 10**6, 4 * 10**9))
    assert unread_paths(place) == []
    again = place.ingest()
    assert (again.batch_id, again.landing_problems) == (None, ())


def unread_paths(place: Records) -> list[Path]:
    return [Path(file.path) for file in unread_files(place.landing, place.lake, "dossiers")]


@pytest.mark.parametrize(
    ("size", "reason"),
    [(10 * 1024**3, "file_of_holes"), (32 * 1024**3, "file_of_holes"), (8 * 1024**4, "file_too_large")],
)
@pytest.mark.parametrize("content", [b"", b"{}\n", as_lines([good("dossiers")])], ids=["", "{}", "row"])
def test_a_file_that_is_mostly_holes_is_named_in_a_moment(
    size: int, reason: str, content: bytes, tmp_path: Path
) -> None:
    """Ten gigabytes that take none: hashing them alone would take half a minute, and eight terabytes a night."""
    place = Records(tmp_path)
    place.deliver(as_lines([good("dossiers")]), sender="H20")
    hollow = place.deliver(content, "a.jsonl")
    with hollow.open("r+b") as file:
        file.truncate(size)
    started = time.process_time()
    report = place.ingest()
    assert time.process_time() - started < 10
    assert [(file.sender, file.rows_accepted) for file in report.files] == [("H20", 1)]
    (problem,) = report.landing_problems
    assert (problem.reason_code, problem.file) == (reason, "dossiers/2025-12-01/H19/a.jsonl")
    assert str(size) in problem.found


def test_a_hole_in_a_file_makes_it_no_less_a_file(tmp_path: Path) -> None:
    """Judged by what it says: zeros where rows should be. Nothing at all is an answer of its own."""
    place = Records(tmp_path)
    with place.deliver(as_lines([good("dossiers")]) + b"\n", "a.jsonl").open("r+b") as file:
        file.truncate(1024**2)
    place.deliver(b"", "b.csv")
    report = place.ingest()
    assert report.landing_problems == ()
    assert [(file.rows_accepted, file.reason_codes) for file in report.files] == [
        (1, ("malformed_record",)),
        (0, ("empty_file",)),
    ]


@pytest.mark.parametrize("is_deliverer_s", [True, False], ids=["a mount that cannot be written", "mode 0555"])
def test_a_landing_folder_that_we_cannot_write_is_read(is_deliverer_s: bool, tmp_path: Path) -> None:
    """The deliverer's own: everything of a night that looks at it, and a delivery that is taken back."""
    place = Records(tmp_path)
    place.deliver(as_lines([good("dossiers", 1), good("dossiers", 2, MaTTHC="?")]))
    place.deliver(as_xlsx([good("dossiers", 3)], tmp_path), "b.xlsx", sender="H20")
    with unwritable(place.landing, is_mount=is_deliverer_s):
        with one_writer(tmp_path, print):
            report = place.ingest()
            assert [file.rows_accepted for file in report.files] == [1, 1]
            assert report.landing_problems == ()
            place.promote(report)
        assert unread_files(place.landing, place.lake, "dossiers") == ()
        retract(
            place.lake,
            place.landing,
            "dossiers",
            "dossiers/2025-12-01/H20/b.xlsx",
            "wrong",
            datetime.now(UTC),
        )
        with one_writer(tmp_path, print):
            again = place.ingest()
        assert [file.sender for file in again.files] == ["H19"]


@contextmanager
def unwritable(folder: Path, *, is_mount: bool) -> Iterator[None]:
    """For us; a mode says nothing to root, so that where it can be, the folder is mounted so."""
    if not is_mount:
        if os.geteuid() == 0:
            pytest.skip("root writes whatever the mode")
        paths = [folder, *folder.rglob("*")]
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield
        for path in paths:
            path.chmod(0o755)
        return
    made = subprocess.run(["mount", "--bind", folder, folder], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {made.stderr.strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        with pytest.raises(OSError, match="Read-only"):
            (folder / "a").touch()
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)

"""What a file system can hold besides files, and hands can put into landing: named, and nobody's night ends."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.ingestion.landing import MOST_FOLDERS, delivery_days, delivery_files, scan
from orchestration.ingestion.retraction import retract, retractions
from orchestration.ingestion.unprocessed_files import unread_files
from orchestration.settings import Settings
from orchestration.sources import hash_key
from tests.unit.ingestion.record_workplace import Records, as_lines, good


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

"""The landing folder: what is listed, what is refused there, and how files get into it."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from orchestration.ingestion.landing import PORTAL, land_file, read_landed, scan

DAY = date(2026, 10, 10)


def put(landing: Path, relative: str, content: bytes = b"{}") -> Path:
    path = landing / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def reasons(landing: Path) -> dict[str, str]:
    return {problem.file: problem.reason_code for problem in scan(landing, PORTAL).problems}


def test_files_are_listed_in_order_of_delivery(tmp_path: Path) -> None:
    put(tmp_path, f"{PORTAL}/2026-10-11/H19/a.json")
    put(tmp_path, f"{PORTAL}/2026-10-10/nation/b.json", b"{ }")
    put(tmp_path, f"{PORTAL}/2026-10-10/H21/c.json")
    files = scan(tmp_path, PORTAL).files
    assert [file.name for file in files] == ["c.json", "b.json", "a.json"]
    assert (files[1].sender, files[1].delivery_date, files[1].size_bytes) == ("nation", DAY, 3)
    (same,) = (file for file in scan(tmp_path, PORTAL).files if file == files[0])
    assert same.sha256 == files[0].sha256 != files[1].sha256
    assert files[0].sha256 != files[2].sha256, "of another sender (ADR 0033)"


@pytest.mark.parametrize(
    ("relative", "reason"),
    [
        ("stray.json", "misplaced_file"),
        (f"{PORTAL}/stray.json", "misplaced_file"),
        (f"{PORTAL}/2026-10-10/stray.json", "misplaced_file"),
        (f"{PORTAL}/2026-10-10/H19/deep/stray.json", "misplaced_file"),
        (f"{PORTAL}/2026-13-10/H19/a.json", "bad_delivery_date"),
        (f"{PORTAL}/20261010/H19/a.json", "bad_delivery_date"),
        (f"{PORTAL}/2026-02-30/H19/a.json", "bad_delivery_date"),
        (f"{PORTAL}s/2026-10-10/H19/a.json", "unknown_source"),
    ],
)
def test_a_misplaced_file_is_a_problem(tmp_path: Path, relative: str, reason: str) -> None:
    put(tmp_path, relative)
    found = scan(tmp_path, PORTAL)
    assert not found.files
    assert [(p.file, p.reason_code) for p in found.problems] == [(relative, reason)]


def test_hidden_and_temporary_files_are_ignored(tmp_path: Path) -> None:
    for name in (".a.json", "a.json.part", ".git/HEAD", f"{PORTAL}/2026-10-10/H19/.DS_Store"):
        put(tmp_path, name)
    found = scan(tmp_path, PORTAL)
    assert (found.files, found.problems) == ((), ())


def test_links_may_not_leave_the_landing_folder(tmp_path: Path) -> None:
    landing, outside = tmp_path / "landing", put(tmp_path, "secret.json")
    inside = put(landing, f"{PORTAL}/2026-10-10/H19/a.json")
    for name, target in (("out", outside), ("in", inside), ("gone", tmp_path / "x"),
                         ("folder", inside.parent)):  # fmt: skip
        (inside.parent / name).symlink_to(target)
    assert [file.name for file in scan(landing, PORTAL).files] == ["a.json", "in"]
    assert {name.rsplit("/")[-1]: reason for name, reason in reasons(landing).items()} == {
        "out": "link_leaves_landing",
        "gone": "link_leads_nowhere",
        "folder": "not_a_file",
    }


def test_a_linked_source_folder_is_a_problem(tmp_path: Path) -> None:
    put(tmp_path, f"elsewhere/{PORTAL}/2026-10-10/H19/a.json")
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / PORTAL).symlink_to(tmp_path / "elsewhere" / PORTAL)
    assert reasons(tmp_path / "landing") == {PORTAL: "misplaced_file"}


def test_a_pipe_is_a_problem_and_does_not_block(tmp_path: Path) -> None:
    folder = put(tmp_path, f"{PORTAL}/2026-10-10/H19/a.json").parent
    os.mkfifo(folder / "pipe")
    assert list(reasons(tmp_path).values()) == ["not_a_file"]


def test_a_name_that_is_not_utf8_is_a_problem(tmp_path: Path) -> None:
    folder = put(tmp_path, f"{PORTAL}/2026-10-10/H19/a.json").parent
    Path(os.fsdecode(os.fsencode(folder) + b"/\xd0\xf4.json")).write_bytes(b"{}")
    problems = scan(tmp_path, PORTAL).problems
    assert [p.reason_code for p in problems] == ["bad_file_name"]
    assert r"\xd0\xf4.json" in str(problems[0])


def test_what_may_not_be_read_is_a_problem(tmp_path: Path, monkeypatch: Any) -> None:
    path = put(tmp_path, f"{PORTAL}/2026-10-10/H19/a.json")
    (file,) = scan(tmp_path, PORTAL).files

    def refuse(opened: Path, *_: object) -> None:  # a right withheld would not stop the superuser
        raise PermissionError(13, "Permission denied", str(opened))

    monkeypatch.setattr(os, "open", refuse)
    assert list(reasons(tmp_path).values()) == ["unreadable_file"]
    problem = read_landed(file, 10)
    assert "permission denied" in str(problem) and path.name in str(problem)


def test_a_folder_that_may_not_be_listed_is_a_problem(tmp_path: Path, monkeypatch: Any) -> None:
    folder = put(tmp_path, f"{PORTAL}/2026-10-10/H19/a.json").parent
    listing = os.scandir

    def refuse(path: Any) -> Any:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert reasons(tmp_path) == {f"{PORTAL}/2026-10-10/H19": "unreadable_file"}


def test_a_file_that_vanished_changed_or_grew_since_the_scan_is_a_problem(tmp_path: Path) -> None:
    path = put(tmp_path, f"{PORTAL}/2026-10-10/H19/a.json", b"{}")
    (file,) = scan(tmp_path, PORTAL).files
    assert read_landed(file, 2) == b"{}"
    assert getattr(read_landed(file, 1), "reason_code", None) == "file_too_large"
    path.write_bytes(b"{ }")
    assert getattr(read_landed(file, 10), "reason_code", None) == "changed_while_reading"
    path.unlink()
    assert getattr(read_landed(file, 10), "reason_code", None) == "vanished_file"


def test_landing_twice_changes_nothing_and_other_content_is_refused(tmp_path: Path) -> None:
    source_file = put(tmp_path, "outbox/a.json", b"{}")
    landed = land_file(source_file, tmp_path / "landing", PORTAL, DAY, "H19")
    assert landed.relative_to(tmp_path).as_posix() == f"landing/{PORTAL}/2026-10-10/H19/a.json"
    before = landed.stat().st_mtime_ns
    assert land_file(source_file, tmp_path / "landing", PORTAL, DAY, "H19") == landed
    source_file.write_bytes(b"{ }")
    with pytest.raises(FileExistsError, match="other content"):
        land_file(source_file, tmp_path / "landing", PORTAL, DAY, "H19")
    assert (landed.read_bytes(), landed.stat().st_mtime_ns) == (b"{}", before)
    assert [path.name for path in landed.parent.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("source", "sender", "name"),
    [("nowhere", "H19", "a.json"), (PORTAL, "..", "a.json"), (PORTAL, "a/b", "a.json"),
     (PORTAL, "", "a.json"), (PORTAL, "/tmp", "a.json"), (PORTAL, ".h", "a.json"),
     (PORTAL, "H19", ".a.json"), (PORTAL, "H19", "a.part")],
)  # fmt: skip
def test_nothing_is_landed_where_no_scan_would_find_it(
    tmp_path: Path, source: str, sender: str, name: str
) -> None:
    source_file = put(tmp_path, f"outbox/{name}")
    with pytest.raises(ValueError, match=r"cannot land|hidden"):
        land_file(source_file, tmp_path / "landing", source, DAY, sender)
    assert not (tmp_path / "landing").exists()


def test_without_a_landing_folder_the_scan_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no landing folder"):
        scan(tmp_path / "landing", PORTAL)


LITTER_NAMES = [
    "Thumbs.db", "THUMBS.DB", "desktop.ini", "Desktop.ini", ".DS_Store", "._a.csv", "~$a.xlsx", "~WRL0001.tmp",
    "a.csv.tmp", "x.jsonl.filepart", "a.xlsx.crdownload", "a.csv.part", "a.csv.partial", ".~lock.a.xlsx#", "a.csv~",
    "ehthumbs.db", "a.xlsx:Zone.Identifier", "Icon\r", "a.csv.download", "shortcut.lnk",
]  # fmt: skip


@pytest.mark.parametrize("name", LITTER_NAMES)
def test_what_desktops_and_transfers_leave_is_no_delivery(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "landing/dossiers/2025-12-03/H19"
    folder.mkdir(parents=True)
    (folder / "good.jsonl").write_bytes(b"{}")
    for place in (folder / name, folder.parent / name, tmp_path / "landing" / name):
        place.write_bytes(b"x")
    found = scan(tmp_path / "landing", "dossiers")
    assert [file.name for file in found.files] == ["good.jsonl"]
    assert found.problems == ()


def test_folders_that_archives_leave_are_no_delivery(tmp_path: Path) -> None:
    folder = tmp_path / "landing/dossiers/2025-12-03/H19"
    (folder / "__MACOSX").mkdir(parents=True)
    (folder / "__MACOSX" / "a.csv").write_bytes(b"x")
    assert scan(tmp_path / "landing", "dossiers").problems == ()


@pytest.mark.parametrize("name", ["part.csv", "thumbs.csv", "tmp.jsonl", "a.part.csv", "download.xlsx"])
def test_deliveries_that_are_called_alike_are_read(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "landing/dossiers/2025-12-03/H19"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"x")
    assert [file.name for file in scan(tmp_path / "landing", "dossiers").files] == [name]

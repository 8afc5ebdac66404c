"""A disk that is full is ours, never the sender's: the run fails, nothing is marked, the next run reads everything.

A limit on the size of files stands for the disk, so that no test needs the right to mount one.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration.ingestion.records import read_files
from orchestration.settings import REPOSITORY
from tests.unit.ingestion.record_workplace import Records, as_csv, as_lines, as_parquet, as_xlsx, good, packed

pytestmark = pytest.mark.slow

ROWS = 4000
#: What DuckDB and Python say of it, each in its own words.
SAID = ("File too large", "No space left on device")
INGEST = """
import resource, sys
from pathlib import Path
from tests.unit.ingestion.record_workplace import Records
most = int(sys.argv[2])
place = Records(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
place.ingest()
"""
FORMATS: dict[str, Callable[[list[dict[str, Any]], Path], bytes]] = {
    "a.jsonl": lambda rows, _: as_lines(rows),
    "a.jsonl.gz": lambda rows, _: packed(as_lines(rows)),
    "a.csv": lambda rows, _: as_csv(rows),
    "a.csv.gz": lambda rows, _: packed(as_csv(rows)),
    "a.parquet": as_parquet,
    "a.xlsx": as_xlsx,
}


def ingest_within(root: Path, most: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", INGEST, str(root), str(most)], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("most", [0, 20_000])
def test_no_sender_is_to_blame_for_a_full_disk(name: str, most: int, tmp_path: Path) -> None:
    place = Records(tmp_path)
    for number, sender in enumerate(["H19", "H20"]):
        # Numbers whose hashes no compression makes small.
        rows = [good("dossiers", row, MaDoiTuong=f"{number + 1}79{row:09}") for row in range(ROWS)]
        place.deliver(FORMATS[name](rows, tmp_path), name, sender=sender)
    before = {path: data for path, data in place.all_bytes().items() if not path.endswith(".tmp")}
    done = ingest_within(tmp_path, most)
    assert done.returncode == 1
    assert any(said in done.stderr.splitlines()[-1] for said in SAID), done.stderr
    left = {path for path in place.all_bytes() if "/.pending/" not in f"/{path}"}
    assert left == set(before), "nothing is refused and nothing is in the lake"

    report = place.ingest()
    assert [(file.sender, file.rows_accepted) for file in report.files] == [("H19", ROWS), ("H20", ROWS)]


def test_the_limit_would_be_noticed_if_it_were_none(tmp_path: Path) -> None:
    place = Records(tmp_path)
    place.deliver(as_lines([good("dossiers")]))
    assert ingest_within(tmp_path, resource.RLIM_INFINITY).returncode == 0


def test_a_file_that_vanishes_while_it_is_read_is_left_to_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Records(tmp_path)
    gone = place.deliver(as_lines([good("dossiers", 1)]), sender="H19")
    place.deliver(as_lines([good("dossiers", 2)]), sender="H20")
    stage = read_files.classify

    def stage_what_is_left(self: Any, opened: Any) -> None:
        if opened.landed.sender == "H19":
            gone.unlink(missing_ok=True)
        stage(self, opened)

    monkeypatch.setattr(read_files, "classify", stage_what_is_left)
    report = place.ingest()
    assert [(file.sender, file.rows_accepted) for file in report.files] == [("H20", 1)]
    assert [(problem.file.split("/")[2], problem.reason_code) for problem in report.unread] == [
        ("H19", "vanished_file")
    ]

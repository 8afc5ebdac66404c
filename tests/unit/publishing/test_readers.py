"""Readers in other processes, while releases change under them.

Belongs here: what a reader may see. Processes wait for each other by pipes, never by time.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qsl

import duckdb
import pytest
import sqlalchemy

from orchestration.publishing.release import Release
from orchestration.settings import REPOSITORY

RELEASES, READERS = 10, 8

# Opens the served file again and again. Says a release the first time it sees it, and at the end how often it looked.
READER = """
import select, sys
import duckdb

looks, last = 0, None
while not select.select([sys.stdin], [], [], 0)[0]:
    with duckdb.connect(sys.argv[1], read_only=True) as connection:
        query = "select table_name from duckdb_tables() where table_name <> 'release'"
        tables = [row[0] for row in connection.execute(query).fetchall()]
        seen = {
            connection.execute(f"select min(release_id), max(release_id), count(*) from marts.{table}").fetchone()
            for table in tables
        }
    looks += 1
    if seen != last:
        releases, counts = {value for row in seen for value in row[:2]}, {row[2] for row in seen}
        print(len(tables), *sorted(releases), *sorted(counts), flush=True)
    last = seen
print("looks", looks, flush=True)
"""


@pytest.fixture
def start_readers(serving: Path) -> Iterator[Callable[[], list[subprocess.Popen[str]]]]:
    arguments = [sys.executable, "-c", READER, str(serving / "warehouse.duckdb")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with ExitStack() as leaving:
        started: list[subprocess.Popen[str]] = []

        def start() -> list[subprocess.Popen[str]]:
            for _ in range(READERS):
                process = leaving.enter_context(subprocess.Popen(arguments, text=True, **pipes))  # type: ignore[call-overload]  # options by name
                leaving.callback(process.kill)
                started.append(process)
            return started

        # A reader that never sees what it should would wait for ever.
        watchdog = threading.Timer(120, lambda: [process.kill() for process in started])
        leaving.callback(watchdog.cancel)
        watchdog.start()
        yield start


def test_eight_readers_that_never_pause_see_only_whole_releases(
    serving: Path,
    make_build: Callable[..., Path],
    release_build: Callable[..., Release],
    start_readers: Callable[[], list[subprocess.Popen[str]]],
) -> None:
    def release(number: int) -> str:
        """Every mart changes, and has as many rows as the release's number."""
        changes = dict.fromkeys(("mart_a", "mart_b"), f"select i from range({number + 1}) as t(i)")
        others = {"dim_unit": None, "mart_index": None, "mart_province_ranking": None}
        return release_build(make_build({**others, **changes}), seconds=number).release_id

    expected = [f"2 {release(0)} 1"]
    readers = start_readers()
    said = [[process.stdout.readline().strip()] for process in readers]  # type: ignore[union-attr]  # it was given a pipe
    for number in range(1, RELEASES + 1):
        expected.append(f"2 {release(number)} {number + 1}")
        # The readers run on while we publish; only then do we wait until each has seen what we made.
        for lines, process in zip(said, readers, strict=True):
            assert process.stdout is not None
            lines.append(process.stdout.readline().strip())
    for lines, process in zip(said, readers, strict=True):
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.close()
        last = process.stdout.readline().split()
        assert (lines, process.stderr.read()) == (expected, "")
        assert process.wait() == 0
        assert last[0] == "looks"
        assert int(last[1]) > RELEASES


def test_a_new_connection_sees_the_new_release_while_an_old_one_is_held(
    serving: Path, make_build: Callable[..., Path], release_build: Callable[..., Release]
) -> None:
    """In one process too: what docs/connect.md says of pools."""
    served, ask = str(serving / "warehouse.duckdb"), "select release_id from marts.release"
    first = release_build(make_build())
    with duckdb.connect(served, read_only=True) as held:
        second = release_build(make_build({"mart_index": None}), 60)
        with duckdb.connect(served, read_only=True) as new:
            assert new.execute(ask).fetchall() == [(second.release_id,)]
        assert held.execute(ask).fetchall() == [(first.release_id,)]


@pytest.mark.parametrize(
    "tried",
    [
        "select * from read_text('{other}')",
        "copy marts.dim_unit to '{other}.csv'",
        "attach '{other}' as other",
        "create table marts.mine (a integer)",
        "set enable_external_access = true",
        "install postgres",
    ],
)
def test_a_reader_who_connects_as_the_page_says_opens_no_other_file_and_writes_none(
    tried: str,
    serving: Path,
    make_build: Callable[..., Path],
    release_build: Callable[..., Release],
    tmp_path: Path,
) -> None:
    release_build(make_build())
    page = (REPOSITORY / "docs" / "connect.md").read_text(encoding="utf-8")
    (options,) = set(re.findall(r"\?(access_mode=[a-zA-Z_=&]+)", page))
    address = sqlalchemy.URL.create(
        "duckdb", database=str(serving / "warehouse.duckdb"), query=dict(parse_qsl(options))
    )
    (tmp_path / "other.txt").write_text("nobody's business", encoding="utf-8")
    engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.pool.NullPool)
    with engine.connect() as reader:
        assert reader.execute(sqlalchemy.text("select count(*) from marts.dim_unit")).scalar() == 3
        with pytest.raises(sqlalchemy.exc.DBAPIError):
            reader.execute(sqlalchemy.text(tried.format(other=tmp_path / "other.txt")))
    assert [path.name for path in tmp_path.glob("other*")] == ["other.txt"]

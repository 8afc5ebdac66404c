"""A reader of the same user, such as a BI tool of the operator, that opened what is served to write, and does not let go.

The reader is another process; it has written, so that a file with its changes (WAL) lies beside the served database.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.drift import compare
from orchestration.publishing.closed_months import close_month
from orchestration.publishing.release import Release, current, served_folder
from orchestration.publishing.rollback import lift_hold, roll_back
from orchestration.report import report

READER = """
import os, sys, duckdb
os.chmod(sys.argv[1], 0o644)
connection = duckdb.connect(sys.argv[1])
connection.execute("update marts.mart_province_ranking set total_score = 99")
print("held", flush=True)
sys.stdin.read()
os._exit(9)  # as a killed one, which leaves its changes beside the file
"""
ReleaseBuild = Callable[..., Release]
RANKING = (
    "select 'records' as basis, 'portal_2025' as regime, 'month' as period_type, date '2025-10-01' as period_start,"
    " date '2025-10-31' as period_end, date '2025-11-01' as as_of, '75' as unit_code, 'Đồng Nai' as name_vi,"
    " {score}::decimal(6, 2) as total_score, 1 as rank, 34 as peers, 34 as peers_expected, 'final' as period_status,"
    " null::varchar as incomplete_sources"
)


@pytest.fixture
def hold() -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    """Start a reader of a served database."""
    readers = []

    def start(database: Path) -> subprocess.Popen[str]:
        reader = subprocess.Popen(
            [sys.executable, "-c", READER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )  # fmt: skip
        readers.append(reader)
        assert reader.stdout is not None
        assert reader.stdout.readline() == "held\n"
        return reader

    yield start
    for reader in readers:
        reader.kill()
        reader.communicate()


@pytest.fixture
def releases(make_build: Callable[..., Path], release_build: ReleaseBuild) -> Callable[[int], Release]:
    def make(score: int) -> Release:
        headline = "select basis, period_type, period_start, as_of, unit_code, 0 as dossiers_received, regime, period_end"
        ranking = RANKING.format(score=score)
        build = make_build(
            {"mart_province_ranking": ranking, "mart_service_headline": f"{headline} from ({ranking})"}
        )
        return release_build(build, seconds=score, batches=[str(score)])

    return make


def scores(serving: Path) -> list[tuple[Any, ...]]:
    """As a BI tool reads them."""
    with duckdb.connect(str(serving / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute("select total_score::integer from marts.mart_province_ranking").fetchall()


def test_the_next_night_publishes_and_can_be_rolled_back_from(
    serving: Path,
    home: Path,
    releases: Callable[[int], Release],
    hold: Callable[[Path], subprocess.Popen[str]],
) -> None:
    first = releases(10)
    reader = hold(serving / "warehouse.duckdb")
    with pytest.raises(duckdb.IOException, match="lock"):
        scores(serving)
    # The gate that compares with what is served.
    served = served_folder(serving) / "parquet" / "mart_province_ranking.parquet"
    (home / "moves").mkdir()
    assert compare(home / "build" / "build.duckdb", served, home / "moves" / "moves.duckdb") is None
    # A month is closed with the figures that were published, not with those of the reader.
    closed = close_month(serving, home / "closed", date(2025, 10, 1), datetime.now(UTC))
    with duckdb.connect() as connection:
        frozen = connection.read_parquet(str(closed.folder / "mart_province_ranking.parquet"))
        assert frozen.project("total_score::integer").fetchall() == [(10,)]

    releases(20)
    assert scores(serving) == [(20,)], "new readers see the new release at once"
    reader.kill()
    reader.wait()
    assert (first.folder / "warehouse.duckdb.wal").exists(), "the reader left its changes"
    roll_back(serving, "duty officer", "wrong", datetime.now(UTC))
    assert scores(serving) == [(10,)], "as it was published, not as the reader left it"
    assert not list(serving.rglob("*.wal"))


def test_a_release_that_is_served_again_is_the_one_that_was_published(
    serving: Path, releases: Callable[[int], Release], hold: Callable[[Path], subprocess.Popen[str]]
) -> None:
    """Nothing new was delivered, or the reader goes on holding: the night that ends in what is served cleans it."""
    first = releases(10)
    for is_killed in (True, False):
        reader = hold(serving / "warehouse.duckdb")
        if is_killed:
            reader.kill()
            reader.wait()
        assert releases(10).release_id == first.release_id
        assert not list(serving.rglob("*.wal"))
    reader.kill()
    reader.wait()
    assert scores(serving) == [(10,)]


def test_rollback_goes_past_a_reader_of_either_release(
    serving: Path, releases: Callable[[int], Release], hold: Callable[[Path], subprocess.Popen[str]]
) -> None:
    first, second = releases(10), releases(20)
    hold(second.folder / "warehouse.duckdb")
    hold(first.folder / "warehouse.duckdb")
    roll_back(serving, "duty officer", "wrong", datetime.now(UTC))
    found = current(serving)
    assert found is not None
    assert found.release_id == first.release_id
    lift_hold(serving, "duty officer", "right after all", datetime.now(UTC))
    releases(30)
    assert scores(serving) == [(30,)]


def test_the_report_needs_no_lock(
    serving: Path, releases: Callable[[int], Release], hold: Callable[[Path], subprocess.Popen[str]]
) -> None:
    """What it says is tested elsewhere; here it gets as far as the tables that these marts lack."""
    releases(10)
    hold(serving / "warehouse.duckdb")
    with pytest.raises(duckdb.BinderException, match="band"):
        report(serving)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")
def test_another_user_can_neither_change_nor_replace_what_is_served(
    serving: Path, releases: Callable[[int], Release], tmp_path: Path
) -> None:
    releases(10)
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:  # pytest's own folders are its user's alone
            folder.chmod(folder.stat().st_mode | 0o011)
    tried = """
import os, sys
from pathlib import Path
os.setgid(65534); os.setuid(65534)
serving = Path(sys.argv[1])
assert (serving / "warehouse.duckdb").read_bytes()
places = [serving, *(path for path in serving.rglob("*") if path.is_dir())]
attempts = [lambda p=p: (p / "evil").write_text("x") for p in places]
attempts += [lambda p=p: os.replace(p, p.with_name("evil")) for p in serving.rglob("*")]
attempts += [lambda p=p: p.open("r+b") for p in serving.rglob("*") if p.is_file()]
attempts += [lambda p=p: p.chmod(0o777) for p in serving.rglob("*")]
for attempt in attempts:
    try:
        attempt()
    except PermissionError:
        continue
    sys.exit("it was let")
print(len(attempts))
"""
    done = subprocess.run(
        [sys.executable, "-c", tried, str(serving)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20

"""Peers count where their rows are those of the build, and the page says who is better.

Belongs here: comparing, counting lines, what is said of figures. Does not belong here: measuring, and what a peer makes.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bench.peers import __main__ as peers
from bench.peers import page
from bench.watch import Watch
from orchestration.settings import Settings

DAILY = "select '75' as unit_code, date '2025-07-01' as counted_date, {received} as dossiers_received"
OPEN = "select '75' as unit_code, date '2025-07-01' as counted_date, 2 as within_time"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A build with a row of each kind of counts."""
    found = Settings(tmp_path / "data")
    found.build.mkdir(parents=True)
    with duckdb.connect(str(found.build_database)) as connection:
        connection.execute("create schema intermediate")
        connection.execute(f"create table intermediate.int_dossiers__daily as {DAILY.format(received=3)}")
        connection.execute(f"create table intermediate.int_dossiers__open_daily as {OPEN}")
    return found


def hand_over(folder: Path, daily: str) -> None:
    for name, query in (("daily", daily), ("open_daily", OPEN)):
        duckdb.execute(f"copy ({query}) to '{folder / name}.parquet' (format parquet)")


def test_a_peer_with_the_rows_of_the_build_differs_in_none(settings: Settings, tmp_path: Path) -> None:
    """Engines count in types of their own, and columns may come in any order."""
    hand_over(tmp_path, f"select dossiers_received::utinyint as dossiers_received, * exclude (dossiers_received)"
                        f" from ({DAILY.format(received=3)})")  # fmt: skip
    assert peers.differing(settings, tmp_path) == 0


def test_a_count_that_differs_is_a_row_on_either_side(settings: Settings, tmp_path: Path) -> None:
    hand_over(tmp_path, DAILY.format(received=4))
    assert peers.differing(settings, tmp_path) == 2


def test_a_column_that_a_peer_lacks_is_an_error(settings: Settings, tmp_path: Path) -> None:
    hand_over(tmp_path, f"select * exclude (dossiers_received) from ({DAILY.format(received=3)})")
    with pytest.raises(duckdb.BinderException, match="dossiers_received"):
        peers.differing(settings, tmp_path)


def test_comments_and_docstrings_are_no_lines_of_code(tmp_path: Path) -> None:
    python, sql = tmp_path / "one.py", tmp_path / "one.sql"
    python.write_text(
        '"""What it is.\n\nMore of it.\n"""\n\nimport os\n\n\n'
        'def one() -> str:\n    """A name."""\n    # Why.\n    return os.path.join(\n        "a",  # first\n'
        '        "b",\n    )\n',
        encoding="utf-8",
    )
    sql.write_text("-- What it is.\n{#- And more. -#}\nselect 1\n\nfrom one -- why\n", encoding="utf-8")
    # The import, the head of the function, and four lines of what it returns.
    assert (peers.code_lines(python), peers.code_lines(sql)) == (6, 2)


def figures(wall: float, megabytes: int, lines: int, **more: Any) -> dict[str, Any]:
    return {
        "stages": {"work": {"wall": wall, "cpu": wall, "megabytes": megabytes}}, "versions": {}, "wall": wall,
        "others_cpu": 0.0, "models": None, "lines": lines, "differing": 0, **more,
    }  # fmt: skip


def measured(**others: dict[str, Any]) -> dict[str, Any]:
    return {"machine": {"cores": 2}, "peers": {page.OURS: figures(40, 3000, 900, models=20.0), **others}}


def test_where_we_lose_is_said() -> None:
    """20 s of our 40 are in the models that others stand for: of 10 s it is twice the time; of the CPU all counts."""
    (line,) = page.losses(measured(Quick=figures(10, 6000, 300)))
    assert line == (
        "* Quick: we take 2.0 times the time, 4.0 times the CPU, 3.0 times the lines; it takes 2.0 times the memory."
    )


def test_seconds_on_shared_cores_are_not_compared() -> None:
    """Others had 8 of the 20 CPU seconds that two cores have in 10 s."""
    busy = measured(Quick=figures(10, 6000, 300, others_cpu=8.0))
    (line,) = page.losses(busy)
    assert page.shares(busy) == {"Quick": 0.4}
    assert line == "* Quick: we take 4.0 times the CPU, 3.0 times the lines; it takes 2.0 times the memory."


def test_a_time_with_other_rows_does_not_count() -> None:
    (line,) = page.losses(measured(Wrong=figures(1, 1, 1, differing=7)))
    assert line == "* Wrong: 7 rows differ, so its figures do not count."


def test_what_was_not_measured_is_said() -> None:
    missing = {"lines": 5, "left_out": ".venv-spark is not installed (bin/install-extra spark)"}
    assert (
        "| Spark | not measured: .venv-spark is not installed (bin/install-extra spark) | | | 5 | |"
        in page.table(measured(Spark=missing))
    )
    assert page.losses(measured(Spark=missing)) == []


def test_a_process_that_nobody_waits_for_counts() -> None:
    """As a server's, which goes on after it has answered, or a virtual machine that ends by itself."""
    work = "sum(n * n for n in range(3_000_000)); print('done', flush=True); input()"
    with Watch() as watch:
        watch.begin("work")
        with subprocess.Popen(
            [sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout is not None
            other.stdout.readline()
            watch.begin("rest")
            other.communicate("\n")
    # Three million turns of a loop take a tenth of a second on any machine; a worker of tests has done much before.
    assert watch.stages["work"].cpu > 0.1
    assert watch.stages["work"].cpu > watch.stages["rest"].cpu


def test_the_page_is_what_the_measurements_make() -> None:
    """Nobody writes a figure into it by hand."""
    found = page.found()
    assert found, "nothing was measured; run: make bench-peers"
    assert page.PAGE.read_text(encoding="utf-8") == page.text(found)

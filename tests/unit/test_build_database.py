"""The build database is removed where it is damaged, and only there: it takes minutes to build a nation again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.build_database import remove_if_damaged
from tests.small_disk import small_disk

HOLDER = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "build" / "build.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute('create schema "a ""b"')
        connection.execute(
            'create table "a ""b".rows as select i, sha256(i::varchar) as text from range(50000) as t(i)'
        )
    return path


def rows(database: Path) -> int:
    with duckdb.connect(str(database), read_only=True) as connection:
        ((found,),) = connection.execute('select count(*) from "a ""b".rows').fetchall()
    return int(found)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100_000])


def header_alone(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4096])


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(100_000))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("<<<<<<< HEAD")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "x").write_text("x")


def link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to("nothing")


def link_to_a_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/null")


def of_another_version(path: Path) -> None:
    """Written by a DuckDB to come: its number is in the header, whose checksum is right."""
    data = bytearray(path.read_bytes())
    data[12] = 250
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [cut, header_alone, garbage, empty, text, folder, link_to_nothing, link_to_a_device, of_another_version],
)
def test_what_cannot_be_opened_is_removed_and_said_in_one_line(
    damage: Callable[[Path], None], database: Path
) -> None:
    damage(database)
    (database.parent / "build.duckdb.wal").write_bytes(b"of it")
    said = remove_if_damaged(database)
    assert said is not None
    assert said.startswith(f"{database}: damaged (")
    assert "\n" not in said
    assert {path.name for path in database.parent.iterdir()} == {".dbt.lock"}
    assert remove_if_damaged(database) is None


@pytest.mark.parametrize("left", [b"", b"\x00" * 5000, b"\xff" * 5000])
def test_a_log_of_changes_that_is_no_such_does_not_outlive_it(left: bytes, database: Path) -> None:
    """Whether DuckDB passes over it or gives up: dbt can write afterwards."""
    (database.parent / "build.duckdb.wal").write_bytes(left)
    remove_if_damaged(database)
    with duckdb.connect(str(database)) as connection:
        connection.execute("create table after_it as select 1")


def test_a_log_without_its_database_goes_with_it(database: Path) -> None:
    database.unlink()
    (database.parent / "build.duckdb.wal").write_bytes(os.urandom(5000))
    assert remove_if_damaged(database) is None
    assert not (database.parent / "build.duckdb.wal").exists()


def test_a_damaged_block_is_found_by_reading_all(database: Path) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "create table large as select i, sha256(i::varchar) as text from range(50000) as t(i)"
        )
        connection.execute("checkpoint")
        query = "select max(block_id) from pragma_storage_info('large') where segment_type = 'VARCHAR'"
        ((block,),) = connection.execute(query).fetchall()
    with database.open("r+b") as file:
        file.seek(3 * 4096 + block * 262144 + 1000)
        file.write(b"\xff" * 100)
    assert remove_if_damaged(database) is None
    said = remove_if_damaged(database, is_read_whole=True)
    assert said is not None
    assert "checksum" in said
    assert not database.exists()


@pytest.mark.parametrize("is_read_whole", [False, True])
def test_a_sound_one_stays(database: Path, is_read_whole: bool) -> None:
    assert remove_if_damaged(database, is_read_whole=is_read_whole) is None
    assert rows(database) == 50_000


def test_one_that_somebody_holds_is_not_damaged(database: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert remove_if_damaged(database, is_read_whole=True) is None
        holder.kill()
    assert rows(database) == 50_000


def test_one_on_a_full_disk_is_not_damaged(tmp_path: Path) -> None:
    with small_disk(tmp_path / "build", 32) as disk:
        database = disk.folder / "build.duckdb"
        with duckdb.connect(str(database)) as connection:
            connection.execute("create table kept as select 1 as a")
        # Its last changes lie beside it, and there is no room to take them in.
        changing = (
            "import os, sys, duckdb; c = duckdb.connect(sys.argv[1]);"
            " c.execute('insert into kept from range(60000)'); os._exit(0)"
        )
        subprocess.run([sys.executable, "-c", changing, str(database)], check=True)
        disk.fill()
        assert remove_if_damaged(database, is_read_whole=True) is None
        disk.empty()
        assert remove_if_damaged(database) is None
        with duckdb.connect(str(database)) as connection:
            assert connection.execute("select count(*) from kept").fetchall() == [(60_001,)]

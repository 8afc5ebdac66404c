"""What PostgreSQL serves is what the released file holds: every value, key, comment and view.

Belongs here: content of one publication. Does not belong here: swaps (`test_swap.py`) and failures (`test_failures.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from orchestration.publishing.marts import Column, PublishError, relations
from orchestration.publishing.postgres import publish_to_postgres
from orchestration.publishing.postgres_tables import postgres_type
from orchestration.publishing.release import Release
from tests.bi.server import Server, rows

pytestmark = pytest.mark.bi
MakeRelease = Callable[..., Release]

#: A column of each type, and texts that CSV could spoil.
TEXTS = (
    "'NULL'",
    "''",
    "'say \"no\", ''and'' \t'",
    "concat('a', chr(10), '\\.', chr(10), '\\N b\\')",  # the end of the rows, and null, in other formats
    "'\\.'",
    "concat(chr(13), chr(10), ' ', chr(8203), ' a ')",
    "'ă, ệ; 100 %'",
)
KINDS = {
    "mart_kinds": (
        "is_it boolean, small smallint, big bigint, huge hugeint, score decimal(6, 2), ratio double, half float,"
        " day date, at_time time, seen timestamp, seen_at timestamptz, number uuid, names varchar[], counts integer[],"
        " parts struct(a integer, b varchar), id integer, told varchar",
        """
        select true, 1, 9007199254740993, 170141183460469231731687303715884105727, 66.01, 0.1::double + 0.2, 0.5,
            date '2026-10-10', time '23:59:59.123456', timestamp '2026-10-10 01:30:00.123456',
            timestamptz '2026-10-10 01:30:00+00', '7d63c6b8-694e-407b-b45f-6f4552881d22'::uuid,
            ['Hà Nội', 'a"b', null, ''], [1, null], {'a': 1, 'b': 'x,y'}, 1, 'Đồng Nai'
        union all by position
        select false, -1, -1, -1, -0.01, 'nan', '-infinity', null, null, null, null, null, [], [], {'a': null, 'b': ''},
            2, null
        union all by position
        select null, null, null, null, null, 'infinity', null, null, null, null, null, null, null, null, null,
            3 + generate_subscripts($texts, 1), unnest($texts)
        """.replace(" by position", "").replace("$texts", f"[{', '.join(TEXTS)}]"),
    )
}


def both(release: Release, url: str) -> dict[str, tuple[list[Any], list[Any]]]:
    """Each relation of `marts` with its rows in the file and in PostgreSQL, as text where a nan is no equal of itself."""
    found = {}
    with (
        duckdb.connect(str(release.folder / "warehouse.duckdb"), read_only=True) as served,
        psycopg.connect(url) as connection,
    ):
        served.execute("set TimeZone = 'UTC'")
        connection.execute("set TimeZone = 'UTC'")
        for relation in relations(served, "marts"):
            query = f'select * from marts."{relation.name}"'
            found[relation.name] = (
                sorted(map(repr, map(_plain, served.execute(query).fetchall()))),
                sorted(map(repr, map(_plain, connection.execute(query.encode()).fetchall()))),
            )
    return found


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Moments in one zone, whole numbers as such: the clients differ in it."""
    return tuple(
        value.astimezone(UTC)
        if isinstance(value, datetime) and value.tzinfo
        else int(value)
        if isinstance(value, Decimal) and value == int(value)
        else value
        for value in row
    )


def test_every_row_is_as_in_the_file(release: MakeRelease, serving: Path, url: str) -> None:
    made = release(more=KINDS)
    publish_to_postgres(serving, url)
    found = both(made, url)
    assert sorted(found) == [
        "dim_unit",
        "ind_publish_on_time",
        "mart_indicator_scores",
        "mart_kinds",
        "release",
    ]
    for name, (in_file, in_postgres) in found.items():
        assert in_postgres == in_file, name
    assert [len(found[name][0]) for name in sorted(found)] == [2, 2, 4, 2 + len(TEXTS), 1]


def test_many_rows_arrive_in_their_order(release: MakeRelease, serving: Path, url: str) -> None:
    """More than one chunk, and more than one thread of DuckDB's."""
    release(
        more={
            "mart_many": ("id bigint, told varchar", "select i, repeat('ă', 20) from range(300000) as t(i)")
        }
    )
    publish_to_postgres(serving, url)
    assert rows(url, "select count(*), sum(id), bool_and(told = repeat('ă', 20)) from marts.mart_many") == [
        (300000, 299999 * 150000, True)
    ]
    in_place = (
        "select bool_and(id >= before) from"
        " (select id, lag(id, 1, 0::bigint) over (order by ctid) as before from marts.mart_many) as t"
    )
    assert rows(url, in_place) == [(True,)]


def test_types_are_those_of_the_contract(release: MakeRelease, serving: Path, url: str) -> None:
    release(more=KINDS)
    publish_to_postgres(serving, url)
    found = rows(
        url,
        "select format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = 'marts.mart_kinds'::regclass and attnum > 0 order by attnum",
    )
    assert [kind for (kind,) in found] == [
        "boolean", "smallint", "bigint", "numeric(39,0)", "numeric(6,2)", "double precision", "real", "date",
        "time without time zone", "timestamp without time zone", "timestamp with time zone", "uuid", "jsonb", "jsonb",
        "jsonb", "integer", "text", "text",
    ]  # fmt: skip


def test_a_type_without_a_counterpart_is_refused_with_a_sentence() -> None:
    with pytest.raises(PublishError, match=r"mart_x\.photo: found type BLOB, expected one of BOOLEAN"):
        postgres_type("mart_x", Column("photo", "BLOB"))


def test_comments_are_those_of_the_file(release: MakeRelease, serving: Path, url: str) -> None:
    made = release()
    publish_to_postgres(serving, url)
    told = dict(
        rows(
            url,
            "select concat_ws('.', relname, attname), description from pg_description"
            " join pg_class on pg_class.oid = objoid and classoid = 'pg_class'::regclass"
            " left join pg_attribute on attrelid = objoid and attnum = objsubid and objsubid > 0"
            " where relnamespace = 'marts'::regnamespace",
        )
    )
    with duckdb.connect(str(made.folder / "warehouse.duckdb"), read_only=True) as served:
        expected = {
            name: comment
            for relation in relations(served, "marts")
            for name, comment in (
                (relation.name, relation.comment),
                *((f"{relation.name}.{column.name}", column.comment) for column in relation.columns),
            )
            if comment
        }
    assert told == expected
    assert told["dim_unit.name_vi"] == 'Tên, "in" Vietnamese\n100 % of it'


def test_keys_lead_with_the_unit_and_what_is_never_null_says_so(
    release: MakeRelease, serving: Path, url: str
) -> None:
    release()
    publish_to_postgres(serving, url)
    found = rows(
        url,
        "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint"
        " where connamespace = 'marts'::regnamespace order by 1",
    )
    assert found == [
        ("marts.dim_unit", "UNIQUE NULLS NOT DISTINCT (unit_code, valid_from)"),
        (
            "marts.mart_indicator_scores",
            "PRIMARY KEY (unit_code, basis, period_type, period_start, metric_code)",
        ),
    ]
    assert rows(
        url,
        "select attname from pg_attribute where attrelid = 'marts.dim_unit'::regclass and attnotnull and attnum > 0"
        " order by attnum",
    ) == [("unit_code",), ("release_id",)]
    ((index,),) = rows(
        url,
        "select pg_get_indexdef(indexrelid) from pg_index where indrelid = 'marts.mart_indicator_scores'::regclass"
        " and not indisprimary",
    )
    assert str(index).endswith("(unit_level, period_type, basis, period_start)")


def test_planners_know_the_tables_at_once(release: MakeRelease, serving: Path, url: str) -> None:
    release()
    publish_to_postgres(serving, url)
    assert rows(
        url, "select reltuples from pg_class where oid = 'marts.mart_indicator_scores'::regclass"
    ) == [(4,)]


def test_closed_months_are_carried_along(release: MakeRelease, serving: Path, url: str) -> None:
    made = release()
    _close(made)
    publish_to_postgres(serving, url)
    assert rows(url, "select unit_code, closed_month, revision from closed.mart_index") == [
        ("75", "2026-09", 1)
    ]

    release(2)  # which has none
    publish_to_postgres(serving, url)
    assert rows(
        url, "select to_regnamespace('closed') is null, count(*) from closed_previous.mart_index"
    ) == [(True, 1)]


def _close(made: Release) -> None:
    """As `closed_schema.add_closed` leaves it."""
    database = made.folder / "warehouse.duckdb"
    database.chmod(0o644)
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "create schema closed; create table closed.mart_index as"
            " select '75' as unit_code, '2026-09' as closed_month, 1::integer as revision"
        )


def test_readers_may_read_each_release_and_write_none(
    release: MakeRelease, serving: Path, url: str, server: Server
) -> None:
    reader = server.reader_of(url)
    for number in (1, 2, 3):
        made = release(number)
        publish_to_postgres(serving, url)
        assert rows(reader, "select distinct release_id from marts.ind_publish_on_time") == [
            (made.release_id,)
        ]
        for statement in (
            "delete from marts.dim_unit",
            "update marts.dim_unit set name_vi = ''",
            "create table marts.mine (a integer)",
            "drop table marts.dim_unit",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                rows(reader, statement)

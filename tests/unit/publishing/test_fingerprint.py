"""What counts as another content of a mart, and what does not.

Belongs here: `describe` and `write` of `marts.py`, without releases.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing.marts import Mart, describe, write

MakeBuild = Callable[..., Path]
Tree = Callable[[Path], dict[str, str]]

MANIFEST = {
    "release_id": "r1", "created_at": "2026-10-10T01:30:00+00:00", "contains_synthetic": False, "gates": [], "code": {},
}  # fmt: skip

# What a mart holds, and what else it might hold.
CHANGES = {
    "a cell": ("select 1 as a, 2 as b", "select 1 as a, 3 as b"),
    "a value instead of null": ("select null::int as a", "select 0 as a"),
    "an empty text instead of null": ("select null::varchar as a", "select '' as a"),
    "the text NULL instead of null": ("select null::varchar as a", "select 'NULL' as a"),
    "the last digit of a double": ("select 0.3::double as a", "select 0.1::double + 0.2::double as a"),
    "two cells swapped in a row": ("select 1 as a, 2 as b", "select 2 as a, 1 as b"),
    "two cells equal and changed alike": ("select 1 as a, 1 as b", "select 2 as a, 2 as b"),
    "two cells swapped between rows": (
        "select * from (values (1, 1), (2, 2)) as t(a, b)",
        "select * from (values (1, 2), (2, 1)) as t(a, b)",
    ),
    "an added column": ("select 1 as a", "select 1 as a, 2 as b"),
    "an added column without a value": ("select 1 as a", "select 1 as a, null::int as b"),
    "a renamed column": ("select 1 as a", "select 1 as b"),
    "columns in another order": ("select 1 as a, 1 as b", "select 1 as b, 1 as a"),
    "a changed type": ("select 1::integer as a", "select 1::bigint as a"),
    "one row less": ("select 1 as a from range(3)", "select 1 as a from range(2)"),
    "another pair of equal rows": ("select unnest([1, 1, 5]) as a", "select unnest([3, 3, 5]) as a"),
    "another row three times": ("select unnest([1, 3, 3, 3]) as a", "select unnest([1, 1, 1, 3]) as a"),
    "another column than `t`": ("select 1 as t, 2 as b", "select 1 as t, 3 as b"),
    "no rows": ("select 1 as a", "select 1 as a limit 0"),
    "a list in another order": ("select [1, 2] as a", "select [2, 1] as a"),
    "an empty list instead of null": ("select null::int[] as a", "select []::int[] as a"),
    "a list of nothing": ("select []::int[] as a", "select [null]::int[] as a"),
    "an item in the next list": ("select [1, 2] as a, [3] as b", "select [1] as a, [2, 3] as b"),
    "a struct of nothing": ("select null::struct(x int) as a", "select {'x': null::int} as a"),
}

# The same content, said in another way.
SAME = {
    "rows in another order": ("select unnest([1, 2, 3]) as a", "select unnest([3, 1, 2]) as a"),
    "equal rows apart": ("select unnest([1, 1, 2]) as a", "select unnest([1, 2, 1]) as a"),
    "many rows": ("select i as a from range(5000) as t(i)", "select 4999 - i as a from range(5000) as t(i)"),
    "one moment in two zones": (
        "select timestamptz '2026-10-10 07:00:00+07' as a",
        "select timestamptz '2026-10-10 00:00:00+00' as a",
    ),
}


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Mart], dict[str, Mart]]:
    """Every pair as a table of the same name in two builds."""
    both = []
    for side in (0, 1):
        path = tmp_path_factory.mktemp("builds") / "build.duckdb"
        with duckdb.connect(path) as connection:
            connection.execute("create schema marts")
            for name, pair in {**CHANGES, **SAME}.items():
                connection.execute(f'create table marts."{name.replace("`", "")}" as {pair[side]}')
        both.append({table.name: table for table in describe(path)})
    return both[0], both[1]


@pytest.mark.parametrize("change", CHANGES)
def test_another_content_has_another_fingerprint(
    change: str, described: tuple[dict[str, Mart], dict[str, Mart]]
) -> None:
    before, after = (side[change.replace("`", "")] for side in described)
    assert before.fingerprint != after.fingerprint


@pytest.mark.parametrize("same", SAME)
def test_the_same_content_has_the_same_fingerprint(
    same: str, described: tuple[dict[str, Mart], dict[str, Mart]]
) -> None:
    before, after = (side[same] for side in described)
    assert before == after


def test_tables_are_described_by_name_with_columns_types_and_rows(make_build: MakeBuild) -> None:
    tables = describe(make_build({"mart_index": None}))
    told = [(table.name, tuple((c.name, c.type) for c in table.columns), table.rows) for table in tables]
    assert told == [
        ("dim_unit", (("unit_code", "VARCHAR"), ("name_vi", "VARCHAR")), 3),
        (
            "mart_province_ranking",
            (
                ("unit_code", "VARCHAR"),
                ("rank", "INTEGER"),
                ("total_score", "DECIMAL(6,2)"),
                ("as_of", "DATE"),
            ),
            3,
        ),
    ]


def test_the_same_marts_give_the_same_parquet_bytes(
    tmp_path: Path, make_build: MakeBuild, tree: Tree
) -> None:
    trees = []
    for number, order in enumerate(["i", "j desc, i desc"]):
        build = make_build({"mart_long": f"select i, i % 7 as j from range(20000) as t(i) order by {order}"})
        write(build, describe(build), MANIFEST, tmp_path / str(number))
        trees.append(tree(tmp_path / str(number) / "parquet"))
    assert trees[0] == trees[1]

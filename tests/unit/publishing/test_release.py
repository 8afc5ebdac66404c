"""What a release is, when there is a new one, and when there is none.

Belongs here: publishing that runs to its end, or is refused. Not here: crashes, readers, which releases are kept.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.publishing.manifest import DamagedReleaseError
from orchestration.publishing.marts import PublishError, open_marts
from orchestration.publishing.release import (
    SERVED,
    Release,
    current,
    damaged_releases,
    list_releases,
    served_folder,
)
from orchestration.publishing.rollback import ReleaseHeldError, lift_hold, roll_back

MakeBuild = Callable[..., Path]
ReleaseBuild = Callable[..., Release]
Tree = Callable[[Path], dict[str, str]]
DatabaseRows = Callable[..., dict[str, list[tuple[Any, ...]]]]

RANKING = "mart_province_ranking"


def test_before_the_first_release_nothing_is_served(serving: Path) -> None:
    assert current(serving) is None


def test_the_first_release_serves_four_things_through_one_link(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    made = release_build(make_build())
    assert made.is_new
    assert made.release_id.startswith("20261010T013000Z-")
    assert os.readlink(serving / "current") == f"releases/{made.release_id}"
    assert {path.name for path in serving.iterdir()} == {"current", "releases", *SERVED}
    assert {name: os.readlink(serving / name) for name in SERVED} == {
        name: f"current/{name}" for name in SERVED
    }
    assert [path.name for path in (serving / "releases").iterdir()] == [made.release_id]
    assert {path.name for path in made.folder.iterdir()} == set(SERVED)  # no write-ahead log, nothing aside


def test_database_parquet_manifest_and_report_agree_with_the_build_and_carry_the_release_id(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild, database_rows: DatabaseRows
) -> None:
    build = make_build()
    made = release_build(build)
    served = database_rows(serving / "warehouse.duckdb")
    manifest = json.loads((serving / "manifest.json").read_text(encoding="utf-8"))

    assert database_rows(serving / "warehouse.duckdb", ["release_id"]) == database_rows(build)
    assert {row[-1] for rows in served.values() for row in rows} == {made.release_id}
    assert (
        {path.stem for path in (serving / "parquet").iterdir()}
        == {*served, "release"}
        == set(manifest["tables"])
    )
    with duckdb.connect(str(serving / "warehouse.duckdb"), read_only=True) as connection:
        for name, told in manifest["tables"].items():
            table = connection.table(f"marts.{name}")
            parquet = duckdb.read_parquet(str(serving / "parquet" / f"{name}.parquet"))
            assert parquet.order("all").fetchall() == served.get(name, table.fetchall())
            assert (parquet.columns, parquet.types) == (table.columns, table.types)
            assert told["columns"] == table.columns
            assert told["rows"] == len(table)
    assert manifest["release_id"] == made.release_id
    assert manifest == dict(made.manifest)
    assert (
        (serving / "report.html")
        .read_text(encoding="utf-8")
        .startswith(f"<h1>Release {made.release_id}</h1>")
    )


def test_the_manifest_says_what_the_release_rests_on(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    gates = [{"suite": "Cổng", "table": "marts.t", "success": True, "checks": 2, "failed": []}]
    release_build(make_build(), batches=["b2", "b1"], gates=gates, contains_synthetic=True)
    text = (serving / "manifest.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    assert manifest["created_at"] == "2026-10-10T01:30:00+00:00"
    assert [(entry["batch"], entry["files"]) for entry in manifest["inputs"]] == [
        ("b2", ["b2.json"]),
        ("b1", ["b1.json"]),
    ]
    assert manifest["gates"] == gates
    assert manifest["code"] == {"revision": "abc123"}
    assert manifest["versions"] == {"duckdb": duckdb.__version__}
    assert manifest["contains_synthetic"] is True
    assert "Cổng" in text  # a person can read it


def test_one_row_says_which_release_it_is_and_what_it_rests_on(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    """Three expectations of the one gate; 10 October is the newest day of any mart; the fixture's code is unknown."""
    made = release_build(make_build())
    with duckdb.connect(str(serving / "warehouse.duckdb"), read_only=True) as connection:
        (row,) = connection.execute(
            "select release_id, created_at = timestamptz '2026-10-10 01:30:00+00', as_of, contains_synthetic,"
            " gates_passed, checks_passed from marts.release"
        ).fetchall()
    assert row == (made.release_id, True, date(2026, 10, 10), False, 1, 3)


def test_a_description_is_a_comment_and_what_is_never_null_is_served_so(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    """And another description is another release: a reader sees it."""
    build = make_build()
    before = release_build(build)
    with duckdb.connect(build) as connection:
        connection.execute("comment on table marts.dim_unit is 'One row per unit''s name.'")
        connection.execute("comment on column marts.dim_unit.name_vi is 'Its name.'")
        connection.execute("alter table marts.dim_unit alter column unit_code set not null")
    after = release_build(build, 60)
    assert after.release_id != before.release_id
    with duckdb.connect(str(serving / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute(
            "select comment from duckdb_tables() where table_name = 'dim_unit'"
        ).fetchall() == [("One row per unit's name.",)]
        assert connection.execute(
            "select column_name, is_nullable, comment is not null from duckdb_columns() where table_name = 'dim_unit'"
        ).fetchall() == [("unit_code", False, False), ("name_vi", True, True), ("release_id", False, True)]


def test_only_the_marts_are_served_and_views_become_tables(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    build = make_build()
    with duckdb.connect(build) as connection:
        connection.execute(
            "create view marts.mart_top as select * from marts.dim_unit where unit_code = '75'"
        )
    release_build(build)
    with duckdb.connect(str(serving / "warehouse.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name, table_type from information_schema.tables order by table_name"
        ).fetchall()
        assert tables == [
            ("marts", name, "BASE TABLE")
            for name in ("dim_unit", "mart_index", RANKING, "mart_top", "release")
        ]
        assert connection.execute("select name_vi from marts.mart_top").fetchall() == [("Đồng Nai",)]


def test_publishing_the_same_build_again_changes_not_a_byte(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild, tree: Tree
) -> None:
    build = make_build()
    first = release_build(build)
    before = tree(serving)
    again = release_build(build, seconds=86_400, code={"revision": "def456"})
    assert not again.is_new
    assert (again.release_id, again.folder, again.manifest) == (
        first.release_id,
        first.folder,
        first.manifest,
    )
    assert tree(serving) == before


def test_the_same_rows_in_another_order_are_the_same_release(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild, tree: Tree
) -> None:
    release_build(make_build({"mart_long": "select i, i % 7 as j from range(5000) as t(i) order by i"}))
    before = tree(serving)
    turned = {"mart_long": "select i, i % 7 as j from range(5000) as t(i) order by j desc, i desc"}
    assert not release_build(make_build(turned), seconds=1).is_new
    assert not release_build(make_build(turned), seconds=1, batches=["b1"]).is_new
    assert tree(serving) == before


def test_the_order_of_input_batches_makes_no_new_release(
    make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    build = make_build()
    assert release_build(build, batches=["b1", "b2"]).is_new
    assert not release_build(build, seconds=1, batches=["b2", "b1"]).is_new


@pytest.mark.parametrize(
    "changes",
    [
        {RANKING: "select '75' as unit_code, 1 as rank, 67.49::decimal(6, 2) as total_score"},
        {"dim_unit": "select '01' as unit_code, 'Hà Nội' as name_vi, 'Ha Noi' as name_en"},
        {"dim_unit": None},
        {"mart_score_gap": "select 1 as points limit 0"},
    ],
    ids=["changed cells", "an added column", "a table less", "a new table without rows"],
)
def test_changed_marts_make_a_new_release_that_holds_the_change(
    changes: dict[str, str | None],
    serving: Path,
    make_build: MakeBuild,
    release_build: ReleaseBuild,
    database_rows: DatabaseRows,
) -> None:
    first = release_build(make_build())
    build = make_build(changes)
    second = release_build(build, seconds=1)
    assert second.is_new
    assert second.release_id != first.release_id
    assert database_rows(serving / "warehouse.duckdb", ["release_id"]) == database_rows(build)


@pytest.mark.parametrize("batches", [["b1", "b2"], ["b2"], []], ids=["one more", "another", "none left"])
def test_other_input_batches_make_a_new_release_of_the_same_marts(
    batches: list[str], serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    build = make_build()
    first = release_build(build, batches=["b1"])
    second = release_build(build, seconds=1, batches=batches)
    assert second.is_new
    assert second.manifest["tables"] == first.manifest["tables"]
    served = json.loads((serving / "manifest.json").read_text(encoding="utf-8"))
    assert [entry["batch"] for entry in served["inputs"]] == batches


def test_other_inputs_make_a_new_release_of_the_same_marts_and_the_same_inputs_none(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild, tree: Tree
) -> None:
    """A bound or a word on a page moves no figure. What is served has to say that it is of them: the next night compares
    itself with that, and would call dbt and the gates for ever.
    """
    build = make_build()
    first = release_build(build, inputs_fingerprint="0123456789abcdef")
    second = release_build(build, seconds=1, inputs_fingerprint="fedcba9876543210")
    assert second.is_new
    assert second.manifest["tables"] == first.manifest["tables"]
    served = json.loads((serving / "manifest.json").read_text(encoding="utf-8"))
    assert (served["inputs_fingerprint"], served["previous"]) == ("fedcba9876543210", first.release_id)
    before = tree(serving)
    assert not release_build(build, seconds=2, inputs_fingerprint="fedcba9876543210").is_new
    assert tree(serving) == before


def test_the_same_marts_from_other_inputs_are_held_after_a_rollback(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    """Nothing new until a person lifts the hold; what is served, from its own inputs, is nothing new."""
    build = make_build()
    first = release_build(build, inputs_fingerprint="0123456789abcdef")
    release_build(make_build({RANKING: None}), seconds=1, inputs_fingerprint="fedcba9876543210")
    roll_back(serving, "duty officer", "the ranking is missing", datetime.now(UTC))
    build = make_build()
    assert release_build(build, 2, inputs_fingerprint="0123456789abcdef").release_id == first.release_id
    with pytest.raises(ReleaseHeldError, match="duty officer"):
        release_build(build, 3, inputs_fingerprint="0000000000000000")


def test_content_that_comes_back_within_a_second_is_served(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild, database_rows: DatabaseRows
) -> None:
    """A clock need not move on between a delivery, its retraction and the next run."""
    for changes in ({}, {RANKING: None}, {}):
        build = make_build(changes)
        release_build(build, seconds=0)
        assert database_rows(serving / "warehouse.duckdb", ["release_id"]) == database_rows(build)


def test_a_table_may_have_any_name(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild, database_rows: DatabaseRows
) -> None:
    names = ['mart "quoted" name', "mart'apostrophe", "Xếp hạng", "mart.dotted", "select"]
    release_build(make_build({name: f"select {number} as a" for number, name in enumerate(names)}))
    served = database_rows(serving / "warehouse.duckdb", ["release_id"])
    for number, name in enumerate(names):
        assert served[name] == [(number,)]
        assert (serving / "parquet" / f"{name}.parquet").is_file()


OVERDUE = "mart_overdue"
OF_PROVINCES = (
    "select * from (values ('H19', '75', 'A'), ('H19', '75', 'B'), ('H26', '01', 'C')) as t(agency, unit_code, dossier)"
)  # fmt: skip


def make_divided(build: Path, query: str, column: str = "agency") -> Path:
    """A mart of the build as its contract has it: the column that it is divided by is never null."""
    with duckdb.connect(build) as connection:
        connection.execute(f"create table marts.{OVERDUE} as {query}")
        connection.execute(f"alter table marts.{OVERDUE} alter {column} set not null")
    return build


def test_parquet_that_is_divided_is_a_file_for_each_value_and_read_as_one_mart(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    """The file of H19 holds its two and none of H26; '01' in it stays a text."""
    made = release_build(make_divided(make_build(), OF_PROVINCES), parquet_by={OVERDUE: "agency"})
    folder = serving / "parquet" / OVERDUE
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert files == [f"agency={agency}/{OVERDUE}.parquet" for agency in ("H19", "H26")]
    with duckdb.connect() as connection:
        own = connection.execute(
            "select dossier from read_parquet(?, hive_partitioning = false) order by 1",
            [str(folder / files[0])],
        )
        assert own.fetchall() == [("A",), ("B",)]
    with open_marts(serving) as connection:
        rows = connection.execute(f"select agency, unit_code, dossier from marts.{OVERDUE} order by 3")
        assert rows.fetchall() == [("H19", "75", "A"), ("H19", "75", "B"), ("H26", "01", "C")]
    assert made.manifest["tables"][OVERDUE]["parquet_by"] == "agency"
    assert oct((folder / files[0]).stat().st_mode)[-3:] == "444"


def test_divided_parquet_without_rows_still_has_its_columns(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    release_build(make_divided(make_build(), f"{OF_PROVINCES} where false"), parquet_by={OVERDUE: "agency"})
    with open_marts(serving) as connection:
        found = connection.execute(f"describe marts.{OVERDUE}").fetchall()
    assert [column for column, *_ in found] == ["agency", "unit_code", "dossier", "release_id"]


def test_the_same_marts_divided_otherwise_are_another_release(
    make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    build = make_divided(make_build(), OF_PROVINCES)
    assert release_build(build).is_new
    assert release_build(build, seconds=1, parquet_by={OVERDUE: "agency"}).is_new
    assert not release_build(build, seconds=2, parquet_by={OVERDUE: "agency"}).is_new


# --- refusals: PublishError, and what is served stays byte for byte ------------------------------------------------


@pytest.mark.parametrize(
    ("by", "query", "said"),
    [
        ("dossier", OF_PROVINCES, "'dossier', found nulls allowed; expected a column that the contract says is not null"),
        ("province", OF_PROVINCES, "'province', found no such column; expected"),
        ("agency", "select '../H19' as agency", "found '../H19' in agency, by which its Parquet is divided; expected"),
    ],
)  # fmt: skip
def test_what_cannot_name_a_folder_is_refused(
    by: str,
    query: str,
    said: str,
    serving: Path,
    make_build: MakeBuild,
    release_build: ReleaseBuild,
    tree: Tree,
) -> None:
    release_build(make_build())
    before = tree(serving.resolve() / "current" / "parquet")
    with pytest.raises(PublishError, match=re.escape(said)):
        release_build(make_divided(make_build(), query), seconds=1, parquet_by={OVERDUE: by})
    assert tree(serving.resolve() / "current" / "parquet") == before


@pytest.mark.parametrize("served_before", [True, False], ids=["over a release", "before the first"])
@pytest.mark.parametrize(
    ("gates", "named"),
    [
        (
            [{"suite": "release__good", "success": True}, {"suite": "release__bad", "success": False}],
            "release__bad",
        ),
        ([{"suite": "one", "success": False}, {"suite": "two", "success": False}], "one, two"),
        ([], "none ran"),
    ],
    ids=["one failed", "all failed", "none ran"],
)
def test_a_gate_that_did_not_pass_stops_the_release(
    gates: list[dict[str, Any]],
    named: str,
    served_before: bool,
    serving: Path,
    make_build: MakeBuild,
    release_build: ReleaseBuild,
    tree: Tree,
) -> None:
    if served_before:
        release_build(make_build())
    before = tree(serving)
    with pytest.raises(PublishError, match=named) as raised:
        release_build(make_build({RANKING: "select 0 as poisoned"}), seconds=1, gates=gates)
    assert "release__good" not in str(raised.value)
    assert tree(serving) == before
    assert serving.exists() is served_before


def test_even_the_release_that_is_served_is_not_confirmed_by_a_failed_gate(
    make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    build = make_build()
    release_build(build)
    with pytest.raises(PublishError, match="late"):
        release_build(build, seconds=1, gates=[{"suite": "late", "success": False}])


def _no_build(build: Path) -> None:
    build.unlink()


def _no_schema(build: Path) -> None:
    with duckdb.connect(build) as connection:
        connection.execute("drop schema marts cascade")


def _empty_schema(build: Path) -> None:
    with duckdb.connect(build) as connection:
        connection.execute("drop schema marts cascade; create schema marts")


def _a_folder(build: Path) -> None:
    build.unlink()
    build.mkdir()


def _text(build: Path) -> None:
    build.write_text("<html>not a database</html>")


def _cut_short(build: Path) -> None:
    os.truncate(build, 5000)


def _of_no_bytes(build: Path) -> None:
    os.truncate(build, 0)


def _own_release_id(build: Path) -> None:
    with duckdb.connect(build) as connection:
        connection.execute("create table marts.mart_own as select 'mine' as RELEASE_ID")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_no_build, "no build database"),
        (_a_folder, "no build database"),
        (_no_schema, "schema marts is empty"),
        (_empty_schema, "schema marts is empty"),
        (_of_no_bytes, "cannot be read"),
        (_text, "cannot be read"),
        (_cut_short, "cannot be read"),
        (_own_release_id, r"mart_own.*release_id"),
    ],
)
def test_a_build_that_cannot_be_published_is_named_and_changes_nothing(
    spoil: Callable[[Path], None],
    said: str,
    serving: Path,
    make_build: MakeBuild,
    release_build: ReleaseBuild,
    tree: Tree,
) -> None:
    build = make_build()
    release_build(build)
    before = tree(serving)
    spoil(build)
    with pytest.raises(PublishError, match=said) as raised:
        release_build(build, seconds=1)
    assert str(build) in str(raised.value)
    assert tree(serving) == before


def test_a_build_that_someone_is_writing_is_not_published(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    build = make_build()
    with duckdb.connect(build), pytest.raises(PublishError, match=r"build\.duckdb"):
        release_build(build)
    assert not serving.exists()


@pytest.mark.parametrize(
    "text",
    ["", '{"release_id": "r', "[]", "null", "{}", '{"release_id": "r1"}', '{"fingerprint": "f"}', "\udcff"],
    ids=["empty", "cut short", "a list", "null", "no fields", "no fingerprint", "no release_id", "not UTF-8"],
)
def test_a_damaged_manifest_is_named_until_the_next_release_takes_its_place(
    text: str, serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    made = release_build(make_build())
    manifest = made.folder / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DamagedReleaseError, match="section 'A release is damaged'") as raised:
        current(serving)
    assert str(manifest) in str(raised.value)
    assert damaged_releases(serving) == [str(raised.value)]
    again = release_build(
        make_build(), seconds=1
    )  # of the same marts: those served can no longer be known as such
    served = current(serving)
    assert served is not None
    assert (served.release_id, again.manifest["previous"]) == (again.release_id, made.release_id)


def test_a_release_that_is_damaged_loses_none_of_those_before_it(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    build = make_build()
    kept = [release_build(build, seconds=number, batches=[str(number)]) for number in range(5)]
    for release, damage in zip(kept[1:4], ("{", "[]", None), strict=True):
        (release.folder / "manifest.json").unlink()
        if damage is not None:
            (release.folder / "manifest.json").write_text(damage)
    made = release_build(build, seconds=10, batches=["b"])
    assert kept[3].release_id in "".join(damaged_releases(serving))
    assert [release.release_id for release in list_releases(serving)] == [
        made.release_id, kept[4].release_id, kept[0].release_id,
    ]  # fmt: skip
    roll_back(serving, "duty officer", "figures of last year", datetime.now(UTC), kept[0].release_id)
    assert (serving / "current").resolve() == kept[0].folder.resolve()


@pytest.mark.parametrize("left", ["a link to nothing", "nothing", "a file"])
def test_where_the_link_is_lost_the_next_release_makes_it_again(
    left: str, serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    first, second = release_build(make_build()), release_build(make_build(), seconds=1, batches=["b2"])
    (serving / "current").unlink()
    if left == "a link to nothing":
        (serving / "current").symlink_to("releases/none")
    if left == "a file":
        (serving / "current").write_text("")
    assert current(serving) is None
    assert served_folder(serving) == second.folder
    roll_back(serving, "duty officer", "nothing was served", datetime.now(UTC), first.release_id)
    lift_hold(serving, "duty officer", "it is again", datetime.now(UTC))
    made = release_build(make_build({RANKING: None}), seconds=2)
    found = current(serving)
    assert found is not None
    assert found.release_id == made.release_id
    assert {release.release_id for release in list_releases(serving)} >= {first.release_id, made.release_id}


@pytest.mark.parametrize("name", ["current", "parquet"])
def test_a_folder_in_place_of_a_link_is_refused_before_anything_is_swapped(
    name: str, serving: Path, make_build: MakeBuild, release_build: ReleaseBuild, tree: Tree
) -> None:
    """What a copy of the serving folder that follows links (`cp -rL`) leaves."""
    release_build(make_build())
    target = (serving / name).resolve()
    (serving / name).unlink()
    shutil.copytree(target, serving / name)
    before = tree(serving)
    with pytest.raises(PublishError, match=f"{name}: .*link"):
        release_build(make_build({RANKING: None}), seconds=1)
    assert tree(serving) == before


def test_a_file_in_place_of_a_link_is_replaced(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    serving.mkdir(parents=True)
    (serving / "warehouse.duckdb").write_text("of an older layout")
    release_build(make_build())
    assert os.readlink(serving / "warehouse.duckdb") == "current/warehouse.duckdb"


def test_the_manifest_names_keys_and_another_key_is_another_release(
    make_build: Callable[..., Path], release_build: Callable[..., Release]
) -> None:
    build = make_build()
    first = release_build(build, keys={"dim_unit": ("unit_code",)})
    assert first.manifest["tables"]["dim_unit"]["key"] == ["unit_code"]
    assert first.manifest["tables"]["mart_index"]["key"] == []
    assert not release_build(build, 1, keys={"dim_unit": ("unit_code",)}).is_new
    assert release_build(build, 2, keys={"dim_unit": ("unit_code", "name_vi")}).is_new

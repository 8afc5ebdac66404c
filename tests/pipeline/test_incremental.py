"""Night by night or all at once: the same tables, whatever came when.

Belongs here: that incremental models come to what `--full-refresh` makes of the same lake, and that they touch no
more than they must. Does not belong here: what an outcome should be (`test_records_settlement`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pipeline import any_clicks
from tests.pipeline.any_clicks import EDITS
from tests.pipeline.dbt_in_process import INCREMENTAL, Edit, Project, Warehouse
from tests.pipeline.records_lake import build, empty_lake, write

pytestmark = pytest.mark.slow

SELECTED = ("-s", "+int_dossiers__daily", "+int_dossiers__open_daily", "+int_procedures__active_days",
            "+mart_source_quality")  # fmt: skip
COMPARED = (
    "core.core_dossiers__progress",
    "core.core_dossiers__latest",
    "core.fct_dossier",
    "intermediate.int_dossiers__daily",
    "intermediate.int_dossiers__open_daily",
    "intermediate.int_procedures__active_days",
    "core.bridge_agency_to_unit",
    "marts.mart_source_quality",
)
PROCEDURE = {"procedure_code": "1.000001", "name_vi": "Thủ tục", "execution_level": "commune",
             "statutory_limit": 3, "limit_unit": "working_day", "is_fee_bearing": True,
             "online_level": 4, "is_open_to_citizens": True}  # fmt: skip
UNKNOWN_AGENCY = "H99.77"


def make(data: Path, *arguments: str) -> None:
    """Seeds and the selected models; what their own tests say is asked elsewhere."""
    build(data, *SELECTED, "--exclude-resource-type", "test", *arguments)


def tables(data: Path) -> dict[str, list[Any]]:
    """Every row of the compared tables, ordered."""
    with duckdb.connect(str(data / "build" / "build.duckdb"), read_only=True) as connection:
        return {
            table: connection.execute(f"select columns(*)::varchar from {table} order by all").fetchall()
            for table in COMPARED
        }


def assert_same_as_at_once(data: Path) -> None:
    """Build the same lake in a folder of its own, and compare."""
    other = data.with_name(data.name + "-at-once")
    shutil.rmtree(other, ignore_errors=True)
    (other / "build").mkdir(parents=True)
    (other / "lake").symlink_to(data / "lake")
    make(other)
    at_once, by_night = tables(other), tables(data)
    for table in COMPARED:
        assert by_night[table] == at_once[table], table


def dossier(code: str, **fields: Any) -> dict[str, Any]:
    """Received on Monday 14 July 2025 without a due moment, so that the procedure's limit counts."""
    return {"dossier_code": code, "procedure_code": "1.000001", "channel_code": 2, "status_code": 4,
            "submitted_at": "2025-07-14 07:00:00", "received_at": "2025-07-14 08:00:00", **fields}  # fmt: skip


def step(code: str, at: str, status: int) -> dict[str, Any]:
    return {"dossier_code": code, "acted_at": at, "status_code": status}


def finished(code: str, at: str, **fields: Any) -> dict[str, Any]:
    return dossier(code, status_code=9, finished_at=at, **fields)


A, B, C, D, E = (f"H19.{n}-250714-000{n}" for n in (11, 12, 13, 14, 15))
LOST = f"{UNKNOWN_AGENCY}-250714-0001"

#: What came, night by night, and what of it is not simply a new dossier.
NIGHTS: list[tuple[str, Mapping[str, list[dict[str, Any]]]]] = [
    ("the first", {
        "procedures": [PROCEDURE],
        "dossiers": [dossier(A), finished(B, "2025-07-16 09:00:00"), dossier(C), dossier(E), dossier(LOST)],
        "progress": [step(A, "2025-07-14 08:00:00", 2)],
    }),
    ("A ends; a state of B older than what is known; of C only a step, which ends it", {
        "dossiers": [finished(A, "2025-07-15 07:45:00"), dossier(B, status_code=2), dossier(D)],
        "progress": [step(C, "2025-07-17 10:00:00", 9), step(A, "2025-07-14 07:30:00", 1)],
    }),
    ("nothing of any dossier: a catalogue comes late, a petition names B, a lost agency is found", {
        "procedures": [{**PROCEDURE, "statutory_limit": 1, "delivery_date": "2025-11-03"},
                       {**PROCEDURE, "statutory_limit": 9, "delivery_date": "2025-12-03"}],
        "petitions": [{"petition_id": "K1", "agency_code": "H19.12", "received_at": "2025-07-20 08:00:00",
                       "kind": "procedure", "status": "open", "dossier_code": B, "likes": 0, "dislikes": 0}],
        "unit_catalogue": [{"agency_code": UNKNOWN_AGENCY, "name_vi": "Phường Trấn Biên", "unit_level": "commune",
                            "parent_agency_code": "H19", "state_code": "26041", "valid_from": "2025-07-01"}],
    }),
    ("E loses both dates that it could be counted by; the petition names nobody any more", {
        "dossiers": [dossier(E, submitted_at=None, received_at=None, status_code=9,
                             finished_at="2025-07-30 08:00:00")],
        "petitions": [{"petition_id": "K1", "agency_code": "H19.12", "received_at": "2025-07-20 08:00:00",
                       "kind": "procedure", "status": "open", "likes": 0, "dislikes": 0,
                       "delivery_date": "2025-12-04"}],
    }),
]  # fmt: skip


def land(data: Path, night: int, delivered: Mapping[str, list[dict[str, Any]]]) -> None:
    for dataset, rows in delivered.items():
        dated = [{"delivery_date": f"2025-12-0{night}", **row} for row in rows]
        write(data, dataset, dated, batch=f"000000000000000{night}")


def test_each_night_comes_to_what_all_at_once_does(tmp_path: Path) -> None:
    data = tmp_path / "data"
    empty_lake(data)
    for night, (_, delivered) in enumerate(NIGHTS, start=1):
        land(data, night, delivered)
        make(data)
        assert_same_as_at_once(data)
    outcomes = dict(rows_of(data, "select dossier_code, outcome from core.fct_dossier"))
    # One working day from Monday 08:00: A ended in time, B and C did not, D is open, E cannot be counted.
    assert outcomes == {A: "on_time", B: "overdue", C: "overdue", D: "open", E: None, LOST: "open"}

    # A delivery is taken back: what was made from it is made anew.
    shutil.rmtree(data / "lake" / "dossiers" / "batch=0000000000000002")
    make(data)
    assert_same_as_at_once(data)
    assert rows_of(data, f"select outcome from core.fct_dossier where dossier_code = '{A}'") == [("open",)]


def test_after_a_build_that_died_in_between_the_next_is_a_whole_one(tmp_path: Path) -> None:
    """What had been computed is computed again, and adds nothing twice."""
    data = tmp_path / "data"
    empty_lake(data)
    land(data, 1, NIGHTS[0][1])
    make(data)
    land(data, 2, NIGHTS[1][1])
    build(data, "-s", "core_dossiers__versions", "core_dossiers__progress", command="run")
    make(data)
    assert_same_as_at_once(data)


@pytest.fixture
def warehouse() -> Warehouse:
    """An empty lake, and tables that were made from it."""
    made = any_clicks.warehouse()
    made.begin()
    return made


def assert_same_as_a_full_refresh(warehouse: Warehouse, project: Project | None = None) -> None:
    built, refreshed = warehouse.night(project), warehouse.full_refresh(project)
    for table in INCREMENTAL:
        assert built[table] == refreshed[table], table


def outcomes(warehouse: Warehouse) -> dict[str, str]:
    return dict(warehouse.execute("select dossier_code, outcome from core.fct_dossier"))


def test_dbt_is_called_on_this_lake_whatever_another_test_of_the_process_has_named(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job names its folders in the environment (`orchestration.defs.resources`). Once, the search went on in those: it
    compared the database that it began with to itself."""
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(tmp_path))
    warehouse.deliver("procedures", "0" * 15 + "1", [PROCEDURE])
    warehouse.deliver("dossiers", "0" * 15 + "1", [dossier(A)])
    warehouse.night()
    assert outcomes(warehouse) == {A: "open"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("alone", INCREMENTAL)
def test_a_model_run_alone_keeps_nothing_from_those_below_it(warehouse: Warehouse, alone: str) -> None:
    """One model materialised in Dagster's UI, its parents still without the delivery: it must not take it for read."""
    warehouse.deliver("procedures", "0" * 15 + "1", [PROCEDURE])
    warehouse.deliver("dossiers", "0" * 15 + "1", [finished(A, "2025-07-14 12:00:00")])
    warehouse.night()
    assert outcomes(warehouse) == {A: "early"}
    warehouse.deliver("dossiers", "0" * 15 + "2", [finished(A, "2025-07-30 09:00:00")])
    assert warehouse.call([alone])
    assert_same_as_a_full_refresh(warehouse)
    assert outcomes(warehouse) == {A: "overdue"}


def test_where_nothing_is_new_no_dossier_is_computed_again(warehouse: Warehouse) -> None:
    """Nor where somebody ran a part in between. That part computes again what the last run did: `core_dossiers__changed`
    says so still."""
    warehouse.deliver("dossiers", "0" * 15 + "1", [dossier(A), dossier(B)])
    warehouse.night()
    assert marked_after(warehouse) == {A, B}
    for part in (INCREMENTAL[-1:], INCREMENTAL[:1], INCREMENTAL, warehouse.chain[-3:]):
        assert warehouse.call(part), warehouse.said
        assert marked_after(warehouse) == {A, B}, part


@pytest.mark.parametrize("alone", INCREMENTAL[:3])
def test_what_a_full_refresh_of_one_model_changed_reaches_its_children(
    warehouse: Warehouse, alone: str
) -> None:
    """Rows that somebody spoiled by hand, and that every table below has taken over; then the first is refreshed."""
    warehouse.deliver("procedures", "0" * 15 + "1", [PROCEDURE])
    warehouse.deliver("dossiers", "0" * 15 + "1", [finished(A, "2025-07-14 12:00:00")])
    warehouse.deliver("progress", "0" * 15 + "1", [step(A, "2025-07-14 12:00:00", 9)])
    warehouse.night()
    spoiled = {
        "core_dossiers__versions": "finished_at = finished_at + interval 30 day",
        "core_dossiers__progress": "last_step_order = 4",
        "core_dossiers__latest": "finished_at = finished_at + interval 30 day",
    }
    warehouse.execute(f"update core.{alone} set {spoiled[alone]}")
    below = [name for name in warehouse.downstream(alone) if name in INCREMENTAL and name != alone]
    assert warehouse.call(below, ["--full-refresh"])
    assert warehouse.call([alone], ["--full-refresh"])
    assert_same_as_a_full_refresh(warehouse)


def marked_after(warehouse: Warehouse, project: Project | None = None, **others: Any) -> set[str]:
    """Dossiers whose outcome a run of the chain leaves untouched."""
    warehouse.execute("update core.fct_dossier set processing_seconds = -1")
    assert warehouse.call(warehouse.chain, (), project, **others)
    query = "select dossier_code from core.fct_dossier where processing_seconds = -1"
    return {code for (code,) in warehouse.execute(query)}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_rebuilds_what_it_changes_and_a_word_of_a_description_nothing(
    warehouse: Warehouse, edit: str
) -> None:
    warehouse.deliver("dossiers", "0" * 15 + "1", [dossier(A), dossier(B)])
    warehouse.night()
    edited = any_clicks.project(edit)
    if edit == "a word of a description":
        assert marked_after(warehouse, edited) == {A, B}
    else:
        assert marked_after(warehouse, edited) == set()
        assert_same_as_a_full_refresh(warehouse, edited)


def test_a_var_rebuilds_what_it_is_used_in(warehouse: Warehouse) -> None:
    """By whoever called dbt with it, and again once it is gone."""
    warehouse.deliver("dossiers", "0" * 15 + "1", [dossier(A, database_codes=["8"])])
    warehouse.night()
    assert marked_after(warehouse, variables={"population_database_code": "8"}) == set()
    assert warehouse.execute("select has_population_data from core.fct_dossier") == [(True,)]
    assert marked_after(warehouse) == set()
    assert_same_as_a_full_refresh(warehouse)
    assert marked_after(warehouse, variables={"smallest_score_step": 0.02}) == {A}


def test_a_batch_written_again_under_its_name_is_another(warehouse: Warehouse) -> None:
    warehouse.deliver("dossiers", "0" * 15 + "1", [dossier(A), dossier(B)])
    warehouse.night()
    warehouse.deliver("dossiers", "0" * 15 + "1", [dossier(A), dossier(C)])
    assert_same_as_a_full_refresh(warehouse)
    assert set(outcomes(warehouse)) == {A, C}


def test_a_source_whose_batches_are_not_kept_is_refused_with_a_sentence(
    tmp_path: Path, warehouse: Warehouse
) -> None:
    """An incremental model that reads petitions would not notice a new batch of them."""
    latest = "dbt_project/models/core/dossiers/core_dossiers__latest.sql"
    depends = "-- depends_on: {{ ref('core_dossiers__changed') }}"
    other = Project(
        tmp_path / "other", Edit(latest, depends, f"{depends} {{{{ ref('stg_exchange__petitions') }}}}")
    )
    assert not warehouse.call(["core_dossiers__latest"], (), other)
    assert "add it to sources_in_batches() or make the models below it tables" in warehouse.said


def test_tables_of_which_nothing_is_recorded_are_made_from_nothing(tmp_path: Path) -> None:
    """Of a build before `state.inputs`, say. Added to, they would hold every record twice."""
    data = tmp_path / "data"
    empty_lake(data)
    land(data, 1, NIGHTS[0][1])
    make(data)
    with duckdb.connect(str(data / "build" / "build.duckdb")) as connection:
        connection.execute("drop schema state cascade")
        connection.execute("alter table core.core_dossiers__versions drop column version_id")
    make(data)
    assert_same_as_at_once(data)


def test_only_what_is_touched_is_made_again(tmp_path: Path) -> None:
    """A mark on rows that nothing came for outlives a night, and no full refresh."""
    data = tmp_path / "data"
    empty_lake(data)
    land(data, 1, NIGHTS[0][1])
    make(data)

    def mark() -> None:
        with duckdb.connect(str(data / "build" / "build.duckdb")) as connection:
            connection.execute("update core.fct_dossier set processing_seconds = -1")

    def marked() -> set[str]:
        query = "select dossier_code from core.fct_dossier where processing_seconds = -1"
        return {code for (code,) in rows_of(data, query)}

    mark()
    land(data, 2, NIGHTS[1][1])
    make(data)
    assert marked() == {E, LOST}
    mark()
    make(data)
    assert marked() == {A, B, C, D, E, LOST}
    make(data, "--full-refresh")
    assert marked() == set()


def rows_of(data: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data / "build" / "build.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


MOMENTS = st.none() | st.integers(0, 30 * 24 * 4).map(
    lambda quarter: str(datetime(2025, 7, 1) + timedelta(minutes=15 * quarter))
)
VERSIONS = st.fixed_dictionaries({
    "status_code": st.integers(1, 10),
    "submitted_at": MOMENTS, "received_at": MOMENTS, "due_at": MOMENTS, "finished_at": MOMENTS,
    "returned_at": MOMENTS, "sender": st.sampled_from(["H19", "G09"]), "channel_code": st.sampled_from([1, 2]),
    "delivery_date": st.sampled_from(["2025-07-20", "2025-08-02", "2025-08-03"]), "precedence": st.sampled_from([1, 2]),
})  # fmt: skip
STEPS = st.tuples(MOMENTS.filter(bool), st.integers(1, 10), st.sampled_from([1, 2]))
#: Of each dossier: versions and steps, each with the night it comes in.
DOSSIERS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(1, 3), VERSIONS), max_size=4),
        st.lists(st.tuples(st.integers(1, 3), STEPS), max_size=5),
    ),
    min_size=60,
    max_size=80,
)


@given(drawn=DOSSIERS)
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_records_in_any_nights_come_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[Any]
) -> None:
    """Each example has some seventy dossiers: their versions and steps come in three nights, any of them in any, in
    the order drawn; and all at once, last ones first, each row twice."""
    versions = [
        (night, {"dossier_code": f"H19.{i % 7}-250714-{i:04}", "procedure_code": "1.000001", **version})
        for i, (came, _) in enumerate(drawn)
        for night, version in came
    ]
    steps = [
        (night, {**step(f"H19.{i % 7}-250714-{i:04}", at, status), "precedence": precedence})
        for i, (_, came) in enumerate(drawn)
        for night, (at, status, precedence) in came
    ]
    by_night = tmp_path_factory.mktemp("nights")
    empty_lake(by_night)
    write(by_night, "procedures", [PROCEDURE])
    for night in (1, 2, 3):
        for dataset, rows in (("dossiers", versions), ("progress", steps)):
            write(by_night, dataset, of_night(rows, night), batch=f"00000000000000b{night}")
        make(by_night)
    at_once = tmp_path_factory.mktemp("at_once")
    empty_lake(at_once)
    write(at_once, "procedures", [PROCEDURE])
    for dataset, rows in (("dossiers", versions), ("progress", steps)):
        backwards = [row for _, row in reversed(rows)]
        write(at_once, dataset, [*backwards, *backwards], batch="00000000000000c1")
    make(at_once)
    left, right = tables(by_night), tables(at_once)
    for table in COMPARED:
        assert left[table] == right[table], table


def of_night(rows: Iterable[tuple[int, dict[str, Any]]], night: int) -> list[dict[str, Any]]:
    return [row for came, row in rows if came == night]

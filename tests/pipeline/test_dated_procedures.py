"""A month that is over does not change with a new catalogue: what a procedure is, is judged by its day (ADR 0042).

The lake is the scene of `test_records_definitions` (data to 15 August 2025: July is over, August is not), with dossiers
that only the catalogue gives a deadline. A catalogue of 10 August says otherwise of every procedure, and lists one more.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.pipeline.records_lake import Row, build, empty_lake, write
from tests.pipeline.test_records_definitions import SERVICES, dossier, scene

pytestmark = pytest.mark.slow

FIRST, SECOND = "2025-07-06", "2025-08-10"
#: From Monday, 14 July or 11 August, 08:00, to Thursday, 09:00: three working days and an hour.
JULY = {"received_at": "2025-07-14 08:00:00", "finished_at": "2025-07-17 09:00:00", "due_at": None}
AUGUST = {"received_at": "2025-08-11 08:00:00", "finished_at": "2025-08-14 09:00:00", "due_at": None}
OTHERWISE: dict[str, Any] = {
    "is_fee_bearing": True, "has_synchronised_fees": True, "returns_paper_result": True, "online_level": 4,
    "is_open_to_citizens": True, "has_all_parts": False, "statutory_limit": 2,
}  # fmt: skip
#: Of every mart that shows days, what it shows of those before the second catalogue.
Rows = dict[str, list[tuple[Any, ...]]]


def catalogues() -> tuple[list[Row], list[Row]]:
    listed = [
        {**row, "statutory_limit": 5, "limit_unit": "working_day", "delivery_date": FIRST, "sender": "nation"}
        for row in scene()["procedures"]
    ]
    added = {**listed[0], "procedure_code": "ADDED"}
    return listed, [{**row, **OTHERWISE, "delivery_date": SECOND} for row in (*listed, added)]


def fill(data: Path) -> None:
    empty_lake(data)
    rows = scene()
    rows["dossiers"] += [
        dossier(SERVICES, 11, **JULY),
        dossier(SERVICES, 12, procedure_code="ADDED", **JULY),
        dossier(SERVICES, 13, **AUGUST),
        dossier(SERVICES, 14, procedure_code="ADDED", **AUGUST),
        # Filed, and never received: judged by the day of filing.
        dossier(SERVICES, 15, channel_code=2, received_at=None, finished_at=None, status_code=1,
                submitted_at="2025-07-14 08:00:00"),
        dossier(SERVICES, 16, channel_code=2, received_at=None, finished_at=None, status_code=1,
                submitted_at="2025-08-11 08:00:00"),
    ]  # fmt: skip
    for dataset, of_dataset in rows.items():
        if dataset != "procedures":
            write(data, dataset, of_dataset)


def made(data: Path, *flags: str) -> None:
    build(data, "--exclude-resource-type", "test", *flags)


def shown(data: Path, days: str) -> Rows:
    with duckdb.connect(str(data / "build" / "build.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select distinct table_name from information_schema.columns"
            " where table_schema = 'marts' and column_name = 'as_of'"
        ).fetchall()
        return {
            table: connection.execute(
                f"select * from marts.{table} where as_of {days} order by all"
            ).fetchall()
            for (table,) in sorted(tables)
        }


def facts(data: Path) -> dict[str, tuple[str, bool]]:
    with duckdb.connect(str(data / "build" / "build.duckdb"), read_only=True) as connection:
        return {
            code[-2:]: (outcome, is_filed_online)
            for code, outcome, is_filed_online in connection.execute(
                "select dossier_code, outcome, is_filed_online from core.fct_dossier"
                f" where dossier_code like '{SERVICES}-250714-001%'"
            ).fetchall()
        }


@pytest.fixture(scope="module")
def night_by_night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rows, Rows]:
    """The lake, and what was shown of July and August before the second catalogue came."""
    data = tmp_path_factory.mktemp("night_by_night") / "data"
    fill(data)
    first, second = catalogues()
    write(data, "procedures", first, batch="0000000000000001")
    made(data)
    before = shown(data, f"< '{SECOND}'"), shown(data, f">= '{SECOND}'")
    write(data, "procedures", second, batch="0000000000000002")
    made(data)
    return data, *before


def test_no_figure_of_a_month_that_is_over_changes(night_by_night: tuple[Path, Rows, Rows]) -> None:
    data, july, august = night_by_night
    after = shown(data, f"< '{SECOND}'")
    assert [table for table in after if after[table] != july[table]] == []
    assert len(july["mart_indicator_scores"]) > 1000, "of nothing, nothing could change"
    # The catalogue counts where it is the one of the day: every metric that rests on it has other figures in August.
    now = shown(data, f">= '{SECOND}'")
    changed = {table for table in now if now[table] != august[table]}
    assert changed >= {
        "ind_procedures_offered_online", "ind_online_services_with_dossiers", "ind_dossiers_filed_online",
        "ind_formality_paid_online", "ind_fee_formality_integrated", "ind_citizen_data_connected_formality",
        "ind_public_content_full", "ind_dossier_paid_online", "ind_on_time_settlement",
    }  # fmt: skip


def test_a_dossier_is_judged_by_the_catalogue_of_its_day(night_by_night: tuple[Path, Rows, Rows]) -> None:
    """Five working days in July, two in August. ADDED was not in the catalogue of July: it had no deadline then."""
    assert facts(night_by_night[0]) == {
        "11": ("early", False), "12": ("no_deadline", False), "13": ("overdue", False), "14": ("overdue", False),
        # With a result on paper it counts only once that is there in electronic form: so says the one of August.
        "15": (None, True), "16": (None, False),
    }  # fmt: skip


def test_the_order_in_which_catalogues_arrive_decides_nothing(
    night_by_night: tuple[Path, Rows, Rows], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    fill(data)
    first, second = catalogues()
    write(data, "procedures", second, batch="0000000000000001")
    made(data)
    assert facts(data)["11"] == ("overdue", False), "the only catalogue there is"
    write(data, "procedures", first, batch="0000000000000002")
    made(data)
    assert shown(data, "is not null") == shown(night_by_night[0], "is not null")
    assert facts(data) == facts(night_by_night[0])


def test_a_catalogue_that_is_taken_back_has_never_been(
    night_by_night: tuple[Path, Rows, Rows], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(night_by_night[0], data)
    shutil.rmtree(data / "lake" / "procedures" / "batch=0000000000000002")
    made(data)
    assert shown(data, f"< '{SECOND}'") == night_by_night[1]
    assert shown(data, f">= '{SECOND}'") == night_by_night[2]
    assert facts(data)["13"] == ("early", False)

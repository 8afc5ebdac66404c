"""A unit that gets another name or kind keeps its codes, its rows and its figures, and is shown as it was called then.

One lake, built twice: with units that never change, and with every province and every commune changed twice, on days
before, on and after those that figures describe. The lake is the scene of `test_records_definitions` (data to 15 August
2025), some dossiers of two more provinces, and the portal's captures of 26 September and 10 October 2026.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.ingestion.lake import promote
from orchestration.ingestion.landing import PORTAL
from orchestration.ingestion.portal.run import ingest
from orchestration.ingestion.rights import national
from orchestration.settings import REPOSITORY, Settings
from tests.pipeline.dbt_in_process import Edit, Project
from tests.pipeline.records_lake import build, deliver_nothing, empty_lake, write
from tests.pipeline.test_records_definitions import dossier, scene
from tests.three_samples import land_three_samples

pytestmark = pytest.mark.slow

#: Figures go to 31 July and 15 August 2025, 26 September and 10 October 2026: the day before each, itself, the next.
DAYS = ("2025-07-30", "2025-07-31", "2025-08-01", "2025-08-14", "2025-08-15", "2025-08-16", "2026-09-25",
        "2026-09-26", "2026-09-27", "2026-10-09", "2026-10-10", "2026-10-11")  # fmt: skip
#: Provinces with records besides Dong Nai.
OTHERS = ("H05", "H49")
#: Where a name and a kind stand beside figures, and the column of the name. A label is the name, and after a comma the
#: province where another unit has the same.
SHOWN = {
    "mart_province_ranking": "name_vi", "mart_department_ranking": "name_vi", "mart_commune_ranking": "name_vi",
    "mart_service_headline": "name_vi", "bi_province_month": "name_vi", "bi_unit_month": "name_vi",
    "bi_indicator": "unit_vi", "bi_ranking": "unit_vi", "mart_overdue_dossiers": "name_vi",
}  # fmt: skip
NAMES = {
    "name_vi", "name_en", "unit_type", "unit_vi", "province_vi", "search_name", "province_name_vi", "province_name_en",
}  # fmt: skip
CHANGES = REPOSITORY / "seeds" / "reference" / "unit_changes.csv"
VALUE_TYPES = {
    "province": "city",
    "city": "province",
    "commune": "ward",
    "ward": "commune",
    "special_zone": "ward",
}
#: Unit, first day -> kind, name.
Names = dict[str, dict[str, tuple[str, str]]]
Rows = list[tuple[Any, ...]]


def listed(name: str, code: str) -> Names:
    with (REPOSITORY / "seeds" / "reference" / name).open(encoding="utf-8", newline="") as stream:
        return {
            row[code]: {"2025-07-01": (row["unit_type"], row["name_vi"])} for row in csv.DictReader(stream)
        }


def every_unit_changes_twice() -> Names:
    """Each on two days of `DAYS`, the next unit on the next: first the name and the kind, then the name alone."""
    units = {**listed("provinces.csv", "province_code"), **listed("communes.csv", "commune_code")}
    for number, (code, names) in enumerate(units.items()):
        kind = VALUE_TYPES[names["2025-07-01"][0]]
        first, second = sorted(
            (DAYS[number % len(DAYS)], DAYS[(number + 1 + number // len(DAYS) % (len(DAYS) - 1)) % len(DAYS)])
        )
        names[first] = (kind, f"Tên mới {code}")
        names[second] = (kind, f"Tên mới nữa {code}")
    return units


def as_seed(header: str, names: Names) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, header.split(","), lineterminator="\n")
    writer.writeheader()
    for code, dated in names.items():
        for day, (kind, name) in sorted(dated.items())[1:]:
            writer.writerow({"unit_code": code, "valid_from": day, "unit_type": kind, "name_vi": name,
                             "date_certainty": "documented", "source": "made up"})  # fmt: skip
    return text.getvalue()


def fill_lake(settings: Settings) -> None:
    empty_lake(settings.data)
    land_three_samples(settings)
    report = ingest(
        settings.landing, settings.lake, settings.quarantine, settings.reference, national("nation")
    )
    assert report.batch_id is not None
    promote(settings.lake, PORTAL, report.batch_id)
    elsewhere = [
        dossier(agency, number, received_at=day, sender=agency)
        for agency in OTHERS
        for number, day in ((8001, "2025-07-15 08:00:00"), (8002, "2025-08-04 08:00:00"))
    ]
    open_since_july = {
        "received_at": "2025-07-15 08:00:00",
        "due_at": "2025-07-20 17:00:00",
        "finished_at": None,
    }
    overdue = [dossier(f"H19.{301 + n}", 8003, status_code=4, **open_since_july) for n in range(11)]
    rows = scene()
    rows["dossiers"] += elsewhere + overdue
    for catalogue in ("procedures", "unit_catalogue"):
        rows[catalogue] = [{**row, "sender": "nation"} for row in rows[catalogue]]
    for dataset, of_dataset in rows.items():
        write(settings.data, dataset, of_dataset)
    for agency in OTHERS:
        for register in ("petitions", "publication_decisions", "national_report_totals"):
            deliver_nothing(settings.data, register, agency, "2025-08-15")


@dataclass(frozen=True)
class Built:
    """What a build left: columns and rows of each mart."""

    columns: dict[str, list[str]]
    rows: dict[str, Rows]
    database: Path

    def ask(self, sql: str) -> Rows:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(sql).fetchall()


def built(folder: Path, names: Names | None, *flags: str) -> Built:
    settings = Settings(data=folder / "data")
    fill_lake(settings)
    before = CHANGES.read_text(encoding="utf-8")
    header = before.splitlines()[0]
    edit = Edit("seeds/reference/unit_changes.csv", before, as_seed(header, names or {}))
    build(settings.data, *flags, project=Project(folder, edit, has_own_database=False).path)
    database = settings.build / "build.duckdb"
    columns: dict[str, list[str]] = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        for table, column in connection.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'marts'"
            " order by table_name, ordinal_position"
        ).fetchall():
            # Of a pair of periods the name is that of the later one; it shows no kind.
            if not (table in {*SHOWN, "bi_movement"} and column in NAMES):
                columns.setdefault(table, []).append(column)
        rows = {
            table: connection.execute(f"select {', '.join(kept)} from marts.{table} order by all").fetchall()
            for table, kept in columns.items()
        }
    return Built(columns, rows, database)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built(tmp_path_factory.mktemp("unchanged"), None, "--exclude-resource-type", "test")


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """With all data tests of the project, so that no grain of any model depends on names either."""
    return built(tmp_path_factory.mktemp("changed"), every_unit_changes_twice())


def test_no_row_and_no_figure_of_any_mart_depends_on_names(unchanged: Built, changed: Built) -> None:
    # What the names are of, and the register of them.
    tables = sorted(set(unchanged.rows) - {"dim_unit", "mart_portal_register"})
    assert unchanged.columns == changed.columns
    assert {t: len(changed.rows[t]) for t in tables} == {t: len(unchanged.rows[t]) for t in tables}
    assert [t for t in tables if changed.rows[t] != unchanged.rows[t]] == []
    # Of nothing, nothing could be wrong.
    assert [t for t in tables if not unchanged.rows[t]] == []


@pytest.mark.parametrize(
    ("row", "is_right"),
    [
        # Captures of 06:46 and 08:49 on the 27th: they describe the 26th and the 27th.
        (("2026-09-27", "2026-09-27 06:46:55", "2026-09-27 08:49:07", "observed"), True),
        (("2026-09-26", "2026-09-27 06:46:55", "2026-09-27 08:49:07", "observed"), False),
        (("2026-09-27", "2026-09-27 06:46:55", "2026-09-27 08:49:07", "bounded"), False),
        # Three days apart: only bounds are known, and the later one counts.
        (("2026-09-28", "2026-09-25 08:00:00", "2026-09-28 08:00:00", "bounded"), True),
        (("2026-09-28", "2026-09-25 08:00:00", "2026-09-28 08:00:00", "observed"), False),
        (("2026-09-26", "2026-09-25 08:00:00", "2026-09-28 08:00:00", "bounded"), False),
        # The wrong way round, or not captured at all.
        (("2026-09-25", "2026-09-28 08:00:00", "2026-09-25 08:00:00", "bounded"), False),
        (("2026-09-28", None, "2026-09-28 08:00:00", "bounded"), False),
        (("2026-09-28", "2026-09-25 08:00:00", None, "bounded"), False),
        # A text gives the day, but none before the lists.
        (("2026-09-20", None, None, "documented"), True),
        (("2025-07-01", None, None, "documented"), False),
        ((None, None, None, "documented"), False),
    ],
)
def test_a_day_rests_on_captures_or_on_a_text(
    changed: Built, row: tuple[str | None, ...], is_right: bool
) -> None:
    """The dbt test of the seed, as it was compiled."""
    compiled = (
        changed.database.parents[1] / "target/compiled/service_index/tests/unit_changes_rest_on_captures.sql"
    )
    with duckdb.connect() as connection:
        connection.execute(
            "attach ':memory:' as build; create schema build.reference; create table build.reference.unit_changes"
            " (valid_from date, former_seen_at timestamp, first_seen_at timestamp, date_certainty varchar)"
        )
        connection.execute("insert into build.reference.unit_changes values (?, ?, ?, ?)", row)
        wrong = connection.execute(compiled.read_text(encoding="utf-8")).fetchall()
    assert len(wrong) == (0 if is_right else 1)


def test_every_day_is_ranked_with_34_provinces(changed: Built) -> None:
    found = changed.ask(
        "select basis, as_of::varchar, period_type, count(*), count(distinct unit_code) from marts.mart_province_ranking"
        " group by all order by all"
    )
    assert {tuple(row[3:]) for row in found} == {(34, 34)}
    assert {as_of for _, as_of, *_ in found} >= {"2025-07-31", "2025-08-15", "2026-09-26", "2026-10-10"}


@pytest.mark.parametrize("table", SHOWN)
def test_a_figure_stands_beside_the_name_of_its_last_day(changed: Built, table: str) -> None:
    units = every_unit_changes_twice()
    shown = changed.ask(
        f"select unit_code, as_of::varchar, unit_type, split_part({SHOWN[table]}, ', ', 1) from marts.{table}"
    )
    for unit_code, as_of, kind, name in shown:
        if unit_code in units:
            day = max(day for day in units[unit_code] if day <= max(as_of, "2025-07-01"))
            assert (kind, name) == units[unit_code][day], (unit_code, as_of)
    if table != "mart_department_ranking":
        # Some before their first change, some between, some after the second: all of it is tried.
        assert {name.startswith("Tên mới nữa") for *_, name in shown} == {True, False}


def test_a_unit_has_one_name_on_each_day_and_the_same_codes_on_all(changed: Built, unchanged: Built) -> None:
    codes = (
        "select distinct unit_code, unit_level, parent_unit_code, province_code, agency_code from marts.dim_unit"
        " order by all"
    )
    assert changed.ask(codes) == unchanged.ask(codes)
    units = len(unchanged.ask("select * from marts.dim_unit"))
    assert changed.ask("select count(*) from marts.dim_unit") == [(units + 2 * (34 + 3321),)]
    for day in ("2025-07-01", *DAYS, "2030-01-01"):
        valid = f"from marts.dim_unit where date '{day}' between valid_from and coalesce(valid_to, date '9999-12-31')"
        assert changed.ask(f"select count(*), count(distinct unit_code) {valid}") == [(units, units)], day

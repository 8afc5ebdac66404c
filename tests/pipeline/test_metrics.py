"""The semantic layer answers with the marts' own numbers: counts to the unit, ratios to 1e-12.

A real release of three provinces, four months and the beginning of a fifth, and `mf` itself, in processes of its own.
Belongs here: what is answered, and what is refused. Does not belong here: what the marts count.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.answers.answer import NotDoneError
from orchestration.metrics import Question, ask, known_metrics
from orchestration.publishing.release import Provenance, publish
from orchestration.settings import REPOSITORY, Settings
from tests.pipeline.records_lake import build, empty_lake, write

pytestmark = pytest.mark.bi

Rows = list[dict[str, Any]]

#: Agency, state code, two communes of it. Gia Lai delivers no petitions: it has no figure of them, which is not 0.
PROVINCES = {
    "H26": ("01", ("00004", "00008")),
    "H19": ("75", ("25195", "25387")),
    "H21": ("52", ("21553", "21589")),
}
WITHOUT_PETITIONS = "H21"
TO = "2025-11-05"
FIVE = ["dossiers_received", "overdue", "timely_ratio", "paid_online_ratio", "petitions_on_time_ratio"]
OF_UNITS = ["unit_dossiers_received", "unit_overdue", "unit_timely_ratio", "unit_paid_online_ratio"]
MONTH = "metric_time__month"
RECORDS = "basis = 'records' and period_type = 'month'"


def some_dossiers(chance: random.Random) -> Rows:
    """Received from July to the day, due after five days; ended before, on, or after it, some months later, or not."""
    rows: Rows = []
    for agency in PROVINCES:
        for number in range(360):
            at = datetime(2025, 7, 1, 9) + timedelta(hours=chance.randrange(127 * 24))
            due = at + timedelta(days=5)
            ended = due + timedelta(days=chance.choice([-2, -2, -1, 0, 0, 1, 40]))
            is_ended = ended < datetime(2025, 11, 5) and chance.random() < 0.9
            has_deadline = chance.random() < 0.95
            unit = chance.choice([agency, f"{agency}.17", f"{agency}.301", f"{agency}.302"])
            rows.append({
                "dossier_code": f"{unit}-{at:%y%m%d}-{number:04}",
                "procedure_code": chance.choice(["PLAIN", "FEE"]),
                "received_at": f"{at:%Y-%m-%d %H:%M:%S}",
                "due_at": f"{due:%Y-%m-%d %H:%M:%S}" if has_deadline else None,
                "finished_at": f"{ended:%Y-%m-%d %H:%M:%S}" if is_ended else None,
                "status_code": 9 if is_ended else 4,
                "channel_code": chance.choice([1, 2]),
                "paid_online_code": chance.choice([0, 1]),
                "sender": agency,
                "delivery_date": TO,
            })  # fmt: skip
    return rows


def some_petitions(chance: random.Random) -> Rows:
    rows: Rows = []
    for agency in PROVINCES.keys() - {WITHOUT_PETITIONS}:
        for number in range(40):
            at = datetime(2025, 7, 1, 9) + timedelta(days=chance.randrange(120))
            ended = at + timedelta(days=chance.choice([3, 10, 60]))
            is_ended = ended < datetime(2025, 11, 5)
            rows.append({
                "petition_id": f"{agency} {number}",
                "agency_code": chance.choice([agency, f"{agency}.301"]),
                "received_at": f"{at:%Y-%m-%d %H:%M:%S}",
                "finished_at": f"{ended:%Y-%m-%d %H:%M:%S}" if is_ended else None,
                "status": "finished" if is_ended else "open",
                "kind": "other",
                "likes": 0,
                "dislikes": 0,
                "sender": agency,
                "delivery_date": TO,
            })  # fmt: skip
    return sorted(rows, key=lambda row: str(row["petition_id"]))


def the_units() -> Rows:
    rows: Rows = []
    for agency, (code, communes) in PROVINCES.items():
        rows.append({"agency_code": agency, "unit_level": "province", "state_code": code})
        rows.append({
            "agency_code": f"{agency}.17", "unit_level": "department", "parent_agency_code": agency,
        })  # fmt: skip
        rows += [
            {
                "agency_code": f"{agency}.{301 + position}", "unit_level": "commune",
                "parent_agency_code": agency, "state_code": commune,
            }
            for position, commune in enumerate(communes)
        ]  # fmt: skip
    return [
        {"name_vi": row["agency_code"], "valid_from": "2025-07-01", "sender": "nation", **row} for row in rows
    ]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Built and published; gates are other tests'."""
    settings = Settings(data=tmp_path_factory.mktemp("metrics") / "data")
    chance = random.Random(1)
    empty_lake(settings.data)
    write(settings.data, "dossiers", some_dossiers(chance))
    write(settings.data, "petitions", some_petitions(chance))
    write(settings.data, "unit_catalogue", the_units())
    procedures = [("PLAIN", False), ("FEE", True)]
    write(settings.data, "procedures", [
        {"procedure_code": code, "execution_level": "commune", "is_fee_bearing": has_fee, "sender": "nation"}
        for code, has_fee in procedures
    ])  # fmt: skip
    build(
        settings.data, "--exclude-resource-type", "test", "--select", "+bi_province_month", "+bi_unit_month"
    )
    evidence = Provenance([], [{"suite": "release", "success": True, "checks": 1}], {"revision": ""}, {})
    publish(settings.build_database, settings.serving, evidence, "", datetime.now(UTC))
    return settings


def of_release(served: Settings, sql: str) -> Rows:
    with duckdb.connect(str(served.serving / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(sql)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def of_marts(served: Settings, group: str, levels: str, prefix: str = "") -> Rows:
    """The same figures from the marts, by a column of the headline, and month."""
    return of_release(
        served,
        f"""
        with units as (
            select *, strftime(period_start, '%Y-%m-%d') as month, {group} as grouped
            from marts.mart_service_headline
            where {RECORDS} and unit_level in ({levels})
        ),

        counts as (
            select grouped, month, sum(dossiers_received)::bigint as received, sum(overdue)::bigint as overdue
            from units
            group by all
        ),

        ratios as (
            select units.grouped, units.month, s.metric_code, sum(s.numerator) / nullif(sum(s.denominator), 0) as ratio
            from marts.mart_indicator_scores as s
            inner join units using (basis, period_type, period_start, unit_code)
            group by all
        ),

        pivoted as (
            pivot ratios
            on metric_code in ('ON_TIME_SETTLEMENT', 'DOSSIER_PAID_ONLINE', 'PETITION_PROCESSING_ON_TIME')
            using first(ratio)
        )

        select
            grouped, month, received as {prefix}dossiers_received, overdue as {prefix}overdue,
            ON_TIME_SETTLEMENT as {prefix}timely_ratio, DOSSIER_PAID_ONLINE as {prefix}paid_online_ratio,
            PETITION_PROCESSING_ON_TIME as {prefix}petitions_on_time_ratio
        from counts
        left join pivoted using (grouped, month)
        order by all
        """,
    )


def answered(served: Settings, metrics: list[str], *group_by: str, **other: Any) -> Rows:
    rows: Rows = list(ask(served, Question(metrics, group_by, **other)).facts["rows"])
    return rows


def assert_same(found: Rows, expected: Rows, dimension: str | None, metrics: list[str]) -> None:
    def key(row: dict[str, Any]) -> tuple[str, ...]:
        return (str(row[dimension]), row[MONTH]) if dimension else (row[MONTH],)

    by_key = {key(row): row for row in found}
    renamed = [{dimension: row["grouped"], MONTH: row["month"], **row} for row in expected]
    assert len(found) == len(by_key) == len(expected) > 0
    assert by_key.keys() == {key(row) for row in renamed}
    for row in renamed:
        for metric in metrics:
            figure = by_key[key(row)][metric]
            if metric.endswith("_ratio") and row[metric] is not None:
                assert figure == pytest.approx(row[metric], rel=0, abs=1e-12), (metric, row)
            else:
                assert figure == row[metric], (metric, row)


def test_five_metrics_by_province_are_those_of_the_marts(served: Settings) -> None:
    expected = of_marts(served, "unit_code", "'province'")
    found = answered(served, FIVE, "province__code", MONTH)
    delivered = [row for row in found if row["dossiers_received"]]
    assert {row["province__code"] for row in delivered} >= {"01", "75", "52"}
    assert {row["petitions_on_time_ratio"] for row in delivered if row["province__code"] == "52"} == {None}
    assert_same(found, expected, "province__code", FIVE)


def test_five_metrics_by_month_are_those_of_the_nation(served: Settings) -> None:
    """Provinces do not overlap, so that all of them are the nation, which the marts count by itself."""
    expected = of_marts(served, "unit_code", "'nation'")
    assert_same(answered(served, FIVE, MONTH), expected, None, FIVE)


def test_five_metrics_by_kind_of_province_are_those_of_the_marts(served: Settings) -> None:
    expected = of_marts(served, "unit_type", "'province'")
    found = answered(served, FIVE, "province__kind", MONTH)
    assert {row["province__kind"] for row in found if row["dossiers_received"]} == {"city", "province"}
    assert_same(found, expected, "province__kind", FIVE)


@pytest.mark.parametrize(
    ("dimension", "column"), [("unit__level", "unit_level"), ("unit__code", "unit_code")]
)
def test_units_below_the_province_are_asked_for_by_themselves(
    served: Settings, dimension: str, column: str
) -> None:
    expected = of_marts(served, column, "'department', 'commune'", "unit_")
    assert_same(answered(served, OF_UNITS, dimension, MONTH), expected, dimension, OF_UNITS)


def test_filing_online_is_as_a_report_says_it(served: Settings) -> None:
    """The indicator divides by more than was filed, where less was synchronised."""
    found = answered(served, ["online_ratio"], "province__code", MONTH)
    expected = of_release(
        served,
        "select unit_code as grouped, strftime(period_start, '%Y-%m-%d') as month, online_ratio"
        f" from marts.mart_service_headline where {RECORDS} and unit_level = 'province'",
    )
    assert_same(found, expected, "province__code", ["online_ratio"])


def test_kinds_of_periods_and_levels_of_units_are_never_mixed(served: Settings) -> None:
    """The same dossiers stand in months, a quarter and a year, of a nation, provinces and units: once is asked for."""
    headline = "select sum(dossiers_received)::bigint as total from marts.mart_service_headline"
    (months,) = of_release(served, f"{headline} where {RECORDS} and unit_level = 'province'")
    (everything,) = of_release(served, headline)
    assert 3 * 350 < months["total"] < everything["total"] / 3
    assert answered(served, ["dossiers_received"]) == [{"dossiers_received": months["total"]}]
    (quarter,) = of_release(
        served,
        f"{headline} where basis = 'records' and period_type = 'quarter' and unit_level = 'province'"
        " and period_start = '2025-07-01'",
    )
    (third,) = answered(
        served,
        ["dossiers_received"],
        "metric_time__quarter",
        where=["{{ TimeDimension('metric_time', 'quarter') }} = '2025-07-01'"],
    )
    assert third["dossiers_received"] == quarter["total"]


def test_outcomes_of_several_months_are_not_put_together(served: Settings) -> None:
    """What is within time at the end of July may be late by September: three months are not a quarter."""
    (of_months,) = of_release(
        served,
        f"select sum(overdue) as overdue from marts.mart_service_headline where {RECORDS}"
        " and unit_level = 'nation' and quarter(period_start) = 3",
    )
    (of_quarter,) = of_release(
        served,
        "select overdue from marts.mart_service_headline where basis = 'records' and period_type = 'quarter'"
        " and unit_level = 'nation' and quarter(period_start) = 3",
    )
    assert of_months["overdue"] < of_quarter["overdue"]
    for group_by in ([], ["province__code"], ["metric_time__quarter"]):
        with pytest.raises(NotDoneError, match=f"add {MONTH} to --group-by"):
            ask(served, Question(["dossiers_received", "timely_ratio"], group_by))


def test_nothing_that_cannot_be_summed_may_be(served: Settings) -> None:
    """No points, ranks, ratios or counts of procedures: what measures sum are counts of dossiers and petitions."""
    with pytest.raises(NotDoneError, match="found metric 'total_score', expected one of timely_ratio"):
        ask(served, Question(["total_score"], ["province__name"]))
    manifest = json.loads(
        (served.dbt_manifest.with_name("semantic_manifest.json")).read_text(encoding="utf-8")
    )
    numbers = {
        (row["table_name"], row["column_name"]): row["data_type"]
        for row in of_release(
            served,
            "select table_name, column_name, data_type from information_schema.columns"
            " where starts_with(table_name, 'bi_')",
        )
    }
    summed = [
        (model["node_relation"]["alias"], measure["expr"] or measure["name"], measure["agg"])
        for model in manifest["semantic_models"]
        for measure in model["measures"]
    ]
    assert {(numbers[table, column], agg) for table, column, agg in summed} == {("BIGINT", "sum")}
    assert not {kind for kind in numbers.values() if kind.startswith(("DOUBLE", "DECIMAL", "INTEGER"))}
    assert not {name for _, name in numbers if "procedure" in name}
    simple = {
        metric.name
        for metric in known_metrics(served.dbt_manifest.with_name("semantic_manifest.json")).values()
    }
    assert not {name for name in simple if "score" in name or "rank" in name}


def test_a_condition_reads_what_is_served_and_no_file_of_its_host(served: Settings) -> None:
    asked = "{{ Dimension('province__name') }} in (select content from read_text('/etc/hostname'))"
    with pytest.raises(NotDoneError, match="file system operations are disabled"):
        ask(served, Question(["dossiers_received"], ["province__name"], [asked]))


class _Planted:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.trace,))


def test_the_command_answers_scripts_and_runs_nothing_that_others_left(
    served: Settings, tmp_path: Path
) -> None:
    """`mf` keeps a pickle in the folder of temporary files, which is everybody's."""
    shared, trace = tmp_path / "tmp", tmp_path / "it_was_run"
    shared.mkdir()
    (shared / "update_checker_cache.pkl").write_bytes(pickle.dumps({"": _Planted(trace)}))
    done = subprocess.run(
        [
            REPOSITORY / "bin" / "service-index", "metrics", "--json", "--metrics", "timely_ratio, dossiers_received",
            "--group-by", f"province__name,{MONTH}", "--where", "{{ Dimension('province__code') }} = '75'",
            "--order", f"-{MONTH}", "--limit", "2",
        ],
        env={"PATH": os.environ["PATH"], "SERVICE_INDEX_DATA": str(served.data), "TMPDIR": str(shared), "LC_ALL": "C"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert [(row["province__name"], row[MONTH]) for row in rows] == [
        ("Đồng Nai", "2025-11-01"),
        ("Đồng Nai", "2025-10-01"),
    ]
    assert not trace.exists()


def test_what_is_not_understood_is_said_in_the_words_of_the_question(served: Settings) -> None:
    with pytest.raises(NotDoneError, match=r"(?s)not answered: .*province__name.*unit__level") as refused:
        ask(served, Question(["dossiers_received"], ["unit__level"]))
    assert "github" not in str(refused.value)
    nothing = ask(
        served,
        Question(["dossiers_received"], ["province__name"], ["{{ Dimension('province__code') }} = '00'"]),
    )
    assert nothing.facts == {"rows": [], "contains_synthetic": False}
    listed = ask(served, Question()).facts["metrics"]
    assert {"timely_ratio", "dossiers_received"} < {metric.name for metric in listed}


def test_without_a_release_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotDoneError, match="nothing is served"):
        ask(Settings(data=tmp_path), Question(["dossiers_received"]))

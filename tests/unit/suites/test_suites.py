"""Every expectation of every suite: what it lets through, and the poison that it stops, by name.

Belongs here: one line a poison. Does not belong here: how suites are run (`tests/unit/expectations`).
A new expectation without a poison fails `test_every_expectation_alone_stops_a_poison`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from expectations.builder import load, names, table_of
from expectations.gate import GateResult, run_gate

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    import great_expectations as gx

FILES = "raw__files"
ROWS = "raw__portal_service_results"
COVERAGE = "release__mart_coverage"
INDEX = "release__mart_index"
INDICATORS = "release__mart_indicator_scores"
RECONCILIATION = "release__mart_official_reconciliation"
RANKING = "release__mart_province_ranking"
HEADLINE = "release__mart_service_headline"
UNITS = "release__dim_unit"
# The suite of records is proved by `test_records_suites.py` for each dataset; holds are in `test_drift.py`.
SUITES = [name for name in (*names("raw"), *names("release")) if name != "raw__records"]


@dataclass(frozen=True)
class Poison:
    """SQL that spoils the good table, the id of the expectation that stops it, and what its message must say.

    `{table}` in the SQL is the table of the suite.
    """

    suite: str
    expectation: str
    what: str
    sql: str
    says: tuple[str, ...]


# Province 07 in the newer snapshot; a row of a message names it so.
SEVEN = "unit_code = '07' and as_of = '2026-10-10'"
IS_SEVEN = ('"as_of": "2026-10-10"', '"unit_code": "07"')

POISONS = [
    *(
        Poison(suite_name, expectation, what, sql, says)
        for suite_name, expectation, what, sql, says in (
            (
                "release__mart_source_quality",
                "few_unknown",
                "one dossier more of an unknown procedure",
                "insert into core.fct_dossier values ('X9', true)",
                ('"dossiers": 2001', '"unknown_procedure": 101'),
            ),
            (
                "release__mart_source_quality",
                "few_unknown",
                "another country's dossiers",
                "update core.fct_dossier set agency_code = 'BOSTON' where agency_code = 'H26'",
                ('"dossiers": 2000', '"unknown_unit": 1900'),
            ),
            (
                "release__mart_source_quality",
                "few_unknown_of_a_province",
                "a province with a catalogue of its own",
                "update core.fct_dossier set is_unknown_procedure = agency_code = 'H19'",
                ('"province_code": "75"', '"unknown_procedure": 100'),
            ),
            (
                "release__mart_source_quality",
                "few_unknown_of_a_province",
                "a province whose units nobody knows",
                "update core.bridge_agency_to_unit set resolution = 'unknown' where agency_code = 'H19'",
                ('"province_code": "75"', '"unknown_unit": 100'),
            ),
            (
                "release__dim_indicator",
                "metrics_and_points",
                "a point too many",
                "update {table} set max_score = 5.75 where metric_code = 'M1' and regime = 'portal_2025'",
                ('"regime": "portal_2025"', '"points": 101.0'),
            ),
            (
                "release__dim_indicator",
                "metrics_and_points",
                "a metric lost",
                "delete from {table} where metric_code = 'M1'",
                ('"scored_metrics": 20',),
            ),
            (
                "release__dim_indicator",
                "scored_metric_has_its_rule",
                "per cent for a share",
                "update {table} set full_mark_ratio = 80 where metric_code = 'M2'",
                ('"metric_code": "M2"', '"full_mark_ratio": 80.0'),
            ),
            (
                "release__dim_calendar",
                "every_day_once",
                "a day lost",
                "delete from {table} where calendar_date = '2025-06-02'",
                ('"days_found": 364',),
            ),
            (
                "release__dim_calendar",
                "every_day_once",
                "a day twice",
                "insert into {table} select * from {table} where calendar_date = '2025-06-02'",
                ('"days_found": 366',),
            ),
            (
                "release__dim_calendar",
                "working_days_of_a_year",
                "Saturdays worked",
                "update {table} set is_working_day = true where weekday = 6 and not is_public_holiday",
                ('"year_start": "2025-01-01"', '"working_days": 303'),
            ),
            (
                "release__mart_source_quality",
                "share_is_the_quotient",
                "more than there are",
                "update {table} set dossiers = 101, share = 1.01",
                ('"dossiers": 101',),
            ),
            (
                "release__mart_source_quality",
                "share_is_the_quotient",
                "another share",
                "update {table} set share = 0.5",
                ('"agency_code": "H19.17"', '"share": 0.5'),
            ),
            (
                "release__mart_score_gap",
                "lost_is_missing_to_the_most",
                "more lost than there is",
                "update {table} set points_lost = 3 where " + SEVEN + " and denominator = 1000",
                (*IS_SEVEN, '"points_lost": 3.0'),
            ),
            (
                "release__mart_score_gap",
                "nothing_impossible_asked",
                "more than are counted",
                "update {table} set more_for_one_point = 1001 where " + SEVEN + " and denominator = 1000",
                (*IS_SEVEN, '"more_for_one_point": 1001'),
            ),
            (
                "release__mart_score_gap",
                "nothing_impossible_asked",
                "nothing more for a point",
                "update {table} set more_for_one_point = 0 where " + SEVEN + " and denominator = 0",
                (*IS_SEVEN,),
            ),
        )
    ),
    *(
        Poison(f"release__mart_{level}_ranking", expectation, what, f"update {{table}} set {sql}", says)
        for level in ("department", "commune")
        for expectation, what, sql, says in (
            (
                "total_within_index",
                "more than there is",
                "total_score = 100.01 where unit_code = 'd'",
                ('"total_score": "100.01"',),
            ),
            (
                "standard_competition_rank",
                "a tie broken",
                "rank = 2 where unit_code = 'b'",
                ('"unit_code": "b"', '"expected_rank": 1'),
            ),
            (
                "standard_competition_rank",
                "ranked across provinces",
                "rank = 3 where unit_code = 'd'",
                ('"unit_code": "d"',),
            ),
            (
                "standard_competition_rank",
                "a rank without a total",
                "rank = 3 where unit_code = 'c'",
                ('"total_score": null',),
            ),
            (
                "movement_is_the_difference",
                "no reason",
                "movement_reason = null where unit_code = 'a'",
                ('"movement_reason": null',),
            ),
        )
    ),
    *(
        Poison(UNITS, "all_units", what, sql, says)
        for what, sql, says in (
            (
                "a commune lost",
                "delete from {table} where unit_code = '10000'",
                ('"unit_level": "commune"', "3320"),
            ),
            (
                "a province lost",
                "delete from {table} where unit_code = '34'",
                ('"unit_level": "province"', "33"),
            ),
            ("no nation", "delete from {table} where unit_code = 'VN'", ('"unit_level": "nation"',)),
        )
    ),
    *(
        Poison(
            UNITS,
            "every_unit_has_its_parent",
            what,
            f"update {{table}} set parent_unit_code = {parent} where unit_code = '{unit}'",
            (f'"unit_code": "{unit}"',),
        )
        for what, unit, parent in (
            ("a commune of nobody's", "10000", "null"),
            ("a commune of a province that is none", "10000", "'99'"),
            ("a department of the nation", "H19.17", "'VN'"),
            ("a province of a province", "07", "'08'"),
        )
    ),
    Poison(
        HEADLINE,
        "every_dossier_known_once",
        "a dossier lost",
        "delete from core.core_dossiers__latest where dossier_code = 'B'",
        ('"dossiers_in_the_lake": 2', '"dossiers_known": 1'),
    ),
    Poison(
        HEADLINE,
        "every_dossier_known_once",
        "a dossier twice",
        "insert into core.core_dossiers__latest values ('B')",
        ('"dossiers_in_the_lake": 2', '"dossiers_known": 3'),
    ),
    Poison(
        HEADLINE,
        "outcomes_add_up",
        "one outcome too many",
        "update {table} set early = early + 1 where unit_code = '07'",
        ('"unit_code": "07"', '"early": 5'),
    ),
    Poison(
        HEADLINE,
        "outcomes_add_up",
        "a dossier without a deadline forgotten",
        "update {table} set no_deadline = 0 where unit_code = '07'",
        ('"unit_code": "07"', '"no_deadline": 0'),
    ),
    Poison(
        HEADLINE,
        "outcomes_add_up",
        "a share above 1",
        "update {table} set online_ratio = 1.2 where unit_code = '07'",
        ('"unit_code": "07"', '"online_ratio": 1.2'),
    ),
    Poison(
        HEADLINE,
        "nation_is_its_provinces",
        "a province counted elsewhere",
        "update {table} set dossiers_received = 22, overdue = 5 where unit_code = '07'",
        ('"of_the_nation": 31', '"of_its_provinces": 32'),
    ),
    Poison(FILES, "files_are_named", "no file", "delete from {table}", ("found: 0",)),
    *(
        Poison(FILES, "none_refused", f"status {status}", sql, ('"source_file": "H21.json"', text))
        for status, sql, text in (
            (
                "quarantined",
                "update {table} set status = 'quarantined', rows_accepted = 0, rows_quarantined = 3,"
                " problems = ['H21.json: departmentCode: found X'] where source_file = 'H21.json'",
                "departmentCode: found X",
            ),
            (
                "that nobody knows",
                "update {table} set status = 'half_read' where source_file = 'H21.json'",
                '"status": "half_read"',
            ),
            ("of none", "update {table} set status = null where source_file = 'H21.json'", '"status": null'),
        )
    ),
    *(
        Poison(
            FILES,
            "rows_add_up",
            what,
            f"update {{table}} set {change} where source_file = 'nation.json'",
            ("nation.json", text),
        )
        for what, change, text in (
            ("a row lost", "rows_accepted = 33", '"rows_accepted": 33'),
            ("a row invented", "rows_duplicate = 1", '"rows_duplicate": 1'),
            ("a count missing", "rows_read = null", '"rows_read": null'),
        )
    ),
    Poison(ROWS, "rows_arrive", "no rows", "delete from {table}", ('"rows_found": 0', '"rows_accepted": 37')),
    Poison(
        ROWS,
        "rows_arrive",
        "a file lost",
        "delete from {table} where source_file = 'nation.json'",
        ('"rows_found": 3',),
    ),
    Poison(
        ROWS,
        "each_province_once",
        "a province missing",
        "delete from {table} where agency_code = 'H07'",
        ('"source_file": "nation.json"', '"provinces_found": 33', "H06 H08"),
    ),
    Poison(
        ROWS,
        "each_province_once",
        "a province twice",
        "insert into {table} select * from {table} where agency_code = 'H07'",
        ('"source_file": "nation.json"', "H07 H07"),
    ),
    Poison(
        ROWS,
        "each_province_once",
        "a province twice in place of another",
        "update {table} set agency_code = 'H07' where agency_code = 'H08'",
        ('"provinces_found": 33', "H07 H07 H09"),
    ),
    Poison(
        ROWS,
        "each_province_once",
        "a province without a code",
        "update {table} set agency_code = null where agency_code = 'H07'",
        ('"provinces_found": 33', "H06 H08"),
    ),
    Poison(
        ROWS,
        "not_younger_than_its_delivery",
        "captured two days after delivery",
        "update {table} set extracted_at = timestamptz '2026-10-12 12:00:00+07' where source_file = 'H21.json'",
        ('"source_file": "H21.json"', "metadata.extractedAt", "2026-10-12", '"delivery_date": "2026-10-10"'),
    ),
    *(
        Poison(
            ROWS,
            "not_younger_than_its_delivery",
            f"no {column}",
            f"update {{table}} set {column} = null where source_file = 'H21.json'",
            ('"source_file": "H21.json"', f'"{column}": null'),
        )
        for column in ("extracted_at", "delivery_date")
    ),
    Poison(
        ROWS,
        "of_the_time_of_these_provinces",
        "a year before",
        "update {table} set year = 2024 where agency_code = 'H07'",
        ('"year": 2024', '"agency_code": "H07"'),
    ),
    Poison(
        ROWS,
        "of_the_time_of_these_provinces",
        "no year",
        "update {table} set year = null where agency_code = 'H07'",
        ('"year": null', '"agency_code": "H07"'),
    ),
    Poison(
        ROWS,
        "province_has_its_total",
        "no total",
        "update {table} set official_total_score = null where agency_code in ('H07', 'H21.2')",
        ('"agency_code": "H07"', "found: 1 row"),
    ),
    Poison(
        ROWS,
        "no_national_row_refused",
        "a 35th row refused",
        "update files set status = 'partly_quarantined', rows_read = 35, rows_quarantined = 1,"
        " problems = ['nation.json: departmentCode: found H99'] where source_file = 'nation.json'",
        ('"source_file": "nation.json"', "found H99"),
    ),
    *(
        Poison(
            ROWS,
            "province_has_its_groups",
            what,
            f"update {{table}} set group_scores = {groups} where agency_code = 'H07'",
            (
                '"source_file": "nation.json"',
                '"record_no": 7',
                '"agency_code": "H07"',
                f'"groups_found": {found}',
            ),
        )
        for what, groups, found in (
            ("five groups", "group_scores[:5]", 5),
            ("no group", "[]", 0),
            ("no list of groups", "null", 0),
            (
                "a group without a score",
                "[{{'group_code': g.group_code, 'score': case when g.group_code <> 'CKMB' then g.score end}}"
                " for g in group_scores]",
                5,
            ),
            ("a group twice in place of another", "list_append(group_scores[:5], group_scores[1])", 5),
        )
    ),
    Poison(COVERAGE, "a_coverage_at_all", "no rows", "delete from {table}", ("found: 0",)),
    Poison(
        COVERAGE,
        "every_place_has_its_row",
        "a place without its row",
        "delete from {table} where province_code = '07' and as_of = '2026-10-10'"
        " and unit_level = 'commune' and group_code = 'MDHL'",
        ('"as_of": "2026-10-10"', '"unit_level": "commune"', '"rows_found": 203'),
    ),
    Poison(
        COVERAGE,
        "every_place_has_its_row",
        "a province missing",
        "delete from {table} where province_code = '07' and as_of = '2026-10-10'",
        ('"as_of": "2026-10-10"', '"unit_level": "province"', '"rows_found": 198'),
    ),
    Poison(
        COVERAGE,
        "no_more_than_there_are",
        "101 of 100 communes",
        "update {table} set units_present = 101 where province_code = '07' and as_of = '2026-10-10'"
        " and unit_level = 'commune' and group_code = 'MDHL'",
        ('"province_code": "07"', '"group_code": "MDHL"', '"units_present": 101', '"units_expected": 100'),
    ),
    Poison(
        COVERAGE,
        "portal_shows_every_province",
        "a province without a group",
        "update {table} set units_present = 0 where province_code = '07' and as_of = '2026-10-10'"
        " and unit_level = 'province' and group_code = 'MDHL'",
        ('"as_of": "2026-10-10"', '"province_code": "07"', '"group_code": "MDHL"'),
    ),
    Poison(INDEX, "one_period_of_all_provinces", "no rows", "delete from {table}", ("found: 0",)),
    Poison(
        INDEX,
        "one_period_of_all_provinces",
        "a province too few",
        "delete from {table} where as_of = '2026-09-26' or unit_code = '07'",
        ("found: 231",),
    ),
    Poison(
        INDEX,
        "score_within_its_maximum",
        "above the maximum, and in the total",
        f"update {{table}} set score = score + 7.7 where {SEVEN} and group_code in ('MDHL', 'TOTAL')",
        (*IS_SEVEN, '"group_code": "MDHL"', '"score": "18.01"'),
    ),
    *(
        Poison(
            INDEX,
            "score_within_its_maximum",
            what,
            f"update {{table}} set score = {score} where {SEVEN} and group_code = 'MDHL'",
            (*IS_SEVEN, '"group_code": "MDHL"', f'"score": "{score}"', '"max_score": 18.0'),
        )
        for what, score in (("below 0", "-0.01"), ("above the maximum", "18.01"))
    ),
    *(
        Poison(INDEX, "groups_make_the_total", what, sql, (*IS_SEVEN, says))
        for what, sql, says in (
            (
                "a computed total off by one hundredth",
                f"update {{table}} set score = score + 0.01 where {SEVEN} and group_code = 'TOTAL'",
                '"groups_found": 6',
            ),
            (
                "a group's row missing",
                f"delete from {{table}} where {SEVEN} and group_code = 'MDHL'",
                '"groups_found": 5',
            ),
            (
                "the total's row missing",
                f"delete from {{table}} where {SEVEN} and group_code = 'TOTAL'",
                '"total": null',
            ),
            (
                "a total of five groups",
                f"update {{table}} set score = null where {SEVEN} and group_code = 'MDHL'",
                '"groups_found": 5',
            ),
            (
                "six groups without a total",
                f"update {{table}} set score = null where {SEVEN} and group_code = 'TOTAL'",
                '"total": null',
            ),
            (
                "a group without a code",
                f"update {{table}} set group_code = null where {SEVEN} and group_code = 'MDHL'",
                '"groups_found": 5',
            ),
        )
    ),
    Poison(
        INDEX,
        "groups_make_the_total",
        "a total of the portal off by 0.03",
        "update {table} set score = score + 0.01"
        " where unit_code = '07' and as_of = '2026-09-26' and group_code = 'TOTAL'",
        ('"as_of": "2026-09-26"', '"unit_code": "07"'),
    ),
    Poison(INDICATORS, "indicators_at_all", "no rows", "delete from {table}", ("found: 0",)),
    *(
        Poison(
            INDICATORS,
            "finite",
            f"{column} {value}",
            f"update {{table}} set {column} = '{value}' where {SEVEN} and metric_code = 'PUBLISH_ON_TIME'",
            (*IS_SEVEN, '"metric_code": "PUBLISH_ON_TIME"', f'"{column}": "{value}"'),
        )
        for column, value in (("ratio", "nan"), ("ratio", "-inf"), ("score", "nan"), ("score", "inf"))
    ),
    *(
        Poison(
            INDICATORS,
            "ratio_is_the_quotient",
            what,
            f"update {{table}} set {change} where {SEVEN} and metric_code = '{metric}'",
            (*IS_SEVEN, f'"metric_code": "{metric}"', says),
        )
        for what, metric, change, says in (
            ("a rounded ratio", "ON_TIME_SETTLEMENT", "ratio = 0.99", '"ratio": 0.99'),
            ("percent instead of parts", "ON_TIME_SETTLEMENT", "ratio = 99.5", '"ratio": 99.5'),
            ("counts without a ratio", "ON_TIME_SETTLEMENT", "ratio = null", '"ratio": null'),
            ("no numerator", "ON_TIME_SETTLEMENT", "numerator = null", '"numerator": null'),
            ("no denominator", "ON_TIME_SETTLEMENT", "denominator = null", '"denominator": null'),
            ("a ratio over nothing", "FORMALITY_PAID_ONLINE", "ratio = 1", '"denominator": 0'),
            (
                "less than nothing below",
                "ON_TIME_SETTLEMENT",
                "denominator = -1000, ratio = -0.995",
                '"denominator": -1000',
            ),
        )
    ),
    Poison(
        INDICATORS,
        "only_reported_has_no_score",
        "a score without points",
        f"update {{table}} set score = 0 where {SEVEN} and metric_code = 'AVG_PROCESSING_DAYS'",
        (*IS_SEVEN, '"metric_code": "AVG_PROCESSING_DAYS"', '"score": 0.0'),
    ),
    Poison(
        RECONCILIATION,
        "every_snapshot_compared",
        "no rows",
        "delete from {table}",
        ('"as_of": "2026-10-10"',),
    ),
    Poison(
        RECONCILIATION,
        "no_score_differs",
        "another score than the portal's",
        f"update {{table}} set status = 'differs', computed_score = 17.5, difference = -0.41"
        f" where {SEVEN} and metric_code = 'ON_TIME_SETTLEMENT'",
        (
            *IS_SEVEN,
            '"metric_code": "ON_TIME_SETTLEMENT"',
            '"official_score": 17.91',
            '"computed_score": 17.5',
        ),
    ),
    Poison(
        RECONCILIATION,
        "counted_metric_is_computed",
        "counts without a rule",
        f"update {{table}} set status = 'not_computable', computed_score = null"
        f" where {SEVEN} and metric_code = 'ON_TIME_SETTLEMENT'",
        (*IS_SEVEN, '"metric_code": "ON_TIME_SETTLEMENT"', '"official_score": 17.91'),
    ),
    Poison(RANKING, "a_ranking_at_all", "no rows", "delete from {table}", ("found: 0",)),
    Poison(
        RANKING,
        "a_ranking_at_all",
        "a province too few",
        "delete from {table} where as_of = '2026-09-26' or unit_code = '07'",
        ("found: 33",),
    ),
    Poison(
        RANKING,
        "every_province_shown",
        "a province without a rank missing",
        "delete from {table} where unit_code = '34' and as_of = '2026-10-10'",
        ('"as_of": "2026-10-10"', '"provinces": 33', '"ranked": 33'),
    ),
    Poison(
        RANKING,
        "every_province_shown",
        "a province missing",
        f"delete from {{table}} where {SEVEN}",
        ('"as_of": "2026-10-10"', '"provinces": 33', '"ranked": 32'),
    ),
    Poison(
        RANKING,
        "every_province_shown",
        "a province twice",
        f"insert into {{table}} select * from {{table}} where {SEVEN}",
        ('"as_of": "2026-10-10"', '"provinces": 35'),
    ),
    *(
        Poison(
            RANKING, "standard_competition_rank", what, f"update {{table}} set {change} where {where}", says
        )
        for what, change, where, says in (
            (
                "a wrong rank",
                "rank = 8",
                SEVEN,
                (*IS_SEVEN, '"name_vi": "Tỉnh 7"', '"rank": 8', '"expected_rank": 7'),
            ),
            (
                "a wrong rank of which nothing else is made",
                "rank = 8",
                "unit_code = '07' and as_of = '2026-09-26'",
                ('"as_of": "2026-09-26"', '"unit_code": "07"', '"rank": 8', '"expected_rank": 7'),
            ),
            ("a total without a rank", "rank = null", SEVEN, (*IS_SEVEN, '"rank": null')),
            (
                "a rank without a total",
                "total_score = null",
                SEVEN,
                (*IS_SEVEN, '"total_score": null', '"rank": 7'),
            ),
            (
                "a tie broken",
                "rank = 4",
                "unit_code = '04' and as_of = '2026-10-10'",
                ('"unit_code": "04"', '"rank": 4', '"expected_rank": 3'),
            ),
            (
                "a dense rank after a tie",
                "rank = 4",
                "unit_code = '05' and as_of = '2026-10-10'",
                ('"unit_code": "05"', '"rank": 4', '"expected_rank": 5'),
            ),
        )
    ),
    *(
        Poison(
            RANKING,
            "totals_are_the_portals",
            what,
            f"update {{table}} set official_score = total_score + {off} where {SEVEN}",
            (*IS_SEVEN, '"name_vi": "Tỉnh 7"', '"official_score": '),
        )
        for what, off in (("0.04 below the portal's", "0.04"), ("0.04 above the portal's", "-0.04"))
    ),
    *(
        Poison(
            RANKING,
            "movement_is_the_difference",
            what,
            f"update {{table}} set {change} where {SEVEN}",
            (*IS_SEVEN, says),
        )
        for what, change, says in (
            ("another change of score", "score_change = 1.01", '"score_change": "1.01"'),
            ("another change of rank", "rank_change = 3", '"rank_change": 3'),
            ("no change and no reason", "score_change = null, rank_change = null", '"movement_reason": null'),
            ("half a change and no reason", "rank_change = null", '"rank_change": null'),
            ("a change and a reason against it", "movement_reason = 'other rules'", "other rules"),
            ("a change of score from nothing", "previous_score = null", '"previous_score": null'),
            ("a change of rank from nothing", "previous_rank = null", '"rank_change": 0'),
            (
                "nothing said of a known movement",
                "score_change = null, rank_change = null, movement_reason = 'lost'",
                '"movement_reason": "lost"',
            ),
        )
    ),
]


@cache
def suite(name: str) -> gx.ExpectationSuite:
    return load(name)


def judge(database: Path, name: str, failing_rows: Path | None = None) -> GateResult:
    schema = "main" if name.startswith("raw__") else "marts"
    return run_gate(database, schema, table_of(name), suite(name), failing_rows_dir=failing_rows)


@pytest.mark.parametrize("name", SUITES)
def test_a_good_table_passes_its_suite(name: str, good_build: Path) -> None:
    result = judge(good_build, name)
    assert result.success, result.message()


@pytest.fixture(scope="module")
def poisoned(good_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Poison], GateResult]:
    """What its suite says of a table with a poison in it; each is judged once."""

    @cache
    def judged(poison: Poison) -> GateResult:
        folder = tmp_path_factory.mktemp("poisoned")
        database = folder / "poisoned.duckdb"
        shutil.copy(good_build, database)
        table = f"{'main' if poison.suite.startswith('raw__') else 'marts'}.{table_of(poison.suite)}"
        with duckdb.connect(database) as connection:
            (changed,) = connection.execute(poison.sql.format(table=table)).fetchall()[0]
            assert changed, "the poison changed nothing"
        result = judge(database, poison.suite, folder / "failing")
        database.unlink()
        return result

    return judged


@pytest.mark.parametrize(
    "poison", POISONS, ids=lambda poison: f"{poison.suite}: {poison.expectation}: {poison.what}"
)
def test_a_poisoned_table_is_stopped_and_the_rows_are_named(
    poison: Poison, poisoned: Callable[[Poison], GateResult]
) -> None:
    result = poisoned(poison)
    failed = {check.id: check for check in result.failed()}
    assert not any("could not be evaluated" in check.observed for check in result.checks), result.message()
    assert poison.expectation in failed, f"let through; {result.message()}"
    assert not result.success
    check, message = failed[poison.expectation], result.message()
    own = message[message.index(f"- {check.description}\n") :].split("\n- ")[0]
    assert [text for text in poison.says if text not in own] == [], own
    if check.failing_rows:
        assert check.rows_file is not None
        assert len(duckdb.read_parquet(check.rows_file).fetchall()) == check.failing_rows


@pytest.mark.parametrize("name", SUITES)
def test_every_expectation_alone_stops_a_poison(name: str, poisoned: Callable[[Poison], GateResult]) -> None:
    alone = {
        poison.expectation
        for poison in POISONS
        if poison.suite == name and [check.id for check in poisoned(poison).failed()] == [poison.expectation]
    }
    assert alone == {expectation.meta["id"] for expectation in suite(name).expectations}


@pytest.mark.parametrize("name", SUITES)
def test_every_expectation_says_what_it_expects_why_and_since_when(name: str) -> None:
    assert suite(name).name == name
    for expectation in suite(name).expectations:
        assert expectation.description
        reason = (expectation.meta or {}).get("reason", "")
        dates = re.findall(r"\b\d{4}-\d{2}-\d{2}\b", reason)
        assert dates, f"{expectation.description}: no date in its reason {reason!r}"
        assert all(date.fromisoformat(text) for text in dates)
        assert len(reason) > len("2026-11-23") + 10, f"{expectation.description}: {reason!r} is no reason"


#: Where nothing of departments or communes has come, there is no ranking of them, and no harm in that.
MAY_BE_EMPTY = {
    "release__mart_department_ranking",
    "release__mart_commune_ranking",
    "release__mart_source_quality",  # nothing wrong with any system
    "release__mart_score_gap",  # empty with its parent, `mart_indicator_scores`, which may not be
    "release__dim_indicator",  # as above: no metric is scored without its rule
}


@pytest.mark.parametrize("name", sorted(set(SUITES) - MAY_BE_EMPTY))
def test_an_empty_table_never_passes(name: str, good_build: Path, tmp_path: Path) -> None:
    database = tmp_path / "empty.duckdb"
    shutil.copy(good_build, database)
    table = f"{'main' if name.startswith('raw__') else 'marts'}.{table_of(name)}"
    with duckdb.connect(database) as connection:
        connection.execute(f"delete from {table}")
    assert not judge(database, name).success

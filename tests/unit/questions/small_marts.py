"""A small release that is asked about: two days of the portal, its rules before, windows of records.

Belongs here: its figures, by hand. Does not belong here: anything a test asserts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

#: unit_code, unit_level, province_code, agency_code, name_vi.
UNITS = (
    ("VN", "nation", None, None, "Việt Nam"),
    ("75", "province", "75", "H19", "Đồng Nai"),
    ("52", "province", "52", "H21", "Gia Lai"),
    ("01", "province", "01", "H26", "Hà Nội"),
    ("26116", "commune", "75", "H19.352", "Xã Tân Phú"),
    ("23575", "commune", "52", "H21.101", "Phường Pleiku"),
    ("23576", "commune", "52", "H21.102", "Xã Tân Phú"),
)
_PORTAL = "portal", "portal_2026", "year_to_date", "2026-01-01", "2026-12-31"
_WINDOW = "records", "portal_2025", "window"
_RECORDS = "records", "portal_2026"
#: Name in this file: the six keys, the name, synthetic or not.
PERIODS: dict[str, tuple[Any, ...]] = {
    "6 October": (*_PORTAL, "2026-10-06", "Year 2026, up to 6 October 2026", False),
    "10 October": (*_PORTAL, "2026-10-10", "Year 2026, up to 10 October 2026", False),
    "former rules": (
        "portal", "portal_2025", "year_to_date", "2025-01-01", "2025-12-31", "2025-10-31",
        "Year 2025, up to 31 October 2025", False,
    ),
    "first half": (*_WINDOW, "2025-01-01", "2025-07-05", "2025-07-05", "1 January 2025 to 5 July 2025", True),
    "summer": (*_WINDOW, "2025-06-01", "2025-08-31", "2025-08-31", "1 June 2025 to 31 August 2025", True),
    "second half": (*_WINDOW, "2025-07-01", "2025-11-30", "2025-11-30", "1 July 2025 to 30 November 2025", True),
    "January": (*_RECORDS, "month", "2026-01-01", "2026-01-31", "2026-01-31", "January 2026", False),
    "end of 2026": (*_RECORDS, "year_to_date", "2026-01-01", "2026-12-31", "2026-12-31", "Year 2026", False),
    "begin of 2027": (
        *_RECORDS, "year_to_date", "2027-01-01", "2027-12-31", "2027-01-02", "Year 2027, up to 2 January 2027", False,
    ),
}  # fmt: skip
_DAY_BEFORE = "year_to_date from 2026-01-01 as of 2026-10-06"
_NOTHING = "no earlier figures of this kind"
_MONTH_BEFORE, _OTHER_RULES = (
    "month from 2025-12-01 as of 2025-12-31",
    "not comparable: scored by portal_2025 before",
)
#: period, unit, total, rank, moved, change, band, portal's rank, portal's total, no rank, no movement, baseline.
RANKED = (
    ("6 October", "75", 68.00, 2, None, None, "average", 2, 68.00, None, _NOTHING, None),
    ("6 October", "52", 68.50, 1, None, None, "average", 1, 68.50, None, _NOTHING, None),
    ("6 October", "01", 60.00, 3, None, None, "average", 3, 60.00, None, _NOTHING, None),
    ("10 October", "75", 69.52, 1, 1, 1.52, "average", 1, 69.53, None, None, _DAY_BEFORE),
    ("10 October", "52", 69.00, 2, -1, 0.50, "average", 2, 69.00, None, None, _DAY_BEFORE),
    ("10 October", "01", None, None, None, None, None, None, None, "no figure for ONLINE", "not ranked now", _DAY_BEFORE),
    ("10 October", "23575", 75.00, 1, None, None, "fair", None, None, None, _NOTHING, None),
    ("10 October", "23576", 70.00, 2, None, None, "fair", None, None, None, _NOTHING, None),
    ("former rules", "75", 90.53, 1, None, None, "excellent", 1, 90.53, None, _NOTHING, None),
    ("first half", "75", 72.00, 1, None, None, "fair", None, None, None, _NOTHING, None),
    ("summer", "75", 80.00, 1, None, None, "good", None, None, None, _NOTHING, None),
    ("second half", "75", 92.00, 1, 0, 20.00, "excellent", None, None, None, None,
     "window from 2025-01-01 as of 2025-07-05"),
    ("January", "75", 70.00, 1, None, None, "fair", None, None, None, _OTHER_RULES, _MONTH_BEFORE),
    ("January", "52", 65.00, 2, None, None, "average", None, None, None, _OTHER_RULES, _MONTH_BEFORE),
    ("end of 2026", "75", 80.00, 1, None, None, "good", None, None, None, _NOTHING, None),
    ("begin of 2027", "75", 30.00, 1, None, None, "weak", None, None, None, _NOTHING, None),
)  # fmt: skip
#: from, to, unit, kind of part, group, part, points then and now, counts then, counts now, total then and now.
MOVED = (
    ("6 October", "10 October", "75", "metric", "A", "M1", 6.00, 7.00, 600, 1000, 1400, 2000, 68.00, 69.52),
    ("6 October", "10 October", "75", "metric", "A", "M2", 0.00, 0.50, None, 0, 1, 4, 68.00, 69.52),
    ("6 October", "10 October", "75", "metric", "A", "M3", 2.00, 2.00, 9, 10, 18, 20, 68.00, 69.52),
    ("6 October", "10 October", "75", "group", "B", "B", 59.99, 60.02, None, None, None, None, 68.00, 69.52),
    ("6 October", "10 October", "75", "rest", "TOTAL", "TOTAL", 0.01, 0.00, None, None, None, None, 68.00, 69.52),
    ("6 October", "10 October", "52", "group", "B", "B", 60.00, 60.50, None, None, None, None, 68.50, 69.00),
    ("6 October", "10 October", "01", "group", "B", "B", 10.00, 11.25, None, None, None, None, None, None),
    ("first half", "second half", "75", "metric", "A", "M1", 5.00, 25.00, 1, 5, 5, 5, 72.00, 92.00),
    ("summer", "second half", "75", "metric", "A", "M1", 13.00, 25.00, 2, 5, 5, 5, 80.00, 92.00),
    ("end of 2026", "begin of 2027", "75", "metric", "A", "M1", 60.00, 10.00, 9, 10, 1, 10, 80.00, 30.00),
)  # fmt: skip
PARTS = {
    "M1": "Tỷ lệ hồ sơ đúng hạn", "M2": "Tỷ lệ TTHC công bố", "M3": "Tỷ lệ PAKN đúng hạn", "B": "Số hóa hồ sơ",
    "TOTAL": "Làm tròn của Cổng",
}  # fmt: skip
#: unit, goal, goal's total, step, metric, counted, more, points then and now, total then, why there is no plan.
PLANNED = (
    ("75", "next_tenth", 69.60, 1, "M1", "dossier", 20, 7.00, 7.10, 69.62, None),
    ("75", "next_band", 80.00, 0, None, None, None, None, None, 69.52,
     "it takes 10.48 points; counts of its own can win 6.50"),
    ("52", "next_rank", 69.53, 1, "M2", "procedure", 1, 0.50, 0.75, 69.25, None),
    ("52", "next_rank", 69.53, 2, "M1", "dossier", 1500, 6.00, 6.30, 69.55, None),
)  # fmt: skip
_PROVINCE = "counted for the whole province"
#: metric, points, of, lost, counted, more for a point, why not, more for the full mark, why not, why nobody knows.
LOST = (
    ("M1", 7.00, 10.0, 3.0, "dossier", 200, None, 600, None, None),
    ("M2", 0.50, 4.0, 3.5, "procedure", None, _PROVINCE, None, _PROVINCE, None),
    ("M3", 2.00, 2.0, 0.0, "petition", None, None, 0, None, None),
    ("M4", 0.00, 6.0, None, "petition", None, "not_delivered: petitions", None, "not_delivered: petitions",
     "not_delivered: petitions"),
)  # fmt: skip


def period_id(name: str) -> str:
    """As `dim_period` makes it: its keys as one text."""
    return ".".join(PERIODS[name][:6])


def write(folder: Path) -> None:
    """Its Parquet, and a manifest that has the view of movement, of which a release keeps no Parquet."""
    (folder / "parquet").mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            "create table dim_unit (unit_code varchar, unit_level varchar, province_code varchar, agency_code varchar,"
            " name_vi varchar, valid_from date default '2025-07-01');"
            "create table period (name varchar, basis varchar, regime varchar, period_type varchar, period_start date,"
            " period_end date, as_of date, period_en varchar, contains_synthetic boolean, period_id varchar);"
            "create table ranked (name varchar, unit_code varchar, total_score decimal(6, 2), rank integer,"
            " rank_change integer, score_change decimal(6, 2), band varchar, official_rank integer,"
            " official_score decimal(6, 2), rank_reason varchar, movement_reason varchar, baseline varchar);"
            "create table moved (from_name varchar, to_name varchar, unit_code varchar, part_level varchar,"
            " group_code varchar, part_code varchar, points_from decimal(6, 2), points_to decimal(6, 2),"
            " numerator_from bigint, denominator_from bigint, numerator_to bigint, denominator_to bigint,"
            " total_from decimal(6, 2), total_to decimal(6, 2));"
            "create table planned (unit_code varchar, goal varchar, goal_total decimal(6, 2), step integer,"
            " metric_code varchar, counted_unit varchar, more_units bigint, score_before decimal(6, 2),"
            " score_after decimal(6, 2), total_after decimal(6, 2), plan_reason varchar);"
            "create table lost (metric_code varchar, score double, max_score double, points_lost double,"
            " counted_unit varchar, more_for_one_point bigint, one_point_reason varchar, more_for_full_mark bigint,"
            " full_mark_reason varchar, score_reason varchar);"
            "create table part (code varchar, name_vi varchar)"
        )
        connection.executemany("insert into dim_unit values (?, ?, ?, ?, ?, default)", UNITS)
        connection.executemany(
            f"insert into period values (?{', ?' * 9})",
            [(name, *facts, period_id(name)) for name, facts in PERIODS.items()],
        )
        connection.executemany(f"insert into ranked values (?{', ?' * 11})", RANKED)
        connection.executemany(f"insert into moved values (?{', ?' * 13})", MOVED)
        connection.executemany(f"insert into planned values (?{', ?' * 10})", PLANNED)
        connection.executemany(f"insert into lost values (?{', ?' * 9})", LOST)
        connection.executemany("insert into part values (?, ?)", PARTS.items())
        served = {
            "dim_unit": "from dim_unit",
            "bi_ranking": (
                "select * exclude (name, name_vi), name_vi as unit_vi, period_en as period_vi,"
                " 'provisional' as period_status, 2 as peers, 3 as peers_expected"
                " from ranked inner join period using (name) inner join dim_unit using (unit_code)"
            ),
            **{
                f"mart_{level}_ranking": (
                    "select * from ranked inner join period using (name) inner join dim_unit using (unit_code)"
                    f" where unit_level = '{level}'"
                )
                for level in ("province", "department", "commune")
            },
            "movements": (
                "select moved.*, later.basis, part.name_vi as part_vi, 'part' as part_en,"
                " points_to - points_from as points_moved, total_to - total_from as total_moved,"
                " numerator_from / denominator_from as ratio_from, numerator_to / denominator_to as ratio_to,"
                " earlier.period_id as from_period_id, later.period_id as to_period_id"
                " from moved inner join period as earlier on from_name = earlier.name"
                " inner join period as later on to_name = later.name inner join part on part_code = part.code"
            ),
            "mart_score_plan": (
                "select planned.*, period_id, regime, 'A' as group_code from planned, period where name = '10 October'"
            ),
            "mart_score_gap": (
                "select lost.*, period_id, regime, 'A' as group_code, '75' as unit_code"
                " from lost, period where name = '10 October'"
            ),
            "dim_indicator": (
                "select 'portal_2026' as regime, code as metric_code, name_vi, 'metric' as name_en from part"
                " union all select 'portal_2026', 'M4', 'Tỷ lệ hài lòng', 'metric'"
            ),
        }
        for name, query in served.items():
            connection.execute(f"copy ({query}) to '{folder}/parquet/{name}.parquet' (format parquet)")
    tables = {"bi_movement": {"query": "select * from marts.movements"}}
    (folder / "manifest.json").write_text(json.dumps({"tables": tables}), encoding="utf-8")

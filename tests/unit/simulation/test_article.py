"""The article beside what records come to: whose figures the heading says they are, on marts of one row.

Belongs here: the heading. Whether the figures come out: `tests/pipeline/test_records_article.py`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.simulation.article import beside_article

_WINDOW = (
    "'records' as basis, 'portal_2025' as regime, 'window' as period_type, date '2025-07-01' as period_start,"
    " date '2025-11-30' as period_end, date '2025-11-30' as as_of, '75' as unit_code"
)


@pytest.mark.parametrize(
    ("is_synthetic", "said"), [(True, "from SYNTHETIC records"), (False, "from records")]
)
def test_the_heading_says_what_the_row_rests_on(tmp_path: Path, is_synthetic: bool, said: str) -> None:
    """There is no manifest here: it speaks of the portal's files as well."""
    (tmp_path / "parquet").mkdir()
    with duckdb.connect() as connection:
        for name, more in (
            (
                "mart_service_headline",
                "1::bigint as dossiers_received, 0.9 as online_ratio, 0.9 as paid_online_ratio, 0.9 as timely_ratio,"
                f" 92.19 as total_score, 3 as rank, 'Đồng Nai' as name_vi, {is_synthetic} as contains_synthetic",
            ),
            (
                "mart_province_ranking",
                "34 as peers, 18.95 as score_change, 12 as rank_change, null::varchar as baseline",
            ),
        ):
            connection.sql(f"select {_WINDOW}, {more}").write_parquet(f"{tmp_path}/parquet/{name}.parquet")
    answer = beside_article(tmp_path)
    assert answer is not None
    assert f", {said}, regime portal_2025" in str(answer.shown[0])
    assert answer.facts["contains_synthetic"] is is_synthetic

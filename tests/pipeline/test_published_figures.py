"""The first run against the figures that the portal published: what issue and domain page promise.

Every expected figure is the portal's own, from the captures of 26 September and 10 October 2026.
"""

from __future__ import annotations

from tests.pipeline.conftest import Query

OCTOBER = "as_of = date '2026-10-10'"


def test_every_province_score_with_counts_is_reproduced(query: Query) -> None:
    # 34 provinces x 14 scored metrics with counts = 476, less Son La's PUBLISH_ON_TIME (0 of 0, no score).
    matched, compared, largest = query(
        """
        select count(*) filter (abs(difference) <= 0.0051), count(*), max(abs(difference))
        from marts.mart_official_reconciliation
        where unit_level = 'province' and score_level = 'metric' and has_counts and official_score is not null
        """
    )[0]
    assert (matched, compared) == (475, 475)
    assert largest <= 0.0051


def test_every_unit_score_with_counts_is_reproduced(query: Query) -> None:
    # Of the four units given in full, three have dossiers: 14 + 12 + 12 scores on a positive denominator = 38.
    # The fourth has the 3 of its province. The rest are denominators of 0, which earn 0 or the full mark.
    rows = query(
        """
        select scores.denominator > 0 and scores.unit_code <> 'H21.20', reconciliation.status, count(*)
        from marts.mart_official_reconciliation as reconciliation
        inner join marts.mart_indicator_scores as scores using (as_of, unit_code, metric_code)
        where reconciliation.unit_level <> 'province' and has_counts and official_score is not null
        group by all order by all
        """
    )
    assert rows == [(False, "match", 11), (True, "match", 38)]


def test_no_score_means_no_score(query: Query) -> None:
    # Son La announced nothing: 0 of 0 has no score, and the portal gives none.
    assert query(
        f"select numerator, denominator, ratio, score from marts.ind_publish_on_time"
        f" where {OCTOBER} and unit_code = '14'"
    ) == [(0, 0, None, None)]


def test_totals_are_the_portals(query: Query) -> None:
    # Thai Nguyen and Thanh Hoa are off by 0.01: their group CKMB is printed 0.01 beside the sum of its metrics.
    rows = query(
        f"""
        select name_vi, total_score - official_score
        from marts.mart_province_ranking
        where {OCTOBER} and total_score <> official_score
        order by name_vi
        """
    )
    assert [(name, float(difference)) for name, difference in rows] == [
        ("Thanh Hóa", -0.01),
        ("Thái Nguyên", 0.01),
    ]


def test_ranks_are_the_portals(query: Query) -> None:
    assert query(
        f"select count(*), count(*) filter (rank = official_rank) from marts.mart_province_ranking where {OCTOBER}"
    ) == [(34, 34)]


def test_a_tie_shares_the_rank_beside_the_portals_own_order(query: Query) -> None:
    # 26 September: both 57.51. The portal puts them 30th and 31st by an order it does not publish.
    assert query(
        """
        select name_vi, rank, official_rank from marts.mart_province_ranking
        where as_of = date '2026-09-26' and total_score = 57.51 order by official_rank
        """
    ) == [("Hưng Yên", 30, 30), ("Quảng Ngãi", 30, 31)]


def test_dong_nai_is_second_and_gia_lai_climbed_nine_places(query: Query) -> None:
    rows = query(
        f"""
        select agency_code, rank, total_score, previous_rank, rank_change, score_change, baseline, period_status, band
        from marts.mart_province_ranking where {OCTOBER} and agency_code in ('H19', 'H21') order by rank
        """
    )
    baseline = "year_to_date from 2026-01-01 as of 2026-09-26"
    assert [(*row[:2], float(row[2]), *row[3:5], float(row[5]), *row[6:]) for row in rows] == [
        ("H19", 2, 67.48, 2, 0, -0.26, baseline, "provisional", "average"),
        ("H21", 4, 66.23, 13, 9, 3.49, baseline, "provisional", "average"),
    ]


def test_departments_rank_as_published_and_the_one_without_dossiers_last(query: Query) -> None:
    rows = query(
        "select rank, official_rank, unit_code, total_score, peers from marts.mart_department_ranking order by rank"
    )
    assert [row[0] for row in rows] == [row[1] for row in rows] == list(range(1, 15))
    assert (rows[-1][2], float(rows[-1][3])) == ("H21.20", 19.79)
    assert {row[4] for row in rows} == {14}


def test_two_communes_are_shown_as_two_of_135(query: Query) -> None:
    assert query(
        """
        select agency_code, unit_code, rank, peers, peers_expected, period_status
        from marts.mart_commune_ranking order by rank
        """
    ) == [("H21.227", "21994", 1, 2, 135, "provisional"), ("H21.125", "23842", 2, 2, 135, "provisional")]
    assert query(
        f"""
        select distinct units_present, units_expected from marts.mart_coverage
        where {OCTOBER} and province_code = '52' and unit_level = 'commune'
        """
    ) == [(2, 135)]


def test_coverage_shows_what_is_missing(query: Query) -> None:
    # 3,321 communes in the land, two of them seen; departments of 33 provinces are unknown, not zero.
    assert query(
        f"""
        select unit_level, sum(units_expected), sum(units_present), count(*) filter (units_expected is null)
        from marts.mart_coverage where {OCTOBER} and group_code = 'TDGQ' group by unit_level order by unit_level
        """
    ) == [("commune", 3321, 2, 0), ("department", 14, 14, 33), ("province", 34, 34, 0)]


def test_groups_without_counts_are_the_portals_and_say_so(query: Query) -> None:
    assert query(
        f"""
        select group_code, score_origin, computed_max_score from marts.mart_index
        where {OCTOBER} and unit_code = '75' order by group_code
        """
    ) == [
        ("CKMB", "computed", 18.0),
        ("MDHL", "computed", 18.0),
        ("MDSH", "computed", 22.0),
        ("ONLINE", "official", 0.0),
        ("TDGQ", "computed", 20.0),
        ("TOTAL", "computed", 78.0),
        ("TTTT", "official", 0.0),
    ]


def test_the_gap_tells_what_to_do_next(query: Query) -> None:
    # Dong Nai settles 540748 of 670009 on time. A point of 20 is 670009 / 20 = 33500.45: 33501 more dossiers.
    # To pass Dong Thap (68.80) it needs 1.33 points: 16.14 + 1.33 = 17.47 of 20, shown from 17.465 on: 585085.4 of
    # 670009, so 585086: 44338 more.
    assert query(
        f"""
        select numerator, denominator, more_for_one_point, points_to_next_rank, more_for_next_rank
        from marts.mart_score_gap where {OCTOBER} and unit_code = '75' and metric_code = 'ON_TIME_SETTLEMENT'
        """
    ) == [(540748, 670009, 33501, 1.33, 44338)]


def test_headline_gives_what_the_portal_publishes_and_no_more(query: Query) -> None:
    assert query(
        f"""
        select dossiers_received, online_ratio, round(paid_online_ratio, 4), early, on_time, within_time, overdue,
            round(timely_ratio, 4), rank
        from marts.mart_service_headline where {OCTOBER} and unit_code = '75'
        """
    ) == [(670009, None, 0.8999, None, None, None, 129261, 0.8071, 2)]

"""The page in a real headless Chromium, on a wide screen and on a telephone.

Belongs here: what only a browser can tell. What the file holds: `test_page.py`. Needs Debian's `chromium`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from openpyxl import load_workbook

from orchestration.publishing.marts import open_marts, rows
from orchestration.publishing.scoreboard.page import draw
from tests.unit.scoreboard.conftest import REAL
from tests.unit.scoreboard.reading import fact, go, led_on, opened, ready, serious, table

pytestmark = pytest.mark.bi

VIEWS = ("ranking", "map", "province", "nation", "changes", "quality")
WIDTHS = (1400, 390)
PORTAL = "lang=en&basis=portal"
RECORDS = "lang=en&basis=records"

# As the page writes figures in English: two places, halves up, a sign where it is a change, a dash where there is none.
_SHOWN = r"""
create or replace macro points(x) as coalesce(printf('%.2f', round(x, 2)::double), '–');
create or replace macro counted(x) as coalesce(format('{:,}', x::bigint), '–');
create or replace macro signed(x) as coalesce(if(x > 0, '+', '') || printf('%.2f', x::double), '–');
create or replace macro moved(x) as
    coalesce(case when x > 0 then '▲ ' || x when x < 0 then '▼ ' || -x when x = 0 then '=' end, '–');
create or replace macro percent(x) as coalesce(printf('%.2f %%', round(100 * x, 2)), '–');
"""
_OF_PERIOD = "basis = $basis and regime = $regime and period_type = $period_type and as_of = $as_of"
_MEDIANS = (
    "(select peer_group, peer_group_code, part_code, median_score, median_ratio, median_average_days"
    f" from marts.mart_peer_medians where {_OF_PERIOD} and unit_level = 'province')"
)


def shown_by_marts(release: Path, query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    with open_marts(release) as connection:
        connection.execute(_SHOWN)
        return rows(connection, query, {key: value for key, value in values.items() if f"${key}" in query})


def every_period(release: Path) -> list[dict[str, Any]]:
    with open_marts(release) as connection:
        keys = "basis, regime, period_type, period_start, as_of"
        return rows(connection, f"select distinct {keys} from marts.mart_province_ranking order by all")


def address_of(period: dict[str, Any], view: str, **more: str) -> str:
    chosen = {"view": view, "lang": "en", "basis": period["basis"], "rules": period["regime"], **more}
    chosen["period"] = f"{period['period_type']}.{period['period_start']}.{period['as_of']}"
    return "&".join(f"{key}={value}" for key, value in chosen.items())


def only(read: list[dict[str, str]], *columns: str) -> list[tuple[str, ...]]:
    return sorted(tuple(row[column] for column in ("row", *columns)) for row in read)


def test_every_number_of_the_ranking_and_of_each_province_equals_the_marts(
    browser: Any, page_file: Path, release: Path
) -> None:
    with opened(browser, page_file, PORTAL) as page:
        for period in every_period(release):
            go(page, address_of(period, "ranking"))
            ranking = shown_by_marts(
                release,
                "select unit_code, counted(rank) as rank, name_en, points(total_score) as total,"
                " moved(rank_change) as moved, signed(score_change) as change, counted(official_rank) as official"
                f" from marts.mart_province_ranking where {_OF_PERIOD}",
                period,
            )
            assert only(
                table(page, "ranking"),
                "rank",
                "name",
                "total_score",
                "rank_change",
                "score_change",
                "official_rank",
            ) == sorted(tuple(row.values()) for row in ranking)
            for province in (row["unit_code"] for row in ranking):
                go(page, address_of(period, "province", province=province))
                assert_province(page, release, {**period, "province": province})
        assert page.complaints == []


def assert_province(page: Any, release: Path, of: dict[str, Any]) -> None:
    groups = shown_by_marts(
        release,
        "select i.group_code, points(i.score) as score, counted(i.max_score) as most,"
        " points(nation.median_score) as median, points(region.median_score) as similar"
        " from marts.mart_index as i"
        " inner join marts.dim_unit as unit on i.unit_code = unit.unit_code"
        f" left join {_MEDIANS} as nation"
        " on i.group_code = nation.part_code and nation.peer_group = 'nation'"
        f" left join {_MEDIANS} as region"
        " on i.group_code = region.part_code and region.peer_group_code = unit.region_vi"
        f" where {_OF_PERIOD} and i.unit_code = $province and i.group_code <> 'TOTAL'",
        of,
    )
    assert only(table(page, "groups"), "score", "max_score", "median", "similar_median") == sorted(
        tuple(row.values()) for row in groups
    )
    metrics = shown_by_marts(
        release,
        "select s.metric_code,"
        " if(s.metric_code = 'AVG_PROCESSING_DAYS', points(s.average_days), percent(s.ratio)) as ratio,"
        " coalesce(counted(s.numerator) || ' / ' || nullif(counted(s.denominator), '–'), '–') as counts,"
        " points(if(s.score is null, null, gap.score)) as score, points(gap.points_lost) as lost,"
        " counted(gap.more_for_full_mark) as full, counted(gap.more_for_one_point) as one,"
        " counted(gap.more_for_next_rank) as next,"
        " if(s.metric_code = 'AVG_PROCESSING_DAYS', points(m.median_average_days), percent(m.median_ratio)) as median"
        " from marts.mart_indicator_scores as s left join marts.mart_score_gap as gap"
        " using (basis, regime, period_type, period_start, period_end, as_of, unit_code, metric_code)"
        f" left join {_MEDIANS} as m on s.metric_code = m.part_code and m.peer_group = 'nation'"
        f" where {_OF_PERIOD} and unit_code = $province",
        of,
    )
    assert only(
        table(page, "metrics"), "ratio", "counts", "score", "points_lost", "more_for_full_mark", "more_for_one_point",
        "more_for_next_rank", "median_ratio",
    ) == sorted(tuple(row.values()) for row in metrics)  # fmt: skip

    plans = shown_by_marts(
        release,
        "select coalesce(metric_code, '') as row, points(plan.goal_total) as goal,"
        " signed(plan.goal_total - ranking.total_score) as needed, points(score_before) as before,"
        " points(score_after) as after, points(total_after) as total, coalesce(counted(more_units), '–') as more"
        " from marts.mart_score_plan as plan inner join marts.mart_province_ranking as ranking"
        f" using (period_id, unit_code) where {_OF_PERIOD} and unit_code = $province",
        of,
    )
    read = [
        {
            **row,
            "row": row["row"] or "",
            "more": row["todo"].split(" more ")[0] if " more " in row["todo"] else "–",
        }
        for row in table(page, "plans")
    ]
    assert only(
        read, "goal_total", "points_needed", "score_before", "score_after", "total_after", "more"
    ) == sorted(tuple(row.values()) for row in plans)
    moves = shown_by_marts(
        release,
        "select part_code, points(points_from) as before, points(points_to) as after, signed(points_moved) as moved,"
        " coalesce(counted(numerator_from) || ' / ' || nullif(counted(denominator_from), '–'), '–') as counts_from,"
        " coalesce(counted(numerator_to) || ' / ' || nullif(counted(denominator_to), '–'), '–') as counts_to"
        " from marts.bi_movement as moves inner join marts.mart_province_ranking as ranking"
        " on to_period_id = ranking.period_id and moves.unit_code = ranking.unit_code"
        f" where {_OF_PERIOD} and ranking.unit_code = $province and points_moved <> 0 and total_moved is not null"
        " and from_period_id like '%.' || right(baseline, 10)",
        of,
    )
    assert only(
        table(page, "moves"), "points_from", "points_to", "points_moved", "counts_from", "counts_to"
    ) == sorted(tuple(row.values()) for row in moves)


def test_what_moved_a_total_adds_up_and_says_what_is_not_known(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, f"{PORTAL}&view=province&province=75") as page:
        assert [(row["group"], row["part"], row["points_moved"]) for row in table(page, "moves")] == [
            ("Online services", "The whole group", "+2.50"),
            ("Publicity and transparency", "Dossiers synchronised", "+1.00"),
            ("Total", "Rounding by the portal", "+0.01"),
        ]
        assert page.inner_text("#moves-note").startswith("They add up to the change of the total: +3.51.")
        go(page, f"{PORTAL}&view=province&province=01")
        assert table(page, "moves") == []
        assert page.inner_text("#moves-note") == (
            "What moved the total cannot be said: no earlier figures of this kind."
        )
        go(page, "lang=vi&basis=portal&view=province&province=01")
        assert page.inner_text("#moves-note") == (
            "Không nói được điều gì làm tổng điểm thay đổi: chưa có kỳ trước cùng loại."
        )
        assert fact(page, "fact_rank") == "không có số liệu của ONLINE"


def test_a_plan_is_told_step_by_step_and_a_goal_out_of_reach_as_that(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, f"{PORTAL}&view=province&province=75") as page:
        steps = [(row["goal"], row["points_needed"], row["todo"]) for row in table(page, "plans")]
        assert steps == [
            ("Next tenth of a point", "+0.02", "1 more procedures that meet it"),
            ("Next band", "+9.52", "Counts alone do not reach this goal."),
        ]
        go(page, "lang=vi&basis=portal&view=province&province=52")
        assert [row["todo"] for row in table(page, "plans")] == [
            "thêm 80 thủ tục đạt yêu cầu", "thêm 1 hồ sơ đạt yêu cầu",
        ]  # fmt: skip


def test_departments_and_communes_are_shown_once_they_are_asked_for(
    browser: Any, page_file: Path, release: Path
) -> None:
    with opened(browser, page_file, f"{PORTAL}&view=province&province=75") as page:
        assert table(page, "communes") == []
        page.click("#communes summary")
        page.wait_for_selector("#table-communes tbody tr")
        communes = table(page, "communes")
        assert [(row["rank"], row["total_score"]) for row in communes] == [("1", "81.25"), ("2", "12.50")]
        assert communes[1]["unit"] == "Xã <b>Long Thành</b>"  # text of others stays text
        assert page.inner_text("#caption-communes") == (
            "Communes of Dong Nai: 2 of 3 ranked (provisional). Movement against: Year to date 2026, up to 06/10/2026"
        )


def test_similar_provinces_are_named_with_what_makes_them_so(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, f"{PORTAL}&view=province&province=75") as page:
        assert fact(page, "fact_similar") == "Gia Lai"
        assert "region (The south)" in page.inner_text("#similar-note")
        with led_on(page):
            page.click("[data-fact=fact_similar] a")
        assert page.inner_text("#heading") == "Gia Lai"
        go(page, f"{PORTAL}&view=province&province=01")  # alone in its region
        assert page.locator("[data-fact=fact_similar]").count() == 0


def test_medians_of_the_nation_are_the_middle_of_the_provinces(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, f"{PORTAL}&view=nation") as page:
        # Totals 66.23 and 70.48: the middle is 68.355. A quarter of the way: 67.2925, three quarters: 69.4175.
        assert fact(page, "fact_median") == "68.36"
        assert fact(page, "fact_quartiles") == "67.29 to 69.42"
        assert fact(page, "fact_dossiers_received") == "102,294"
        assert only(table(page, "nation_groups"), "nation", "median", "lowest", "highest") == [
            ("CKMB", "12.34", "12.00", "10.00", "15.01"),
            ("ONLINE", "–", "4.75", "0.00", "9.50"),
        ]


def test_tiles_lead_to_their_provinces(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, f"{PORTAL}&view=map") as page:
        assert page.inner_text("#tiles [data-row='75'] .value") == "70.48"
        with led_on(page):
            page.select_option("#map-by", "ONLINE")
        assert page.inner_text("#tiles [data-row='01'] .value") == "–"
        # Of a group no rank is served: that of the total says that it is. What is missing has no colour.
        assert page.inner_text("#tiles [data-row='75'] a").splitlines()[-1] == "overall rank 1"
        assert page.get_attribute("#tiles [data-row='01'] a", "class") == "step-none"
        with led_on(page):
            page.click("#tiles [data-row='75'] a")
        assert page.inner_text("#heading") == "Dong Nai"


def test_what_changed_since_the_release_before_is_shown(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, f"{PORTAL}&view=changes") as page:
        assert only(table(page, "changes"), "score_before", "score_now", "score_difference") == [
            ("52", "65.00", "66.23", "+1.23")
        ]
        assert [row["kind"] for row in table(page, "new_periods")] == ["new"]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("basis", ["portal", "records"])
def test_axe_finds_nothing_serious_and_nothing_is_asked_of_a_network(
    browser: Any, page_file: Path, basis: str, width: int
) -> None:
    with opened(browser, page_file, f"lang=vi&basis={basis}", width) as page:
        assert ready(page) < 2000
        for view in VIEWS:
            go(page, f"view={view}&lang=vi&basis={basis}")
            if view in ("province", "nation"):
                page.wait_for_selector("section:not([hidden]) figure svg")
            assert serious(page) == [], view
            assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        assert page.complaints == []
        assert [url for url in page.asked_for if not url.startswith((page_file.as_uri(), "data:"))] == []


def test_charts_are_drawn_as_svg_with_a_description(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, f"{PORTAL}&view=province&province=75") as page:
        page.wait_for_selector("#chart-course svg")
        told = page.get_attribute("#chart-groups [role=graphics-document]", "aria-label")
        assert told.startswith("The six groups of Dong Nai")
        assert (
            page.locator("#chart-groups svg path[aria-roledescription=bar]").count() == 4
        )  # two groups, two bars each


def test_the_address_holds_the_state(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file) as page:
        with led_on(page):
            page.click("[data-language=en]")
        with led_on(page):
            page.select_option("[name=basis]", "records")
        with led_on(page):
            page.click("[data-view=province]")
        with led_on(page):
            page.select_option("#province", "52")
        held = parse_qs(page.evaluate("location.hash").lstrip("#"))
        address = page.url
    assert {key: held[key] for key in ("view", "lang", "basis", "rules", "period", "province")} == {
        "view": ["province"], "lang": ["en"], "basis": ["records"], "rules": ["portal_2025"],
        "period": ["month.2025-11-01.2025-11-30"], "province": ["52"],
    }  # fmt: skip
    with opened(browser, page_file, address.split("#")[1]) as page:
        assert page.inner_text("#heading") == "Gia Lai"
        assert fact(page, "fact_score") == "0.00"
        assert page.get_attribute("html", "lang") == "en"
        go(page, "view=ranking&lang=vi")
        with led_on(page):
            page.go_back()
        assert page.inner_text("#heading") == "Gia Lai"


def test_numbers_and_words_are_those_of_the_language(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file) as page:
        assert page.inner_text("#heading") == "Xếp hạng"
        assert table(page, "ranking")[0]["total_score"] == "70,48"
        with led_on(page):
            page.click("[data-language=en]")
        assert page.inner_text("#heading") == "Ranking"
        assert table(page, "ranking")[0]["total_score"] == "70.48"
        assert page.get_attribute("[data-language=en]", "aria-pressed") == "true"


def test_a_heading_sorts_and_what_is_missing_comes_last_either_way(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, PORTAL) as page:
        heading = "#table-ranking th[data-column=total_score]"
        for direction, order in (("descending", ["75", "52", "01"]), ("ascending", ["52", "75", "01"])):
            page.click(f"{heading} .sort")
            assert page.get_attribute(heading, "aria-sort") == direction
            assert [row["row"] for row in table(page, "ranking")] == order
        page.reload()
        ready(page)
        assert [row["row"] for row in table(page, "ranking")] == ["52", "75", "01"]


def test_a_search_without_accents_finds_province_and_commune(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, PORTAL) as page:
        page.fill("[name=search]", "dong nai")
        assert page.locator("#found a").all_inner_texts() == ["Dong Nai"]
        page.fill("[name=search]", "DAI PHUOC")
        with led_on(page):
            page.click("#found a")
        page.wait_for_selector("#table-communes tr.chosen")
        assert page.inner_text("#heading") == "Dong Nai"
        page.fill("[name=search]", "atlantis")
        assert "atlantis" in page.inner_text("#found")


def test_the_keyboard_alone_opens_a_province_and_sorts(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, PORTAL) as page:

        def tab_to(wanted: str) -> None:
            for _ in range(60):
                page.keyboard.press("Tab")
                if page.evaluate("(selector) => document.activeElement.matches(selector)", wanted):
                    return
            pytest.fail(f"found no {wanted} within 60 presses of Tab")

        tab_to(".skip")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        tab_to("#table-ranking .sort")
        page.keyboard.press("Enter")
        assert page.get_attribute("#table-ranking th", "aria-sort") == "ascending"
        tab_to("#table-ranking tbody a")
        with led_on(page):
            page.keyboard.press("Enter")
        assert "view=province" in page.evaluate("location.hash")
        assert page.evaluate("document.activeElement.id") == "heading"


def test_a_province_with_all_metrics_is_printed_on_two_sheets(
    browser: Any, make_release: Any, reference: Path, tmp_path: Path
) -> None:
    name = "Tỷ lệ hồ sơ thủ tục hành chính được số hóa có kết nối, chia sẻ dữ liệu phục vụ tái sử dụng"
    whole = make_release(
        "20260101T000000Z-whole",
        "insert into marts.dim_indicator select * exclude (n) replace ('METRIC_' || n as metric_code, "
        f"'{name}' as name_vi) from marts.dim_indicator cross join range(22) as t(n) where metric_code = 'DOSSIER_SYNC'",
        "insert into marts.mart_indicator_scores select * exclude (n) replace ('METRIC_' || n as metric_code)"
        " from marts.mart_indicator_scores cross join range(22) as t(n) where metric_code = 'DOSSIER_SYNC'",
        "insert into marts.mart_score_gap select * exclude (n) replace ('METRIC_' || n as metric_code)"
        " from marts.mart_score_gap cross join range(22) as t(n) where metric_code = 'DOSSIER_SYNC'",
        "insert into marts.mart_peer_medians select * exclude (n) replace ('METRIC_' || n as part_code)"
        " from marts.mart_peer_medians cross join range(22) as t(n) where part_code = 'DOSSIER_SYNC'",
    )
    path = tmp_path / "scoreboard.html"
    path.write_text(draw(whole, None, reference), encoding="utf-8")
    for address in ("lang=vi&view=province&province=75", f"{RECORDS}&view=province&province=75"):
        with opened(browser, path, address) as page:
            page.wait_for_selector("#chart-groups svg")
            assert len(table(page, "metrics")) == 25
            printed = page.pdf(prefer_css_page_size=True)
            page.emulate_media(media="print")
            assert page.is_visible(".second-sheet .mark") == (RECORDS in address)
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 2


def test_synthetic_figures_are_marked_on_every_view_and_in_what_is_taken_along(
    browser: Any, page_file: Path, tmp_path: Path
) -> None:
    with opened(browser, page_file, RECORDS) as page:
        for view in VIEWS:
            go(page, f"{RECORDS}&view={view}")
            assert page.inner_text("#synthetic").startswith("DỮ LIỆU TỔNG HỢP / SYNTHETIC")
        go(page, f"{RECORDS}&view=ranking")
        text = csv_of(page, tmp_path)
        assert text.splitlines()[0] == "\ufeffDỮ LIỆU TỔNG HỢP / SYNTHETIC"
        go(page, f"{PORTAL}&view=ranking")
        # The portal's figures are real, and of the others it is said which they are.
        assert page.inner_text("#synthetic") == (
            "The figures shown are not made up. This release also holds made-up figures. Basis: Dossiers."
        )


@pytest.fixture(scope="session")
def training_page(training: Path, reference: Path) -> Path:
    path = training / "scoreboard.html"
    path.write_text(draw(training, None, reference), encoding="utf-8")
    return path


def test_a_synthetic_portal_is_marked_on_every_view_and_in_what_is_taken_along(
    browser: Any, training_page: Path, tmp_path: Path
) -> None:
    """A file for training says so in its name; nobody may take it for what the portal published."""
    with opened(browser, training_page, PORTAL) as page:
        for view in ("ranking", "map", "province", "nation"):
            go(page, f"{PORTAL}&view={view}")
            assert page.inner_text("#synthetic") == (
                "DỮ LIỆU TỔNG HỢP / SYNTHETIC: The figures shown come from made-up data; they are not real."
            )
            assert page.inner_text("#scope").startswith("Portal (SYNTHETIC), ")
        name, text = csv_named(page, tmp_path)
        assert name.startswith("SYNTHETIC_scoreboard_nation_portal")
        assert text.splitlines()[0] == "\ufeffDỮ LIỆU TỔNG HỢP / SYNTHETIC"
        assert any(line.startswith("Figures,Portal (SYNTHETIC),") for line in text.splitlines())
        assert workbook_name(page).startswith("SYNTHETIC_scoreboard_provinces_portal")
        assert page.complaints == []


def test_real_records_beside_a_synthetic_portal_are_not_marked(
    browser: Any, training_page: Path, tmp_path: Path
) -> None:
    with opened(browser, training_page, f"{RECORDS}&view=ranking") as page:
        assert page.inner_text("#synthetic") == (
            "The figures shown are not made up. This release also holds made-up figures. Basis: Portal."
        )
        assert page.locator("select[name=basis] option").all_inner_texts() == [
            "Portal (SYNTHETIC)",
            "Dossiers",
        ]
        name, text = csv_named(page, tmp_path)
        assert name.startswith("scoreboard_ranking_records")
        assert "SYNTHETIC" not in text
        assert workbook_name(page).startswith("scoreboard_provinces_records")


def test_views_of_a_release_say_which_basis_is_synthetic(
    browser: Any, training_page: Path, tmp_path: Path
) -> None:
    """Data quality shows both bases: each table is marked by its own; a workbook taken from there is of its period."""
    with opened(browser, training_page, f"{RECORDS}&view=quality") as page:
        said = "Made-up figures are among what is shown. Basis: Portal."
        assert page.inner_text("#synthetic") == f"DỮ LIỆU TỔNG HỢP / SYNTHETIC: {said}"
        assert page.is_visible("#synthetic-quality-portal")
        assert not page.is_visible("#synthetic-quality-records")
        name, text = csv_named(page, tmp_path)
        assert name.startswith("SYNTHETIC_scoreboard_quality")
        assert text.splitlines()[0] == f"\ufeffDỮ LIỆU TỔNG HỢP / SYNTHETIC,{said}"
        assert workbook_name(page).startswith("scoreboard_provinces_records")
        go(page, f"{RECORDS}&view=changes")  # the release before is not kept: nothing synthetic is shown here
        assert page.inner_text("#synthetic").startswith("The figures shown are not made up.")


def test_what_changed_says_of_each_row_whether_it_is_synthetic(
    browser: Any, make_release: Any, reference: Path, tmp_path: Path
) -> None:
    """The training is over, and the release before showed its figures: they stand here beside the real ones."""
    trained = make_release(
        "20260101T000000Z-trained",
        "update marts.mart_province_ranking set contains_synthetic = as_of = '2026-10-10'",
        "update marts.mart_province_ranking set total_score = 65.00 where unit_code = '52' and basis = 'portal'",
    )
    path = tmp_path / "scoreboard.html"
    real = make_release("20260102T000000Z-real", *REAL, previous=trained.name)
    path.write_text(draw(real, trained, reference), encoding="utf-8")
    with opened(browser, path, f"{PORTAL}&view=changes") as page:
        assert ["(SYNTHETIC)" in row["period"] for row in table(page, "changes")] == [False, True]
        assert page.inner_text("#synthetic").endswith("Basis: Portal.")
        go(page, f"{PORTAL}&view=ranking")
        assert not page.is_visible("#synthetic")


def workbook_name(page: Any) -> str:
    with page.expect_download() as download:
        page.click("#excel")
    name: str = download.value.suggested_filename
    return name


def csv_of(page: Any, folder: Path) -> str:
    return csv_named(page, folder)[1]


def csv_named(page: Any, folder: Path) -> tuple[str, str]:
    """The name that the file is handed out under, and its text."""
    with page.expect_download() as download:
        page.click("#csv")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path.name, path.read_bytes().decode()


def test_the_csv_has_numbers_in_full_and_tells_missing_from_zero(
    browser: Any, page_file: Path, tmp_path: Path
) -> None:
    with opened(browser, page_file, RECORDS) as page:
        lines = csv_of(page, tmp_path).splitlines()
    assert "Moment of the data,2025-11-30" in lines
    assert [line for line in lines if line.startswith(("1,75", "2,52", ",01"))] == [
        "1,75,Dong Nai,92.19,,,fair,1",
        "2,52,Gia Lai,0,,,,2",
        ",01,Ha Noi,,,,,",
    ]


def test_the_workbook_of_the_period_is_handed_out(browser: Any, page_file: Path, tmp_path: Path) -> None:
    with opened(browser, page_file, RECORDS) as page:
        with page.expect_download() as download:
            page.click("#excel")
        download.value.save_as(tmp_path / "book.xlsx")
    assert download.value.suggested_filename.startswith("SYNTHETIC_scoreboard_provinces_records")
    assert load_workbook(tmp_path / "book.xlsx")["Xếp hạng"]["A1"].value == "DỮ LIỆU TỔNG HỢP / SYNTHETIC"


def test_a_release_without_synthetic_figures_has_no_mark(
    browser: Any, make_release: Any, reference: Path, tmp_path: Path
) -> None:
    real = make_release("20260101T000000Z-real", *REAL)
    path = tmp_path / "scoreboard.html"
    path.write_text(draw(real, None, reference), encoding="utf-8")
    with opened(browser, path, RECORDS) as page:
        assert not page.is_visible("#synthetic")


def test_a_release_without_a_ranking_says_so(
    browser: Any, make_release: Any, reference: Path, tmp_path: Path
) -> None:
    empty = make_release("20260101T000000Z-nothing", *(
        f"delete from marts.mart_{level}_ranking" for level in ("province", "department", "commune")
    ))  # fmt: skip
    path = tmp_path / "scoreboard.html"
    path.write_text(draw(empty, None, reference), encoding="utf-8")
    with opened(browser, path, "lang=en") as page:
        assert page.inner_text("#heading") == "This release holds no ranking yet."
        assert page.complaints == []

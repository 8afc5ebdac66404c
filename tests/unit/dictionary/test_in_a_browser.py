"""The page in a real headless Chromium, on a wide screen and on a telephone.

Belongs here: what only a browser can tell. What the file holds: `test_page.py`. Needs Debian's `chromium`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.scoreboard.reading import go, led_on, opened, ready, serious

pytestmark = pytest.mark.bi

WIDTHS = (1400, 390)
ADDRESSES = (
    "lang=vi", "lang=en&view=metrics", "lang=vi&table=mart_indicator_scores", "lang=en&table=strange",
    "lang=vi&search=don+vi", "lang=en&search=atlantis",
)  # fmt: skip


def shown(page: Any) -> list[str]:
    """The headings of what is shown: one at a time."""
    return [text.strip() for text in page.locator("main h2:visible").all_inner_texts()]


def hits(page: Any, kind: str) -> list[str]:
    """What was found, by the name it begins with."""
    return [text.split()[0] for text in page.locator(f"#found-{kind} li:visible").all_inner_texts()]


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_serious_and_nothing_is_asked_of_a_network(
    browser: Any, page_file: Path, width: int
) -> None:
    with opened(browser, page_file, "lang=vi", width) as page:
        assert ready(page) < 2000
        for address in ADDRESSES:
            go(page, address)
            assert len(shown(page)) == 1, address
            assert serious(page) == [], address
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert page.complaints == []
        assert [url for url in page.asked_for if not url.startswith((page_file.as_uri(), "data:"))] == []


def test_a_reader_meets_one_language_and_english_where_there_is_no_other(
    browser: Any, page_file: Path
) -> None:
    with opened(browser, page_file, "table=mart_indicator_scores") as page:
        assert page.get_attribute("html", "lang") == "vi"
        grain = "section:not([hidden]) [data-fact=grain] dd"
        assert page.inner_text(grain) == "một kỳ, một đơn vị và một chỉ tiêu"
        row = "#table-mart_indicator_scores [data-row='odd <i>name'] td:last-child"
        assert page.inner_text(row) == "Said <u>in English</u> alone."
        assert page.get_attribute(f"{row} span", "lang") == "en"
        with led_on(page):
            page.click("[data-language=en]")
        assert page.inner_text(grain) == "one row per period key, unit and metric"
        assert page.get_attribute("html", "lang") == "en"
        assert page.get_attribute("#ask", "aria-label") == "Find a table, column or metric"
        assert page.title() == "mart_indicator_scores: Data dictionary"


def test_a_search_without_accents_finds_tables_columns_and_metrics(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, "lang=vi") as page:
        page.fill("[name=search]", "dong bo")
        assert hits(page, "tables") == ["ind_dossier_sync"]
        assert hits(page, "metrics") == ["DOSSIER_SYNC"]
        page.fill("[name=search]", "CHI TIEU cua cong")
        assert hits(page, "columns") == ["metric_code", "group_code"]
        page.fill("[name=search]", "unit_code")
        assert hits(page, "columns")[0] == "unit_code"  # that of the name before those that mention it
        page.fill("[name=search]", "atlantis")
        assert "atlantis" in page.inner_text("#found")
        page.fill("[name=search]", "")
        assert shown(page) == ["Bảng"]


def test_the_address_holds_the_state(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, "lang=en") as page:
        page.fill("[name=search]", "points")
        with led_on(page):
            page.click("#found-columns a >> text=mart_indicator_scores")
        assert shown(page) == ["mart_indicator_scores"]
        assert page.input_value("[name=search]") == ""
        address = page.url.split("#")[1]
        with led_on(page):
            page.go_back()
        assert "search=points" in page.evaluate("location.hash")
        assert shown(page) == ["Found"]
        assert page.input_value("[name=search]") == "points"
    assert address == "lang=en&table=mart_indicator_scores&column=score"
    with opened(browser, page_file, address) as page:
        assert page.locator("tr.chosen").get_attribute("data-row") == "score"
        go(page, "lang=en&table=there_is_none")
        assert shown(page) == ["Tables"]
        go(page, "lang=en&view=metrics&metric=DOSSIER_SYNC")
        assert page.locator("tr.chosen").get_attribute("data-row") == "DOSSIER_SYNC"


def test_names_in_a_description_lead_to_their_tables(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, "lang=en&table=mart_indicator_scores") as page:
        with led_on(page):
            page.click("[data-row=score] a >> text=dim_indicator")
        assert shown(page) == ["dim_indicator"]
        assert page.evaluate("location.hash") == "#lang=en&table=dim_indicator"


def test_the_keyboard_alone_searches_and_opens_a_table(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, "lang=en") as page:

        def tab_to(wanted: str) -> None:
            for _ in range(60):
                page.keyboard.press("Tab")
                if page.evaluate("(selector) => document.activeElement.matches(selector)", wanted):
                    return
            pytest.fail(f"found no {wanted} within 60 presses of Tab")

        tab_to(".skip")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.reload()
        ready(page)
        tab_to("[name=search]")
        page.keyboard.type("synchronised")
        assert hits(page, "tables") == ["ind_dossier_sync"]
        assert (
            page.evaluate("document.activeElement.name") == "search"
        )  # results take nobody away from typing
        tab_to("#found-tables a")
        with led_on(page):
            page.keyboard.press("Enter")
        assert "table=ind_dossier_sync" in page.evaluate("location.hash")
        assert page.evaluate("document.activeElement.textContent") == "ind_dossier_sync"


def test_without_a_script_the_page_is_one_long_page(browser: Any, page_file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    # Each heading is there in both languages, of which the style shows one.
    headings = page.locator("main > section:not([hidden]) h2").all_text_contents()
    assert {"BảngTables", "Chỉ tiêuMetrics", "mart_index", "release"} <= set(headings)
    assert page.locator("#tables h2").inner_text() == "Bảng"
    assert page.locator("[data-entry=mart_index]").is_visible()
    context.close()

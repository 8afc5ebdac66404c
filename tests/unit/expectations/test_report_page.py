"""The page: its verdict, its evidence, its safety. Not here: how checks are run."""

from __future__ import annotations

from html.parser import HTMLParser

from expectations.gate import CheckResult, GateResult
from expectations.report_page import render


def check(success: bool = True, **values: object) -> CheckResult:
    fields: dict[str, object] = {
        "expectation": "unexpected_rows_expectation",
        "description": "scores stay within the scale",
        "reason": "the scale of 2026-01",
        "observed": "0 rows",
        "failing_rows": 0,
        "sample": (),
    }
    return CheckResult(success=success, **{**fields, **values})  # type: ignore[arg-type]  # fields by name


def result(*checks: CheckResult) -> GateResult:
    return GateResult("release", "marts.scores", all(c.success for c in checks), checks)


class Page(HTMLParser):
    """The texts that a reader sees, and the tags that are open at the end."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_verdict_comes_first() -> None:
    passed = render([result(check(), check())], "Release 7", {})
    failed = render([result(check(), check(success=False)), result(check())], "Release 7", {})
    assert "All 2 checks passed" in passed
    assert "1 of 3 checks failed" in failed
    assert "<title>Failed: Release 7</title>" in failed


def test_no_result_is_never_shown_as_a_pass() -> None:
    page = render([], "Release 7", {})
    assert "Nothing was checked" in page
    assert "passed</p>" not in page


def test_facts_reason_found_and_rows_file_are_shown() -> None:
    failed = check(
        success=False,
        observed="21 rows",
        failing_rows=21,
        sample=({"unit_code": "01", "score": None},) * 20,
        rows_file="failing/release_01.parquet",
    )
    texts = Page(render([result(failed)], "Release 7", {"Revision": "abc123"})).texts
    for expected in (
        "Revision",
        "abc123",
        "the scale of 2026-01",
        "21 rows",
        "The first 20 of 21 failing rows",
        "unit_code",
        "null",
        "failing/release_01.parquet",
    ):
        assert expected in texts


def test_weird_text_is_shown_as_it_is_and_never_becomes_markup(weird: str) -> None:
    failed = check(success=False, description=weird, failing_rows=1, sample=({weird: [weird]},))
    html = render([result(failed)], weird, {weird: weird})
    page = Page(html)
    assert "<b>" not in html
    assert page.open == []
    assert page.texts.count(weird) >= 4


def test_the_page_refers_to_nothing_outside_itself() -> None:
    html = render([result(check(success=False))], "Release 7", {})
    for forbidden in ("http", "//", "src=", "<script", "<link", "@import", "url("):
        assert forbidden not in html

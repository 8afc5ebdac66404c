"""The workbook that the page hands out for a period.

Belongs here: its sheets, read back by another library. Does not belong here: the button (`test_in_a_browser.py`).
"""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from orchestration.publishing.scoreboard.page import draw

PORTAL, RECORDS = 1, 2  # the periods of the small release: two days of the portal, a month of records
PROVINCES = 3
MARK = "DỮ LIỆU TỔNG HỢP / SYNTHETIC"


@pytest.fixture(scope="module")
def workbooks(release: Path, reference: Path) -> Callable[[int], Any]:
    return workbooks_of(draw(release, None, reference))


def workbooks_of(page: str) -> Callable[[int], Any]:
    """The workbook of a period, as the page holds it."""

    def of(period: int) -> Any:
        found = re.search(rf'id="data-workbook-{period}">([^<]+)<', page)
        assert found
        return load_workbook(BytesIO(gzip.decompress(base64.b64decode(found[1]))))

    return of


def below(sheet: Any, heading: str) -> list[Any]:
    """What lies below the heading that begins so: a cell a province."""
    return cells_below(sheet, heading)[:PROVINCES]


def median_below(sheet: Any, heading: str) -> Any:
    """What stands apart below the provinces."""
    gap, median = cells_below(sheet, heading)[PROVINCES:]
    assert gap is None
    return median


def cells_below(sheet: Any, heading: str) -> list[Any]:
    for column in sheet.iter_cols(values_only=True):
        for line, value in enumerate(column):
            if isinstance(value, str) and value.startswith(heading):
                return list(column[line + 1 :])
    raise AssertionError(f"found no heading {heading} in {sheet.title}")


def test_there_is_a_sheet_for_the_ranking_and_one_a_group(workbooks: Callable[[int], Any]) -> None:
    assert workbooks(PORTAL).sheetnames == [
        "Xếp hạng", "Công khai, minh bạch", "Tiến độ giải quyết", "Cung cấp dịch vụ trực tuyến", "Thanh toán trực tuyến",
        "Số hóa hồ sơ", "Mức độ hài lòng",
    ]  # fmt: skip


def test_numbers_are_numbers_and_what_is_missing_is_empty_apart_from_zero(
    workbooks: Callable[[int], Any],
) -> None:
    book = workbooks(RECORDS)
    assert below(book["Xếp hạng"], "unit_code") == ["75", "52", "01"]
    assert below(book["Xếp hạng"], "Điểm /") == [92.19, 0, None]
    assert below(book["Cung cấp dịch vụ trực tuyến"], "Cung cấp dịch vụ trực tuyến / ") == [9.5, 0, None]
    publicity = book["Công khai, minh bạch"]
    assert below(publicity, "Tỷ lệ hồ sơ đồng bộ / Dossiers synchronised: Tử số") == [1234567, 3, None]
    assert below(publicity, "Tỷ lệ TTHC công bố đúng hạn / Announced on time: Tỷ lệ") == [0, None, None]


def test_below_the_provinces_stands_the_median_that_the_mart_has(workbooks: Callable[[int], Any]) -> None:
    book = workbooks(RECORDS)
    publicity = book["Công khai, minh bạch"]
    assert median_below(publicity, "Tỉnh /") == "Trung vị cả nước / National median"
    assert median_below(book["Xếp hạng"], "Điểm /") == 46.10
    assert median_below(book["Xếp hạng"], "Hạng") is None
    assert median_below(publicity, "Công khai, minh bạch / ") == 12.00
    assert median_below(publicity, "Tỷ lệ hồ sơ đồng bộ / Dossiers synchronised: Tỷ lệ") == 0.625
    assert median_below(publicity, "Tỷ lệ TTHC công bố đúng hạn / Announced on time: Điểm") == 0


def test_each_sheet_says_of_what_it_is_and_keeps_its_headings_in_sight(
    workbooks: Callable[[int], Any],
) -> None:
    for sheet in workbooks(PORTAL):
        told = {row[0]: row[1] for row in sheet.iter_rows(max_row=7, max_col=2, values_only=True)}
        assert told["Thời điểm số liệu / Moment of the data"] == "2026-10-10"
        assert told["Cơ sở / Basis"] == "portal"
        assert told["Bộ quy tắc / Rules"] == "portal_2026"
        assert told["Kỳ / Period"] == "year_to_date 2026-01-01 - 2026-12-31"
        line = int(sheet.freeze_panes.lstrip("ABC")) - 1
        assert sheet.cell(line, 1).value == "unit_code"


def test_only_synthetic_figures_are_marked_and_on_each_sheet(workbooks: Callable[[int], Any]) -> None:
    assert {sheet["A1"].value for sheet in workbooks(RECORDS)} == {MARK}
    assert all(sheet["A1"].value != MARK for sheet in workbooks(PORTAL))


def test_a_synthetic_portal_is_marked_and_real_records_are_not(training: Path, reference: Path) -> None:
    """Which figures are made up is what their period says: no basis is always real, and none always synthetic."""
    workbooks = workbooks_of(draw(training, None, reference))
    assert {sheet["A1"].value for sheet in workbooks(PORTAL)} == {MARK}
    assert all(sheet["A1"].value != MARK for sheet in workbooks(RECORDS))

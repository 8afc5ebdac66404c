"""The workbook of a period: a sheet for the ranking and one a group, for who works on in a spreadsheet.

Belongs here: how figures lie in a workbook. Does not belong here: which figures (`queries/workbook_*.sql`).
Numbers are numbers; a cell without a figure is empty, where 0 is a figure. Apart below the provinces stands their median.
Each sheet says of what its figures are, of which moment, and whether they are synthetic. Headings are in both languages:
there is one workbook for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

import duckdb

from orchestration.publishing.marts import rows
from orchestration.publishing.scoreboard.data import query

#: Named in texts.yml as `column_<name>`, with how its numbers are written.
_RANKING = (
    ("rank", "whole"), ("total_score", "points"), ("rank_change", "whole"), ("score_change", "points"), ("band", None),
    ("official_rank", "whole"), ("official_score", "points"),
)  # fmt: skip
_METRIC = (("numerator", "whole"), ("denominator", "whole"), ("ratio", "ratio"), ("score", "points"))
_FORMATS = {"whole": "#,##0", "points": "0.00", "ratio": "0.0000"}
_NOT_IN_SHEET_NAMES = str.maketrans("", "", "[]:*?/\\'")
_LONGEST_SHEET_NAME = 31

Texts = Mapping[str, Mapping[str, str]]


def workbooks(
    connection: duckdb.DuckDBPyConnection,
    groups: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Any],
    texts: Texts,
) -> Iterator[tuple[int, bytes]]:
    """Of each of `periods` its number and its workbook; the same release gives the same bytes."""
    rankings = {row["p"]: row for row in rows(connection, query("workbook_rankings"))}
    found: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in rows(connection, query("workbook_groups")):
        found.setdefault((row["p"], row["group_code"]), []).append(row)
    for period in rows(connection, "from periods order by p"):
        of = {group["g"]: found.get((period["p"], group["g"]), []) for group in groups}
        yield (
            period["p"],
            _workbook(
                _about(period, facts, texts),
                {**rankings[period["p"]], "median_total_score": period["median"]},
                groups,
                of,
                facts,
                texts,
            ),
        )


def _workbook(
    about: Sequence[tuple[str, str]],
    ranking: Mapping[str, Any],
    groups: Sequence[Mapping[str, Any]],
    found: Mapping[str, Sequence[Mapping[str, Any]]],
    facts: Mapping[str, Any],
    texts: Texts,
) -> bytes:
    from xlsxwriter import Workbook

    written = BytesIO()
    with Workbook(written, {"in_memory": True}) as book:
        book.set_properties({"created": datetime.fromisoformat(facts["created_at"]).replace(tzinfo=None)})
        sheets = _Sheets(book, about, texts, ranking)
        sheets.add_ranking()
        for group in groups:
            sheets.add_group(group, found[group["g"]])
    return written.getvalue()


def _about(period: Mapping[str, Any], facts: Mapping[str, Any], texts: Texts) -> list[tuple[str, str]]:
    return [
        *([(texts["vi"]["synthetic_mark"], "")] if period["contains_synthetic"] else []),
        (_both(texts, "release"), facts["release"]),
        (_both(texts, "moment_of_data"), str(period["as_of"])),
        (_both(texts, "basis"), period["basis"]),
        (_both(texts, "rules"), period["regime"]),
        (
            _both(texts, "period"),
            f"{period['period_type']} {period['period_start']} - {period['period_end']}",
        ),
        (_both(texts, "status"), period["period_status"]),
        (_both(texts, "empty_cells"), ""),
    ]


def _both(texts: Texts, key: str) -> str:
    return f"{texts['vi'][key]} / {texts['en'][key]}"


class _Sheets:
    """Adds sheets to a workbook, each under the same words of what its figures are."""

    def __init__(
        self, book: Any, about: Sequence[tuple[str, str]], texts: Texts, ranking: Mapping[str, Any]
    ) -> None:
        self.book, self.about, self.texts, self.ranking = book, about, texts, ranking
        self.bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self.marked = book.add_format({"bold": True, "font_color": "#8A3B00"})
        self.formats = {name: book.add_format({"num_format": written}) for name, written in _FORMATS.items()}

    def add_ranking(self) -> None:
        """Totals and ranks."""
        sheet = self._sheet(self.texts["vi"]["view_ranking"])
        for at, (name, written) in enumerate(_RANKING):
            heading, median = _both(self.texts, f"column_{name}"), self.ranking.get(f"median_{name}")
            self._column(sheet, 2 + at, heading, self.ranking[name], written, median)

    def add_group(self, group: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> None:
        """Points of a group, then of each of its metrics the counts, the ratio and the points."""
        sheet, at = self._sheet(group["name_vi"]), 2
        for of in found:
            name = _name(group if of["is_group"] else of)
            for column, written in _METRIC[-1:] if of["is_group"] else _METRIC:
                heading = f"{name}: {_both(self.texts, f'column_{column}')}"
                self._column(sheet, at, heading, of[column], written, of.get(f"median_{column}"))
                at += 1

    def _sheet(self, name: str) -> Any:
        sheet = self.book.add_worksheet(name.translate(_NOT_IN_SHEET_NAMES)[:_LONGEST_SHEET_NAME])
        for line, row in enumerate(self.about):
            sheet.write_row(line, 0, row, None if row[1] else self.marked)
        sheet.freeze_panes(len(self.about) + 2, 2)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 40, 18)
        self._column(sheet, 0, "unit_code", self.ranking["unit_code"], None)
        name, median = _both(self.texts, "column_name"), _both(self.texts, "column_median")
        self._column(sheet, 1, name, self.ranking["name_vi"], None, median)
        return sheet

    def _column(
        self, sheet: Any, at: int, heading: str, cells: Sequence[Any], written: str | None, median: Any = None
    ) -> None:
        head, format_ = len(self.about) + 1, self.formats.get(written or "")
        sheet.write_string(head, at, heading, self.bold)
        sheet.write_column(head + 1, at, cells, format_)
        # An empty line between, so that sorting and filtering the provinces leaves it where it is.
        sheet.write(head + len(cells) + 2, at, median, format_)


def _name(named: Mapping[str, Any]) -> str:
    return f"{named['name_vi']} / {named['name_en']}"

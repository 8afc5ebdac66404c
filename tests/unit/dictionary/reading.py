"""The page as a file: what stands in it, tag by tag.

Belongs here: reading tables and words out of HTML without a browser, and trying joins. Does not belong here: what they
should be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser

import duckdb

from orchestration.publishing.dictionary.contents import Join, TableEntry


@dataclass
class Row:
    """A row of a table: its cells as text, and the languages that its last cell is said in."""

    cells: list[str] = field(default_factory=list)
    languages: list[tuple[str, bool]] = field(default_factory=list)


class Page(HTMLParser):
    """`tables`: by the id of a table, its rows by `data-row`. A language is (`lang`, whether it is one of two)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, dict[str, Row]] = {}
        self._table = ""
        self._row: Row | None = None
        self._in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "table":
            self._table = str(found["id"]).removeprefix("table-")
            self.tables[self._table] = {}
        elif tag == "tr" and found.get("data-row"):
            self._row = self.tables[self._table].setdefault(str(found["data-row"]), Row())
        elif self._row is not None and tag in ("th", "td"):
            self._row.cells.append("")
            self._row.languages = []
            self._in_cell = True
        elif self._row is not None and self._in_cell and "lang" in found:
            self._row.languages.append((str(found["lang"]), "data-in" in found))

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr":
            self._row = None
        elif tag in ("th", "td"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._row is not None and self._in_cell:
            self._row.cells[-1] += data


def columns_said(html: str) -> list[tuple[str, str, str]]:
    """Table, column and type of every column that the page speaks of."""
    return [
        (table, column, row.cells[1])
        for table, rows in sorted(Page(html).tables.items())
        if table != "metrics" and not table.startswith("kind-")
        for column, row in rows.items()
    ]


def joins_that_multiply(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[TableEntry]
) -> list[tuple[str, Join]]:
    """Joins by which a row finds several: the page says that none does. Each is run as it is written there."""
    found = []
    for table in tables:
        for join in table.joins:
            counted = (
                f"select (select count(*) from marts.{table.name}), count(*) from marts.{table.name}"
                f" left join marts.{join.table} {join.condition}"
            )
            before, after = connection.execute(counted).fetchall()[0]
            if before != after:
                found.append((table.name, join))
    return found

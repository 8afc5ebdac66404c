"""One day of one gateway: all of its pages, then all of them landed. A pull that was killed goes on where it stopped.

```
landing/.pull/<source>/<date>/<sender>/size=<rows>/page-00001.json   whole pages so far; hidden from every reader
landing/.pull/<source>/<date>/<sender>/whole/page-00001.json         all of them, on their way
landing/<source>/<date>/<sender>/<date>-page-00001.json              the same files, landed
```

A landed name says its day: the next day's first page is no correction of it (docs/adr/0014).

Here: the order of pages, what shows that one is wrong, and landing. Not here: HTTP (`pages`), and which
days are asked for (`missing_days`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.atomic_files import write_durably
from orchestration.extraction.gateways import Gateway
from orchestration.extraction.pages import ContradictionError, Pages, contradicted, stopped
from orchestration.ingestion.landing import PAGES

WORK = ".pull"
_ONLY_US = 0o700


@dataclass(frozen=True)
class Pulled:
    """What a pull did: `fetched` pages came over the wire this time, `files` lie in landing now."""

    files: tuple[Path, ...]
    rows: int
    fetched: int


def pull(landing: Path, gateway: Gateway, day: date, open_pages: Callable[[], Pages]) -> Pulled:
    """Fetch what is missing of `day`, and land it. A day that has landed is not asked for again.

    Pages are landed as they came, byte for byte: the records in them are read by ingestion alone. Raises PullError;
    whole pages stay for the next try, unless they contradict each other.
    """
    target = _target(landing, gateway, day)
    begun = landing / WORK / gateway.source / day.isoformat() / gateway.sender
    whole = begun / "whole"
    rows, fetched = 0, 0
    if not whole.exists():  # else it was killed while landing
        if landed := _landed(target, day):
            return Pulled(landed, 0, 0)
        folder = begun / f"size={gateway.page_size}"
        folder.mkdir(parents=True, exist_ok=True, mode=_ONLY_US)
        (landing / WORK).chmod(_ONLY_US)
        try:
            with open_pages() as pages:
                rows, fetched = _fetch(pages, folder)
        except ContradictionError:
            shutil.rmtree(folder)
            raise
        os.replace(folder, whole)
    _land(whole, target, day)
    shutil.rmtree(begun)
    return Pulled(_landed(target, day), rows, fetched)


def begun_days(landing: Path, gateway: Gateway) -> list[date]:
    """The days of which a pull was begun and has not ended, in order."""
    found = (landing / WORK / gateway.source).glob("*")
    return sorted(date.fromisoformat(day.name) for day in found if (day / gateway.sender).is_dir())


def lacks(landing: Path, gateway: Gateway, day: date) -> bool:
    """Whether `day` has not landed, or not all of it: a pull was killed while it landed."""
    whole = landing / WORK / gateway.source / day.isoformat() / gateway.sender / "whole"
    return whole.exists() or not _landed(_target(landing, gateway, day), day)


def _fetch(pages: Pages, folder: Path) -> tuple[int, int]:
    """All pages up to the last: that with which `total` rows are there, or an empty one where the gateway says no total.

    A page with fewer rows than were asked for says nothing: gateways have bounds of their own. One with the rows of any
    page before it stands for another, which would be lost. Gives rows and pages fetched.
    """
    gateway, day = pages.gateway, pages.day
    total: int | None = None
    rows = fetched = size = 0
    seen: dict[bytes, int] = {}  # which page had those rows
    for number in range(1, gateway.most_pages + 1):
        path = folder / f"page-{number:05}.json"
        if path.exists():
            page = pages.read(number, path.read_bytes())
        else:
            page = pages.get(number)
            fetched += 1
        if number > 1 and page.total != total:
            raise contradicted(gateway, day, number, f"total {page.total} after {total}", "the same on every page",
                               "data changed meanwhile, or ask the province")  # fmt: skip
        if page.rows and (same := seen.setdefault(page.digest, number)) != number:
            raise contradicted(gateway, day, number, f"the rows of page {same} once more", "others",
                               "ask the province why the number of the page is not obeyed")  # fmt: skip
        total, rows, size = page.total, rows + page.rows, size + len(page.body)
        if size > gateway.most_bytes:
            raise stopped(gateway, day, number, f"more than {gateway.most_bytes} bytes a day", "all pages within"
                          " most_bytes", "ask the province, or raise the limit")  # fmt: skip
        # A day without records is a delivery too: its one page says so.
        if (page.rows or number == 1) and not path.exists():
            write_durably(path, page.body, mode=0o600)  # for nobody else to read
        if total is not None and (rows > total or not page.rows) and rows != total:
            raise contradicted(gateway, day, number, f"{rows} rows on {number} pages", f"{total}, as the gateway says",
                               "ask the province")  # fmt: skip
        if rows == total or not page.rows:
            return rows, fetched
    raise stopped(gateway, day, gateway.most_pages, "no last page", f"one within {gateway.most_pages}",
                  "ask the province, or raise most_pages")  # fmt: skip


def _target(landing: Path, gateway: Gateway, day: date) -> Path:
    return landing / gateway.source / day.isoformat() / gateway.sender


def _land(whole: Path, target: Path, day: date) -> None:
    """Rename every page to its place. Killed in between, the next pull finds the others there and goes on."""
    target.mkdir(parents=True, exist_ok=True)
    for page in sorted(whole.glob(PAGES)):
        os.replace(page, target / f"{day}-{page.name}")


def _landed(target: Path, day: date) -> tuple[Path, ...]:
    return tuple(sorted(target.glob(f"{day}-{PAGES}")))

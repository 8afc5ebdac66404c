"""One day of one gateway: all of its pages, then all of them landed. A pull that was killed goes on where it stopped.

```
landing/.pull/<source>/<date>/<sender>/size=<rows>/page-00001.json   whole pages so far; hidden from every reader
landing/<source>/<date>/<sender>/page-00001.json                     the same files, once the last page is there
```

Here: the order of pages, what shows that one is wrong, and landing. Not here: HTTP (`pages`).
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
from orchestration.extraction.pages import Pages, stopped

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
    whole pages stay for the next try.
    """
    target = landing / gateway.source / day.isoformat() / gateway.sender
    folder = landing / WORK / gateway.source / day.isoformat() / gateway.sender / f"size={gateway.page_size}"
    landed = tuple(sorted(target.glob("page-*.json")))
    if landed and not folder.exists():
        return Pulled(landed, 0, 0)
    folder.mkdir(parents=True, exist_ok=True, mode=_ONLY_US)
    (landing / WORK).chmod(_ONLY_US)
    rows, fetched = 0, 0
    if not landed:  # else it was killed while landing: all pages are there already
        with open_pages() as pages:
            rows, fetched = _fetch(pages, folder)
    files = _land(folder, target)
    shutil.rmtree(landing / WORK / gateway.source / day.isoformat() / gateway.sender)
    return Pulled(files, rows, fetched)


def _fetch(pages: Pages, folder: Path) -> tuple[int, int]:
    """All pages up to the last: that with which `total` rows are there, or an empty one where the gateway says no total.

    A page with fewer rows than were asked for says nothing: gateways have bounds of their own. Gives rows and pages
    fetched.
    """
    gateway, day = pages.gateway, pages.day
    total: int | None = None
    rows = fetched = size = 0
    before: bytes | None = None
    for number in range(1, gateway.most_pages + 1):
        path = folder / f"page-{number:05}.json"
        if path.exists():
            page = pages.read(number, path.read_bytes())
        else:
            page = pages.get(number)
            fetched += 1
        if number > 1 and page.total != total:
            raise stopped(gateway, day, number, f"total {page.total} after {total}", "the same on every page",
                          "data changed meanwhile: remove the pages and pull again")  # fmt: skip
        if page.rows and page.body == before:
            raise stopped(gateway, day, number, "the page before once more", "another page",
                          "ask the province why the number of the page is not obeyed")  # fmt: skip
        total, before, rows, size = page.total, page.body, rows + page.rows, size + len(page.body)
        if size > gateway.most_bytes:
            raise stopped(gateway, day, number, f"more than {gateway.most_bytes} bytes a day", "all pages within"
                          " most_bytes", "ask the province, or raise the limit")  # fmt: skip
        # A day without records is a delivery too: its one page says so.
        if (page.rows or number == 1) and not path.exists():
            write_durably(path, page.body, mode=0o600)  # for nobody else to read
        if total is not None and (rows > total or not page.rows) and rows != total:
            raise stopped(gateway, day, number, f"{rows} rows on {number} pages", f"{total}, as the gateway says",
                          "ask the province")  # fmt: skip
        if rows == total or not page.rows:
            return rows, fetched
    raise stopped(gateway, day, gateway.most_pages, "no last page", f"one within {gateway.most_pages}",
                  "ask the province, or raise most_pages")  # fmt: skip


def _land(folder: Path, target: Path) -> tuple[Path, ...]:
    """Rename every page to its place. Killed in between, the next pull finds some of them there and goes on."""
    pages = sorted(folder.glob("page-*.json"))
    if pages:
        target.mkdir(parents=True, exist_ok=True)
    for page in pages:
        os.replace(page, target / page.name)
    return tuple(sorted(target.glob("page-*.json")))

"""The page as somebody reads it: its tables row by row, as they are shown.

Belongs here: opening views in a browser and reading text. Does not belong here: what the text should be.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# What is shown and not what is hidden for the eye; the words for those who hear the page are read elsewhere.
_TABLE = """
(name) => {
  const table = document.getElementById(`table-${name}`);
  const columns = [...table.tHead.rows[0].cells].map((head) => head.dataset.column);
  const shown = (cell) => [...cell.childNodes].map((node) => node.textContent && node.cloneNode(true)).filter(Boolean)
    .map((node) => { node.querySelectorAll?.(".sr").forEach((words) => words.remove());
                     return node.classList?.contains("sr") ? "" : node.textContent; }).join("").trim();
  return [...table.tBodies[0].rows].map((row) => Object.fromEntries([
    ["row", row.dataset.row], ...columns.map((column, i) => [column, shown(row.cells[i])])]));
}
"""


@contextmanager
def opened(browser: Any, path: Path, address: str = "", width: int = 1400) -> Iterator[Any]:
    """The page in a window of its own. Whatever it logs or asks for is kept in `page.complaints`, `page.asked_for`."""
    page = browser.new_page(viewport={"width": width, "height": 900}, accept_downloads=True)
    page.complaints, page.asked_for = [], []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.asked_for.append(request.url))
    try:
        page.goto(f"{path.as_uri()}#{address}")
        ready(page)
        yield page
    finally:
        page.close()


def ready(page: Any) -> int:
    """Wait until the page shows its figures; the milliseconds since it was opened."""
    page.wait_for_selector("html[data-ready]", timeout=20_000)
    return int(page.get_attribute("html", "data-ready"))


#: Heard after the page has heard of it: listeners are called in the order in which they were added.
_ANSWERED = """
() => {
  window.answered = new Promise((done, fail) => {
    addEventListener("hashchange", () => done(), { once: true });
    setTimeout(() => fail(new Error("the address did not change")), 20_000);
  });
}
"""


@contextmanager
def led_on(page: Any) -> Iterator[None]:
    """What is done within changes the address; after it the page shows what that asks for. A click alone does not wait
    for it: the page hears of another address a moment later.
    """
    page.evaluate(_ANSWERED)
    yield
    page.evaluate("() => window.answered")


def go(page: Any, address: str) -> None:
    """Follow an address of the page, as a link would."""
    if page.evaluate("location.hash") != f"#{address}":
        with led_on(page):
            page.evaluate("(hash) => { location.hash = hash; }", address)


def table(page: Any, name: str) -> list[dict[str, str]]:
    """The rows of a table, by column, as shown; `row` is the code of what the row is about."""
    rows: list[dict[str, str]] = page.evaluate(_TABLE, name)
    return rows


def fact(page: Any, key: str) -> str:
    """What is said of a fact of the view that is shown."""
    text: str = page.inner_text(f"section:not([hidden]) [data-fact={key}] dd")
    return text


def serious(page: Any) -> list[str]:
    """What axe finds that is serious or critical: the rule and where."""
    from axe_core_python.sync_playwright import Axe

    found = Axe().run(page)["violations"]
    return [
        f"{one['id']}: {node['html'][:120]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]

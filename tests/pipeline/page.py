"""Tables of pages in `docs`, for tests that compare them with the program."""

from __future__ import annotations

from itertools import takewhile

from orchestration.settings import REPOSITORY


def table(*heads: str, page: str = "security.md") -> list[list[str]]:
    """The cells of each row of the table that begins with these heads; code in the first cell without its marks."""
    lines = (REPOSITORY / "docs" / page).read_text(encoding="utf-8").splitlines()
    (start,) = [number for number, line in enumerate(lines) if line.startswith(f"| {' | '.join(heads)} |")]
    rows = takewhile(lambda line: line.startswith("|"), lines[start + 2 :])
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return [[first.strip("`"), *others] for first, *others in cells]

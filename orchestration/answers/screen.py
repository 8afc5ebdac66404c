"""The one place that prints: lines, tables and JSON, whatever the texts in them hold.

Belongs here: streams, widths, colours, and what is taken out of texts that were delivered or typed. Does not belong
here: what is said. Lines are printed as they are, and a terminal breaks them: commands in them are to be copied.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from orchestration.answers.answer import Answer, Table, as_json
from orchestration.commands import as_text
from orchestration.harmless_text import JOINER, Terminal

if TYPE_CHECKING:
    from rich.console import Console

#: What reads a pipe takes a row for a line: nothing is broken or cut.
_UNBROKEN = 1_000_000


def show(answer: Answer, for_scripts: bool) -> None:
    """An answer to stdout: as JSON for scripts, as lines and tables for people."""
    if for_scripts:
        print(as_json(answer.facts), flush=True)
        return
    for part in answer.shown:
        # A table may hold the codes of its own styles, which `Terminal` would take out; its cells are text by then.
        print(printed(part), file=_behind(sys.stdout) if isinstance(part, Table) else sys.stdout, flush=True)


def note(*words: object) -> None:
    """A line to stderr: what goes on meanwhile, and what went wrong."""
    print(line(" ".join(map(str, words))), file=sys.stderr, flush=True)


def printed(part: str | Table, to: TextIO | None = None) -> str:
    """A line or table as it is printed to `to`, stdout where none is named."""
    return line(part) if isinstance(part, str) else _drawn(part, to or sys.stdout)


def line(said: str) -> str:
    """`said` as text: it may hold what a terminal takes for orders.

    What takes Markdown apart in Dagster's descriptions is left out: a name is shown as a command takes it.
    """
    return as_text(said.replace(JOINER, ""))


def cell(said: str) -> str:
    """As `line`; a line break is named too: no text can look like a row of its own."""
    return line(said).replace("\n", r"\n")


def console(to: TextIO) -> Console:
    """What rich draws with: as wide as the terminal, or without end; styles on terminals alone, and not with NO_COLOR."""
    from rich.console import Console

    stream = _behind(to)
    is_terminal = stream.isatty()
    made = Console(
        file=stream, force_terminal=is_terminal, width=None if is_terminal else _UNBROKEN,
        markup=False, emoji=False, highlight=False,
    )  # fmt: skip
    if not made.no_color:
        return made
    # With NO_COLOR alone, rich still writes codes for bold.
    return Console(
        file=stream, force_terminal=is_terminal, width=made.width, color_system=None,
        markup=False, emoji=False, highlight=False,
    )  # fmt: skip


def _drawn(table: Table, to: TextIO) -> str:
    from rich.table import Table as Drawing
    from rich.text import Text

    drawing = Drawing(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    for column in table.columns:
        drawing.add_column(
            Text(column.name if column.head is None else column.head),
            justify="right" if column.is_number else "left",
            overflow="fold",
        )
    for row in table.rows:
        drawing.add_row(*(Text(cell(column.shown(row[column.name]))) for column in table.columns))
    drawn = console(to)
    with drawn.capture() as captured:
        drawn.print(drawing)
    return "\n".join(text.rstrip() for text in captured.get().rstrip("\n").split("\n"))


def _behind(stream: TextIO) -> TextIO:
    return stream.stream if isinstance(stream, Terminal) else stream

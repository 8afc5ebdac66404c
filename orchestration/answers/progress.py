"""How far long work has come, on stderr, where someone looks at it: nothing is shown where it is no terminal.

Belongs here: the bar. Does not belong here: what the steps are, which the work itself says by calling a `Step`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orchestration.answers.screen import cell, console

#: What is being done, how many steps are done, and of how many.
Step = Callable[[str, int, int], None]


def unseen(name: str, done: int, of: int) -> None:
    """For work that nobody follows."""


@contextmanager
def followed() -> Iterator[Step]:
    """A bar that is drawn from the first step on, and gone when the work ends."""
    drawn = console(sys.stderr)
    if not drawn.is_terminal:
        yield unseen
        return

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        # What others print meanwhile goes where they print it: a run sends its own stdout to a file.
        console=drawn, transient=True, redirect_stdout=False, redirect_stderr=False,
    )  # fmt: skip
    task = bar.add_task("", total=None)

    def step(name: str, done: int, of: int) -> None:
        bar.update(task, description=cell(name), completed=done, total=of)
        bar.start()

    try:
        yield step
    finally:
        bar.stop()

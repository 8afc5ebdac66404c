"""The program: how it is called, and what each command is added to.

Does not belong here: any command, or its arguments (`arguments`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import typer
from typer.completion import get_completion_inspect_parameters

from orchestration.answers.answer import Answer
from orchestration.answers.commands import CONTRACT, add
from orchestration.answers.screen import note
from orchestration.commands import PROGRAM
from orchestration.harmless_text import on_terminal

# Plain text: what was delivered or typed may hold what rich takes for markup. typer's own options of completion
# take the name of the program for that of a variable, which it is not: `completion` prints the script.
app = typer.Typer(
    rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=False, add_completion=False
)
COMPLETE = "_SERVICE_INDEX_COMPLETE"
get_completion_inspect_parameters()  # those options would make the shells known; nothing else does


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 1 when it did not, 2 when it was not understood."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    with on_terminal():
        unreadable = [word for word in words if word != word.encode(errors="replace").decode()]
        if unreadable:
            note(f"Usage: {PROGRAM} COMMAND")
            note(f"found {unreadable[0]!a}, expected text in UTF-8; set the terminal to UTF-8")
            return 2
        try:
            app(words, prog_name=PROGRAM, complete_var=COMPLETE)
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else 0
    raise AssertionError("a command ends by its exit code")


@app.callback(epilog=CONTRACT)
def _before() -> None:
    """What a person does with an installation. Names, reasons and files are taken as they are written."""


def command(
    then: str, example: str = "", answers: bool = True
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Add a function as a command: `then` is what one does next, `answers` whether it has an answer for --json."""

    def register(done: Callable[..., Answer]) -> Callable[..., Answer]:
        add(app, done, example, then, answers)
        return done

    return register

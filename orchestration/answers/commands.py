"""What all commands have in common: what is tidied up before, how they fail, `--json`, and how their help ends.

Belongs here: making a command of a function that returns an answer. Does not belong here: the commands (`cli`).
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from functools import wraps
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from orchestration.answers.answer import Answer, NotDoneError
from orchestration.answers.screen import note, show
from orchestration.commands import command
from orchestration.settings import Settings, UnusablePathError

#: In the help of the program: what the author of a script may count on.
CONTRACT = (
    "With --json, stdout is one JSON document; where a command did not do what it says, it has `error`, which says"
    " why. Everything else goes to stderr. Exit codes are the same with and without: 0 done; 1 not done, or something"
    " is wrong; 2 not understood (words that are not understood leave stdout empty)."
)
ForScripts = Annotated[
    bool, typer.Option("--json", help="Print one JSON document, which has `error` where it was not done.")
]


class _Command(TyperCommand):
    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  (named by typer)
        """The last lines as they are: a command that is broken in two cannot be copied."""
        formatter.write_paragraph()
        for line in (self.epilog or "").splitlines():
            formatter.write(f"  {line}\n")


def add(app: typer.Typer, done: Callable[..., Answer], example: str, then: str, answers: bool) -> None:
    """Make a command of `done`, with `--json` where it `answers`. Its help ends with an example, where it takes words,
    and the command that comes next.
    """
    shown = [f"Example: {command(*example.split())}"] if example else []
    epilog = "\n".join([*shown, f"Next:    {command(*then.split())}"])
    app.command(cls=_Command, epilog=epilog)(_answering(done, answers))


def _answering(done: Callable[..., Answer], answers: bool) -> Callable[..., None]:
    """`done` with its answer printed, what was not done on stderr, and either in its exit code."""

    @wraps(done)
    def given(for_scripts: bool = False, **words: Any) -> None:
        # Imports DuckDB, which help and completion do without.
        from orchestration.run_lock import remove_leftovers

        try:
            remove_leftovers(Settings.from_environment().data)
            # Nothing that a library prints stands beside the document.
            with redirect_stdout(sys.stderr) if for_scripts else nullcontext():
                answer = done(**words)
        except (NotDoneError, UnusablePathError) as error:
            note(error)
            not_done = error if isinstance(error, NotDoneError) else NotDoneError(error)
            answer = not_done.answer
        show(answer, for_scripts)
        raise typer.Exit(answer.code)

    # What typer reads of a function: its words, and one more.
    signature = inspect.signature(done, eval_str=True)
    words = [*signature.parameters.values()]
    if answers:
        kind = inspect.Parameter.KEYWORD_ONLY
        words.append(inspect.Parameter("for_scripts", kind, default=False, annotation=ForScripts))
    given.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=words, return_annotation=None
    )
    given.__annotations__ = {word.name: word.annotation for word in words}
    return given

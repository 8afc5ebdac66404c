"""Arguments that commands of several kinds have: who says so and why, and days.

Does not belong here: what the commands of one module share.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer


def text(given: str) -> str:
    """What was said, if anything was. Raises BadParameter."""
    if not given.strip():
        raise typer.BadParameter("found nothing; whoever asks tomorrow will want to know")
    return given


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise typer.BadParameter(f"found {given!r}, expected YYYY-MM-DD") from None


By = Annotated[str, typer.Option(help="Who says so.", callback=text)]
Reason = Annotated[str, typer.Option(help="Why.", callback=text)]
Day = Annotated[Any, typer.Argument(parser=_day, metavar="YYYY-MM-DD")]

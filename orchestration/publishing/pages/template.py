"""A page as HTML: its template filled in, with what the pages share.

Belongs here: how templates are found and filled. Does not belong here: any template.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.vietnam_time import VIETNAM

if TYPE_CHECKING:
    from jinja2 import Environment

SHARED = Path(__file__).parent


def environment(folder: Path) -> Environment:
    """Templates of a page's own folder and what is shared; a word that nobody gives is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader([folder, SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def filled(folder: Path, name: str, **values: Any) -> str:
    """The page that the template `name` of `folder` makes of `values`."""
    return environment(folder).get_template(name).render(**values)


def moment(created_at: str) -> str:
    """When a release was made, as people write it in Vietnam."""
    return datetime.fromisoformat(created_at).astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")

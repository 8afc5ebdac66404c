"""Values and names in the text of a statement, for where DuckDB takes no parameter: paths, options, generated queries.

Belongs here: quoting, and reading templates of statements. Values that can be bound are bound. `expectations`, which
knows nothing of this package, has its own (`expectations.engine`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


def literal(value: str | Path) -> str:
    """A text literal."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(*parts: str) -> str:
    """A name, after those of what it lies in: schema, table."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


@cache
def sql_template(path: Path) -> jinja2.Template:
    """The Jinja template of SQL in `path`, with filters `literal`, `literal_or_null` and `identifier`."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(path.parent), undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, autoescape=False,  # noqa: S701  (SQL: the filters quote)
    )  # fmt: skip
    environment.filters |= {
        "literal": literal,
        "literal_or_null": lambda text: "null" if text is None else literal(text),
        "identifier": identifier,
    }
    return environment.get_template(path.name)

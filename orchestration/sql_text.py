"""Values and names in the text of a statement, for where DuckDB takes no parameter: paths, options, generated queries.

Belongs here: quoting, and reading templates of statements. Values that can be bound are bound. `expectations`, which
knows nothing of this package, has its own (`expectations.engine`).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


#: Of so many characters lines of SQL are made.
LINE = 120
_QUOTED = re.compile("'[^']*'|\"[^\"]*\"")
#: Stands for a line's end within quotes; no SQL holds it.
_LINE_END = "\0"


def literal(value: str | Path) -> str:
    """A text literal."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(*parts: str) -> str:
    """A name, after those of what it lies in: schema, table."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def filled(text: str) -> str:
    """The lines of `text`, filled: each goes on behind the line before, where that is indented alike and has room. A line
    that ends within quotes ends there.
    """
    lines: list[str] = []
    held = _QUOTED.sub(lambda quoted: quoted[0].replace("\n", _LINE_END), text)
    for line in held.removesuffix("\n").split("\n"):
        item, before = line.lstrip(), lines[-1] if lines else ""
        begins_alike = len(line) - len(item) == len(before) - len(before.lstrip())
        if before and begins_alike and len(before) + 1 + len(item) <= LINE:
            lines[-1] += " " + item
        else:
            lines.append(line)
    return "\n".join(lines).replace(_LINE_END, "\n") + "\n"


@cache
def sql_template(path: Path) -> jinja2.Template:
    """The Jinja template of SQL in `path`, with filters `literal`, `literal_or_null`, `identifier` and `filled`."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(path.parent), undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, autoescape=False,  # noqa: S701  (SQL: the filters quote)
    )  # fmt: skip
    environment.filters |= {
        "literal": literal,
        "literal_or_null": lambda text: "null" if text is None else literal(text),
        "identifier": identifier,
        "filled": filled,
    }
    return environment.get_template(path.name)

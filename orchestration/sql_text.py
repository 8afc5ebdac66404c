"""Values and names in the text of a statement, for where DuckDB takes no parameter: paths, options, generated queries.

Belongs here: quoting. Values that can be bound are bound. `expectations`, which knows nothing of this package, has its
own (`expectations.engine`).
"""

from __future__ import annotations

from pathlib import Path


def literal(value: str | Path) -> str:
    """A text literal."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(*parts: str) -> str:
    """A name, after those of what it lies in: schema, table."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)

"""Files of synthetic records: one query, one file, labelled in its name and, for Parquet, in its metadata.

Belongs here: how a query becomes a file of a format. Does not belong here: what it selects.
"""

from __future__ import annotations

import filecmp
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from orchestration.sql_text import literal

if TYPE_CHECKING:
    import duckdb

FileFormat = Literal["parquet", "jsonl", "jsonl.gz", "json", "csv", "csv.gz"]
LABEL = "SYNTHETIC: made by orchestration.simulation, describes nobody"
MALFORMED = '{{"MaHoSo": "H00-250101-9{number:08d}", "TenTTHC": "bản ghi mô phỏng bị cắt\n'


def check_format(name: str) -> FileFormat:
    """`name`, if it is a format that can be written; ValueError otherwise."""
    if name not in get_args(FileFormat):
        raise ValueError(f"cannot write format {name!r}: expected one of {', '.join(get_args(FileFormat))}")
    return cast(FileFormat, name)


def write(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    target: Path,
    file_format: FileFormat,
    malformed: float = 0,
) -> int:
    """Write the rows of `query` to `target` atomically; returns how many. None: no file.

    `malformed`: truncated lines that are added to plain JSON Lines, as a share of the rows.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.part")
    if file_format == "json":
        rows = _count(connection.execute(f"create or replace temp table envelope as {query}"))
        query = "select 'False' as \"isUpdating\", list(envelope) as data from envelope"
    written = _count(
        connection.execute(
            f"copy ({_flat(connection, query, file_format)}) to {literal(temporary)} ({_options(file_format)})"
        )
    )
    rows = rows if file_format == "json" else written
    if rows == 0:
        temporary.unlink()
        return 0
    if file_format == "jsonl":
        with temporary.open("a", encoding="utf-8") as stream:
            stream.writelines(MALFORMED.format(number=number) for number in range(round(rows * malformed)))
    _put(temporary, target)
    return rows


def _put(temporary: Path, target: Path) -> None:
    """Rename; landed files are never changed, so that other content under the same name is an error."""
    if target.exists() and not filecmp.cmp(temporary, target, shallow=False):
        temporary.unlink()
        raise FileExistsError(
            f"{target} holds records of another scale, seed or version: simulate into an empty landing folder"
        )
    temporary.replace(target)


def _count(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row else 0


def _flat(connection: duckdb.DuckDBPyConnection, query: str, file_format: FileFormat) -> str:
    """For CSV, nested lists as JSON text."""
    if not file_format.startswith("csv"):
        return query
    columns = connection.execute(f"describe {query}").fetchall()
    shown = ", ".join(
        f'to_json("{name}") as "{name}"' if kind.endswith("]") else f'"{name}"' for name, kind, *_ in columns
    )
    return f"select {shown} from ({query})"


def _options(file_format: FileFormat) -> str:
    if file_format == "parquet":
        return f"format parquet, compression zstd, kv_metadata {{synthetic: '{LABEL}'}}"
    if file_format in {"csv", "csv.gz"}:
        return "format csv, header true, compression " + ("gzip" if file_format == "csv.gz" else "none")
    return "format json, compression " + ("gzip" if file_format == "jsonl.gz" else "none")

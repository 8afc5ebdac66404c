"""Whether the lake still holds what it is said to hold: a batch that is gone or damaged must not be a figure less.

Here: manifests of batches, read or reported, and what was served compared with what is there. Not here: reading rows
again, which the next ingestion does once the batch is out of sight.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import duckdb

from orchestration.damage import DamagedError, Section
from orchestration.ingestion.lake import connect, visible_batches
from orchestration.ingestion.manifests import READ_AGAIN, ask, manifests, read_manifests
from orchestration.ingestion.retraction import RETRACTED, Retraction, record_name, retractions

FILES_SHOWN = 5
_COUNT_SQL = "select file_name, num_rows from parquet_file_metadata($paths)"
#: Every value is read; nothing is kept.
_VALUES_SQL = "select bit_xor(hash(whole)) from read_parquet($paths, hive_partitioning = false) as whole"


def check_batches(lake: Path, source: str) -> None:
    """Raises DamagedError where a visible batch has not as many rows as its manifest says. Only footers are read."""
    with connect() as connection:
        for batch, files in manifests(connection, lake, source).items():
            folder = lake / source / f"batch={batch}"
            accepted = sum(row["rows_accepted"] for row in files)
            found = sum(_rows_in(connection, path) for path in sorted(folder.glob("rows*.parquet")))
            if found != accepted:
                raise DamagedError(
                    folder,
                    f"{found} rows",
                    f"the {accepted} that its manifest says",
                    READ_AGAIN,
                    Section.BATCH,
                )


def check_values(lake: Path, source: str) -> None:
    """As `check_batches`, by reading every value: for a build that has failed."""
    check_batches(lake, source)
    with connect() as connection:
        for batch in visible_batches(lake, source):
            for path in sorted((lake / source / f"batch={batch}").glob("rows*.parquet")):
                ask(connection, _VALUES_SQL, path)


def check_retractions(lake: Path, source: str, served: Collection[Mapping[str, Any]]) -> None:
    """Raises DamagedError where a retraction that the served release names is not on record any more: what was taken
    back would be read again. `served` are those of all sources, as its manifest has them.
    """
    there = {record.source_file for record in retractions(lake, source)}
    for entry in served:
        if _source_of(entry["source_file"]) == source and entry["source_file"] not in there:
            raise DamagedError(
                lake / RETRACTED / source / f"{record_name(entry['file_hash'], entry['source_file'])}.json",
                "no such record",
                f"that of {entry['source_file']}, which the served release says was taken back",
                f"write the file again, with this text: {Retraction(**entry).to_json()}",
                Section.RETRACTION,
            )


def check_nothing_lost(lake: Path, landing: Path, source: str, served: Collection[str]) -> None:
    """Raises DamagedError where files that the served release was made from are in no batch, though nobody took them
    back. `served` are paths below landing, of all sources.
    """
    wanted = {file for file in served if _source_of(file) == source}
    with connect() as connection:
        wanted -= {
            row["source_file"] for rows in manifests(connection, lake, source).values() for row in rows
        }
        if not wanted:
            return
        taken_back = retractions(lake, source)
        wanted -= {record.source_file for record in taken_back}
        deliveries = {record.delivery for record in taken_back}
        left = read_manifests(connection, list((lake / RETRACTED / source).glob("batch=*")))
    wanted -= {
        row["source_file"] for rows in left.values() for row in rows
        if (row["sender"], row["file_hash"]) in deliveries
    }  # fmt: skip
    if not wanted:
        return
    gone = sorted(file for file in wanted if not (landing / file).is_file())
    action = "`make refresh` (of all days) reads them again from landing"
    if gone:
        action = (
            f"put {_listed(gone)} back into landing from a copy, then `make refresh`; where there is none, give each up"
            " on the record with `retract`"
        )
    raise DamagedError(
        lake / source,
        f"no batch with {_listed(sorted(wanted))}",
        "all that the served release was made from",
        action,
        Section.BATCH,
    )


def _rows_in(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    return sum(rows for _, rows in ask(connection, _COUNT_SQL, path))


def _source_of(file: str) -> str:
    return file.partition("/")[0]


def _listed(files: list[str]) -> str:
    more = f" and {len(files) - FILES_SHOWN} more" if len(files) > FILES_SHOWN else ""
    return ", ".join(files[:FILES_SHOWN]) + more

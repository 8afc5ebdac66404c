"""What lies in the lake, for those who come after: batches that wait, and batches that are visible.

Here: reading names and manifests. Not here: writing either (`run`, `lake`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestration.ingestion.lake import connect, pending_folder, visible_batches


def pending_batches(lake: Path, source: str) -> tuple[str, ...]:
    """Ids of the batches that wait for their gate; a batch half written is none."""
    folder = pending_folder(lake, source)
    return tuple(sorted(path.name.removeprefix("batch=") for path in folder.glob("batch=*")))


def batch_contents(lake: Path, source: str) -> list[dict[str, Any]]:
    """Every visible batch as {source, batch, files, rows}, by id: the inputs of a release.

    Batches without a file (the empty one that carries the schema) are left out.
    """
    contents = []
    with connect() as connection:
        for batch in visible_batches(lake, source):
            manifest = lake / source / f"batch={batch}" / "files.parquet"
            found = connection.execute(
                "select list(source_file order by source_file), sum(rows_accepted)::bigint"
                " from read_parquet($manifest) where status <> 'duplicate' having count(*) > 0",
                {"manifest": str(manifest)},
            ).fetchone()
            if found is not None:
                contents.append({"source": source, "batch": batch, "files": found[0], "rows": found[1]})
    return contents

"""Quarantine that a later delivery has mended: it no longer stands among what somebody has to look at.

Here: telling it from the manifests of visible batches, and moving its records aside. Not here: refusing rows
(`staging`), and corrections that come in the same run (`outcome`: superseded).
"""

from __future__ import annotations

import os
from pathlib import Path

from orchestration.ingest.lake import connect, visible_batches

CLEARED = "cleared"

#: A file is mended by one of the same sender and name that came on a later day and was accepted as a whole.
_MENDED_SQL = """
with files as (
    select *, split_part(source_file, '/', -1) as name from read_parquet($manifests, hive_partitioning = false)
)

select distinct refused.file_hash, refused.source_file
from files as refused
semi join files as good
    on good.sender = refused.sender and good.name = refused.name and good.delivery_date > refused.delivery_date
        and good.status = 'accepted'
where refused.status in ('quarantined', 'partly_quarantined', 'superseded')
order by refused.source_file
"""


def clear_mended(lake: Path, quarantine: Path, source: str) -> tuple[str, ...]:
    """Move the records of mended files to `<quarantine>/<source>/cleared/`; gives those files, by path.

    The counts of the run that refused them stay as they are. Doing it again does nothing.
    """
    manifests = [
        str(lake / source / f"batch={batch}" / "files.parquet") for batch in visible_batches(lake, source)
    ]
    if not manifests:
        return ()
    with connect() as connection:
        mended = connection.execute(_MENDED_SQL, {"manifests": manifests}).fetchall()
    cleared = []
    for file_hash, source_file in mended:
        record = quarantine / source / f"{file_hash}.parquet"
        if record.exists():
            (quarantine / source / CLEARED).mkdir(exist_ok=True)
            os.replace(record, quarantine / source / CLEARED / record.name)
            cleared.append(source_file)
    return tuple(cleared)

"""Which units of the portal's newest captures were refused: what a person should see until it is put right.

Here: reading manifests and quarantine. Not here: refusing (`rules`), showing it (`orchestration`), and captures taken
while the portal was refreshing: nobody can put these right, and `mart_portal_captures` shows them.
"""

from __future__ import annotations

from pathlib import Path

from orchestration.ingestion.lake import connect, visible_batches
from orchestration.ingestion.landing import PORTAL
from orchestration.ingestion.portal.rules import REFRESHING
from orchestration.ingestion.problems import Problem

#: Of each sender what came last; what a later delivery resolved has left the quarantine.
_NEWEST_SQL = """
select file_hash from read_parquet($manifests, hive_partitioning = false)
where status <> 'duplicate'
qualify delivery_date = max(delivery_date) over (partition by sender)
"""
_REFUSED_SQL = """
select file, reason_code, record, field, found, expected, action
from read_parquet($records, hive_partitioning = false)
where severity = 'error' and reason_code <> $refreshing
order by file, record = '$' desc, record, field, reason_code
"""


def refused_units(lake: Path, quarantine: Path) -> tuple[Problem, ...]:
    """Every reason for which a unit in the newest admitted captures of a sender was refused, by file and record."""
    batches = visible_batches(lake, PORTAL)
    if not batches:
        return ()
    manifests = [str(lake / PORTAL / f"batch={batch}" / "files.parquet") for batch in batches]
    with connect() as connection:
        newest = connection.execute(_NEWEST_SQL, {"manifests": manifests}).fetchall()
        paths = (quarantine / PORTAL / f"{file_hash}.parquet" for (file_hash,) in newest)
        records = [str(path) for path in paths if path.exists()]
        if not records:
            return ()
        return tuple(
            Problem(*row)
            for row in connection.execute(
                _REFUSED_SQL, {"records": records, "refreshing": REFRESHING}
            ).fetchall()
        )

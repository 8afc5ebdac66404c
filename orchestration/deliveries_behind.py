"""What may be behind the moves that hold a release: deliveries that came, or were taken back, since what is served.

Belongs here: which senders and files those are. Does not belong here: how far is too far
(`expectations/suites/hold__province_moves.yml`).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import duckdb

from orchestration.fingerprints import served_deliveries
from orchestration.ingestion.lake import visible_batches
from orchestration.ingestion.landing import PORTAL
from orchestration.ingestion.retraction import retractions, sender_of
from orchestration.settings import Settings
from orchestration.sources import SOURCES

FILES_SHOWN = 20
#: Whoever may deliver for the nation, for a moved province, or for an agency that is gone: that may lie in it.
_SINCE_SQL = """
with province as (select * from read_csv($provinces, all_varchar = true)),

moved as (select agency_code from province where list_contains($units, province_code)),

file as (
    select
        sender, source_file, rows_accepted,
        list_transform(string_split(may_deliver, ', '), lambda code: split_part(code, '.', 1)) as roots
    from read_parquet($manifests, hive_partitioning = false, union_by_name = true)
    where rows_accepted > 0 and not list_contains($served, source_file)
)

select sender, source_file, rows_accepted from file
where roots is null or list_has_any(roots, (select list(agency_code) from moved))
    or not list_has_any(roots, (select list(agency_code) from province))
order by rows_accepted desc, source_file
"""


class Behind(NamedTuple):
    """Lines for people, and who delivered what they name or was taken back."""

    text: str
    senders: frozenset[str]


def deliveries_behind(settings: Settings, moved: Collection[tuple[str, str]]) -> Behind:
    """`moved`: basis and code of each province that moved too far."""
    served = served_deliveries(settings)
    retracted_before = {entry["source_file"] for entry in served.retracted}
    lines, senders = [], set[str]()
    for basis in sorted({basis for basis, _ in moved}):
        names = [source.name for source in SOURCES if (source.name == PORTAL) == (basis == "portal")]
        units = sorted({unit for of, unit in moved if of == basis})
        came = [found for name in names for found in _since(settings, name, units, served.files)]
        gone = [
            taken
            for name in names
            for taken in retractions(settings.lake, name)
            if taken.source_file not in retracted_before
        ]
        senders |= {sender for sender, _, _ in came} | {sender_of(taken.source_file) for taken in gone}
        since = [f"- {sender}: {file}, {rows} rows" for sender, file, rows in came]
        since += [f"- retracted: {taken.source_file} ({taken.reason})" for taken in gone]
        more = f"\n- and {len(since) - FILES_SHOWN} more" if len(since) > FILES_SHOWN else ""
        nothing = "no delivery: code, agreements or reference data have changed"
        lines.append(
            f"Since then came, from senders who may deliver for them ({basis}):\n"
            + ("\n".join(since[:FILES_SHOWN]) + more if since else nothing)
        )
    return Behind("\n".join(lines), frozenset(senders))


def _since(
    settings: Settings, source: str, units: Collection[str], served: Collection[str]
) -> list[tuple[str, str, int]]:
    folder: Path = settings.lake / source
    manifests = [
        str(folder / f"batch={batch}" / "files.parquet") for batch in visible_batches(settings.lake, source)
    ]
    if not manifests:
        return []
    values = {
        "provinces": str(settings.reference / "provinces.csv"),
        "units": list(units),
        "served": list(served),
        "manifests": manifests,
    }
    with duckdb.connect() as connection:
        # A batch from before says nothing of rights.
        shape = "select * from read_parquet($manifests, union_by_name = true) limit 0"
        first = connection.execute(shape, {"manifests": manifests})
        if "may_deliver" not in [column[0] for column in first.description or []]:
            return []
        return connection.execute(_SINCE_SQL, values).fetchall()

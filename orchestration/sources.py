"""The sources: what can be delivered, how it is ingested, and how much of it may be bad.

Belongs here: what assets and gates are made from. Does not belong here: what a dataset holds (`ingestion.contracts`),
reading (`ingestion`), and what Dagster makes of it (`defs`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from orchestration.ingestion.contracts import RECORD_SOURCES, Contract
from orchestration.ingestion.landing import PORTAL, Days, delivery_files
from orchestration.ingestion.portal import run as batch
from orchestration.ingestion.portal.contracts import SERVICE_RESULTS
from orchestration.ingestion.records.mapping import Mappings, load_mappings
from orchestration.ingestion.records.run import SAMPLE_KEY, HashKeyError, ensure_dataset, ingest_records
from orchestration.ingestion.report import IngestReport
from orchestration.ingestion.rights import Rights, load_rights
from orchestration.settings import Settings

# Whatever is synthetic says so in its file name, and needs no secret.
SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class Agreed:
    """Who may deliver what, and how each sender writes it."""

    rights: Rights
    mappings: Mappings


@lru_cache(maxsize=1)
def agreed_at_start(settings: Settings, run_id: str) -> Agreed:  # noqa: ARG001  (what it is kept by)
    """The agreements and mappings as this run found them at its first source: all of its sources are read by them, and
    what is edited meanwhile is the next run's. Raises InvalidFileError, OSError.
    """
    return Agreed(load_rights(settings.delivery_rights), load_mappings(settings.mappings))


@dataclass(frozen=True)
class Source:
    """One source. `dbt_source` is the group dbt knows it under.

    `most_refused`: share of its rows, 0 to 1, that may be quarantined before the batch is refused.
    """

    name: str
    dbt_source: str
    description: str
    ingest: Callable[[Settings, Days, Agreed], IngestReport]
    ensure: Callable[[Path], Path]
    most_refused: float
    #: Of records; None of what the portal publishes, which comes in one shape.
    contract: Contract | None = None


def _portal(settings: Settings, days: Days, agreed: Agreed) -> IngestReport:
    return batch.ingest(
        settings.landing, settings.lake, settings.quarantine, settings.reference, agreed.rights, days
    )


def _records(contract: Contract) -> Source:
    name = contract.name

    def ingest(settings: Settings, days: Days, agreed: Agreed) -> IngestReport:
        return ingest_records(
            name,
            settings.landing,
            settings.lake,
            settings.quarantine,
            settings.reference,
            agreed.mappings,
            hash_key(settings, name),
            agreed.rights,
            days,
        )

    return Source(
        name,
        "exchange",
        contract.description,
        ingest,
        lambda lake: ensure_dataset(lake, name),
        contract.most_refused,
        contract,
    )


SOURCES = (
    Source(
        PORTAL,
        "portal",
        SERVICE_RESULTS.description,
        _portal,
        batch.ensure_dataset,
        # None here: the suite of its rows says which may be (ADR 0008).
        most_refused=0,
    ),
    *map(_records, RECORD_SOURCES.values()),
)


def source_named(name: str) -> Source:
    """The source of that name. Raises KeyError."""
    return {source.name: source for source in SOURCES}[name]


def hash_key(settings: Settings, source: str) -> bytes:
    """The secret that personal numbers are hashed with, from the environment.

    Without one only synthetic files are read, with a key that protects nobody. Raises HashKeyError otherwise.
    """
    if settings.hash_key:
        return settings.hash_key
    real = [path for _, path in delivery_files(settings.landing, source) if SYNTHETIC not in path.name]
    if real:
        raise HashKeyError(
            f"{real[0].relative_to(settings.landing)}: holds real records, and no key was found to hash identity"
            " numbers with; set SERVICE_INDEX_HASH_KEY, always to the same secret"
        )
    return SAMPLE_KEY

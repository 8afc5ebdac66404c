"""What a release is made from, as one fingerprint: the batches that readers of the lake see, the months that are closed,
and the code of tables, gates and pages. And what decides whether a delivery can be read, as another.

Belongs here: telling whether there is anything to read again, build, judge or draw. Does not belong here: what is in a
batch (`ingestion`), and what a release says of its inputs (`provenance`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.ingestion.lake import visible_batches
from orchestration.publishing.closed_months import revisions
from orchestration.publishing.manifest import DamagedReleaseError
from orchestration.publishing.release import current, last_served
from orchestration.settings import Settings
from orchestration.sources import SOURCES

# What tables are made by. The versions of libraries are in it: another DuckDB may hash or sort another way.
MODELS = (
    "dbt_project/models",
    "dbt_project/macros",
    "dbt_project/dbt_project.yml",
    "seeds/reference",
    "requirements.lock",
)
# Agreements say when a period is complete: no table that is added to rests on them.
GATES = ("expectations", "seeds/agreements/expected_deliveries.csv")
# What people open: the report of the gates (its template lies in `expectations`), the scoreboard, the dictionary; and
# what tables say of themselves. They are made with a release and never again: a corrected word needs another one.
PAGES = (
    "orchestration/publishing/pages",
    "orchestration/publishing/scoreboard",
    "orchestration/publishing/dictionary",
    "orchestration/publishing/marts.py",
    "orchestration/publishing/closed_schema.py",
    "orchestration/provenance.py",
)
# By what a delivery is read; what is wrong here keeps out files that nothing is wrong with.
READING = ("mappings", "seeds/agreements/delivery_rights.csv")
#: Descriptions that columns share are Markdown; the pages' charts and their script are made beforehand, as JSON and gzip.
CODE_FILES = {".sql", ".yml", ".csv", ".py", ".md", ".jinja", ".css", ".js", ".json", ".gz"}


def inputs_fingerprint(settings: Settings) -> str:
    """The same for the same visible batches and the same code, whatever else happened. 16 hexadecimal digits."""
    digest = _digest_of(settings.repository, (*MODELS, *GATES, *PAGES))
    for source in SOURCES:
        digest.update(f"\n{source.name} {visible_batches(settings.lake, source.name)}".encode())
    closed = [(month.month, month.revision) for month in revisions(settings.closed)]
    digest.update(f"\nclosed {closed}".encode())
    return digest.hexdigest()[:16]


def reading_fingerprint(settings: Settings) -> str:
    """The same for the same mappings and rights to deliver. 16 hexadecimal digits."""
    return _digest_of(settings.repository, READING).hexdigest()[:16]


def is_lake_empty(settings: Settings) -> bool:
    """Whether no batch of any source has been admitted yet."""
    return not any(visible_batches(settings.lake, source.name) for source in SOURCES)


def served_inputs(settings: Settings) -> str | None:
    """The fingerprint of the inputs of what is served; None where nothing is, or it says none."""
    try:
        served = current(settings.serving)
    except DamagedReleaseError:
        return None
    named: str | None = served.manifest.get("inputs_fingerprint") if served else None
    return named


@dataclass(frozen=True)
class Served:
    """What the served release says it was made from: `files`, paths below landing, and the retractions it names."""

    files: frozenset[str] = frozenset()
    retracted: tuple[Mapping[str, Any], ...] = ()


def served_deliveries(settings: Settings) -> Served:
    """What must still be there; nothing before the first release."""
    served = last_served(settings.serving)
    if served is None:
        return Served()
    files = frozenset(file for entry in served.manifest["inputs"] for file in entry["files"])
    return Served(files, tuple(served.manifest["retracted"]))


def _digest_of(repository: Path, parts: Iterable[str]) -> hashlib._Hash:
    digest = hashlib.sha256()
    for path in _code_files(repository, parts):
        digest.update(path.relative_to(repository).as_posix().encode())
        digest.update(path.read_bytes())
    return digest


def _code_files(repository: Path, parts: Iterable[str]) -> Iterator[Path]:
    for part in parts:
        path = repository / part
        yield from [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in CODE_FILES)

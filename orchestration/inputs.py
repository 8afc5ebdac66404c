"""What a build is made from, as one fingerprint: the batches that readers of the lake see, the
months that are closed, and the code.

Belongs here: telling whether there is anything to build. Does not belong here: what is in a batch (`ingest`), and
what a release says of its inputs (`evidence`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestration.ingest.lake import visible_batches
from orchestration.publish.close import revisions
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
CODE_FILES = {".sql", ".yml", ".csv", ".py"}


def inputs_fingerprint(settings: Settings) -> str:
    """The same for the same visible batches and the same code, whatever else happened. 16 hexadecimal digits."""
    digest = _digest_of(settings.repository, (*MODELS, *GATES))
    for source in SOURCES:
        digest.update(f"\n{source.name} {visible_batches(settings.lake, source.name)}".encode())
    closed = [(month.month, month.revision) for month in revisions(settings.closed)]
    digest.update(f"\nclosed {closed}".encode())
    return digest.hexdigest()[:16]


def is_lake_empty(settings: Settings) -> bool:
    """Whether no batch of any source has been admitted yet."""
    return not any(visible_batches(settings.lake, source.name) for source in SOURCES)


def served_inputs(settings: Settings) -> str | None:
    """The fingerprint of the inputs of what is served; None before the first release, or where it says none."""
    try:
        manifest = json.loads((settings.serving / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    named: str | None = manifest.get("inputs_fingerprint")
    return named


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

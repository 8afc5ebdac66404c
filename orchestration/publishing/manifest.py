"""The manifest of a release, read or reported.

Belongs here: what a manifest must have to be one. Does not belong here: making it (`release.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from orchestration.damage import Section, damaged
from orchestration.publishing.marts import PublishError

#: What others rely on, and its type.
_NEEDED = {
    "release_id": str,
    "fingerprint": str,
    "created_at": str,
    "contains_synthetic": bool,
    "inputs": list,
    "retracted": list,
    "tables": dict,
}


class DamagedReleaseError(PublishError):
    """A release that is kept cannot be read, or no longer says what it is."""


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """The manifest of the release in `folder`. Raises DamagedReleaseError."""
    path = folder / "manifest.json"
    try:
        manifest: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _damaged(path, "no such file") from None
    except (OSError, ValueError) as error:
        raise _damaged(path, f"what cannot be read ({type(error).__name__})") from error
    if not isinstance(manifest, dict):
        raise _damaged(path, f"JSON that is a {type(manifest).__name__}")
    if missing := [name for name, kind in _NEEDED.items() if not isinstance(manifest.get(name), kind)]:
        raise _damaged(path, f"no {', '.join(missing)}")
    if manifest["release_id"] != folder.name:
        raise _damaged(path, f"the manifest of {manifest['release_id']}")
    return manifest


def refuse_unreadable(table: Path) -> None:
    """Raises DamagedReleaseError where a published table (Parquet) is there and cannot be read."""
    if not table.exists():
        return
    try:
        with duckdb.connect() as connection:
            query = "select bit_xor(hash(whole)) from read_parquet($path) as whole"
            connection.execute(query, {"path": str(table)}).fetchall()
    except duckdb.Error as error:
        raise _damaged(table, f"what is no whole Parquet file ({type(error).__name__})") from error


def _damaged(path: Path, found: str) -> DamagedReleaseError:
    return DamagedReleaseError(
        damaged(
            path, found, "what was published",
            "`make releases` names those that are whole; `rollback --to` serves one of them, `make refresh` a new one",
            Section.RELEASE,
        )
    )  # fmt: skip

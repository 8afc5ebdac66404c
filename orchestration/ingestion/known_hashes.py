"""What landed files were hashed to, kept from run to run: the landing folder grows for years, a night reads what is new.

A file is the one that was hashed as long as which file it is, its size and its times are the same: of the last of these,
when anything of it last changed, the sender decides nothing (ADR 0041). Here: keeping and finding. Not here: hashing, and
when a state shows each later change (`landing`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from orchestration.atomic_files import replacing

#: By path below the landing folder: the state of a file, and what it was hashed to.
Hashes = Mapping[str, tuple[tuple[int, ...], str]]


def known_hashes(kept: Path) -> Hashes:
    """What is kept, or nothing where it cannot be read: then all is hashed, and kept again."""
    try:
        found = json.loads(kept.read_text(encoding="utf-8"))
        return {path: (tuple(state), sha256) for path, (state, sha256) in found.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}


def keep_hashes(kept: Path, hashes: Hashes) -> None:
    """Keep `hashes` instead of what was kept. Raises OSError."""
    with replacing(kept) as temporary:
        temporary.write_text(json.dumps(hashes), encoding="utf-8")

"""Whether folders changed, byte for byte."""

from __future__ import annotations

import hashlib
from pathlib import Path


def checksums(*folders: Path) -> dict[str, str]:
    """SHA-256 of every file below the folders, and where every link leads."""
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_symlink():
                found[str(path)] = f"-> {path.readlink()}"
            elif path.is_file():
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found

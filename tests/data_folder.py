"""Who may read and write what in the data folder, and what may be left in it: one walk over all of it.

Belongs here: the rules, which `docs/security.md` shows as a table. Does not belong here: the runs after which they hold.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

#: Path below the data folder (the first pattern that fits), mode of a folder, mode of a file; None: as whoever made it.
MODES: tuple[tuple[str, int | None, int | None], ...] = (
    (r"\.", 0o751, None),  # everyone passes through, to `serving`
    (r"\.writer\.lock", None, 0o600),  # who can open it can hold it
    (r"landing(/.*)?", None, None),  # who may deliver is decided by who set it up; nothing here changes it
    (r"lake/\.pending/[^/]*/\.work-[^/]*", 0o700, None),  # personal data in the clear, while a run reads it
    (r"lake/\.pending/[^/]*/\.work-.*", None, None),  # nobody gets there
    (r"serving/rollbacks(/.*)?", 0o750, 0o640),  # who rolled back, and why
    (r"serving(/.*)?", 0o755, 0o444),  # for every reader
    (r"build/\.dbt\.lock", None, 0o600),
    (r"(dagster/dagster\.yaml|build/dbt/.*\.msgpack)", None, None),  # copies; their folders keep others out
    (r"(lake|quarantine|build|closed|alerts|portal|dagster)(/.*)?", 0o750, 0o640),
)
#: Unfinished work: files that were to be renamed, releases and batches half made, unpacked deliveries.
LEFTOVER = re.compile(
    r"(^|/)(\.work-[^/]*|\.batch=[^/]*|\.[^/]*\.part|\.[^/]*\.next|[^/]*\.wal|[^/]*\.duckdb\.tmp|[^/]*\.counted)$"
    r"|^serving/releases/\.|^closed/[^/]*/\.|^build/(raw_gate_.*|drift\.duckdb)$|^lake/\.pending/[^/]*/batch="
)


def paths(data: Path) -> dict[str, Path]:
    """Everything in the data folder, itself included, by its path below; links are not followed."""
    found = {".": data}
    for folder, folders, names in os.walk(data):
        for name in folders + names:
            path = Path(folder, name)
            found[path.relative_to(data).as_posix()] = path
    return found


def wrong_modes(data: Path) -> list[str]:
    """What others than those who should may read or write; empty where all is as it should be."""
    wrong = []
    for name, path in paths(data).items():
        if path.is_symlink():
            continue
        of_folder, of_file = next(
            (modes for pattern, *modes in MODES if re.fullmatch(pattern, name)), (0, 0)
        )  # what no rule knows is wrong
        expected, found = (of_folder if path.is_dir() else of_file), stat.S_IMODE(path.stat().st_mode)
        if expected is not None and found != expected:
            wrong.append(f"{name}: {found:o}, expected {expected:o}")
        if path.stat().st_uid != os.geteuid():
            wrong.append(f"{name}: owned by {path.stat().st_uid}")
    return wrong


def leftovers(data: Path) -> list[str]:
    """Unfinished work."""
    return sorted(name for name in paths(data) if LEFTOVER.search(name))

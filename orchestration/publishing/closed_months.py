"""Closed months: what was served of a month when it was closed, frozen, a revision at a time.

```
closed/<yyyy-mm>/revision=<n>/{<mart>.parquet, manifest.json}    written once, never rewritten
```

Belongs here: a month's revisions, and that none is written twice. What is frozen is in `freezing.py`, what is served of
it in `closed_schema.py`; when a month is closed is decided by a schedule.
"""

from __future__ import annotations

import calendar
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from orchestration.atomic_files import sync_folder, sync_tree
from orchestration.commands import os_user
from orchestration.damage import Section, damaged
from orchestration.publishing.freezing import freeze
from orchestration.publishing.marts import PublishError
from orchestration.vietnam_time import VIETNAM


@dataclass(frozen=True)
class ClosedMonth:
    """One revision of a month. `status` is final, or provisional with a `reason`."""

    month: str
    revision: int
    folder: Path
    manifest: Mapping[str, Any]
    is_new: bool

    @property
    def status(self) -> str:
        """Whether the figures were complete when they were frozen."""
        return str(self.manifest["status"])

    @property
    def os_user(self) -> str:
        """Whose process closed it; empty in revisions made before that was kept."""
        return str(self.manifest.get("os_user", ""))


def close_month(serving: Path, closed: Path, month: date, now: datetime, revise: str = "") -> ClosedMonth:
    """Freeze every period that ends in `month` (any day of it) as the served release shows it.

    A month that is closed stays as it is: asked again, it is given back. With a reason in `revise` a further revision
    is frozen beside the earlier ones. Raises PublishError for a month that is not over, or of which nothing is served.
    """
    first = month.replace(day=1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    if now.astimezone(VIETNAM).date() <= last:
        raise PublishError(
            f"{first:%Y-%m} is not over; expected a month before {now.astimezone(VIETNAM):%Y-%m}"
        )
    kept = revisions(closed, first)
    if kept and not revise.strip():
        return kept[-1]
    number = len(kept) + 1
    folder = closed / f"{first:%Y-%m}" / f"revision={number}"
    temporary = folder.with_name(f".{folder.name}")
    shutil.rmtree(temporary, ignore_errors=True)  # left by a crash
    temporary.mkdir(parents=True)
    try:
        manifest = freeze(serving, temporary, first, last)
    except PublishError:
        shutil.rmtree(temporary)
        raise
    manifest |= {
        "month": f"{first:%Y-%m}",
        "revision": number,
        "closed_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "revised_because": revise.strip(),
        "os_user": os_user(),
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    (temporary / "manifest.json").write_text(text, encoding="utf-8")
    sync_tree(temporary)
    os.replace(temporary, folder)
    sync_folder(folder.parent)
    return ClosedMonth(f"{first:%Y-%m}", number, folder, manifest, is_new=True)


def revisions(closed: Path, month: date | None = None) -> list[ClosedMonth]:
    """Every revision of a month, or of all months, in order."""
    pattern = f"{month:%Y-%m}" if month else "[0-9]*"
    found = []
    for folder in (closed).glob(f"{pattern}/revision=*"):
        manifest = _manifest(folder / "manifest.json")
        found.append(ClosedMonth(manifest["month"], manifest["revision"], folder, manifest, is_new=False))
    return sorted(found, key=lambda one: (one.month, one.revision))


def _manifest(path: Path) -> Mapping[str, Any]:
    try:
        manifest: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        named = f"{manifest['month']}/revision={manifest['revision']}"
        rows, _ = dict(manifest["rows"]), manifest["status"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, f"what is no manifest of a closed month ({type(error).__name__})") from error
    if not path.parent.match(named):
        raise _damaged(path, f"the manifest of {named}")
    if gone := sorted(table for table in rows if not (path.parent / f"{table}.parquet").is_file()):
        raise _damaged(path.parent, f"no {gone[0]}.parquet")
    return manifest


def _damaged(path: Path, found: str) -> PublishError:
    return PublishError(
        damaged(
            path, found, "what was frozen of a month, which nothing makes again",
            "put the folder of the revision back from a copy, or take its rows from schema `closed` of what is served",
            Section.CLOSED,
        )
    )  # fmt: skip

"""What is kept, what is served, what is held, and who did what: the answer of `releases`.

Belongs here: reading that for people and scripts. Does not belong here: changing any of it (`publishing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.answers.answer import Answer, Column, Table
from orchestration.commands import shell_word, signed
from orchestration.publishing.marts import PublishError
from orchestration.publishing.release import current_name, damaged_releases, list_releases
from orchestration.publishing.rollback import Rollback, records

_RELEASES = (
    Column("release_id", "release"),
    Column("is_served", "", lambda is_served: "served" if is_served else ""),
    Column("batches", "batches", is_number=True),
    Column("notes"),
)
_ROLLBACKS = (
    Column("at", "rolled back"), Column("from_release", "from"), Column("to_release", "to"),
    Column("signed", "by"), Column("reason"), Column("hold"),
)  # fmt: skip


def kept_releases(serving: Path) -> Answer:
    """Every release that is kept, and every rollback. Exit code 1 where nobody knows whether a hold stands."""
    served = current_name(serving)
    kept = [
        {
            "release_id": release.release_id,
            "created_at": release.manifest["created_at"],
            "is_served": release.release_id == served,
            "batches": len(release.manifest["inputs"]),
            "contains_synthetic": release.manifest["contains_synthetic"],
            "retracted": release.manifest["retracted"],
            "approvals": release.manifest.get("approvals", []),
            "closed": release.manifest.get("closed", []),
        }
        for release in list_releases(serving)
    ]
    damaged = damaged_releases(serving)
    facts: dict[str, Any] = {"served": served, "releases": kept, "damaged": damaged}
    shown: list[str | Table] = [f"DAMAGED {found}" for found in damaged]
    if kept:
        shown.insert(0, Table(_RELEASES, [{**release, "notes": _notes(release)} for release in kept]))
    try:
        steps = records(serving)
    except PublishError as error:
        facts |= {"is_held": True, "rollbacks": None, "error": str(error)}
        return Answer(facts, [*shown, f"HELD: {error}"], code=1)
    if steps:
        rows = [
            {**vars(step), "signed": signed(step.by, step.os_user), "hold": _hold(step)} for step in steps
        ]
        shown += ["", Table(_ROLLBACKS, rows)]
    facts |= {"is_held": any(not step.lifted_at for step in steps), "rollbacks": steps}
    return Answer(facts, shown)


def _notes(release: Mapping[str, Any]) -> str:
    return ", ".join(
        [
            *(["synthetic files"] if release["contains_synthetic"] else []),
            *(
                f"retracted {shell_word(entry['source_file'])} by {_signed(entry)}"
                for entry in release["retracted"]
            ),
            *(
                f"approved {entry['hold']} by {_signed(entry)}, {entry.get('through', 'not recorded how')}"
                for entry in release["approvals"]
            ),
            *(f"closed {entry}" for entry in release["closed"]),
        ]
    )


def _signed(entry: Mapping[str, Any]) -> str:
    return signed(entry.get("by", ""), entry.get("os_user", ""))


def _hold(step: Rollback) -> str:
    if not step.lifted_at:
        return "HELD"
    return f"lifted {step.lifted_at} by {signed(step.lifted_by, step.lifted_os_user)}: {step.lifted_reason}"

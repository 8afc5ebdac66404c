"""Rolling back to an earlier release, and holding what comes next until a person lets it go on.

```
serving/rollbacks/<moment>.json      one record a rollback: from, to, who, why, when, and how the hold was lifted
```

Belongs here: the rollback, its record, the hold. Making releases is in `release.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from orchestration.atomic_files import write_durably
from orchestration.commands import command, os_user, signed
from orchestration.damage import Section, damaged
from orchestration.publishing.manifest import read_manifest
from orchestration.publishing.marts import PublishError
from orchestration.publishing.served_files import serve

RECORDS = "rollbacks"
LIFT = command("unhold", "--by", "NAME", "--reason", "WHY")


class ReleaseHeldError(PublishError):
    """A rollback holds every new release until a person lifts the hold."""


@dataclass(frozen=True)
class Rollback:
    """One rollback. `lifted_at` is empty while the hold lasts. `by` is the name given, `os_user` the operating
    system's; records made before that was kept have none.
    """

    from_release: str
    to_release: str
    by: str
    reason: str
    at: str
    lifted_by: str = ""
    lifted_reason: str = ""
    lifted_at: str = ""
    os_user: str = ""
    lifted_os_user: str = ""


def release_before(serving: Path) -> str:
    """The release before the one that is served. Raises PublishError where there is none."""
    link = serving / "current"
    if not link.is_symlink():
        raise PublishError(f"{link}: nothing is served; there is nothing to roll back from")
    served = Path(os.readlink(link)).name
    before: str | None = read_manifest(serving / "releases" / served).get("previous")
    if not before:
        raise PublishError(f"{served} is the first release kept; there is none before it to roll back to")
    return before


def roll_back(serving: Path, by: str, reason: str, now: datetime, to: str | None = None) -> Rollback:
    """Serve the release before the one that is served, or the kept release `to`, by one swap of a link.

    The record is written first: whatever happens then, nothing new is published unseen. Raises PublishError where
    there is nothing to roll back to, or nobody and no reason is named.
    """
    _require(by=by, reason=reason)
    target = to or release_before(serving)
    link = serving / "current"  # which may be lost
    served = Path(os.readlink(link)).name if link.is_symlink() else ""
    if target == served and link.is_dir():
        raise PublishError(f"{served} is what is served; expected an earlier release to roll back to")
    if not all((serving / "releases" / target / name).exists() for name in ("warehouse.duckdb", "parquet")):
        found = sorted(path.name for path in (serving / "releases").glob("[!.]*") if path.name != served)
        kept = ", ".join(found)
        raise PublishError(f"{target} is not kept, or not whole; found {kept or 'no other release'}")
    read_manifest(serving / "releases" / target)
    moment = now.astimezone(UTC).isoformat("T", "microseconds")
    made = Rollback(served, target, by.strip(), reason.strip(), moment, os_user=os_user())
    _write(serving, made)
    serve(serving, target)
    return made


def holds(serving: Path) -> list[Rollback]:
    """The rollback whose hold nobody has lifted, in order."""
    return [record for record in records(serving) if not record.lifted_at]


def hold_of(serving: Path) -> Rollback | None:
    """The newest of them."""
    return next(reversed(holds(serving)), None)


def may_be_held(serving: Path) -> bool:
    """Whether a hold lasts; a record that cannot be read may be one."""
    try:
        return hold_of(serving) is not None
    except PublishError:
        return True


def lift_hold(
    serving: Path, by: str, reason: str, now: datetime, asked: Collection[Rollback] | None = None
) -> tuple[Rollback, ...]:
    """Let the next run publish again: lift the holds `asked`, those that stood when it was asked for; all where it is
    None. Which these are no clock says: it may have been set back since.

    Raises PublishError where nothing was held, or nobody and no reason is named.
    """
    _require(by=by, reason=reason)
    moment = now.astimezone(UTC).isoformat("T", "microseconds")
    lifted = tuple(
        replace(
            record,
            lifted_by=by.strip(),
            lifted_reason=reason.strip(),
            lifted_at=moment,
            lifted_os_user=os_user(),
        )
        for record in holds(serving)
        if asked is None or record in asked
    )
    if not lifted:
        raise PublishError("nothing is held")
    for record in lifted:
        _write(serving, record)
    return lifted


def refuse_while_held(serving: Path) -> None:
    """Raises ReleaseHeldError while a hold lasts."""
    held = hold_of(serving)
    if held is not None:
        raise ReleaseHeldError(
            f"held since {held.at}: {signed(held.by, held.os_user)} rolled back from {held.from_release} to"
            f" {held.to_release} ({held.reason}); expected someone to look at the build and lift the hold: {LIFT}"
        )


def records(serving: Path) -> list[Rollback]:
    """Every rollback, in order. Raises PublishError for a record that cannot be read: it may hold what comes next."""
    return [_record(path) for path in sorted((serving / RECORDS).glob("[!.]*.json"))]


def _record(path: Path) -> Rollback:
    try:
        return Rollback(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise PublishError(
            damaged(
                path, f"what is no record of a rollback ({type(error).__name__})",
                "who rolled back, and whether the hold was lifted",
                "ask who rolled back; then move the file away, and where the cause is not gone, roll back again",
                Section.HOLD,
            )
        ) from error  # fmt: skip


def _require(**named: str) -> None:
    for name, value in named.items():
        if not value.strip():
            raise PublishError(f"no {name} given; whoever asks tomorrow will want to know (--{name})")


def _write(serving: Path, record: Rollback) -> None:
    """Whole or not at all; written again under the same name when its hold is lifted."""
    name = record.at.replace(":", "").replace("+0000", "Z")
    text = json.dumps(asdict(record), ensure_ascii=False, indent=1) + "\n"
    write_durably(serving / RECORDS / f"{name}.json", text)

"""The breaker: once the portal has refused us, nobody asks it again until a person says so.

```
portal/breaker.json        there while it is open: why, since when, at which question
portal/breaker_log.jsonl   each one that was closed: the same, and by whom, when and why
```

Here: opening, refusing and closing. Not here: what is a refusal (`calls`).
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from orchestration.atomic_files import sync_folder, write_durably
from orchestration.commands import command, os_user
from orchestration.damage import RUNBOOK
from orchestration.extraction.portal.questions import CaptureError, Question

#: The section of the runbook about all that keeps a capture from being made.
SECTION = "The portal was not captured"
CLOSE = command("capture", "--resume", "WHY")
_OPEN, _LOG = "breaker.json", "breaker_log.jsonl"


def open_breaker(folder: Path, reason: str, question: Question, at: datetime) -> None:
    """From now on `refuse_if_open` refuses."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"reason": reason, "at": at.isoformat(), "question": str(question)}
    write_durably(folder / _OPEN, json.dumps(facts, ensure_ascii=False))


def refuse_if_open(folder: Path) -> None:
    """Raises CaptureError, which says how it is closed."""
    facts = open_since(folder)
    if facts is not None:
        raise CaptureError(
            f"{folder / _OPEN}: found the breaker open since {facts.get('at')} (the portal answered"
            f" {facts.get('question')} with {facts.get('reason')}), expected it closed; ask the portal's people, and only"
            f" then: {CLOSE} ({RUNBOOK}, section '{SECTION}')"
        )


def close_breaker(folder: Path, why: str, at: datetime) -> bool:
    """Whether one was open. It is recorded first: stopped in between, it is still open."""
    facts = open_since(folder)
    if facts is None:
        return False
    line = json.dumps({**facts, "closed_at": at.isoformat(), "by": os_user(), "why": why}, ensure_ascii=False)
    log = folder / _LOG
    before = log.read_text(encoding="utf-8") if log.exists() else ""
    write_durably(log, f"{before}{line}\n")
    (folder / _OPEN).unlink()
    sync_folder(folder)
    return True


def open_since(folder: Path) -> dict[str, str] | None:
    """What is known of an open breaker: `at`, `reason`, `question`; nothing, if its file cannot be read, but that it is
    open. None where it is closed.
    """
    try:
        facts = json.loads((folder / _OPEN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        facts = {}
    return facts if isinstance(facts, dict) else {}

"""A capture under way: its whole answers, and how many requests were made today. Landing sees all of it, or nothing.

```
landing/.portal/requests.json                     how many requests were sent on which day, by whichever capture
landing/.portal/under_way/capture.json            since when, under which agreement, and whether it has begun again
landing/.portal/under_way/<day>/<name>.json       its answers so far, as they will land
landing/.portal/whole/...                         the same folder, once the last answer is there
landing/portal_service_results/<day>/nation/<name>.json
```

Here: files. Not here: what is asked (`capture`), and what must hold of an answer (`answers`).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.atomic_files import sync_folder, write_durably
from orchestration.extraction.portal.agreement import Agreement
from orchestration.extraction.portal.calls import Received
from orchestration.extraction.portal.questions import NATION, CaptureError, Question, stopped
from orchestration.ingestion.landing import PORTAL
from orchestration.vietnam_time import VIETNAM

WORK = ".portal"
_UNDER_WAY, _WHOLE, _CAPTURE, _REQUESTS = "under_way", "whole", "capture.json", "requests.json"
_ONLY_US, _OURS = 0o700, 0o600


def complete_landing(landing: Path) -> int:
    """Put the answers of a whole capture in their places, also of one that was killed meanwhile: how many."""
    whole = landing / WORK / _WHOLE
    answers = sorted(whole.glob("*/*.json"))
    for answer in answers:
        target = landing / PORTAL / answer.parent.name / NATION / answer.name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(answer, target)
        sync_folder(target.parent)
    if whole.exists():
        shutil.rmtree(whole)
    return len(answers)


@dataclass(frozen=True)
class _Capture:
    """Which capture the answers are of."""

    begun: datetime
    agreement: str
    has_begun_again: bool

    @property
    def day(self) -> str:
        """In Vietnam."""
        return self.begun.astimezone(VIETNAM).date().isoformat()


class UnderWay:
    """The capture that is under way in `landing`: the one that was, if it may go on, or a new one."""

    def __init__(self, landing: Path, agreement: Agreement, now: Callable[[], datetime]) -> None:
        self.landing, self.agreement, self.now = landing, agreement, now
        self.work = landing / WORK
        self.folder = self.work / _UNDER_WAY
        self.work.mkdir(parents=True, exist_ok=True, mode=_ONLY_US)
        self.work.chmod(_ONLY_US)
        self.sent = 0
        self.capture = self._resumed() or self._begin(has_begun_again=False)

    def kept(self, question: Question) -> str | None:
        """The text of an answer that is there already, and whole."""
        try:
            file = json.loads(self._path(question).read_text(encoding="utf-8"))
            text, is_whole = file["answer"], file["sha256"] == _sha256(file["answer"])
            is_this = (file["request"], file["capture"]) == (_request(question), _moment(self.capture.begun))
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return text if is_whole and is_this else None

    def keep(self, question: Question, received: Received) -> None:
        """An answer that has just come, as it will land."""
        file = {
            "capture": _moment(self.capture.begun),
            "capturedAt": _moment(self.now()),
            "request": _request(question),
            "status": received.status,
            "sha256": _sha256(received.text),
            "answer": received.text,
        }
        path = self._path(question)
        path.parent.mkdir(exist_ok=True, mode=_ONLY_US)
        write_durably(path, json.dumps(file, ensure_ascii=False), mode=_OURS)

    def keep_only(self, question: Question) -> None:
        """None of the other answers will land."""
        for other in self.folder.glob("*/*.json"):
            if other != self._path(question):
                other.unlink()

    def begin_again(self) -> None:
        """Without the answers so far, which are of two moments."""
        self.capture = self._begin(has_begun_again=True)

    def count(self, question: Question) -> None:
        """One more request is sent. Raises CaptureError where the day has had as many as were agreed."""
        path, today = self.work / _REQUESTS, self.now().astimezone(VIETNAM).date().isoformat()
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
            sent = int(before["sent"]) if before["day"] == today else 0
        except FileNotFoundError:
            sent = 0
        except (ValueError, KeyError, TypeError):
            raise CaptureError(
                f"{path}: found no count of requests, expected how many were sent today; remove it tomorrow"
            ) from None
        if sent >= self.agreement.most_requests:
            raise stopped(question, f"{sent} requests sent on {today}", f"at most {self.agreement.most_requests} a day"
                          " (most_requests)", "capture again tomorrow, or agree on more")  # fmt: skip
        write_durably(path, json.dumps({"day": today, "sent": sent + 1}), mode=_OURS)
        self.sent += 1

    def land(self) -> int:
        """All answers, at once: from the first rename on they will be in landing, whoever is killed. How many."""
        os.replace(self.folder, self.work / _WHOLE)
        sync_folder(self.work)
        return complete_landing(self.landing)

    def _resumed(self) -> _Capture | None:
        try:
            file = json.loads((self.folder / _CAPTURE).read_text(encoding="utf-8"))
            found = _Capture(
                datetime.fromisoformat(file["begun"]), file["agreement"], file["has_begun_again"]
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        now = self.now()
        is_young = timedelta() <= now - found.begun <= timedelta(minutes=self.agreement.reuse_minutes)
        is_of_today = found.begun.astimezone(VIETNAM).date() == now.astimezone(VIETNAM).date()
        is_agreed = found.agreement == _fingerprint(self.agreement)
        return found if is_young and is_of_today and is_agreed else None

    def _begin(self, *, has_begun_again: bool) -> _Capture:
        if self.folder.exists():
            # First: killed in between, what is left of its answers goes on with no capture.
            (self.folder / _CAPTURE).unlink(missing_ok=True)
            sync_folder(self.folder)
            shutil.rmtree(self.folder)
        made = _Capture(self.now().replace(microsecond=0), _fingerprint(self.agreement), has_begun_again)
        facts = {
            "begun": made.begun.isoformat(),
            "agreement": made.agreement,
            "has_begun_again": made.has_begun_again,
        }
        self.folder.mkdir(mode=_ONLY_US)
        write_durably(self.folder / _CAPTURE, json.dumps(facts), mode=_OURS)
        return made

    def _path(self, question: Question) -> Path:
        moment = _moment(self.capture.begun).replace(":", "")
        return self.folder / self.capture.day / f"{moment}-{question.name}"


def _request(question: Question) -> dict[str, Any]:
    return {"path": question.path, "body": question.body, "agencyCode": question.agency}


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _fingerprint(agreement: Agreement) -> str:
    return _sha256(agreement.model_dump_json())

"""Alerts: whoever is on call hears what failed, whose data it was, how many rows, and what to do.

Belongs here: what an alert says, the two places it goes to, a log and a webhook, and reading the log. Does not belong
here: how a run reports what failed in it (`defs.alerts`).
"""

from __future__ import annotations

import errno
import ipaddress
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from orchestration.folders import private_umask
from orchestration.http_session import RedirectError, session

#: A webhook that is down must not hold a run up: three tries, some seconds each.
RETRIES, BACKOFF_SECONDS, MOST_WAIT_SECONDS, TIMEOUT_SECONDS = 2, 1.0, 10, (3, 10)


@dataclass(frozen=True)
class Failure:
    """One step or check that failed: its name, and what it said."""

    name: str
    message: str


@dataclass(frozen=True)
class Alert:
    """`kind`: run_failed, release_held where a person is asked, or delivery_refused where the run went on without one.
    `agencies` are codes, `rows` failing ones.
    """

    kind: str
    title: str
    failures: tuple[Failure, ...]
    agencies: tuple[str, ...]
    rows: int
    what_to_do: str
    run_id: str
    at: str

    @property
    def text(self) -> str:
        """All of it for people, as chat tools show it: what was delivered is quoted in it, and is text to them."""
        lines = [self.title]
        if self.agencies:
            lines.append(f"agencies: {', '.join(self.agencies)}")
        if self.rows:
            lines.append(f"rows: {self.rows}")
        lines += [f"{failure.name}: {failure.message}" for failure in self.failures]
        lines += [f"what to do: {self.what_to_do}", f"run {self.run_id}, {self.at}"]
        return as_text("\n".join(lines))

    def to_json(self) -> str:
        """One line; `text` is what Slack, Mattermost and Teams show."""
        return json.dumps({"text": self.text, **asdict(self)}, ensure_ascii=False)


#: What Slack, Mattermost and Teams would act on: mentions, links and pictures, code, HTML. A word joiner, which nobody
#: sees, takes it apart.
_APART = (
    ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"),
    ("@", "@\u2060"), ("](", "]\u2060("), ("://", ":\u2060//"), ("`", "'"), ("!", "!\u2060"),
)  # fmt: skip


def as_text(delivered: str) -> str:
    """`delivered` as a chat tool shows it letter by letter, whatever it holds; lines stay lines."""
    shown = "".join(c if c.isprintable() or c == "\n" else "?" for c in delivered)
    for sign, harmless in _APART:
        shown = shown.replace(sign, harmless)
    return shown


def send(alert: Alert, log: Path, webhook: str) -> str | None:
    """Write `alert` to the log, and post it to `webhook` (empty: none). Gives what went wrong, if anything did: an alert
    never fails a run, and one way that fails keeps it from no other. The log says what the webhook answered.
    """
    problems = [_append(log, alert.to_json()), _post(alert, webhook) if webhook else None]
    if problems[1] is not None:
        failed = {"kind": "webhook_failed", "run_id": alert.run_id, "text": problems[1]}
        problems.append(_append(log, json.dumps(failed, ensure_ascii=False)))
    return "; ".join(dict.fromkeys(filter(None, problems))) or None


def alerts_since(log: Path, moment: datetime | None) -> list[dict[str, Any]]:
    """The lines of the log from the first alert after `moment` on (None: all); half a line that a crash left is none."""
    try:
        lines = log.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found: list[dict[str, Any]] = []
    for line in lines:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        # What went wrong with the webhook has no time of its own, and follows its alert.
        if found or moment is None or ("at" in said and datetime.fromisoformat(said["at"]) > moment):
            found.append(said)
    return found


def _post(alert: Alert, webhook: str) -> str | None:
    parts = urlsplit(webhook)
    # The address itself is a secret of chat tools: it is never shown.
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        return "SERVICE_INDEX_ALERT_WEBHOOK: found an address without https, expected https://...; nothing was posted"
    try:
        with session(RETRIES, BACKOFF_SECONDS, MOST_WAIT_SECONDS) as calls:
            answer = calls.post(
                webhook,
                data=alert.to_json().encode(),
                headers={"Content-Type": "application/json"},
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
    except RedirectError as error:
        return f"the webhook answered {error.status}"
    except requests.RequestException as error:
        return f"the webhook could not be reached ({type(error).__name__})"
    return None if answer.ok else f"the webhook answered {answer.status_code}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _append(log: Path, line: str) -> str | None:
    """One write at the end of the file; half a line that a crash left is ended first, so that this one stays whole.

    Gives why it could not be written, if so: a full disk is when alerts are needed most.
    """
    data = (line + "\n").encode()
    try:
        with private_umask():
            log.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(log, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            size = os.fstat(descriptor).st_size
            if size > 0 and os.pread(descriptor, 1, size - 1) != b"\n":
                data = b"\n" + data
            if os.write(descriptor, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        return f"{log} could not be written ({error.strerror or type(error).__name__})"
    return None

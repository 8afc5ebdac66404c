"""Alerts: whoever is on call hears what failed, whose data it was, how many rows, and what to do.

Belongs here: what an alert says, the two places it goes to, a log and a webhook, and reading the log. Does not belong
here: how a run reports what failed in it (`defs.alerts`).
"""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from orchestration.folders import private_umask
from orchestration.http_session import RedirectError, session

#: A webhook that is down must not hold a run up: three tries, some seconds each.
RETRIES, BACKOFF_SECONDS, MOST_WAIT_SECONDS, TIMEOUT_SECONDS = 2, 1.0, 10, (3, 10)
#: What was not posted then is news for so long. Posting it again takes less than the minute that Dagster gives a sensor,
#: and asks a webhook that is still down no more often; but an alert that it refuses for good keeps up no other.
NEWS_FOR, AGAIN_SECONDS, MOST_PROBLEMS = timedelta(days=7), 30, 3
#: Lines of the log that are about an alert before them.
WEBHOOK_FAILED, WEBHOOK_POSTED = "webhook_failed", "webhook_posted"


@dataclass(frozen=True)
class Failure:
    """One step or check that failed: its name, and what it said."""

    name: str
    message: str


@dataclass(frozen=True)
class Alert:
    """`kind`: run_failed, release_held where a person is asked, or delivery_refused where the run went on without one,
    refused or not read.
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
    never fails a run, and one way that fails keeps it from no other. The log says what the webhook answered;
    `post_again` goes by it.
    """
    body = alert.to_json()
    problems = [_append(log, body), _post(body, webhook, RETRIES) if webhook else None]
    if problems[1] is not None:
        failed = {
            "kind": WEBHOOK_FAILED,
            "run_id": alert.run_id,
            "alert_at": alert.at,
            "text": problems[1],
        }
        problems.append(_append(log, json.dumps(failed, ensure_ascii=False)))
    return "; ".join(dict.fromkeys(filter(None, problems))) or None


def post_again(log: Path, webhook: str, now: datetime) -> tuple[int, str | None]:
    """Post what the webhook did not take when it was sent, oldest first, each until it is taken. Gives how many were, and
    what went wrong, if anything did.
    """
    begun, taken, problems = time.monotonic(), 0, list[str]()
    for alert in _unposted(log, now - NEWS_FOR) if webhook else []:
        if len(problems) == MOST_PROBLEMS or time.monotonic() - begun > AGAIN_SECONDS:
            break
        if problem := _post(json.dumps(alert, ensure_ascii=False), webhook, retries=0):
            problems.append(problem)
            continue
        taken += 1
        _TAKEN.add(_alert_of(alert))
        posted = {"kind": WEBHOOK_POSTED, "run_id": alert["run_id"], "alert_at": alert["at"]}
        if problem := _append(log, json.dumps(posted)):
            problems.append(problem)
    return taken, "; ".join(dict.fromkeys(problems)) or None


#: What this process has posted again: where the log cannot be written, nothing else keeps it from being posted each time.
_TAKEN: set[tuple[str, str]] = set()


def _unposted(log: Path, since: datetime) -> list[dict[str, Any]]:
    """The alerts after `since` that the webhook did not take, oldest first."""
    alerts, waiting = dict[tuple[str, str], dict[str, Any]](), set[tuple[str, str]]()
    for said in _lines(log):
        if said["kind"] == WEBHOOK_FAILED:
            waiting.add(_alert_of(said))
        elif said["kind"] == WEBHOOK_POSTED:
            waiting.discard(_alert_of(said))
        else:
            alerts[_alert_of(said)] = said
    found = [alerts[one] for one in waiting - _TAKEN if one in alerts]
    return sorted(
        (alert for alert in found if datetime.fromisoformat(alert["at"]) > since), key=itemgetter("at")
    )


def _alert_of(said: Mapping[str, Any]) -> tuple[str, str]:
    """Which alert a line is, or is about."""
    return said["run_id"], said["at"] if "at" in said else said.get("alert_at", "")


def _lines(log: Path) -> Iterator[dict[str, Any]]:
    """What the log holds, line by line; half a line that a crash left is none."""
    try:
        lines = log.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict) and said.keys() >= {"kind", "run_id"}:
            yield said


def alerts_since(log: Path, moment: datetime | None) -> list[dict[str, Any]]:
    """The lines of the log from the first alert after `moment` on (None: all), but for what says that an alert was not
    posted where it has been since.
    """
    found: list[dict[str, Any]] = []
    for said in _lines(log):
        # What went wrong with the webhook has no time of its own, and follows its alert.
        if found or moment is None or ("at" in said and datetime.fromisoformat(said["at"]) > moment):
            found.append(said)
    posted = {_alert_of(said) for said in found if said["kind"] == WEBHOOK_POSTED}
    settled = (WEBHOOK_FAILED, WEBHOOK_POSTED)
    return [said for said in found if said["kind"] not in settled or _alert_of(said) not in posted]


def _post(body: str, webhook: str, retries: int) -> str | None:
    parts = urlsplit(webhook)
    # The address itself is a secret of chat tools: it is never shown.
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        return "SERVICE_INDEX_ALERT_WEBHOOK: found an address without https, expected https://...; nothing was posted"
    try:
        with session(retries, BACKOFF_SECONDS, MOST_WAIT_SECONDS) as calls:
            answer = calls.post(
                webhook,
                data=body.encode(),
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

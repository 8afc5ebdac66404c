"""How the installation stands: what is served and how old it is, and whatever waits for a person.

Belongs here: asking those who know, and what of it is wrong. Does not belong here: finding any of it (`publishing`,
`ingestion.delivery_sla`, `ingestion.refused_files`, `extraction.portal.breaker`, `alerts`), and who did what to releases
(`answers.releases`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from orchestration.alerts import alerts_since
from orchestration.answers.answer import Answer
from orchestration.commands import command, signed
from orchestration.damage import RUNBOOK, DamagedError
from orchestration.extraction.portal.breaker import CLOSE, open_since
from orchestration.ingestion.delivery_sla import Overdue, overdue
from orchestration.ingestion.landing import PORTAL, RECORD_DATASETS
from orchestration.ingestion.refused_files import waiting_files
from orchestration.ingestion.unprocessed_files import SECTION
from orchestration.last_refresh import MOST_BETWEEN, last_refresh
from orchestration.publishing.follow import behind
from orchestration.publishing.marts import PublishError, open_marts, rows
from orchestration.publishing.release import current_name, damaged_releases
from orchestration.publishing.rollback import LIFT, Rollback, holds
from orchestration.settings import Settings
from orchestration.vietnam_time import VIETNAM, first_day_ahead
from validated_files import InvalidFileError

#: Senders and alerts in one answer for people; scripts are given all.
_SHOWN = 5


def status(settings: Settings, now: datetime) -> Answer:
    """Exit code 1 where something waits for a person: nothing is served, or what is served is damaged, PostgreSQL serves
    something else, no run has ended for longer than from night to night, a hold lasts, the portal's breaker is open, a
    delivery is overdue, a file is unread though the night of its day has been, or an alert came after what is served was
    published; 0 otherwise.
    """
    released, unserved = _release(settings, now)
    not_followed = behind(released["release_id"], settings.postgres_url) if released else ()
    ended = last_refresh(settings, released["created_at"] if released else None)
    held, unknown_hold = _holds(settings)
    refused = open_since(settings.portal)
    # As the last night has judged. The next one asks gateways for their pages first, and takes files until it begins.
    ahead = first_day_ahead(now)
    day = ahead - timedelta(days=1)
    late, unknown_late = _overdue(settings, day)
    unread, unknown_unread = _unread(settings, ahead)
    # Nobody acknowledges an alert: the next release is what settles it.
    alerts = alerts_since(settings.alerts_log, released["created_at"] if released else None)
    damaged = damaged_releases(settings.serving)
    wrong = [
        *unserved,
        # One that is not served stops nobody.
        *(what for what in damaged if f"/{current_name(settings.serving)}/" in what),
        *not_followed,
        # Where none ever has, nothing is served, which is said.
        *(_no_run(now - ended) if ended and now - ended > MOST_BETWEEN else []),
        *unknown_hold,
        *(f"held since {hold.at} by {signed(hold.by, hold.os_user)}: {hold.reason}; {LIFT}" for hold in held),
        *(_refused(refused) if refused is not None else []),
        *unknown_late,
        *(
            f"deliveries of {source} overdue at the end of {day}: {len(ones)}"
            for source, ones in late.items()
        ),
        *unknown_unread,
        *(
            f"files of {source} that nobody has read, of days whose night has been: {len(files)};"
            f" {RUNBOOK}, section '{SECTION}'"
            for source, files in unread.items()
        ),
        *([_alerted(len(alerts), released is not None)] if alerts else []),
    ]
    facts = {
        "release": released, "last_refresh_ended": ended,
        "is_held": bool(held or unknown_hold), "holds": held, "breaker": refused,
        "overdue_by": day, "overdue": late, "unread": unread, "alerts": alerts, "damaged": damaged, "wrong": wrong,
    }  # fmt: skip
    return Answer(
        facts,
        [
            *(_release_shown(released, now) if released else []),
            _ended_shown(ended, now),
            *(f"WRONG {what}" for what in wrong),
            *_some([f"{source}: {one}" for source, ones in late.items() for one in ones], "overdue"),
            *_some([file for files in unread.values() for file in files], "unread"),
            *_some([str(alert.get("title") or alert.get("text")) for alert in reversed(alerts)], "alert"),
            *(f"DAMAGED {what}" for what in damaged),
            *([] if wrong else ["Nothing is held, overdue, unread, refused or behind, and no alert is open"]),
        ],
        code=int(bool(wrong)),
    )


def _release(settings: Settings, now: datetime) -> tuple[dict[str, Any] | None, list[str]]:
    try:
        with open_marts(settings.serving) as connection:
            (row,) = rows(connection, "select * from marts.release")
    except duckdb.Error as error:
        return None, [str(error)]
    age = now - row["created_at"]
    days = (now.astimezone(VIETNAM).date() - row["as_of"]).days if row["as_of"] else None
    return {**row, "age_hours": round(age.total_seconds() / 3600, 1), "as_of_days_ago": days}, []


def _holds(settings: Settings) -> tuple[list[Rollback], list[str]]:
    try:
        return holds(settings.serving), []
    except PublishError as error:  # nobody knows whether one lasts
        return [], [str(error)]


def _overdue(settings: Settings, day: date) -> tuple[dict[str, Sequence[Overdue]], list[str]]:
    try:
        late = {
            source: overdue(settings.expected_deliveries, settings.reference, settings.landing, source, day)
            for source in (PORTAL, *RECORD_DATASETS)
        }
    except InvalidFileError as error:
        return {}, [str(error)]
    return {source: ones for source, ones in late.items() if ones}, []


def _unread(settings: Settings, ahead: date) -> tuple[dict[str, Sequence[str]], list[str]]:
    """By source, files of days before `ahead` that are in no batch. What was refused is alerted."""
    try:
        found = {
            source: [
                file.path
                for file in waiting_files(settings.landing, settings.lake, settings.build, source)
                if file.delivery_date < ahead
            ]
            for source in (PORTAL, *RECORD_DATASETS)
        }
    except DamagedError as error:
        return {}, [str(error)]
    return {source: files for source, files in found.items() if files}, []


def _no_run(age: timedelta) -> list[str]:
    hours = MOST_BETWEEN.total_seconds() / 3600
    return [
        f"no refresh has ended in the last {hours:.0f} hours, and one should each night: the last did {_ago(age)};"
        f" {command('dev')} starts the nights, {command('refresh')} one run now; {RUNBOOK}, section 'No run has ended'"
    ]


def _refused(breaker: Mapping[str, str]) -> list[str]:
    since, why = breaker.get("at", "an unknown moment"), breaker.get("reason", "a reason that cannot be read")
    return [f"the portal has not been asked since {since}: it answered with {why}; {CLOSE}"]


def _alerted(count: int, is_served: bool) -> str:
    return f"{count} {'alert' if count == 1 else 'alerts'}{' since it was published' if is_served else ''}"


def _release_shown(released: Mapping[str, Any], now: datetime) -> list[str]:
    changed = ", with changed files" if released["is_code_changed"] else ""
    days = released["as_of_days_ago"]
    return [
        f"Served: {released['release_id']}, published {released['created_at']:%Y-%m-%d %H:%M} in Vietnam,"
        f" {_ago(now - released['created_at'])}",
        f"Figures up to {released['as_of'] or 'no day'}"
        + ("" if days is None else f", {days} days ago")
        + (", SYNTHETIC ones among them" if released["contains_synthetic"] else ""),
        f"Gates: {released['gates_passed']} passed, {released['checks_passed']} checks;"
        f" code {released['code_revision'] or 'of no known revision'}{changed}",
    ]


def _ended_shown(ended: datetime | None, now: datetime) -> str:
    if ended is None:
        return "No refresh is known to have ended here"
    return f"Last refresh ended {ended.astimezone(VIETNAM):%Y-%m-%d %H:%M} in Vietnam, {_ago(now - ended)}"


def _ago(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    if hours >= 48:
        return f"{hours / 24:.0f} days ago"
    return f"{hours:.0f} hours ago" if hours >= 2 else f"{hours * 60:.0f} minutes ago"


def _some(lines: Sequence[str], what: str) -> list[str]:
    more = len(lines) - _SHOWN
    return [
        *(f"- {what}: {line}" for line in lines[:_SHOWN]),
        *([f"- and {more} more; all: {command('status', '--json')}"] if more > 0 else []),
    ]

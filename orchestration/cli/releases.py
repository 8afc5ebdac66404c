"""What is served: what it is, rolling back, holding, closing a month, and bringing PostgreSQL to it.

Belongs here: arguments, and the answer of each command. What the commands do is in the modules called; long answers are
in `answers`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from orchestration.answers.answer import Answer, NotDoneError
from orchestration.answers.screen import note
from orchestration.cli.app import command
from orchestration.cli.arguments import By, Day, Reason
from orchestration.settings import Settings


def _kept(incomplete: str) -> list[str]:
    from orchestration.publishing.release import list_releases

    kept = list_releases(Settings.from_environment().serving)
    return [release.release_id for release in kept if release.release_id.startswith(incomplete)]


@command(then="rollback --to RELEASE --by NAME --reason WHY")
def releases() -> Answer:
    """List what is kept, what is served, and what is held."""
    from orchestration.answers.releases import kept_releases

    return kept_releases(Settings.from_environment().serving)


@command(then="releases")
def status() -> Answer:
    """Print what is served, how old it is, and what waits for a person.

    Exit code 1 if something does: nothing is served, PostgreSQL serves something else, a hold lasts, the portal's breaker
    is open, a delivery is overdue, or an alert came after what is served was published; 0 if not.
    """
    from orchestration.status import status

    return status(Settings.from_environment(), datetime.now(UTC))


@command(then="unhold --by NAME --reason WHY", example="rollback --to RELEASE --by NAME --reason WHY")
def rollback(
    by: By,
    reason: Reason,
    to: Annotated[
        str | None,
        typer.Option(help="A release that is kept; without it, the one before.", autocompletion=_kept),
    ] = None,
) -> Answer:
    """Serve an earlier release, and hold what comes next."""
    from orchestration.publishing.follow import follow
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.rollback import LIFT, release_before, roll_back
    from orchestration.run_lock import one_writer

    settings = Settings.from_environment()
    try:
        # Before what is served now, not before what a run publishes while this waits for it.
        target = to or release_before(settings.serving)
        with one_writer(settings.data, note):
            made = roll_back(settings.serving, by, reason, datetime.now(UTC), target)
            said = f"served again: {made.to_release}; nothing new is published until: {LIFT}"
            try:
                followed_by = follow(settings.serving, settings.postgres_url)
            except PublishError as error:  # the files are rolled back all the same
                return Answer({"rolled_back": made, "error": str(error)}, [said, str(error)], code=1)
    except PublishError as error:
        raise NotDoneError(f"not rolled back: {error}") from error
    return Answer({"rolled_back": made}, [said, *followed_by])


@command(then="refresh", example="unhold --by NAME --reason WHY")
def unhold(by: By, reason: Reason) -> Answer:
    """Let the next run publish again."""
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.rollback import holds, lift_hold
    from orchestration.run_lock import one_writer

    settings = Settings.from_environment()
    try:
        asked = holds(settings.serving)
        with one_writer(settings.data, note):
            lifted = lift_hold(settings.serving, by, reason, datetime.now(UTC), asked)
    except PublishError as error:
        raise NotDoneError(f"not lifted: {error}") from error
    return Answer(
        {"lifted": lifted},
        [f"lifted: the hold of {hold.at} ({hold.reason}); the next run may publish" for hold in lifted],
    )


@command(then="releases", example="close 2025-10-01")
def close(
    month: Day, revise: Annotated[str, typer.Option(help="Freeze it once more, and why.")] = ""
) -> Answer:
    """Freeze the month of a day as it is served.

    A month that is over.
    """
    from orchestration.publishing.closed_months import close_month
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.release import current, refuse_if_replaced
    from orchestration.run_lock import one_writer

    settings = Settings.from_environment()
    try:
        asked = current(settings.serving)
        with one_writer(settings.data, note):
            refuse_if_replaced(settings.serving, asked)
            made = close_month(settings.serving, settings.closed, month, datetime.now(UTC), revise)
    except PublishError as error:
        raise NotDoneError(f"not closed: {error}") from error
    facts = {
        "month": made.month,
        "revision": made.revision,
        "status": made.status,
        "reason": made.manifest["reason"] or None,
        "is_new": made.is_new,
    }
    status = "closed" if made.is_new else "was closed already"
    said = f"{made.month} {status}, revision {made.revision}, {made.status} {made.manifest['reason']}"
    return Answer(facts, [said.rstrip()])


@command(then="releases")
def publish_postgres() -> Answer:
    """Bring PostgreSQL to the release that the files serve.

    Where it serves it already, nothing is done. SERVICE_INDEX_POSTGRES_URL says which server.
    """
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.postgres import publish_to_postgres
    from orchestration.run_lock import one_writer

    settings = Settings.from_environment()
    try:
        with one_writer(settings.data, note):
            made = publish_to_postgres(settings.serving, settings.postgres_url)
    except PublishError as error:
        raise NotDoneError(error) from error
    return Answer({"postgres": made}, made.lines)

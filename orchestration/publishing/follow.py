"""What else serves a release follows the files, once they have changed.

Belongs here: whether an installation has such a thing, and whether it did. Does not belong here: how it is done
(`postgres`), whose library is imported only where it is needed: a rollback must not wait for it.
"""

from __future__ import annotations

from pathlib import Path


def follow(serving: Path, postgres_url: str) -> tuple[str, ...]:
    """Bring PostgreSQL, if there is one, to what the files serve; gives what people are told of it.

    Raises PublishError: PostgreSQL then serves what it did.
    """
    if not postgres_url:
        return ()
    from orchestration.publishing.postgres import publish_to_postgres

    return publish_to_postgres(serving, postgres_url).lines


def behind(release_id: str, postgres_url: str) -> tuple[str, ...]:
    """What keeps PostgreSQL, if there is one, from serving the release that the files serve, in words for people."""
    if not postgres_url:
        return ()
    from orchestration.publishing.postgres import served_in_postgres
    from orchestration.publishing.postgres_session import PostgresBehindError

    try:
        found = served_in_postgres(postgres_url)
    except PostgresBehindError as error:
        return (str(error),)
    if found == release_id:
        return ()
    other = PostgresBehindError(
        f"release {found}" if found else "no release", "look at the log of the last run"
    )
    return (str(other),)

"""What else serves a release follows the files, once they have changed.

Belongs here: whether an installation has such a thing. Does not belong here: how it is done (`postgres`), whose library
is imported only where it is needed: a step back must not wait for it.
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

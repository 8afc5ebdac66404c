"""The address of PostgreSQL in what is said of it: never with a password, however that was written.

Belongs here: addresses that are none. Does not belong here: servers (`tests/bi`).
"""

from __future__ import annotations

import pytest

from orchestration.publishing.postgres_session import PostgresBehindError, session


@pytest.mark.parametrize(
    "address",
    [
        # A slash ends the host, a sign of its own the credentials: what is left is taken for a port, a database, a host.
        "postgresql://publisher:k7/geheim@db:5432/index",
        "postgresql://publisher:77/geheim@db:5432/index",
        "postgresql://publisher:k7@geheim@db:5432/index",
        "postgresql://publisher:geheim@[::1/index",
    ],
)
def test_a_password_with_signs_of_its_own_makes_no_address_and_is_shown_nowhere(address: str) -> None:
    with pytest.raises(PostgresBehindError, match="what is no address") as told, session(address):
        pass
    assert "geheim" not in f"{told.value} {told.value.__cause__}"

"""Readers that never pause while releases are published: each statement sees one of them, whole.

Belongs here: what readers see of a swap, and what stays of earlier releases. Does not belong here: kills and refusals
(`test_failures.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.publishing.postgres import publish_to_postgres
from orchestration.publishing.release import Release
from tests.bi.readers import reading, seen_by
from tests.bi.server import Server, rows

pytestmark = pytest.mark.bi
MakeRelease = Callable[..., Release]

PUBLICATIONS = 20
READERS = [*["statement"] * 6, *["transaction"] * 2]


def test_twenty_publications_under_eight_readers(
    release: MakeRelease, serving: Path, url: str, server: Server
) -> None:
    made = [release(0).release_id]
    publish_to_postgres(serving, url)
    with reading(server.reader_of(url), READERS) as readers:
        for number in range(1, PUBLICATIONS + 1):
            made.append(release(number).release_id)
            assert publish_to_postgres(serving, url).is_new
        seen = [seen_by(reader) for reader in readers]
    for (answers, looks), how in zip(seen, READERS, strict=True):
        # A transaction that began before a load finds the tables that were swapped in meanwhile empty.
        told = [answer for answer in answers if answer != "nothing" or how == "statement"]
        assert set(told) <= set(made), "one release, and no empty table"
        assert [made.index(answer) for answer in told] == sorted(made.index(answer) for answer in told)
        assert looks > PUBLICATIONS
    assert rows(url, "select distinct release_id from marts.dim_unit") == [(made[-1],)]

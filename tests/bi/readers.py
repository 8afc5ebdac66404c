"""Readers at work while releases change: what each saw in one statement, and in one transaction.

Belongs here: reading, from processes of their own, which say what they saw and end when their input does. Does not
belong here: anything a test asserts.
"""

from __future__ import annotations

import select
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from subprocess import PIPE, Popen
from typing import Any

import psycopg

from orchestration.settings import REPOSITORY

#: Three relations in one statement, in either order: whoever locked them one by one would meet a reader half-way.
QUERIES = (
    b"select distinct u.release_id, s.release_id, i.release_id from marts.dim_unit as u"
    b" join marts.mart_indicator_scores as s using (unit_code) join marts.ind_publish_on_time as i using (unit_code)",
    b"select distinct i.release_id, s.release_id, u.release_id from marts.ind_publish_on_time as i"
    b" join marts.mart_indicator_scores as s using (unit_code) join marts.dim_unit as u using (unit_code)",
)
#: A reader that hangs would be waited for without end.
MOST_SECONDS = 600


@contextmanager
def reading(url: str, how: list[str]) -> Iterator[list[Popen[str]]]:
    """A reader for each of `how` (`statement` or `transaction`); each has read once before the block begins."""
    with ExitStack() as leaving:
        started = []
        for kind in how:
            words = [sys.executable, "-m", "tests.bi.readers", url, kind]
            reader = leaving.enter_context(
                Popen(words, cwd=REPOSITORY, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True)
            )
            leaving.callback(reader.kill)
            started.append(reader)
        watchdog = threading.Timer(MOST_SECONDS, lambda: [reader.kill() for reader in started])
        leaving.callback(watchdog.cancel)
        watchdog.start()
        for reader in started:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "reading\n"
        yield started


def seen_by(reader: Popen[str]) -> tuple[list[str], int]:
    """End a reader: the answers that differed from the one before, and how many it got. Raises where it failed."""
    assert reader.stdin is not None
    assert reader.stdout is not None
    assert reader.stderr is not None
    reader.stdin.close()
    # Not `communicate`: it reads past what `readline` has taken already, and would lose an answer, or half of one.
    told, wrong = reader.stdout.read(), reader.stderr.read()
    if reader.wait() != 0:
        raise RuntimeError(f"a reader ended with {reader.returncode}: {wrong}")
    *answers, looks = told.splitlines()
    return answers, int(looks)


def _read(url: str, how: str) -> None:
    looks, last = 0, ""
    with psycopg.connect(url, autocommit=True) as connection:
        if how == "transaction":
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.autocommit = False
        while not select.select([sys.stdin], [], [], 0)[0]:
            for query in QUERIES:
                found = connection.execute(query).fetchall()
                answer = _word(found)
                if not looks:
                    print("reading", flush=True)
                looks += 1
                if answer != last:
                    print(answer, flush=True)
                last = answer
            connection.commit()
    print(looks)


def _word(found: list[tuple[Any, ...]]) -> str:
    """One release, several of them, or nothing."""
    return " mixed with ".join(sorted({str(one) for row in found for one in row})) or "nothing"


if __name__ == "__main__":
    _read(*sys.argv[1:])

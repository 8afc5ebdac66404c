"""A publisher that is killed before its exchange number `n` with the server: a program of its own.

Belongs here: counting exchanges, and dying for good. Does not belong here: anything a test asserts.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import psycopg

from orchestration.publishing.postgres import publish_to_postgres


def main(serving: str, url: str, fatal: str) -> None:
    """Publish, and say how many exchanges that took; `fatal` is the number of the first that does not happen."""
    seen = 0
    wait = psycopg.Connection.wait

    def counted(*arguments: Any, **options: Any) -> Any:
        """Everything that is sent and waited for passes here: statements, rows, commits."""
        nonlocal seen
        if seen == int(fatal):
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1
        return wait(*arguments, **options)

    psycopg.Connection.wait = counted  # type: ignore[method-assign]
    publish_to_postgres(Path(serving), url)
    print(seen)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A run of the job that kills itself (SIGKILL) at one of the things it does, or tells all of them.

`python victim.py DATA LOG [KIND NUMBER]`. What is counted are Python's audit events: files opened for writing, made,
renamed, linked and removed below DATA, processes started, and connections to Dagster's store, one for each event
that Dagster writes. Nothing of the code that runs is replaced.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

DATA, LOG = Path(sys.argv[1]), Path(sys.argv[2])
FATAL = (sys.argv[3], int(sys.argv[4])) if len(sys.argv) > 3 else None
FILES = {
    "os.rename": "rename",
    "os.symlink": "link",
    "os.remove": "remove",
    "os.mkdir": "mkdir",
    "open": "write",
}
STORE = str(DATA / "dagster")

seen: Counter[str] = Counter()
told = LOG.open("w", encoding="utf-8", buffering=1)


def kind_of(event: str, arguments: tuple[Any, ...]) -> tuple[str, str] | None:
    if event == "sqlite3.connect":
        return "event", ""
    if event == "subprocess.Popen":
        return "start", Path(str(arguments[0])).name
    if event not in FILES:
        return None
    path = str(arguments[0])
    if not path.startswith(str(DATA)) or path.startswith(STORE):
        return None
    if event == "open":
        flags = arguments[2]
        if not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR):
            return None
    return FILES[event], path.removeprefix(str(DATA))


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    found = kind_of(event, arguments)
    if found is None:
        return
    kind, what = found
    number = seen[kind]
    seen[kind] += 1
    if FATAL is None:
        told.write(f"{kind} {number} {what}\n")
    elif (kind, number) == FATAL:
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    from orchestration.run import refresh
    from orchestration.settings import Settings

    sys.addaudithook(hook)
    outcome = refresh(Settings(data=DATA))
    print("\n".join(outcome.lines))
    return 0 if outcome.success else 1


if __name__ == "__main__":
    raise SystemExit(main())

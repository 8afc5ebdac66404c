"""A run of the job that writes down what it does, and at some of it kills or stops itself.

`python victim.py DATA LOG SIGNAL KIND=NUMBER...`: with SIGKILL at the event of that kind and number; with SIGSTOP at
each event of a kind whose number is a multiple, and at the swap and what comes after it. What is counted are Python's
audit events: files opened for writing, made, renamed, linked and removed below DATA, processes started, and the file of
the run touched, once for each event that Dagster writes. Nothing of the code that runs is replaced.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

DATA, LOG, SIGNAL = Path(sys.argv[1]), Path(sys.argv[2]), signal.Signals[sys.argv[3]]
AT = {kind: int(number) for kind, number in (argument.split("=") for argument in sys.argv[4:])}
#: The argument that says where.
FILES = {
    "os.rename": ("rename", 0),
    "os.symlink": ("link", 1),
    "os.remove": ("remove", 0),
    "os.mkdir": ("mkdir", 0),
    "open": ("write", 0),
}
STORE = str(DATA / "dagster")

seen: Counter[str] = Counter()
#: Dagster writes events from several threads. One at a time is counted, written and stopped at; a thread that is within
#: may come in again, by what it collects.
turn = threading.RLock()
written = LOG.open("w", encoding="utf-8", buffering=1)


def kind_of(event: str, arguments: tuple[Any, ...]) -> tuple[str, str] | None:
    if event == "os.utime" and str(arguments[0]).startswith(STORE):
        return "event", ""
    if event == "subprocess.Popen":
        return "start", Path(str(arguments[0])).name
    if event not in FILES:
        return None
    kind, place = FILES[event]
    path = str(arguments[place])
    if not path.startswith(str(DATA)) or path.startswith(STORE):
        return None
    if event == "open":
        flags = arguments[2]
        if not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR):
            return None
    return kind, path.removeprefix(str(DATA))


def is_due(kind: str, number: int, what: str) -> bool:
    if SIGNAL == signal.SIGKILL:
        return AT.get(kind) == number
    is_swap = kind in ("rename", "link") and what.startswith("/serving")
    return number % AT[kind] == 0 or is_swap or what.startswith("/alerts")


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    found = kind_of(event, arguments)
    if found is None:
        return
    kind, what = found
    with turn:
        number = seen[kind]
        seen[kind] += 1
        written.write(f"{kind} {number} {what}\n")
        if is_due(kind, number, what):
            os.kill(os.getpid(), SIGNAL)


def main() -> int:
    from orchestration.defs.run_job import refresh
    from orchestration.settings import Settings

    sys.addaudithook(hook)
    outcome = refresh(Settings(data=DATA))
    print("\n".join(outcome.lines))
    return 0 if outcome.success else 1


if __name__ == "__main__":
    raise SystemExit(main())

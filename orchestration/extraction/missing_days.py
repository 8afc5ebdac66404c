"""Days that a gateway has not given: which are asked for again, and which are given up.

```
landing/.pull/given-up/<source>/<sender>   the last day of which whoever is on call knows that no night asks for it
```

Here: for how long, and from which day on. Not here: asking (`pull`), and how it is reported (`defs.extraction`).
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from orchestration.atomic_files import write_durably
from orchestration.extraction.gateways import Gateway
from orchestration.extraction.pull import WORK, begun_days, lacks

#: So long a day that a gateway did not give is asked for again.
LOOK_BACK = timedelta(days=7)


def asked_again(landing: Path, gateway: Gateway, before: date, yesterday: date) -> list[date]:
    """Of the days shortly before `before`, those of which a pull was begun and has not ended, and those that were agreed
    and have not landed, in order: where the machine was off at night, no pull was begun.

    Of the latter none that last night gave up. A day that lands late is run again: it would ask for those before it,
    which would land and ask for those before them, and so on to the first.
    """
    begun = begun_days(landing, gateway)
    oldest = max(gateway.first_day, yesterday - LOOK_BACK)
    days = [before - timedelta(days=number) for number in range(LOOK_BACK.days, 0, -1)]
    return [day for day in days if day in begun or (day >= oldest and lacks(landing, gateway, day))]


def given_up(landing: Path, gateway: Gateway, yesterday: date) -> list[date]:
    """The days that were agreed, have not landed, and are asked for by no night any more, in order; without those that
    were given up when `note_given_up` was last called.
    """
    first = max(gateway.first_day, _reported_up_to(landing, gateway) + timedelta(days=1))
    days = map(date.fromordinal, range(first.toordinal(), _last(yesterday).toordinal() + 1))
    return [day for day in days if lacks(landing, gateway, day)]


def note_given_up(landing: Path, gateway: Gateway, yesterday: date) -> None:
    """It has been reported which days are given up: they are not reported again."""
    (landing / WORK).mkdir(parents=True, exist_ok=True)
    (landing / WORK).chmod(0o700)  # for nobody else to read
    write_durably(
        _note(landing, gateway), max(_last(yesterday), _reported_up_to(landing, gateway)).isoformat()
    )


def _last(yesterday: date) -> date:
    return yesterday - LOOK_BACK - timedelta(days=1)


def _reported_up_to(landing: Path, gateway: Gateway) -> date:
    try:
        return date.fromisoformat(_note(landing, gateway).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # a damaged note: better reported twice than not at all
        return date.min


def _note(landing: Path, gateway: Gateway) -> Path:
    return landing / WORK / "given-up" / gateway.source / gateway.sender

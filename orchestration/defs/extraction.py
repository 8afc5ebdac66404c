"""What gateways hand out, fetched into landing before the deliveries of the day are read.

Belongs here: the Dagster face of `orchestration.extraction`. Does not belong here: HTTP and what is tried again.
"""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial

import dagster as dg

from orchestration.answers.progress import Step, unseen
from orchestration.defs.gate_results import REFUSED
from orchestration.defs.partitions import days_of
from orchestration.defs.resources import Installation
from orchestration.extraction.gateways import Gateway, read_gateways
from orchestration.extraction.missing_days import LOOK_BACK, asked_again, given_up, note_given_up
from orchestration.extraction.pages import Pages, PullError
from orchestration.extraction.portal.under_way import complete_landing
from orchestration.extraction.pull import pull
from orchestration.harmless_text import as_description
from orchestration.ingestion.landing import Days
from orchestration.settings import Settings
from orchestration.vietnam_time import VIETNAM

PULLED = dg.AssetKey(["ingestion", "pulled_pages"])
CHECK = "gateways_answered"
#: For all gateways of a run together: the run holds the lock as long.
MOST_SECONDS = 1800.0
#: Of days that are given up, so many are named one by one.
_NAMED = 7


def pull_days(settings: Settings, days: Days, step: Step = unseen) -> tuple[list[str], list[str]]:
    """Pull every gateway for each of `days`, and for those shortly before that have not landed: what was landed, and what
    went wrong, in words.

    One gateway that fails does not keep the others waiting. A day that is not over is not asked for: what has landed is
    not asked for again. `step` is told how far it has come. Raises InvalidFileError for the file of gateways.
    """
    pulled, wrong = [], []
    until = time.monotonic() + MOST_SECONDS
    today = _today()
    asked = list(_asked(settings, days))
    for place, (gateway, day) in enumerate(asked):
        step(f"{gateway.name} for {day}", place, len(asked))
        if day >= today:
            pulled.append(f"{gateway.name} for {day}: not asked, the day is not over")
            continue
        try:
            made = pull(settings.landing, gateway, day, partial(_open, settings, gateway, day, until))
        except PullError as error:
            wrong.append(str(error))
        else:
            pulled.append(
                f"{gateway.name} for {day}: {len(made.files)} pages, {made.fetched} of them fetched now"
            )
    return pulled, wrong


def _asked(settings: Settings, days: Days) -> Iterator[tuple[Gateway, date]]:
    """Each day another gateway comes first: where the time is not enough for all, it is not for ever the last who go
    without.
    """
    known = read_gateways(settings.gateways)
    turn = days.first.toordinal() % max(len(known), 1)
    gateways = (*known[turn:], *known[:turn])
    for gateway in gateways:
        for number in range((days.last - days.first).days + 1):
            yield gateway, days.first + timedelta(days=number)
    for gateway in gateways:
        for day in asked_again(settings.landing, gateway, days.first, _yesterday()):
            yield gateway, day


def newly_given_up(settings: Settings) -> Iterator[str]:
    """For each gateway the days that no night asks for any more, in words: each day once, in whichever run comes first.

    That is noted when the next is asked for: what was not told is told again. Raises InvalidFileError for the file of
    gateways.
    """
    for gateway in read_gateways(settings.gateways):
        yesterday = _yesterday()
        if days := given_up(settings.landing, gateway, yesterday):
            yield (
                f"{gateway.name}: found no whole {_named(days)}, expected each to land; it is given up after"
                f" {LOOK_BACK.days} more nights: see why, then bin/service-index pull DAY"
            )
            note_given_up(settings.landing, gateway, yesterday)


def _named(days: list[date]) -> str:
    if len(days) > _NAMED:
        return f"{len(days)} days from {days[0]} to {days[-1]}"
    return ", ".join(map(str, days))


def _today() -> date:
    return datetime.now(UTC).astimezone(VIETNAM).date()


def _yesterday() -> date:
    """The day of last night's run."""
    return _today() - timedelta(days=1)


def _open(settings: Settings, gateway: Gateway, day: date, until: float) -> Pages:
    token = Settings.secret(gateway.token_from)
    if not token:
        raise PullError(
            f"{gateway.name} for {day}: found no token in {gateway.token_from}, expected it in the environment; set it"
        )
    if token.encode() == settings.hash_key:
        raise PullError(
            f"{gateway.name} for {day}: found the hash key in {gateway.token_from}, expected the gateway's own token;"
            " set it, and make another hash key if this one was ever sent"
        )
    return Pages(gateway, day, token, most_seconds=until - time.monotonic())


@dg.asset(
    key=PULLED,
    group_name="ingestion",
    kinds={"python"},
    check_specs=[dg.AssetCheckSpec(CHECK, asset=PULLED, description="Did every gateway hand out its day?")],
    description="Pages of the gateways in `seeds/agreements/gateways.yml`, as landing files. A gateway that"
    " fails is a warning and an alert: what came by other ways is read all the same, and the next nights ask again.",
)
# Dagster does not know the annotation with its parameter where an asset brings checks of its own.
def pulled_pages(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """With a check that warns of gateways that did not give what they should."""
    # Of a capture that was killed while it landed: all of it, before anything is read.
    complete_landing(installation.settings.landing)
    days = days_of(context.run)
    # A run of whatever has landed is about no day that one could ask for.
    pulled, wrong = pull_days(installation.settings, days) if days else ([], [])
    for line in pulled:
        context.log.info(line)
    for line in newly_given_up(installation.settings) if days else ():
        context.log.warning(line)
        wrong.insert(0, line)  # first, for an alert is cut, and this one comes once
    return dg.MaterializeResult(
        metadata={"pulled": "; ".join(pulled) or "no gateway was asked"},
        check_results=[
            dg.AssetCheckResult(
                passed=not wrong,
                check_name=CHECK,
                severity=dg.AssetCheckSeverity.WARN,
                description=as_description("\n".join(wrong)) or "every gateway that was asked answered",
                metadata={REFUSED: dg.MetadataValue.int(len(wrong))} if wrong else {},
            )
        ],
    )

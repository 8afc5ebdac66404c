"""Questions about what is served, as an official asks them.

Belongs here: arguments, and the answer of each command. What the commands do is in the modules called; long answers are
in `answers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from orchestration.answers.answer import Answer, NotDoneError
from orchestration.cli.app import command
from orchestration.settings import Settings


@contextmanager
def _served() -> Iterator[Path]:
    """The folder of what is served, for a question about it; where it cannot be read, that is the answer."""
    from duckdb import Error

    from orchestration.publishing.marts import PublishError

    try:
        yield Settings.from_environment().serving
    except (Error, PublishError) as error:
        raise NotDoneError(error) from error


def _one_of(known: Callable[[], Sequence[str]]) -> Callable[[str | None], str | None]:
    """A check of one word; what is known is asked for then, as its module may import DuckDB."""

    def check(given: str | None) -> str | None:
        if given is not None and given not in known():
            raise typer.BadParameter(f"found {given!r}, expected one of {', '.join(known())}")
        return given

    return check


def _portal_period_types() -> Sequence[str]:
    from orchestration.history import PERIOD_TYPES

    return PERIOD_TYPES


def _bases() -> Sequence[str]:
    from orchestration.which_period import BASES

    return BASES


def _period_types() -> Sequence[str]:
    from orchestration.which_period import PERIOD_TYPES

    return PERIOD_TYPES


def _levels() -> Sequence[str]:
    from orchestration.ranking import LEVELS

    return LEVELS


def _goals() -> Sequence[str]:
    from orchestration.score_plan import GOALS

    return GOALS


Unit = Annotated[str, typer.Argument(help="Its agency code, state code, or name with or without accents.")]
Basis = Annotated[str, typer.Option(help="portal or records.", callback=_one_of(_bases))]
PeriodType = Annotated[
    str, typer.Option(help="year_to_date, quarter, month or window.", callback=_one_of(_period_types))
]
Period = Annotated[
    str, typer.Option(metavar="DAY", help="latest, the day that figures go up to, or a period_id.")
]


@command(then="releases")
def report() -> Answer:
    """Print the served ranking and the reconciliation."""
    from orchestration.report import report
    from orchestration.simulation.article import beside_article

    with _served() as serving:
        by_portal, by_records = report(serving), beside_article(serving)
    places = {"warehouse": serving / "warehouse.duckdb", "report_page": serving / "report.html"}
    places["scoreboard"], places["dictionary"] = serving / "scoreboard.html", serving / "dictionary.html"
    return Answer(
        {**by_portal.facts, "headline": by_records.facts if by_records else None, **places},
        [
            *by_portal.shown,
            *(["", *by_records.shown] if by_records else []),
            "",
            f"Marts for BI tools: {places['warehouse']} (schema marts), also as Parquet",
            f"Why this was released: {places['report_page']}",
            f"For people, in a browser: {places['scoreboard']}",
            f"What each table and column means: {places['dictionary']}",
        ],
    )


@command(then="explain H19", example="rank --within H21 --level department")
def rank(
    level: Annotated[
        str | None,
        typer.Option(
            help="province, department or commune; without it provinces, or the communes of --within.",
            callback=_one_of(_levels),
        ),
    ] = None,
    within: Annotated[
        str | None, typer.Option(metavar="PROVINCE", help="Whose departments or communes.")
    ] = None,
    basis: Basis = "portal",
    period_type: PeriodType = "year_to_date",
    period: Period = "latest",
    top: Annotated[
        int | None, typer.Option(min=1, help="How many; without it ten, and all with --json.")
    ] = None,
) -> Answer:
    """Print a ranking, best first.

    Place, movement, score, band, and the portal's own place and score.
    """
    from orchestration.ranking import ranking

    with _served() as serving:
        return ranking(serving, level, within, basis, period_type, period, top)


@command(then="gap H19", example="explain H19 --from 2026-10-06 --to 2026-10-10")
def explain(
    unit: Unit,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DAY",
            help="As --to; without it, what the ranking compares with, or the figures before.",
        ),
    ] = None,
    since_release: Annotated[
        str | None,
        typer.Option(
            metavar="RELEASE",
            help="Instead of --from: what an earlier release said; previous, or its id (releases).",
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="DAY", help="The day that figures go up to, or a period_id; without it, the latest."
        ),
    ] = None,
    basis: Basis = "portal",
    period_type: PeriodType = "year_to_date",
) -> Answer:
    """Print which parts of a total moved it, and by how much: between two periods, or one period since a release.

    The biggest first; they add up to the change of the total. Exit code 1 where there is no total, or the two periods are
    not comparable.
    """
    from orchestration.movement import movement, movement_since

    if from_ and since_release:
        raise NotDoneError("found --from and --since-release, expected one of them", 2)
    with _served() as serving:
        if since_release:
            return movement_since(serving, unit, since_release, to, basis, period_type)
        return movement(serving, unit, from_, to, basis, period_type)


@command(then="history H19", example="gap H19 --goal next_rank")
def gap(
    unit: Unit,
    goal: Annotated[
        str | None,
        typer.Option(help="next_tenth, next_rank or next_band; without it, each.", callback=_one_of(_goals)),
    ] = None,
    basis: Basis = "portal",
    period_type: PeriodType = "year_to_date",
    period: Period = "latest",
) -> Answer:
    """Print the steps to a better score that take the fewest counted units, and what is lost most on.

    A step is so many more counted units, scored again by the rules.
    """
    from orchestration.score_plan import score_plan

    with _served() as serving:
        return score_plan(serving, unit, goal, basis, period_type, period)


@command(then="report", example="history H19 --period month")
def history(
    unit: Unit,
    period: Annotated[
        str | None,
        typer.Option(help="year_to_date, quarter or month alone.", callback=_one_of(_portal_period_types)),
    ] = None,
) -> Answer:
    """Print what the portal published of one unit, day by day.

    Total, groups and ranks as they are served; figures under different rules stand apart.
    """
    from orchestration.history import history

    with _served() as serving:
        return history(serving, unit, period)


@command(then="report", example="metrics --metrics timely_ratio --group-by province__name,metric_time__month")
def metrics(
    metrics: Annotated[
        str, typer.Option(metavar="METRIC,...", help="What is asked for; without it, what may be.")
    ] = "",
    group_by: Annotated[str, typer.Option(metavar="DIMENSION,...", help="By what.")] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Of which rows: \"{{ Dimension('province__kind') }} = 'city'\"; all that are given hold.",
        ),
    ] = None,
    order: Annotated[
        str, typer.Option(metavar="NAME,...", help="In which order; - before a name turns it round.")
    ] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="How many rows.")] = None,
) -> Answer:
    """Ask what is served for metrics by dimensions, from records.

    Counts are added, ratios are of added counts, and points are not asked for: docs/metrics.md.
    """
    from orchestration.metrics import Question, ask

    question = Question(_names(metrics), _names(group_by), where or (), _names(order), limit)
    return ask(Settings.from_environment(), question)


def _names(given: str) -> list[str]:
    return [name.strip() for name in given.split(",") if name.strip()]

"""`docs/performance.md` and its plot, of all that was measured: written by `make bench`, never by hand.

Here: what is said of figures. Not here: measuring (`nation.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.floor import DOSSIER_MODELS
from bench.job import DBT, INGEST, PUBLISH, STAGES, stage_of
from orchestration.settings import REPOSITORY

MEASURED = Path(__file__).parent / "measured"
#: Named by their scale; what lies beside them is of other commands.
FILES = "[0-9]*.json"
PAGE = REPOSITORY / "docs" / "performance.md"
PLOT = REPOSITORY / "docs" / "images" / "performance.svg"

#: A stage over its floor; a night's dbt over that of all; an empty night over the imports; bytes over those of the lake;
#: gigabytes of memory.
MOST_OVER_FLOOR, MOST_OF_A_NIGHT, MOST_OF_NOTHING, MOST_OVER_LAKE, MOST_MEMORY = 1.5, 0.1, 2.0, 3.0, 8.0
_PROFILED = 12
#: Goals by name; stages over their floors are the others.
DOSSIERS = "dbt, from the lake to counts of a day over its floor"
NIGHT, NOTHING = "dbt of a night over that of all", "a night without news over the imports"
OVER_LAKE, MEMORY = "lake, build and serving over the lake", "memory, GiB"

Measured = Mapping[str, Any]


def write() -> None:
    """Both, of every scale that was measured."""
    found = [json.loads(file.read_text(encoding="utf-8")) for file in MEASURED.glob(FILES)]
    found.sort(key=lambda one: one["scale"])
    PAGE.write_text(text(found), encoding="utf-8")
    PLOT.write_text(plot(found), encoding="utf-8")


def summary(measured: Measured) -> str:
    """For whoever started it: stages, and goals with what was missed."""
    lines = [
        f"scale {measured['scale']:g}, {measured['rows']['dossiers']:,} records of dossiers: {_stages(measured)}"
    ]
    return "\n".join(
        [
            *lines,
            *(f"{'MISSED' if miss else 'ok    '} {what}: {figure}" for what, figure, miss in goals(measured)),
        ]
    )


def goals(measured: Measured) -> list[tuple[str, str, bool]]:
    """Each goal of what was measured, its figure, and whether it is missed."""
    first, night, empty = (measured["runs"][name] for name in ("first", "night", "empty"))
    over = [
        (
            what,
            taken / measured["floors"][floor]["stages"][floor]["wall"],
            MOST_OVER_FLOOR,
        )
        for what, floor, taken in (
            (f"{INGEST} over its floor", "ingestion", first["stages"][INGEST]["wall"]),
            (DOSSIERS, "dossiers", busy(first["models"], DOSSIER_MODELS)),
            (f"{PUBLISH} over its floor", "publish", first["stages"][PUBLISH]["wall"]),
        )
    ]
    stored = sum(size for name, size in measured["bytes"].items() if name != "landing")
    memory = max(taken["megabytes"] for taken in first["stages"].values()) / 1024
    ratios = [
        *over,
        (
            NIGHT,
            night["stages"][DBT]["wall"] / first["stages"][DBT]["wall"],
            MOST_OF_A_NIGHT,
        ),
        (NOTHING, empty["wall"] / measured["imports"], MOST_OF_NOTHING),
        (OVER_LAKE, stored / measured["bytes"]["lake"], MOST_OVER_LAKE),
        (MEMORY, memory, MOST_MEMORY),
    ]
    return [(what, f"{figure:.2f} (at most {most:g})", figure > most) for what, figure, most in ratios]


def busy(models: Mapping[str, Sequence[float]], names: Iterable[str]) -> float:
    """Seconds in which at least one of these models was made: two are at a time."""
    total, until = 0.0, 0.0
    for began, ended in sorted((models[name][0], models[name][1]) for name in names if name in models):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total


def text(found: Sequence[Measured]) -> str:
    """The page."""
    last = found[-1]
    differing = {
        f"{one['scale']:g}": sum(floor["differing"] or 0 for floor in one["floors"].values()) for one in found
    }
    return "\n".join([
        "# Performance", "",
        "Written by `make bench SCALE=...`; each column is one run of it on **synthetic** records, scale 1 being the"
        " country's 25 million dossiers in eleven months. First: all that was delivered before one day; night: what came"
        " on that day, received or changed; empty: nothing new."
        + (
            f" At {' and '.join(without)} the night is an earlier one, on which nothing came but repetitions."
            if (without := [f"{one['scale']:g}" for one in found if not one["new_of_the_night"]]) else ""
        )
        + " A floor is what a person would write by hand for the same"
        " in one DuckDB (`bench/floors`); results are compared row by row before a ratio counts"
        f" (rows that differ, by scale: {', '.join(f'{scale}: {count}' for scale, count in differing.items())})."
        " That of ingestion copies files and checks nothing.", "",
        *_table(found), "",
        "![Seconds of each stage by number of dossiers](images/performance.svg)", "",
        "## Goals", "",
        *_goals(found), "",
        f"## Why a goal is missed at scale {last['scale']:g}", "",
        *_misses(last),
        "## Machine", "",
        *(
            f"* scale {one['scale']:g}: {one['machine']['cores']} cores, {one['machine']['gigabytes']} GiB,"
            f" {one['machine']['system']}, {one['measured_at']}; "
            + ", ".join(f"{name} {number}" for name, number in one["versions"].items())
            for one in found
        ),
    ]) + "\n"  # fmt: skip


def _table(found: Sequence[Measured]) -> list[str]:
    rows: list[tuple[str, list[str]]] = [
        ("records of dossiers", [f"{one['rows']['dossiers']:,}" for one in found]),
        ("steps of progress", [f"{one['rows']['progress']:,}" for one in found]),
        ("records of the night, of dossiers", [f"{one['rows_of_the_night']['dossiers']:,}" for one in found]),
        ("of these new dossiers", [f"{one['new_of_the_night']:,}" for one in found]),
        ("steps of the night", [f"{one['rows_of_the_night']['progress']:,}" for one in found]),
    ]
    for run in ("first", "night", "empty"):
        for stage in STAGES:
            if stage in found[-1]["runs"][run]["stages"]:
                rows.append(
                    (
                        f"{run}: {stage}, s (CPU s; MiB)",
                        [_cell(one["runs"][run]["stages"].get(stage)) for one in found],
                    )
                )
        rows.append((f"**{run}: whole, s**", [f"**{one['runs'][run]['wall']:.1f}**" for one in found]))
    for floor in found[-1]["floors"]:
        rows.append(
            (
                f"floor: {floor}, s (CPU s; MiB)",
                [_cell(one["floors"][floor]["stages"][floor]) for one in found],
            )
        )
    rows.append(("imports of a run, s", [f"{one['imports']:.1f}" for one in found]))
    for name in found[-1]["bytes"]:
        rows.append((f"{name}, MB", [f"{one['bytes'][name] / 1e6:,.0f}" for one in found]))
    heads = " | ".join(f"{one['scale']:g}" for one in found)
    return [
        f"| scale | {heads} |",
        "|---|" + "--:|" * len(found),
        *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows),
    ]


def _cell(taken: Mapping[str, float] | None) -> str:
    return f"{taken['wall']:.1f} ({taken['cpu']:.1f}; {taken['megabytes']:,})" if taken else ""


def _goals(found: Sequence[Measured]) -> list[str]:
    goals_of_each = [goals(one) for one in found]
    heads = " | ".join(f"{one['scale']:g}" for one in found)
    return [
        f"| at most | {heads} |",
        "|---|" + "--:|" * len(found),
        *(
            f"| {same[0][0]} | "
            + " | ".join(f"{figure}{' **missed**' if miss else ''}" for _, figure, miss in same)
            + " |"
            for same in zip(*goals_of_each, strict=True)
        ),
    ]


def _misses(measured: Measured) -> list[str]:
    """What each missed goal is made of, the most of it first."""
    lines: list[str] = []
    for what, figure, _ in (goal for goal in goals(measured) if goal[2]):
        most = sorted(parts(measured, what).items(), key=lambda part: -part[1])
        shown, rest = most[:_PROFILED], most[_PROFILED:]
        lines += [
            f"**{what}: {figure}**",
            "",
            "| part | |",
            "|---|--:|",
            *(f"| {name} | {amount:,.1f} |" for name, amount in shown),
            *([f"| {len(rest)} others | {sum(amount for _, amount in rest):,.1f} |"] if rest else []),
            "",
        ]
    return lines or ["None is.", ""]


def parts(measured: Measured, goal: str) -> dict[str, float]:
    """What the figure of a goal is made of: seconds of steps or of models, of which two are made at a time; megabytes."""
    first, night, empty = (measured["runs"][name] for name in ("first", "night", "empty"))
    if goal == OVER_LAKE:
        return {f"{name}, MB": size / 1e6 for name, size in measured["bytes"].items() if name != "landing"}
    if goal == MEMORY:
        return {f"{name}, MiB": taken["megabytes"] for name, taken in first["stages"].items()}
    if goal == NIGHT:
        made = {f"{name}, s": ended - began for name, (began, ended) in night["models"].items()}
        alone = night["stages"][DBT]["wall"] - busy(night["models"], night["models"])
        return {**made, "tests while no model is made, and dbt's own start, s": alone}
    if goal == NOTHING:
        steps = {f"{name}, s": wall for name, wall in empty["steps"].items()}
        return {
            **steps,
            "imports, and the end of the process, s": empty["wall"] - sum(empty["steps"].values()),
        }
    if goal == DOSSIERS:
        return {
            f"{name}, s": first["models"][name][1] - first["models"][name][0]
            for name in DOSSIER_MODELS
            if name in first["models"]
        }
    stage = goal.partition(" ")[0]
    return {f"{step}, s": wall for step, wall in first["steps"].items() if stage_of(step) == stage}


def _stages(measured: Measured) -> str:
    def of(run: Measured) -> str:
        return ", ".join(f"{stage} {taken['wall']:.1f}" for stage, taken in run["stages"].items())

    return "; ".join(f"{name} {run['wall']:.1f} s ({of(run)})" for name, run in measured["runs"].items())


def plot(found: Sequence[Measured]) -> str:
    """Growth: seconds by records, both by powers of ten, as SVG."""
    import altair as alt
    import vl_convert

    rows = [
        {"dossiers": one["rows"]["dossiers"], "seconds": max(taken["wall"], 0.1), "stage": f"{run}: {stage}"}
        for one in found
        for run in ("first", "night")
        for stage, taken in one["runs"][run]["stages"].items()
        if stage in (INGEST, DBT, PUBLISH)
    ]
    power = alt.Scale(type="log")
    chart = (
        alt.Chart(alt.InlineData(values=rows), width=560, height=320)
        .mark_line(point=True)
        .encode(
            x=alt.X("dossiers:Q", scale=power, title="records of dossiers (synthetic)"),
            y=alt.Y("seconds:Q", scale=power, title="seconds"),
            color=alt.Color("stage:N", title=None),
            strokeDash=alt.StrokeDash("stage:N", title=None),
        )
    )
    made: str = vl_convert.vegalite_to_svg(chart.to_dict())
    return made


if __name__ == "__main__":
    write()

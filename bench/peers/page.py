"""`docs/peers.md`, of all that was measured: written by `make bench-peers`, never by hand.

Here: what is said of figures, and why each peer has those that it has. Not here: measuring (`__main__.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bench.page import MEASURED
from orchestration.settings import REPOSITORY

PAGE = REPOSITORY / "docs" / "peers.md"
FILES = "peers-*.json"

DUCKDB = "SQL by hand, DuckDB"
POLARS = "Polars"
PANDAS = "pandas"
POSTGRES = "SQL by hand, PostgreSQL"
OURS = "this project's dbt models, DuckDB"
SPARK = "this project's dbt models, Spark"

#: Above this share of the machine, what others did is no noise.
_MOST_OF_OTHERS = 0.05

#: What each does otherwise than our models on DuckDB, which is where its figures come from.
WHY = {
    DUCKDB: "one database, temporary tables, nothing kept but the counts: what our models take beyond it is the price of"
    " tables that others read, of nights and of tests (ADR 0056)",
    POLARS: "frames stay in memory and nothing of a dossier is written; it starts at once, and there is no second night:"
    " each run reads the whole lake",
    PANDAS: "every column is whole in memory, and most steps copy it; lists are taken apart by PyArrow, on one core",
    POSTGRES: "loading is most of it: PostgreSQL reads no Parquet, writes rows rather than columns, and lists become"
    " tables of their own",
    SPARK: "one machine is not what it is for: a JVM starts, tables are cut into parts and written, and what two cores"
    " gain is spent on that (docs/scale-out.md says when it pays)",
}
#: What the seconds of our models buy that no peer here has.
BOUGHT = (
    "a row a dossier with how it was settled (`fct_dossier`), on which backlog, processing times, quality and the list of"
    " overdue dossiers rest: written to disk, 40 columns",
    "the state of incremental models, so that a night makes only what it changed",
    "data tests, contracts, documentation and lineage of every column, on files that hold nothing but SQL",
    "a second engine: the same files run on Apache Spark",
)

Measured = Mapping[str, Any]


def write() -> None:
    """The page, of every scale that was measured."""
    PAGE.write_text(text(found()), encoding="utf-8")


def found() -> list[Measured]:
    """All that was measured, by scale."""
    measured = [json.loads(file.read_text(encoding="utf-8")) for file in MEASURED.glob(FILES)]
    return sorted(measured, key=lambda one: one["scale"])


def text(measured: Sequence[Measured]) -> str:
    """The page."""
    return "\n".join([
        "# What a user would pick instead", "",
        "Written by `make bench-peers SCALE=...`. The same work, side by side in one run on the same **synthetic**"
        " records (scale 1 is the country's 25 million dossiers in eleven months): from the lake, dossiers and progress"
        " as Parquet, to counts by unit and day (`int_dossiers__daily`, `int_dossiers__open_daily`). A peer reads"
        " procedures, units, calendar, states and petitions from the build, and nothing else of it. Its rows are compared"
        " with those of the build, all columns, exactly; where any differs, its time does not count. CPU and memory are those of all its"
        " processes, looked at twenty times a second; lines are those with code.", "",
        "**The same dbt models on PostgreSQL** are not among them: each macro of `dbt_project/macros/engine` (nested"
        " lists, hashes, calendar, contracts) would need a third spelling, which nobody would run but this page."
        " SQL by hand stands for it: what PostgreSQL takes at the least, as models would write each step as well.", "",
        *(line for one in measured for line in _scale(one)),
    ]).rstrip("\n") + "\n"  # fmt: skip


def table(measured: Measured) -> list[str]:
    """A line a peer."""
    return [
        "| | s | CPU s | MiB | lines | rows that differ |",
        "|---|--:|--:|--:|--:|--:|",
        *(_line(name, peer) for name, peer in measured["peers"].items()),
    ]


def _line(name: str, peer: Measured) -> str:
    if "left_out" in peer:
        return f"| {name} | not measured: {peer['left_out']} | | | {peer['lines']} | |"
    seconds = " + ".join(f"{taken['wall']:.1f} {stage}" for stage, taken in peer["stages"].items())
    shown = seconds if len(peer["stages"]) > 1 else f"{wall(peer):.1f}"
    models = (
        f" ({peer['models']:.1f} of it in the models that the others stand for)" if peer["models"] else ""
    )
    differing = f"**{peer['differing']:,}**" if peer["differing"] else "0"
    return f"| {name} | {shown}{models} | {cpu(peer):.1f} | {megabytes(peer):,} | {peer['lines']} | {differing} |"


def wall(peer: Measured) -> float:
    """Seconds of all its stages."""
    return float(sum(taken["wall"] for taken in peer["stages"].values()))


def cpu(peer: Measured) -> float:
    """CPU seconds of all its stages."""
    return float(sum(taken["cpu"] for taken in peer["stages"].values()))


def megabytes(peer: Measured) -> int:
    """The most memory of any of its stages."""
    return int(max(taken["megabytes"] for taken in peer["stages"].values()))


def counts(peer: Measured) -> bool:
    """Whether its figures may be compared: it ran, and has the rows of the build."""
    return "left_out" not in peer and peer["differing"] == 0


def _scale(measured: Measured) -> list[str]:
    return [
        f"## Scale {measured['scale']:g}", "",
        f"{measured['rows']['dossiers']:,} records of dossiers, {measured['rows']['progress']:,} steps of progress,"
        f" {measured['counts']:,} rows of counts.", "",
        *table(measured), "",
        _shared(measured), "",
        "### Where we lose", "",
        *losses(measured), "",
        "### What that buys", "",
        *(f"* {one}" for one in BOUGHT), "",
        "### Why each has its figures", "",
        *(f"* {name}: {why}." for name, why in WHY.items()), "",
        "### Machine", "",
        f"{measured['machine']['cores']} cores, {measured['machine']['gigabytes']} GiB, {measured['machine']['system']},"
        f" {measured['measured_at']}; python {measured['python']}",
        *(f"* {name}: " + ", ".join(f"{package} {number}" for package, number in peer["versions"].items())
          for name, peer in measured["peers"].items() if "left_out" not in peer),
        "",
    ]  # fmt: skip


def losses(measured: Measured) -> list[str]:
    """A line for each peer that is better in anything, and one for each that is not."""
    ours = measured["peers"][OURS]
    if not counts(ours):
        return ["Our own models were not measured, or differ from the build: nothing can be said."]
    told = []
    for name, peer in measured["peers"].items():
        if name == OURS or "left_out" in peer:
            continue
        if not counts(peer):
            told.append(f"* {name}: {peer['differing']:,} rows differ, so its figures do not count.")
            continue
        # Those that came before the dossiers' models, units and the calendar, are read by the peers as they are.
        mine = peer["models"] if peer["models"] else wall(peer)
        ratios = {
            "time": (mine, ours["models"]),
            "memory": (megabytes(peer), megabytes(ours)),
            "lines": (peer["lines"], ours["lines"]),
        }
        worse = [f"{_times(us / them)} the {what}" for what, (them, us) in ratios.items() if us > them]
        better = [f"{_times(them / us)} the {what}" for what, (them, us) in ratios.items() if us < them]
        told.append(
            f"* {name}: "
            + "; ".join(
                [
                    *([f"we take {', '.join(worse)}"] if worse else []),
                    *([f"it takes {', '.join(better)}"] if better else []),
                ]
            )
            + "."
        )
    return told


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times"


def _shared(measured: Measured) -> str:
    shared = {
        name: peer["others_cpu"] / (peer["wall"] * measured["machine"]["cores"])
        for name, peer in measured["peers"].items()
        if "left_out" not in peer
    }
    busy = {name: share for name, share in shared.items() if share > _MOST_OF_OTHERS}
    if not busy:
        return "Quiet cores: no other program had more than a twentieth of the machine meanwhile."
    return "**Shared cores**: other programs had a part of the machine meanwhile (" + ", ".join(
        f"{name}: {share:.0%}" for name, share in busy.items()
    ) + "), so that seconds are more than on quiet ones, and CPU seconds say more than seconds."  # fmt: skip

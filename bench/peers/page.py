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
    POLARS: "one pass over the lake on the streaming engine, frames in memory, nothing of a dossier is written; there is"
    " no second night: each run reads the whole lake",
    PANDAS: "PyArrow takes the lists apart, pandas and NumPy work on whole columns, mostly on one core: few CPU seconds,"
    " and nothing gained by a second core; all columns must fit in memory, and nothing spills",
    POSTGRES: "it reads no Parquet, so that the lake becomes CSV and its lists tables of their own before any question is"
    " asked; then it works row by row and writes rows, where the others work on columns",
    SPARK: "one machine is not what it is for: a JVM starts, tables are cut into parts and written, and what two cores"
    " gain is spent on that (docs/scale-out.md says when it pays)",
}
#: What the seconds of our models buy that no peer here has.
BOUGHT = (
    "a row a dossier with how it was settled (`fct_dossier`), on which backlog, processing times, quality and the list of"
    " overdue dossiers rest, written to disk",
    "the state of incremental models, so that a night makes only what it changed",
    "data tests, contracts, documentation and lineage of every column, on files that hold SQL and YAML alone",
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
        " with those of the build, all columns, exactly; where any differs, its time does not count. CPU and memory are"
        " those of all its processes, looked at twenty times a second; what processes of a server share counts"
        " once, what the system keeps of files not at all. Lines are those with code; of our models without the macros"
        " that others use as well.", "",
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
        "Against our models on DuckDB. Their CPU is that of the whole call, with dbt's start and the models of units,"
        " procedures and calendar that the others read as they are.", "",
        *losses(measured), "",
        "### What that buys", "",
        *(f"* {one}" for one in BOUGHT), "",
        "### Why each has its figures", "",
        *(f"* {name}: {why}." for name, why in WHY.items() if "left_out" not in measured["peers"][name]), "",
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
    lines = []
    for name, peer in measured["peers"].items():
        if name == OURS or "left_out" in peer:
            continue
        if not counts(peer):
            lines.append(f"* {name}: {peer['differing']:,} rows differ, so its figures do not count.")
            continue
        # dbt also makes units, calendar and the like, which the others read: its seconds are counted by model, its CPU
        # cannot be.
        mine = peer["models"] if peer["models"] else wall(peer)
        ratios = {
            "CPU": (cpu(peer), cpu(ours)),
            "memory": (megabytes(peer), megabytes(ours)),
            "lines": (peer["lines"], ours["lines"]),
        }
        if not shares(measured):
            ratios = {"time": (mine, ours["models"]), **ratios}
        worse = [f"{_times(us / them)} the {what}" for what, (them, us) in ratios.items() if us > them]
        better = [f"{_times(them / us)} the {what}" for what, (them, us) in ratios.items() if us < them]
        lines.append(
            f"* {name}: "
            + "; ".join(
                [
                    *([f"we take {', '.join(worse)}"] if worse else []),
                    *([f"it takes {', '.join(better)}"] if better else []),
                ]
            )
            + "."
        )
    return lines


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times"


def shares(measured: Measured) -> dict[str, float]:
    """What part of the machine other programs had while a peer ran, where it was more than noise."""
    found = {
        name: peer["others_cpu"] / (peer["wall"] * measured["machine"]["cores"])
        for name, peer in measured["peers"].items()
        if "left_out" not in peer
    }
    return {name: share for name, share in found.items() if share > _MOST_OF_OTHERS}


def _shared(measured: Measured) -> str:
    busy = shares(measured)
    if not busy:
        return "Quiet cores: no other program had more than a twentieth of the machine meanwhile."
    said = ", ".join(f"{name} {share:.0%}" for name, share in busy.items())
    return (
        f"**Shared cores**: other programs had part of the machine while these ran ({said}). Seconds are those of this"
        " busy machine and are not compared with each other; CPU, memory and lines are. On quiet cores the same command"
        " compares seconds as well."
    )

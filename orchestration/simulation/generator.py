"""The simulation itself: prepare the plan in DuckDB, then write province by province, period by period.

Belongs here: the order of things and what goes into which file. Does not belong here: what the records say
(`sql/`), numbers with a meaning (`data/`), formats (`formats`), delivery dates (`plan`).
"""

from __future__ import annotations

import math
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.answers.progress import Step, unseen
from orchestration.simulation.formats import LABEL, FileFormat, check_format, write
from orchestration.simulation.plan import LAST_DAY, OTHER_FORMATS, REGISTERS, Period, bulk_months, periods
from orchestration.simulation.report import SimulationReport, WrittenFile
from orchestration.simulation.truth import expected_metrics, expected_scores, planted_values

if TYPE_CHECKING:
    import duckdb

HERE = Path(__file__).resolve().parent
SERIALS = "serials of MaHoSo have eight digits and begin with 9"
_PRIMES = (
    2,
    3,
    5,
    7,
    11,
    13,
    17,
    19,
    23,
    29,
    31,
    37,
    41,
    43,
    47,
    53,
    59,
    61,
    67,
    71,
    73,
    79,
    83,
    89,
    97,
    101,
)


@dataclass
class _Run:
    """One simulation under way."""

    connection: duckdb.DuckDBPyConnection
    landing: Path
    file_format: FileFormat
    files: list[WrittenFile] = field(default_factory=list)
    rates: dict[str, float] = field(default_factory=dict)

    def write(
        self, source: str, query: str, delivered: date, sender: str, name: str, form: FileFormat
    ) -> None:
        """One file at its place in the landing folder, unless there is nothing to say."""
        place = Path(source, delivered.isoformat(), sender, f"synthetic_{source}_{name}.{form}")
        malformed = self.rates["malformed_line"] if source == "dossiers" else 0
        rows = write(self.connection, query, self.landing / place, form, malformed)
        if rows:
            self.files.append(WrittenFile(str(place), source, rows))
        elif not any((self.landing / place).parent.iterdir()):
            (self.landing / place).parent.rmdir()


def simulate(
    target_landing: Path,
    reference: Path,
    scale: float,
    seed: int,
    file_format: FileFormat = "parquet",
    agencies: frozenset[str] | None = None,
    step: Step = unseen,
    daily: bool = False,
) -> SimulationReport:
    """Write synthetic records of every source for 34 provinces, 1 January to 30 November 2025.

    `scale`: 1 is 25 million dossiers (9.032 million before July, 15.968 million from July); below 0.005 small
    provinces have too few dossiers for their procedure metrics to hold. `reference`: `seeds/reference`.
    `agencies`: write dossiers of these provinces of today only (the registers stay whole).
    `file_format`: of dossiers and progress, but for the provinces in `OTHER_FORMATS` and the daily tail. `daily`: the
    last days of every province come day by day, with what changed on each. Same arguments: same files, byte for byte.
    Raises ValueError for a scale or format out of range and FileExistsError if files of another simulation lie there
    under the same names. `step` is told how far it has come.
    """
    if not 0 < scale <= 2:
        raise ValueError(f"scale {scale}: expected more than 0 (nothing) and at most 2 (50 million dossiers)")
    scratch = Path(tempfile.mkdtemp(prefix="simulate-"))
    try:
        run = _Run(_connect(scratch), target_landing, check_format(file_format))
        _prepare(run.connection, reference, scale, seed)
        run.rates = dict(run.connection.execute("select defect, rate from defect order by defect").fetchall())
        provinces = run.connection.execute("select agency_code from province order by agency_code").fetchall()
        chosen = [code for (code,) in provinces if agencies is None or code in agencies]
        for number, agency in enumerate(chosen):
            step(f"dossiers and progress of {agency}", number, len(chosen) + 1)
            for period in periods(agency, bulk_months(scale), daily):
                _write_period(run, agency, period)
        step("registers", len(chosen), len(chosen) + 1)
        _write_registers(run)
        total = run.connection.execute(
            "select sum(n)::bigint from sender_phase where ? is null or new_agency in (select unnest(?))",
            [None if agencies is None else 1, sorted(agencies or ())],
        ).fetchone()
        return SimulationReport(
            label=LABEL,
            landing=target_landing,
            scale=scale,
            seed=seed,
            files=tuple(run.files),
            dossiers=int(total[0]) if total else 0,
            defects=run.rates,
            planted=planted_values(run.connection),
            metrics=expected_metrics(run.connection),
            scores=expected_scores(run.connection),
            serials=SERIALS,
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.execute(
        f"set temp_directory = '{scratch}'; set preserve_insertion_order = true; set threads = 2; "
        "set enable_progress_bar = false"
    )
    return connection


def _sql(name: str) -> str:
    return (HERE / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def _prepare(connection: duckdb.DuckDBPyConnection, reference: Path, scale: float, seed: int) -> None:
    """Everything that is decided before the first dossier: units, procedures, targets, quotas."""
    values = {"reference": str(reference), "own": str(HERE / "data"), "seed": seed, "scale": scale}
    for name, value in values.items():
        _set(connection, name, value)
    multipliers = ", ".join(str(int(math.sqrt(prime) % 1 * 2**32) | 1) for prime in _PRIMES)
    connection.execute(_sql("macros").replace("{multipliers}", multipliers))
    for name in ("reference", "procedures", "targets"):
        connection.execute(_sql(name))
    for phase in (2, 1):  # the first days of July, phase 2, count in the window of phase 1
        _set(connection, "phase", phase)
        connection.execute(_sql("choose_levels"))
    connection.execute(_sql("senders"))
    connection.execute(_sql("truth_tables"))


def _write_period(run: _Run, agency: str, period: Period) -> None:
    """Dossiers and progress of one province and period: state at its end, then what changed or came again."""
    connection, end = run.connection, _end_of(period.last_day)
    _set(connection, "agency", agency)
    _set(connection, "phase", period.phase)
    _set(connection, "first_day", period.first_day)
    _set(connection, "last_day", period.last_day)
    _set(connection, "data_end", _end_of(LAST_DAY))
    connection.execute(_sql("latent"))
    connection.execute(_sql("count_truth"))
    senders = connection.execute(
        "select sender from sender_phase where new_agency = ? and phase = ? order by sender",
        [agency, period.phase],
    ).fetchall()
    form: FileFormat = "jsonl" if period.is_tail else OTHER_FORMATS.get(agency, run.file_format)
    _set(connection, "cut", end)
    _set(connection, "after", datetime(2024, 1, 1))
    for (sender,) in senders:
        name = f"{sender}_{period.name}"
        mine, progress = (
            f"sender = '{sender}'",
            _sql("progress_wire").replace("{condition}", f"sender = '{sender}'"),
        )
        again = f"{mine} and copy_draw < {run.rates['repeated_in_file']}"
        rows = f"{_latent(mine)} union all {_latent(again)}"
        run.write("dossiers", _dossiers(run, rows), period.delivered, sender, name, form)
        run.write("progress", progress, period.delivered, sender, name, form)
    for update in period.updates:
        _set(connection, "after", end)
        end = _end_of(update.until)
        _set(connection, "cut", end)
        rows = _changed() if update != period.updates[-1] else _changed_and_again(run.rates)
        name = f"{agency}_{period.name}_updates"
        run.write("dossiers", _dossiers(run, rows), update.delivered, agency, name, form)
        progress = _sql("progress_wire").replace("{condition}", "true")
        run.write("progress", progress, update.delivered, agency, name, form)


def _changed(or_else: str = "false") -> str:
    """Dossiers of which anything happened from the moment `after` to the moment `cut`."""
    moments = ("ended_at", "asked_at", "supplied_at", "returned_at")
    happened = " or ".join(f"{it} > getvariable('after') and {it} <= getvariable('cut')" for it in moments)
    return _latent(f"{happened} or {or_else}")


def _changed_and_again(rates: dict[str, float]) -> str:
    """The same, and what is open, what comes again unchanged and what comes with an older state."""
    again = f"ended_at > getvariable('cut') or 1 - copy_draw < {rates['resent_unchanged']}"
    older = f"copy_draw between 0.5 and 0.5 + {rates['older_state_later']}"
    return f"{_changed(again)} union all {_latent(older, older=True)}"


def _latent(condition: str, older: bool = False) -> str:
    return f"select *, {str(older).lower()} as is_older from latent where {condition}"


def _dossiers(run: _Run, outgoing: str) -> str:
    """The query that writes rows of `latent` the way systems do; each defect takes its share of one draw."""
    rows = run.connection.execute(
        "select defect, rate from defect where scope = 'row' order by defect"
    ).fetchall()
    of_delivery = {"repeated_in_file", "resent_unchanged", "older_state_later"}
    upper, cases = 0.0, []
    for defect, rate in rows:
        if defect not in of_delivery:
            upper += rate
            cases.append(f"when defect_draw < {upper:.6f} then '{defect}'")
    return (
        _sql("dossiers_wire")
        .replace("{outgoing}", outgoing)
        .replace("{defect}", f"case {' '.join(cases)} end")
    )


def _write_registers(run: _Run) -> None:
    run.connection.execute(_sql("registers"))
    for source, form in REGISTERS:
        phases = (1, 2) if source != "procedures" else (1,)
        for phase in phases:
            early = source in {"procedures", "unit_catalogue"}
            delivered = {
                1: date(2025, 1, 2) if early else date(2025, 7, 1),
                2: date(2025, 7, 2) if early else date(2025, 12, 1),
            }
            kept = (
                "select * from wire_procedures"
                if source == "procedures"
                else (f"select * exclude (phase) from wire_{source} where phase = {phase}")
            )
            run.write(source, kept, delivered[phase], "nation", f"nation_{phase}", form)


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59))


def _set(connection: duckdb.DuckDBPyConnection, name: str, value: object) -> None:
    connection.execute(f"set variable {name} = ?", [value])

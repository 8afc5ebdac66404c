"""What peers do alike: where they find the lake, what dbt has of units and the calendar, how their rows are handed over.

A peer is a script that is called with a data folder, in which the job has run, and an empty folder of its own. It makes
`daily.parquet` and `open_daily.parquet` there and prints what that took. Here: what is the same in each. Not here: which
peers there are, and whether their rows are right (`__main__.py`). Imports nothing that one of their environments lacks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from bench.watch import Watch
from orchestration.settings import Settings
from orchestration.sql_text import literal

#: What is looked up in, as the build has it: every peer reads no more of the build than this.
REFERENCE = {
    "statuses": "select status_code, progress_order, is_end from reference.dossier_statuses",
    "cash": "select collection_form_code from reference.fee_collection_forms where not is_online",
    "procedures": "select procedure_code, valid_from, valid_to, statutory_limit, limit_unit, returns_paper_result,"
    " is_fee_bearing from core.dim_procedure",
    "units": "select agency_code, unit_code from core.bridge_agency_to_unit",
    "calendar": "select calendar_date, is_working_day, working_day_number from marts.dim_calendar",
    "petitioned": "select distinct dossier_code from core.fct_petition where dossier_code is not null",
}
STATUSES = range(1, 11)

Make = Callable[[Settings, Path, Watch], Mapping[str, str]]
"""Makes both files in a folder, stage by stage; gives versions besides those of packages."""


def main(make: Make, *packages: str) -> None:
    """Run a peer as its command line says, and print what it took; `packages` are what it stands for."""
    settings, folder = Settings(Path(sys.argv[1])), Path(sys.argv[2])
    versions = {name: version(name) for name in packages}
    with Watch() as watch:
        versions.update(make(settings, folder, watch))
    print(json.dumps({"stages": watch.report(), "versions": versions}))


def lake_files(settings: Settings, dataset: str) -> list[Path]:
    """The Parquet files of a dataset, the one without rows first: it has every column."""
    return sorted((settings.lake / dataset).glob("batch=*/rows*.parquet"))


def reference(settings: Settings) -> dict[str, Any]:
    """Each table of `REFERENCE` in Arrow."""
    with duckdb.connect(str(settings.build_database), read_only=True) as connection:
        return {name: connection.sql(query).to_arrow_table() for name, query in REFERENCE.items()}


def hand_over(connection: duckdb.DuckDBPyConnection, relation: str, file: Path) -> None:
    """Write what a relation of DuckDB holds to `file`."""
    connection.execute(f"copy (from {relation}) to {literal(file)} (format parquet)")

"""What correct processing of the records must find, read from what the generator counted while it wrote.

Belongs here: expected figures and planted personal data. Does not belong here: counting (`sql/count_truth`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.simulation.report import ExpectedMetric, ExpectedScore, PlantedValue

if TYPE_CHECKING:
    import duckdb

SQL = Path(__file__).resolve().parent / "sql"
WINDOWS = {1: "2025-01-01/2025-07-05", 2: "2025-07-01/2025-11-30"}


def expected_metrics(connection: duckdb.DuckDBPyConnection) -> tuple[ExpectedMetric, ...]:
    """Numerators and denominators of the 21 metrics: 34 provinces, both windows."""
    connection.execute((SQL / "truth_scores.sql").read_text(encoding="utf-8"))
    rows = connection.execute(
        "select agency_code, window_no, metric_code, numerator, denominator from truth_metric order by all"
    ).fetchall()
    return tuple(ExpectedMetric(row[0], WINDOWS[row[1]], *row[2:]) for row in rows)


def expected_scores(connection: duckdb.DuckDBPyConnection) -> tuple[ExpectedScore, ...]:
    """Totals and ranks under the rules of 2025; needs `expected_metrics` to have run."""
    rows = connection.execute(
        "select agency_code, window_no, total, rank, target from truth_total order by window_no, rank, agency_code"
    ).fetchall()
    return tuple(ExpectedScore(row[0], WINDOWS[row[1]], *row[2:]) for row in rows)


def planted_values(connection: duckdb.DuckDBPyConnection) -> tuple[PlantedValue, ...]:
    """Made-up personal data, shaped like the real thing: patterns of all, and examples from Đồng Nai's dossiers."""
    numbers = [
        row[0]
        for row in connection.execute(
            "select salt + unnest(range(least(n, 5))) as x from sender_phase where new_agency = 'H19' order by x"
        ).fetchall()
    ]
    return (
        PlantedValue("name", r"Giả Định", ("Giả Định An", "Giả Định Bình", "Cán Bộ Giả Định")),
        PlantedValue("identity number", r"\b(GD)?999\d{9}\b", tuple(f"999{x:09d}" for x in numbers)),
        PlantedValue("telephone", r"\b09990\d{5}\b", tuple(f"09990{x % 100000:05d}" for x in numbers)),
        PlantedValue(
            "e-mail",
            r"gia\.dinh\.\d+@synthetic\.example",
            tuple(f"gia.dinh.{x}@synthetic.example" for x in numbers),
        ),
        PlantedValue(
            "link to a document", r"https://synthetic\.example/tep/", ("https://synthetic.example/tep/",)
        ),
        PlantedValue(
            "document name", r"(don-de-nghi|da-xoa)-\d+\.pdf", tuple(f"don-de-nghi-{x}.pdf" for x in numbers)
        ),
    )

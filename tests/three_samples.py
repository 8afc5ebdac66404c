"""Three of the carried samples, for tests whose figures were worked out on them: 26 September, 10 October with 16 units.

All of them are landed by `make run` and by `tests/pipeline/test_records_article.py`.
"""

from __future__ import annotations

from datetime import date

from orchestration.ingestion.landing import PORTAL, land_file
from orchestration.settings import Settings

THREE = (
    ("service_results_2026-09-26.json", date(2026, 9, 26), "nation"),
    ("service_results_2026-10-10.json", date(2026, 10, 10), "nation"),
    ("service_results_units_H21_2026-10-10.json", date(2026, 10, 10), "H21"),
)


def land_three_samples(settings: Settings) -> None:
    for name, day, sender in THREE:
        land_file(settings.samples / "portal" / name, settings.landing, PORTAL, day, sender)

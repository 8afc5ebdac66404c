"""The portal's real results that the project carries, and the first delivery they make.

Belongs here: which sample goes to which place of the landing folder. Landing itself is in `ingest`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.ingestion.landing import PORTAL, land_file
from orchestration.settings import Settings


@dataclass(frozen=True)
class Sample:
    """One payload: its file below `seeds/samples`, and how it is delivered."""

    file: str
    delivery_date: date
    sender: str


SAMPLES = (
    Sample("portal/service_results_2026-09-26.json", date(2026, 9, 26), "nation"),
    Sample("portal/service_results_2026-10-10.json", date(2026, 10, 10), "nation"),
    Sample("portal/service_results_units_H21_2026-10-10.json", date(2026, 10, 10), "H21"),
)


def land_samples(settings: Settings) -> list[Path]:
    """Deliver every sample; those that lie there already are left alone. Returns their places."""
    return [
        land_file(settings.samples / s.file, settings.landing, PORTAL, s.delivery_date, s.sender)
        for s in SAMPLES
    ]

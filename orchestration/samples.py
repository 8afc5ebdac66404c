"""The portal's real results that the project carries, and the deliveries they make.

Belongs here: which sample goes to which place of the landing folder. Landing itself is in `ingestion`; `seeds/README.md`
says where the figures are from.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from orchestration.ingestion.landing import PORTAL, land_file
from orchestration.settings import Settings
from orchestration.vietnam_time import VIETNAM


@dataclass(frozen=True)
class Sample:
    """One payload, and how it is delivered."""

    file: Path
    delivery_date: date
    sender: str


def samples(folder: Path) -> list[Sample]:
    """Every payload of the portal: delivered on the day of its capture in Vietnam, by whose list it is."""
    return [_sample(file) for file in sorted((folder / "portal").glob("*.json"))]


def _sample(file: Path) -> Sample:
    payload = json.loads(file.read_bytes())
    if "answer" in payload:  # as the portal answered, with what was asked beside it
        moment, agency = payload["capture"], payload["request"]["agencyCode"]
    else:
        moment, agency = payload["metadata"]["extractedAt"], payload["metadata"].get("provinceCode")
    return Sample(file, datetime.fromisoformat(moment).astimezone(VIETNAM).date(), agency or "nation")


def land_samples(settings: Settings) -> list[Path]:
    """Deliver every sample; those that lie there already are left alone. Returns their places."""
    return [
        land_file(sample.file, settings.landing, PORTAL, sample.delivery_date, sample.sender)
        for sample in samples(settings.samples)
    ]

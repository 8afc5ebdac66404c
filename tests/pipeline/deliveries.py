"""Payloads, and their delivery into a landing folder.

Belongs here: what a province or the portal might send. Does not belong here: what becomes of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from orchestration.ingestion.landing import PORTAL
from orchestration.settings import REPOSITORY, Settings

CKMB = "CKMB_CongKhaiMinhBach"


def eleventh_of_october() -> dict[str, Any]:
    """The portal's real payload of 10 October, as if captured at the same hour of the next day."""
    return october(11)


def october(day: int) -> dict[str, Any]:
    """The same for another day after the tenth.

    Đồng Nai takes a hundredth of a day more each day, which scores nothing: figures that are all the same would be seen
    again, and no observation of that day (docs/adr/0049).
    """
    path = REPOSITORY / "seeds" / "samples" / "portal" / "service_results_2026-10-10.json"
    payload: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    payload["metadata"]["extractedAt"] = f"2026-10-{day}T07:00:40Z"
    components = province(payload)["componentIndicators"]
    (settlement,) = (value for key, value in components.items() if key.startswith("TDGQ"))
    settlement["avgProcessingDays"] += (day - 10) / 100
    return payload


def province(payload: dict[str, Any], agency: str = "H19") -> dict[str, Any]:
    """One province of a payload."""
    found: dict[str, Any] = next(u for u in payload["provinces"] if u["departmentCode"] == agency)
    return found


def metric(payload: dict[str, Any], code: str = "PUBLISH_ON_TIME") -> dict[str, Any]:
    """One metric of Dong Nai's publicity."""
    listed = province(payload)["componentIndicators"][CKMB]["metrics"]
    found: dict[str, Any] = next(m for m in listed if m["code"] == code)
    return found


def fallen() -> dict[str, Any]:
    """The same in which Đồng Nai's petitions are neither in time nor liked any more: both metrics score nothing."""
    payload = eleventh_of_october()
    dong_nai = province(payload)
    (group,) = (value for key, value in dong_nai["componentIndicators"].items() if key.startswith("MDHL"))
    lost = 0.0
    for one in group["metrics"]:
        if one["code"] in ("PETITION_PROCESSING_ON_TIME", "PETITION_HANDLING_SATISFACTION"):
            lost += one["score"]
            one["numerator"], one["ratio"], one["score"] = 0, 0.0, 0.0
            one["denominator"] = one["denominator"] or 10
    for holder, key in ((group, "score"), (dong_nai["groupScores"], "MDHL"), (dong_nai, "totalScore")):
        holder[key] = round(holder[key] - lost, 2)
    assert round(lost, 2) == 6.94
    return payload


def encoded(payload: dict[str, Any]) -> bytes:
    """The payload as it comes over the wire."""
    return json.dumps(payload, ensure_ascii=False).encode()


def land(settings: Settings, content: bytes, day: str, name: str = "results.json") -> Path:
    """Deliver a national payload on a day."""
    path = settings.landing / PORTAL / day / "nation" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path

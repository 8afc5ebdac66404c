"""Answers of the portal's interface as landing files, for tests.

Belongs here: the envelope and the wrapper of an answer, and the 23 answers of the six group interfaces that were read
(`cases/portal/evaluation_golden_2026.json`, transcribed from public captures). Of these the figures of the province are
real; the list of its units is not: most were read without one, so that each here has one unit without figures.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parent / "cases" / "portal" / "evaluation_golden_2026.json").read_text(encoding="utf-8")
)
#: Which group each interface answers for, and what its list is called.
INTERFACES = {
    "transparency": ("CKMB", "evaluation", "overview"),
    "handling-satisfaction": ("MDHL", "evaluation", "overview"),
    "dossier-digitized": ("MDSH", "evaluation", "overview"),
    "dvc-progress-tree": ("TDGQ", "children", "parent"),
    "provide-online-tree": ("ONLINE", "children", "parent"),
    "formality-online-payment-tree": ("TTTT", "children", "parent"),
}
#: What a unit has in each interface where nothing was to be counted.
_EMPTY: dict[str, dict[str, Any]] = {
    "transparency": {"totalScore": None, "totalMaxScore": 18, "metrics": []},
    "handling-satisfaction": {"totalScore": None, "totalMaxScore": 18, "metrics": []},
    "dossier-digitized": {"totalScore": None, "totalMaxScore": 22, "metrics": []},
    "dvc-progress-tree": {
        "totalReceived": 0, "totalOnTime": 0, "totalOverdue": 0, "avgProcessingDays": 0, "ratio": 0, "score": 0,
        "maxScore": 20,
    },
    "provide-online-tree": {"totalScore": 0, "totalMaxScore": 12, "ratio": 0},
    "formality-online-payment-tree": {
        "totalScore": 0, "totalMaxScore": 10, "ratio": 0, "totalDossierOnlinePaymentSuccess": 0,
        "totalDossierFinancialObligation": 0, "totalDossierOnlineFormalityPaymentSuccess": 0,
        "totalFeeDossierFormality": 0, "totalFeeDossierFormalityDistinct": 0, "totalFeeFormality": 0,
    },
}  # fmt: skip


def landed(
    path: str,
    body: Mapping[str, Any],
    data: Mapping[str, Any],
    agency: str | None = None,
    capture: str = "2026-10-10T07:00:29Z",
    at: str | None = None,
    **changed: Any,
) -> dict[str, Any]:
    """The landing file of one answer; `changed` are keys of it that are to be other than they should."""
    answer = json.dumps({"code": "OK", "data": data, "message": "OK"}, ensure_ascii=False)
    return {
        "capture": capture,
        "capturedAt": at or capture,
        "request": {"path": f"evaluation/{path}", "body": dict(body), "agencyCode": agency},
        "status": 201,
        "sha256": hashlib.sha256(answer.encode()).hexdigest(),
        "answer": answer,
    } | changed


def of_group(
    interface: str,
    subject: Mapping[str, Any],
    units: list[dict[str, Any]],
    agency: str = "H44",
    department: str = "019d2be3-6a88-732b-8b17-b68020c8553a",
    period: Mapping[str, Any] | None = None,
    charts: Mapping[str, Any] | None = None,
    **how: Any,
) -> dict[str, Any]:
    """An answer of a group interface about a province, with `units` in its list."""
    _, listed, about = INTERFACES[interface]
    asked = {"rootDepartmentId": department, **(period or {"timeType": "year", "year": 2026})}
    data = {about: {"departmentId": department, **subject}, listed: units, **(charts or {})}
    return landed(interface, asked, data, agency, **how)


def unit(
    interface: str, code: str = "H44.01", name: str = "Sở Y tế - tỉnh Phú Thọ", **figures: Any
) -> dict[str, Any]:
    """A unit of such a list: without a code in the two interfaces that give none."""
    coded = {} if interface in ("transparency", "handling-satisfaction") else {"departmentCode": code}
    return {"departmentId": f"id-{code}", **coded, "departmentName": name, **_EMPTY[interface], **figures}


def golden(observation: Mapping[str, Any], **how: Any) -> dict[str, Any]:
    """The landing file of one of the 23 answers."""
    interface = observation["group"]
    subject = dict(observation.get("parent") or observation["overview"])
    if "metrics" in observation:
        subject["metrics"] = observation["metrics"]
    charts = {"monthlyChart": observation["monthlyChart"]} if "monthlyChart" in observation else {}
    period = observation.get("request") or observation["period"]
    if "formality" in observation:
        period = {**period, "formalityId": observation["formality"]["formalityId"]}
    agency = observation["departmentCode"]
    units = [unit(interface, f"{agency}.01")]
    return of_group(interface, subject, units, agency, observation["departmentId"], period, charts, **how)

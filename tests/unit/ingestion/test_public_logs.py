"""Two kinds of public logs go in through a mapping alone. The rows are made up; only the names of columns are theirs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.unit.ingestion.test_values import by_mapping

PERMITS = """\
mapping: m
version: 1
about: steps of a municipality's building permits, a row an event (synthetic)
moments: {formats: ["%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S"], zone: Europe/Amsterdam}
sources:
  progress:
    columns:
      dossier_code: {template: "H19.95-{startDate:%y%m%d}-{case:concept:name}"}
      acted_at: time:timestamp
      status_code: {from: concept:name, values: {01_HOOFD_010: 2, 01_HOOFD_490: 9, 01_HOOFD_100: 5}, otherwise: 4}
      room_code: org:resource
      started_at: startDate
      due_at: dueDate
    personal: {drop: [responsible_actor]}
"""
PERMIT_ROWS = """\
case:concept:name,concept:name,time:timestamp,startDate,dueDate,org:resource,responsible_actor
2891258,01_HOOFD_010,2025-01-15T09:30:00.000+01:00,2025-01-15 00:00:00,2025-02-26 17:00:00,560872,x
2891258,01_HOOFD_015,2025-07-15T09:30:00.000+02:00,2025-01-15 09:30:00,,560462.0,x
2891258,01_HOOFD_490,2025-07-16T09:30:00.000+02:00,2025-01-15 09:30:00,nan,,x
"""
REQUESTS = """\
mapping: m
version: 1
about: a city's service requests, a row a request (synthetic)
moments: {formats: ["%m/%d/%Y %I:%M:%S %p"], zone: America/New_York}
nothing: [unspecified]
sources:
  dossiers:
    columns:
      dossier_code: {template: "H19.95-{Created Date:%y%m%d}-{Unique Key}"}
      procedure_code: {template: "NYC-{Agency}"}
      field_code: Agency
      channel_code: {from: Open Data Channel Type, values: {phone: 1, online: 2, mobile: 2, "": 1}}
      received_at: Created Date
      due_at: Due Date
      finished_at: Closed Date
      status_code: {from: Status, values: {open: 2, in progress: 4, pending: 5, assigned: 4, closed: 9, "": 1}}
      processing_unit_code: {constant: H19.95}
    personal: {drop: [Incident Address, Resolution Description]}
"""
REQUEST_ROWS = """\
Unique Key,Created Date,Closed Date,Agency,Complaint Type,Incident Address,Status,Due Date,Open Data Channel Type
63894532,01/31/2025 11:59:59 PM,02/03/2025 12:00:00 PM,NYPD,Noise,x,Closed,,ONLINE
63894533,07/01/2025 08:05:00 AM,,DSNY,Graffiti,x,In  Progress,07/08/2025 05:00:00 PM,UNKNOWN
63894534,07/01/2025 12:00:00 AM,N/A,HPD,Heat,x,Unspecified,,
"""


def test_a_municipality_s_permit_log_goes_in_through_a_mapping(tmp_path: Path) -> None:
    workplace, report = by_mapping(tmp_path, PERMITS, "progress", PERMIT_ROWS.encode(), "a.csv")
    # Amsterdam is six hours behind in winter, five in summer. Case and event bear names with colons.
    assert workplace.rows(report, "dossier_code, acted_at, status_code, room_code, started_at, due_at") == [
        ("H19.95-250115-2891258", datetime(2025, 1, 15, 15, 30), 2, "560872", datetime(2025, 1, 15, 6),
         datetime(2025, 2, 26, 23)),
        ("H19.95-250115-2891258", datetime(2025, 7, 15, 14, 30), 4, "560462", datetime(2025, 1, 15, 15, 30), None),
        ("H19.95-250115-2891258", datetime(2025, 7, 16, 14, 30), 9, None, datetime(2025, 1, 15, 15, 30), None),
    ]  # fmt: skip
    assert report.files[0].rows_quarantined == 0


def test_a_city_s_service_requests_go_in_through_a_mapping(tmp_path: Path) -> None:
    workplace, report = by_mapping(tmp_path, REQUESTS, "dossiers", REQUEST_ROWS.encode(), "a.csv")
    columns = "dossier_code, procedure_code, received_at, due_at, finished_at, status_code, channel_code"
    # New York is twelve hours behind in winter, eleven in summer. A dossier bears the day on which it came in here.
    assert workplace.rows(report, columns) == [
        ("H19.95-250201-63894532", "NYC-NYPD", datetime(2025, 2, 1, 11, 59, 59), None, datetime(2025, 2, 4), 9, 2),
        ("H19.95-250701-63894534", "NYC-HPD", datetime(2025, 7, 1, 11), None, None, 1, 1),
    ]  # fmt: skip
    assert [(record, reason) for record, reason, *_ in workplace.quarantined()] == [
        ("record 2", "unknown_channel")
    ]

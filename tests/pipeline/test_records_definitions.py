"""The other definitions, each with its figures worked by hand from the domain page, all in one build.

The scene is Dong Nai (H19, province 75). Data go to 15 August 2025: July is closed, the third quarter is open. One
commune or department a definition, so that each figure stands alone. 14 July 2025 is a Monday.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.pipeline.records_lake import REPOSITORY, Row, build, empty_lake, write

pytestmark = pytest.mark.slow

Ask = Callable[..., list[tuple[Any, ...]]]

DAY = "2025-07-14 08:00:00"
DUE = "2025-07-18 17:00:00"
END = "2025-07-17 09:00:00"


def document(**other: Any) -> Row:
    return {
        "document_id": None,
        "component_code": None,
        "is_deleted": False,
        "is_digitised": None,
        "is_reused": None,
        "is_from_national_store": None,
        "replaced_result_code": None,
        **other,
    }


def result(document_id: str | None, code: str | None, has_file: bool) -> Row:
    return {"document_id": document_id, "component_code": None, "result_code": code, "has_file": has_file}


def fee(price: float | None, form: str | None = None) -> Row:
    return {"fee_code": "L", "collection_form_code": form, "price": price, "fee_kind_code": None}


def dossier(unit: str, number: int, **other: Any) -> dict[str, Any]:
    """A dossier finished early on 17 July 2025."""
    return {
        "dossier_code": f"{unit}-250714-{number:04}",
        "procedure_code": "PLAIN",
        "received_at": DAY,
        "due_at": DUE,
        "finished_at": END,
        "status_code": 9,
        "delivery_date": "2025-08-15",
        **other,
    }


PROCEDURES = [
    # code, level, fee, fees synchronised, paper, online level, citizens, all parts
    ("PLAIN", "commune", False, False, False, 2, False, True),
    ("PAPER", "commune", False, False, True, 4, False, True),
    ("FEE", "commune", True, True, False, 3, True, True),
    ("FEE2", "commune", True, False, False, 2, True, False),
    ("PROVINCE", "province", True, True, False, 4, True, True),
    ("MINISTRY", "ministry", True, True, False, 4, True, True),
    ("2.000815", "commune", False, False, False, 4, False, True),
]

FILED, PAID, RESULTS, DIGITAL, REUSED, STORE, POPULATION, CROSS, PETITIONED, SERVICES, COPY = (
    f"H19.{number}" for number in range(301, 312)
)
DEPARTMENT = "H19.17"

DOSSIERS = [
    # Filed online: channel 2; a paper result only with its electronic one (code and link).
    dossier(FILED, 1, channel_code=2),
    dossier(FILED, 2, channel_code=2, procedure_code="PAPER"),
    dossier(FILED, 3, channel_code=2, procedure_code="PAPER", results=[result("R", "K", True)]),
    dossier(FILED, 4, channel_code=2, procedure_code="PAPER", results=[result("R", None, True)]),
    dossier(FILED, 5, channel_code=2, procedure_code="PAPER", results=[result("R", "K", False)]),
    dossier(FILED, 6, channel_code=3),
    dossier(FILED, 7, channel_code=None),
    # Not received: counted by its filing, by this metric alone.
    dossier(FILED, 8, channel_code=2, received_at=None, finished_at=None, status_code=1, submitted_at=DAY),
    # Paid online: 1 and 2; the obligation falls when every line is 0; without lines it stands.
    dossier(PAID, 1, procedure_code="FEE", paid_online_code=1, fees=[fee(5000)]),
    dossier(PAID, 2, procedure_code="FEE", paid_online_code=2, fees=[fee(5000), fee(0)]),
    dossier(PAID, 3, procedure_code="FEE", paid_online_code=0, fees=[fee(5000)]),
    dossier(PAID, 4, procedure_code="FEE", paid_online_code=1, fees=[fee(0), fee(0)]),
    dossier(PAID, 5, procedure_code="FEE2", paid_online_code=None),
    dossier(PAID, 6, procedure_code="PLAIN", paid_online_code=1, fees=[fee(5000)]),
    # Cash marked as paid online (form 1): repaired.
    dossier(PAID, 7, procedure_code="FEE2", paid_online_code=1, fees=[fee(5000, "1")]),
    # Electronic result: code and link, and not a submitted file again.
    dossier(RESULTS, 1, results=[result("R", "K", True)]),
    dossier(RESULTS, 2, results=[result("R", None, True)]),
    dossier(RESULTS, 3, submitted_documents=[document(document_id="D")], results=[result("D", "K", True)]),
    dossier(RESULTS, 4),
    # Digitised: a file that stands among the documents, and a result file.
    dossier(DIGITAL, 1, submitted_documents=[document(document_id="D")], results=[result("R", None, True)]),
    dossier(DIGITAL, 2, submitted_documents=[document(document_id="D")]),
    dossier(DIGITAL, 3, results=[result("R", None, True)]),
    dossier(
        DIGITAL,
        4,
        submitted_documents=[document(document_id="D", is_deleted=True)],
        results=[result("R", None, True)],
    ),
    dossier(DIGITAL, 5, submitted_documents=[document()], results=[result("R", None, True)]),
    # Reused and taken from the store: a document that was not deleted.
    dossier(REUSED, 1, submitted_documents=[document(is_reused=False), document(is_reused=True)]),
    dossier(REUSED, 2, submitted_documents=[document(is_reused=True, is_deleted=True)]),
    dossier(REUSED, 3),
    dossier(STORE, 1, submitted_documents=[document(is_from_national_store=True)]),
    dossier(STORE, 2, submitted_documents=[document(is_from_national_store=None)]),
    dossier(STORE, 3, submitted_documents=[document(is_from_national_store=True, is_deleted=True)]),
    # Population data, by dossier and by procedure open to citizens (FEE and FEE2 at a commune).
    dossier(POPULATION, 1, procedure_code="FEE", database_codes=["3", "7"]),
    dossier(POPULATION, 2, procedure_code="FEE2", database_codes=["3"]),
    dossier(POPULATION, 3, procedure_code="PLAIN", database_codes=["7"]),
    # Received outside the settling unit; at the same place in the old form; nowhere.
    dossier(CROSS, 1, received_place_code=FILED),
    dossier(CROSS, 2, received_place_code="000.00.308.H19"),
    dossier(CROSS, 3),
    # Neither overdue nor petitioned.
    dossier(PETITIONED, 1),
    dossier(PETITIONED, 2),
    dossier(PETITIONED, 3, finished_at="2025-07-30 09:00:00"),
    dossier(PETITIONED, 4, status_code=4, finished_at=None, due_at="2025-08-20 17:00:00"),
    # Online services with dossiers at a commune: PAPER, FEE, 2.000815 are online; only FEE received, in July.
    dossier(SERVICES, 1, procedure_code="FEE", paid_online_code=1),
    dossier(SERVICES, 2, procedure_code="PROVINCE"),
    dossier(SERVICES, 3, procedure_code="PAPER", received_at="2025-08-01 08:00:00"),
    dossier(COPY, 1, procedure_code="2.000815"),
    # A department offers what it has ever received.
    dossier(DEPARTMENT, 1, procedure_code="PROVINCE"),
    dossier(DEPARTMENT, 2, procedure_code="PLAIN", received_at="2025-06-30 08:00:00"),
]

# Fifteen working days from Monday 14 July are Monday 4 August; two are 16 July; five are 21 July.
PETITIONS: list[Row] = [
    {"petition_id": "A", "status": "finished", "finished_at": "2025-08-04 23:00:00", "kind": "procedure"},
    {"petition_id": "B", "status": "finished", "finished_at": "2025-08-05 00:00:00", "kind": "staff"},
    # Transferred on Tuesday 15 July: until 5 August.
    {
        "petition_id": "C",
        "status": "finished",
        "transferred_at": "2025-07-15 09:00:00",
        "finished_at": "2025-08-05 09:00:00",
        "kind": "procedure",
    },
    {"petition_id": "D", "status": "refused", "finished_at": "2025-07-16 17:00:00", "kind": "other"},
    {"petition_id": "E", "status": "refused", "finished_at": "2025-07-17 08:00:00", "kind": "other"},
    {
        "petition_id": "F",
        "status": "supplement_requested",
        "finished_at": "2025-07-21 08:00:00",
        "kind": "other",
    },
    {
        "petition_id": "G",
        "status": "supplement_requested",
        "finished_at": "2025-07-22 08:00:00",
        "kind": "other",
    },
    # Open: in time when July is observed on its 31st, late on 15 August.
    {"petition_id": "H", "status": "open", "kind": "other"},
    # In time, and more dislikes than likes: not satisfied. As many of both: satisfied.
    {
        "petition_id": "I",
        "status": "finished",
        "finished_at": "2025-07-15 08:00:00",
        "kind": "other",
        "likes": 1,
        "dislikes": 2,
    },
    {
        "petition_id": "J",
        "status": "finished",
        "finished_at": "2025-07-15 08:00:00",
        "kind": "other",
        "likes": 2,
        "dislikes": 2,
    },
]

# Decided on Monday 14 July. Five working days before Monday 21 July is the 14th; before Friday 18 July the 11th.
# Five working days after the 14th is the 21st.
DECISIONS = [
    ("1", "P1", "new", "2025-07-14", "2025-07-21", "2025-07-21 16:00:00"),
    ("1", "P2", "new", "2025-07-14", "2025-07-18", "2025-07-22 08:00:00"),
    # P1 again, decided late: the procedure counts once, and is late.
    ("2", "P1", "amended", "2025-07-15", "2025-07-18", "2025-07-15 08:00:00"),
    ("1", "PLAIN", "new", "2025-07-14", "2025-09-30", "2025-07-14 08:00:00"),
    ("1", "FEE2", "new", "2025-07-14", "2025-09-30", "2025-07-14 08:00:00"),
    ("3", "P4", "abolished", "2025-07-14", "2025-09-30", None),
]

# Communes of Dong Nai in the order of their codes; an old commune and its district of the province it absorbed.
OLD_COMMUNE, OLD_TO_NEW = "H10.51.01", "25195"


def scene() -> dict[str, list[dict[str, Any]]]:
    """All rows by dataset."""
    with duckdb.connect() as connection:
        reference = str(REPOSITORY / "seeds" / "reference")
        communes = [
            row[0]
            for row in connection.execute(
                f"select commune_code from read_csv('{reference}/communes.csv', all_varchar = true)"
                " where province_code = '75' order by all"
            ).fetchall()
        ]
        old = connection.execute(
            "select old_province_code || '.' || old_district_code || '.' || old_commune_code"
            f" from read_csv('{reference}/commune_crosswalk.csv', all_varchar = true)"
            " where new_commune_code = ? and is_default = '1' and old_province_code = '70' order by all limit 1",
            [OLD_TO_NEW],
        ).fetchone()
    assert old
    units: list[dict[str, Any]] = [
        {
            "agency_code": f"H19.{301 + position}",
            "name_vi": code,
            "unit_level": "commune",
            "parent_agency_code": "H19",
            "state_code": code,
            "valid_from": "2025-07-01",
        }
        for position, code in enumerate(communes[:11])
    ]
    units += [
        {
            "agency_code": DEPARTMENT,
            "name_vi": "Sở Tư pháp",
            "unit_level": "department",
            "parent_agency_code": "H19",
            "valid_from": "2020-01-01",
        },
        {
            "agency_code": "H10",
            "name_vi": "Bình Phước",
            "unit_level": "province",
            "state_code": "70",
            "valid_from": "2004-01-01",
            "valid_to": "2025-06-30",
        },
        {
            "agency_code": "H10.17",
            "name_vi": "Sở cũ",
            "unit_level": "department",
            "parent_agency_code": "H10",
            "valid_from": "2004-01-01",
            "valid_to": "2025-06-30",
        },
        {
            "agency_code": "H10.51",
            "name_vi": "Huyện cũ",
            "unit_level": "district",
            "parent_agency_code": "H10",
            "state_code": old[0].rpartition(".")[0],
            "valid_from": "2004-01-01",
            "valid_to": "2025-06-30",
        },
        {
            "agency_code": OLD_COMMUNE,
            "name_vi": "Xã cũ",
            "unit_level": "commune",
            "parent_agency_code": "H10.51",
            "state_code": old[0],
            "valid_from": "2004-01-01",
            "valid_to": "2025-06-30",
        },
    ]
    # Merged-away units of the old Binh Phuoc: commune, district, department, province, and one nobody lists.
    rolled = ["H10.51.01", "H10.51", "H10.17", "H10", "H10.999", "000.01.51.H10"]
    dossiers = [
        *DOSSIERS,
        *(
            dossier(unit, number, received_at="2025-03-03 08:00:00")
            for number, unit in enumerate(rolled, start=1)
        ),
        dossier("G09.11", 1, received_at="2025-03-03 08:00:00"),
    ]
    return {
        "dossiers": dossiers,
        "progress": [],
        "procedures": [
            dict(
                zip(
                    [
                        "procedure_code",
                        "execution_level",
                        "is_fee_bearing",
                        "has_synchronised_fees",
                        "returns_paper_result",
                        "online_level",
                        "is_open_to_citizens",
                        "has_all_parts",
                    ],
                    values,
                    strict=True,
                )
            )
            for values in PROCEDURES
        ],
        "publication_decisions": [
            {
                "decision_no": no,
                "agency_code": "H19",
                "procedure_code": code,
                "kind": kind,
                "decision_date": day,
                "legal_effect_date": effect,
                "published_at": at,
            }
            for no, code, kind, day, effect, at in DECISIONS
        ],
        "petitions": [
            {"agency_code": PETITIONED, "received_at": DAY, "likes": 0, "dislikes": 0, **row}
            for row in PETITIONS
        ]
        + [
            # About a dossier, long ago and in another unit: the dossier is petitioned all the same.
            {
                "petition_id": "Z",
                "agency_code": "H19",
                "received_at": "2025-01-06 08:00:00",
                "status": "finished",
                "finished_at": "2025-01-07 08:00:00",
                "kind": "other",
                "dossier_code": f"{PETITIONED}-250714-0002",
            },
        ],
        "national_report_totals": [
            {"agency_code": "H19", "year": 2025, "month": 7, "received": 80},
            {"agency_code": RESULTS, "year": 2025, "month": 7, "received": 3},
            # A department that received nothing in July: a twelfth of last year's 24.
            {"agency_code": "H19.18", "year": 2024, "month": 5, "received": 24},
        ],
        "unit_catalogue": [
            *units,
            {
                "agency_code": "H19.18",
                "name_vi": "Sở Y tế",
                "unit_level": "department",
                "parent_agency_code": "H19",
                "valid_from": "2020-01-01",
            },
        ],
    }


def build_scene(data: Path, rows: dict[str, list[dict[str, Any]]]) -> None:
    empty_lake(data)
    for dataset, lines in rows.items():
        write(data, dataset, lines)
    build(data)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scene, built once."""
    data = tmp_path_factory.mktemp("definitions")
    build_scene(data, scene())
    return data


def asked_of(data: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data / "build" / "build.duckdb"), read_only=True) as connection:
        return connection.execute(sql, list(values)).fetchall()


MONTH, QUARTER = "month 2025-07-01", "quarter 2025-07-01"
PROVINCE, NATION = "75", "VN"

FIGURES = [
    # metric, unit (agency code), period, numerator, denominator, why
    ("DOSSIERS_FILED_ONLINE", FILED, MONTH, 3, 8, "1, 3 and the one not received; 2, 4, 5 lack code or link"),
    ("ON_TIME_SETTLEMENT", FILED, MONTH, 7, 7, "what was not received is counted by online filing alone"),
    ("DOSSIERS_FILED_ONLINE", "H19", MONTH, 3, 82, "44 filed, times 80 reported / 43 received: 81.86"),
    ("DOSSIER_SYNC", "H19", MONTH, 43, 80, "43 received, 80 reported by the province itself"),
    ("DOSSIER_SYNC", RESULTS, MONTH, 4, 4, "4 received are more than 3 reported"),
    ("DOSSIER_SYNC", "H19.18", MONTH, 0, 2, "nothing received or reported: a twelfth of last year's 24"),
    ("DOSSIER_SYNC", "H19.18", QUARTER, 0, 6, "a quarter of it"),
    ("DOSSIER_PAID_ONLINE", PAID, MONTH, 2, 5, "1 and 2; 4 owes nothing, 6 has no fee, 7 was cash"),
    ("FORMALITY_PAID_ONLINE", PAID, MONTH, 1, 2, "of FEE and FEE2 only FEE"),
    ("FEE_FORMALITY_INTEGRATED", PAID, MONTH, 1, 2, "FEE's fees are synchronised"),
    ("ORIGINAL_RESULT_AVAILABLE", RESULTS, MONTH, 1, 4, "no code; the submitted file again; nothing"),
    ("SO_HOA_GIAY_TO_GIAI_QUYET", DIGITAL, MONTH, 1, 5, "both files; deleted and missing files are none"),
    ("REUSED_DIGITIZED_DATA", REUSED, MONTH, 1, 3, "a deleted document reuses nothing"),
    ("SYNCED_WITH_DVCQG_PERSONAL_STORAGE", STORE, MONTH, 1, 3, "null is not yes, deleted is not there"),
    ("CITIZEN_DATA_CONNECTED_DOSSIER", POPULATION, MONTH, 2, 3, "database 7, alone or among others"),
    (
        "CITIZEN_DATA_CONNECTED_FORMALITY",
        POPULATION,
        MONTH,
        1,
        2,
        "FEE, of FEE and FEE2; PLAIN is not for citizens",
    ),
    ("CROSS_BOUNDARY_FILING", CROSS, MONTH, 1, 3, "another commune; itself in the old form; not said"),
    (
        "DOSSIER_RECEIVING_SATISFACTION",
        PETITIONED,
        MONTH,
        2,
        4,
        "1 and the open 4; 2 is petitioned, 3 overdue",
    ),
    ("PROCEDURES_OFFERED_ONLINE", SERVICES, MONTH, 3, 5, "a commune offers what communes execute"),
    ("PROCEDURES_OFFERED_ONLINE", "H19", MONTH, 4, 6, "a province that and its own, not the ministry's"),
    ("PROCEDURES_OFFERED_ONLINE", DEPARTMENT, MONTH, 1, 2, "a department what it ever received"),
    ("ONLINE_SERVICES_WITH_DOSSIERS", SERVICES, MONTH, 1, 3, "FEE in July; PROVINCE is not a commune's"),
    ("ONLINE_SERVICES_WITH_DOSSIERS", SERVICES, QUARTER, 2, 3, "PAPER in August; FEE counts once"),
    ("ONLINE_SERVICES_WITH_DOSSIERS", "H19", MONTH, 4, 4, "each of the four, whichever commune received it"),
    ("ELECTRONIC_CERTIFIED_COPY", "H19", MONTH, 1, 95, "one of 95 communes"),
    ("ELECTRONIC_CERTIFIED_COPY", PAID, MONTH, 1, 95, "carried from the province"),
    ("PUBLISH_ON_TIME", "H19", MONTH, 3, 5, "P2 late; P1 late in one decision; 3 of P1, P2, PLAIN, FEE2, P4"),
    ("PUBLISH_ON_TIME", DEPARTMENT, MONTH, 3, 5, "carried from the province"),
    ("PUBLIC_UPDATE_ON_TIME", "H19", MONTH, 3, 5, "P2 a day late, P4 never"),
    ("PUBLIC_CONTENT_FULL", "H19", MONTH, 1, 4, "P4 was not published; only PLAIN has all parts"),
    ("PETITION_PROCESSING_ON_TIME", PETITIONED, MONTH, 7, 10, "B, E, G late; H is open and in time"),
    ("PETITION_PROCESSING_ON_TIME", PETITIONED, QUARTER, 6, 10, "H is late on 15 August"),
    ("PETITION_HANDLING_SATISFACTION", PETITIONED, MONTH, 6, 10, "I has more dislikes than likes"),
    ("PETITION_HANDLING_SATISFACTION", PETITIONED, QUARTER, 5, 10, "and H is late"),
    ("PETITION_CLASSIFICATION_TTHC", PETITIONED, MONTH, 2, 10, "A and C"),
    ("PETITION_CLASSIFICATION_STAFF", PETITIONED, MONTH, 1, 10, "B"),
    ("PETITION_PROCESSING_ON_TIME", PAID, MONTH, 0, 0, "none received"),
]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda row: "-".join(row[:3]))
def test_a_figure_is_as_worked_by_hand(first: Path, figure: tuple[str, str, str, int, int, str]) -> None:
    metric, agency, period, numerator, denominator, why = figure
    rows = asked_of(
        first,
        "select numerator, denominator from marts.mart_indicator_scores inner join marts.dim_unit using (unit_code)"
        " where valid_to is null and basis = 'records' and metric_code = ? and agency_code = ?"
        " and period_type || ' ' || period_start = ?",
        metric,
        agency,
        period,
    )
    assert rows == [(numerator, denominator)], why


def test_every_scored_metric_has_a_figure_worked_by_hand() -> None:
    path = str(REPOSITORY / "seeds" / "reference" / "indicators.csv")
    metrics = {row[0] for row in duckdb.sql(f"select metric_code from read_csv('{path}')").fetchall()}
    assert metrics - {figure[0] for figure in FIGURES} == {"AVG_PROCESSING_DAYS"}


def test_days_are_from_receipt_to_end(first: Path) -> None:
    # Monday 08:00 to Thursday 09:00.
    rows = asked_of(
        first,
        "select average_days, numerator from marts.ind_avg_processing_days inner join marts.dim_unit using (unit_code)"
        " where valid_to is null and basis = 'records' and period_type = 'month' and period_start = '2025-07-01'"
        " and agency_code = ?",
        COPY,
    )
    assert rows == [(pytest.approx(3 + 1 / 24), None)]


def test_nothing_to_synchronise_is_the_ratio_zero(first: Path) -> None:
    rows = asked_of(
        first,
        "select distinct numerator, denominator, ratio, score from marts.ind_dossier_sync as scores"
        " inner join marts.dim_unit using (unit_code) where basis = 'records' and scores.unit_level = 'commune'"
        " and valid_to is null"
        " and agency_code is null and period_type = 'month' and period_start = '2025-07-01'",
    )
    assert rows == [(None, None, 0.0, 0.0)]


def test_units_that_are_gone_roll_up(first: Path) -> None:
    # Six agencies of the old Binh Phuoc; two codes are one old commune, which lies in a commune of today.
    rows = asked_of(
        first,
        "select unit_code, dossiers_received from marts.mart_service_headline where basis = 'records'"
        " and period_type = 'month' and period_start = '2025-03-01' and dossiers_received > 0 order by unit_code",
    )
    assert rows == [(OLD_TO_NEW, 2), (PROVINCE, 6), (NATION, 6)]


def test_a_province_that_sent_nothing_is_missing(first: Path) -> None:
    rows = asked_of(
        first,
        "select unit_code, rank, peers, peers_expected, period_status, rank_reason from marts.mart_province_ranking"
        " where basis = 'records' and period_type = 'month' and period_start = '2025-07-01' order by rank nulls last",
    )
    assert rows[0] == (PROVINCE, 1, 1, 34, "provisional", None)
    # The other 33 are shown without a rank and are nobody's peers: missing is not zero, and not absent.
    assert len(rows) == 34
    assert {row[1:] for row in rows[1:]} == {(None, 1, 34, "provisional", "nothing was delivered")}
    assert asked_of(
        first,
        "select count(*), sum(units_present) from marts.mart_coverage where basis = 'records'"
        " and period_type = 'month' and period_start = '2025-07-01' and unit_level = 'province' and group_code = 'TDGQ'",
    ) == [(34, 1)]


def test_open_periods_are_observed_on_the_newest_day_and_closed_ones_at_their_end(first: Path) -> None:
    assert asked_of(
        first,
        "select distinct period_type, period_start::varchar, as_of::varchar from marts.mart_index"
        " where basis = 'records' and period_start >= '2025-07-01' order by all",
    ) == [
        ("month", "2025-07-01", "2025-07-31"),
        ("month", "2025-08-01", "2025-08-15"),
        ("quarter", "2025-07-01", "2025-08-15"),
        ("window", "2025-07-01", "2025-08-15"),
    ]


def test_known_defects_are_counted(first: Path) -> None:
    rows = asked_of(
        first,
        "select agency_code, defect, dossiers, share from marts.mart_source_quality"
        " where defect in ('submitted_file_as_result', 'cash_marked_as_paid_online', 'unknown_unit') order by all",
    )
    assert rows == [
        ("G09.11", "unknown_unit", 1, 1.0),
        ("H10.999", "unknown_unit", 1, 1.0),
        (PAID, "cash_marked_as_paid_online", 1, pytest.approx(1 / 7)),
        (RESULTS, "submitted_file_as_result", 1, 0.25),
    ]


@pytest.mark.slow
def test_order_and_repetition_of_deliveries_change_nothing(first: Path, tmp_path: Path) -> None:
    """Older states of every dossier beside it, all rows repeated, in another order and in other batches."""
    rows = scene()
    older = [
        {**row, "status_code": 2, "finished_at": None, "results": [], "delivery_date": row["delivery_date"]}
        for row in rows["dossiers"]
        if row.get("received_at")
    ]
    rng = random.Random(7)
    empty_lake(tmp_path)
    for dataset, lines in rows.items():
        shuffled = [*lines, *lines, *(older if dataset == "dossiers" else [])]
        rng.shuffle(shuffled)
        half = len(shuffled) // 2
        write(tmp_path, dataset, shuffled[half:], batch="00000000000000a1")
        write(tmp_path, dataset, shuffled[:half], batch="00000000000000a2")
    build(tmp_path)
    for table in (
        "mart_indicator_scores",
        "mart_index",
        "mart_service_headline",
        "mart_source_quality",
        "dim_unit",
    ):
        query = f"select * from marts.{table} order by all"
        assert asked_of(tmp_path, query) == asked_of(first, query), table

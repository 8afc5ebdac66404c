"""The interface's own answers as landing files: what is read of them, and what refuses one.

The 23 answers that were read in September and October 2026: `tests/portal_answers.py`; what becomes of them: ADR 0049.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from orchestration.ingestion.report import FileOutcome
from tests.portal_answers import GOLDEN, INTERFACES, golden, landed, of_group, unit
from tests.unit.ingestion.conftest import read

NATION = {"timeType": "year", "year": 2026, "departmentType": "ADMINISTRATIVE_UNIT"}
PROGRESS = {
    "totalReceived": 4, "totalOnTime": 3, "totalCompleted": 2, "avgProcessingDays": 4.1, "ratio": 75, "totalScore": 15,
    "totalMaxScore": 20,
}  # fmt: skip


def national_list(summary: Any) -> dict[str, Any]:
    """The summary of 26 September as the interface answers it: ids, ONLINE under its older key, no ranks."""
    rows = [
        {
            "departmentId": f"id-{province['departmentCode']}",
            "departmentName": province["departmentName"],
            "departmentCode": province["departmentCode"],
            "totalScore": province["totalScore"],
            "ratio": province["totalScore"],
            "scoreDelta": None,
            "groupScores": {
                {"ONLINE": "CLGQ"}.get(group, group): score
                for group, score in province["groupScores"].items()
            },
        }
        for province in summary["provinces"]
    ]
    return {
        "overview": {"departmentName": "Cả nước", "departmentCode": None, "totalScore": 61.71},
        "evaluation": rows,
        "monthlyChart": [{"month": "08", "totalScore": 61.2}, {"month": "12", "totalScore": None}],
    }


def _only(workplace: Any, content: Any) -> FileOutcome:
    workplace.deliver(content)
    (file,) = workplace.ingest().files
    return file  # type: ignore[no-any-return]


def test_the_national_list_is_read_with_its_question(workplace: Any, payload: Callable[[str], Any]) -> None:
    workplace.deliver(landed("service-results", NATION, national_list(payload("summary"))))
    report = workplace.ingest()
    (file,) = report.files
    # 34 provinces, and the nation that the answer is about.
    assert (file.status, file.rows_read, file.rows_accepted, file.problems) == ("accepted", 35, 35, ())
    assert str(file.captured_at) == "2026-10-10 07:00:29+00:00"
    rows = report.pending_dir / "rows.parquet"
    assert read(
        "select scope, time_type, year, interface, nation_total_score, official_total_score, department_id,"
        " [g.score for g in group_scores if g.group_code = 'ONLINE']"
        " from read_parquet($1) where agency_code = 'H19'", rows
    ) == [("Provinces", "year", 2026, "service-results", 61.71, 67.74, "id-H19", [9.27])]  # fmt: skip
    assert read("select is_subject, agency_code, charts from read_parquet($1) where record_no = 0", rows) == [
        (True, None, [{"chart": "monthlyChart", "month": 8, "series": "totalScore", "value": 61.2},
                      {"chart": "monthlyChart", "month": 12, "series": "totalScore", "value": None}])
    ]  # fmt: skip


@pytest.mark.parametrize("observation", GOLDEN["observations"], ids=lambda observation: observation["id"])
def test_each_answer_that_was_read_says_what_it_said(workplace: Any, observation: dict[str, Any]) -> None:
    workplace.deliver(golden(observation))
    report = workplace.ingest()
    (file,) = report.files
    assert (file.status, file.rows_accepted, file.problems) == ("accepted", 2, ())
    ((agency, period, score, counts, formality),) = read(
        """
        select
            agency_code, concat_ws(' ', time_type, year, quarter, month), group_scores[1].score,
            case
                when online is not null then [online.partial_formalities + online.full_formalities, online.filed]
                when payment is not null then [payment.paid_online_dossiers, fee_data_formalities]
                when settlement is not null then [settlement.total_on_time, settled_dossiers]
                else [list_sum([m.numerator for m in metrics]), len(metrics)]
            end, formality_id
        from (select * replace (list_filter(group_scores, lambda g: g.score is not null) as group_scores)
              from read_parquet($1) where is_subject)
        """,
        report.pending_dir / "rows.parquet",
    )
    about = observation.get("parent") or observation["overview"]
    asked = observation["period"]
    assert agency == observation["departmentCode"]
    assert period == " ".join(
        str(asked[key]) for key in ("timeType", "year", "quarter", "month") if key in asked
    )
    assert score == about["totalScore"]
    assert formality == observation.get("formality", {}).get("formalityId")
    if "authorityCount" in about:
        expected = [about["partialCount"] + about["fullCount"], about["channelTotalSum"]]
    elif "totalFeeFormality" in about:
        expected = [about["totalDossierOnlinePaymentSuccess"], about["totalFeeDossierFormality"]]
    elif "totalCompleted" in about:
        expected = [about["totalOnTime"], about["totalCompleted"]]
    else:
        numerators = [
            metric["numerator"] for metric in observation["metrics"] if metric["numerator"] is not None
        ]
        expected = [sum(numerators), len(observation["metrics"])]
    assert counts == expected


def test_a_list_is_taken_without_the_nation_and_with_falls(
    workplace: Any, payload: Callable[[str], Any]
) -> None:
    """What it is about is not needed for its ranks; a province may fall."""
    data = national_list(payload("summary")) | {"overview": None}
    data["evaluation"][1]["scoreDelta"] = -1.5
    workplace.deliver(landed("service-results", NATION, data))
    report = workplace.ingest()
    (file,) = report.files
    assert (file.status, file.rows_accepted, file.problems) == ("accepted", 34, ())
    rows = report.pending_dir / "rows.parquet"
    assert read("select score_delta from read_parquet($1) where agency_code = 'H19'", rows) == [(-1.5,)]


def test_an_id_in_capitals_narrows_the_question_as_well(workplace: Any) -> None:
    answer = of_group("dvc-progress-tree", PROGRESS, [unit("dvc-progress-tree")],
                      period={"timeType": "year", "year": 2026, "formalityID": ID.upper()})  # fmt: skip
    workplace.deliver(answer)
    rows = workplace.ingest().pending_dir / "rows.parquet"
    assert read("select distinct formality_id from read_parquet($1)", rows) == [(ID,)]


def test_a_mark_before_the_text_is_no_fault(workplace: Any) -> None:
    text = "\ufeff" + GOOD["answer"]
    content = GOOD | {"answer": text, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    assert _only(workplace, content).status == "accepted"


def test_units_without_a_code_are_kept_by_id_and_communes_told_by_their_name(workplace: Any) -> None:
    """Two interfaces list ids and names alone, and no kind: a commune is one by its name."""
    units = [unit("transparency"), unit("transparency", "H44.9", "UBND xã Không Có")]
    units.append(unit("transparency", "H44.2", "UBND phường Vân Phú - tỉnh Phú Thọ"))
    workplace.deliver(of_group("transparency", {"totalScore": 0, "totalMaxScore": 18, "metrics": []}, units))
    report = workplace.ingest()
    (file,) = report.files
    # The commune that nobody knows is refused alone, as everywhere below the province.
    assert [(p.reason_code, p.record) for p in file.problems] == [
        ("unknown_unit", "data.evaluation[1] (id-H44.9)")
    ]
    assert read(
        "select record_no, agency_code, department_id, child_group from read_parquet($1) order by all",
        report.pending_dir / "rows.parquet",
    ) == [
        (0, "H44", "019d2be3-6a88-732b-8b17-b68020c8553a", None),
        (1, None, "id-H44.01", "AGENCY"),
        (3, None, "id-H44.2", "COMMUNE"),
    ]


def test_a_share_above_one_refuses_what_the_answer_is_about(workplace: Any) -> None:
    """40 procedures offered partly and 60 fully of an authority's 89."""
    online = dict(next(o for o in GOLDEN["observations"] if o["id"] == "po-H44-year-all")["parent"])
    answer = of_group(
        "provide-online-tree", online | {"partialCount": 40, "fullCount": 60}, [unit("provide-online-tree")]
    )
    (problem,) = _only(workplace, answer).problems
    assert str(problem).endswith(
        "data.parent (H44), ONLINE.partialCount: found 100, expected with fullCount at most authorityCount, 89;"
        " ask the sender for a corrected file and land it as a new delivery [numerator_above_denominator]."
    )


ID = "019d2be3-6a88-732b-8b17-b68020c8553a"
GOOD = of_group("dvc-progress-tree", PROGRESS, [unit("dvc-progress-tree")])
CASES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "another text than was received": (
        GOOD | {"answer": GOOD["answer"].replace("75", "76")}, "answer_changed", "answer", "another text"),
    "not answered": (GOOD | {"status": 503}, "not_answered", "status", "503"),
    "no hash": ({k: v for k, v in GOOD.items() if k != "sha256"}, "malformed_answer", "sha256", "field required"),
    "a moment without a zone": (
        GOOD | {"capture": "2026-10-10 07:00:29"}, "malformed_answer", "capture", "value error"),
    "a key that nobody agreed": (GOOD | {"note": "x"}, "malformed_answer", "note", "extra inputs"),
    "a question that was narrowed in a way that nobody knows": (
        of_group("dvc-progress-tree", PROGRESS, [unit("dvc-progress-tree")],
                 period={"timeType": "year", "year": 2026, "fieldId": "x"}),
        "malformed_answer", "request.body.fieldId", "extra inputs"),
    "a procedure that is no id": (
        of_group("dvc-progress-tree", PROGRESS, [unit("dvc-progress-tree")],
                 period={"timeType": "year", "year": 2026, "formalityId": "079123456789"}),
        "malformed_answer", "request.body.formalityId", "string should match pattern"),
    "a status that is none": (GOOD | {"status": 912345678}, "malformed_answer", "status", "less than or equal to 599"),
    "a day beyond all calendars": (
        of_group("handling-satisfaction", {"metrics": []}, [unit("handling-satisfaction")],
                 period={"fromDate": "294247-01-01", "toDate": "294247-12-31"}),
        "malformed_answer", "request.body.fromDate", "string should match pattern"),
    "an answer of another month": (
        GOOD | {"capturedAt": "2026-11-10T07:00:29Z"}, "bad_moment", "capturedAt", "2026-11-10"),
    "nothing that it is about": (
        landed("dvc-progress-tree", {"timeType": "year", "year": 2026, "rootDepartmentId": ID},
               {"parent": None, "children": [unit("dvc-progress-tree")]}, "H44"),
        "missing_field", "data.parent", "null"),
    "an interface that nobody knows": (
        landed("new-index", NATION, {"evaluation": []}), "unknown_scope", "metadata.scope", "evaluation/new-index"),
    "another department by id": (
        of_group("dvc-progress-tree", PROGRESS | {"departmentId": "other"}, [unit("dvc-progress-tree")]),
        "other_department", "data.parent.departmentId", "other"),
    "another department by code": (
        of_group("dvc-progress-tree", PROGRESS | {"departmentCode": "H19"}, [unit("dvc-progress-tree")]),
        "other_department", "data.parent.departmentId", "H19"),
    "days that are no period": (
        of_group("handling-satisfaction", {"totalScore": 6, "totalMaxScore": 18, "metrics": []},
                 [unit("handling-satisfaction")], period={"fromDate": "2026-07-01", "toDate": "2026-09-29"}),
        "unknown_time_type", "metadata.timeType", "2026-07-01 to 2026-09-29"),
    "no list": (landed("dvc-progress-tree", {"timeType": "year", "year": 2026, "rootDepartmentId": ID},
                       {"parent": PROGRESS}, "H44"), "wrong_type", "data.children", "null"),
    "an empty list": (of_group("dvc-progress-tree", PROGRESS, []), "no_rows", "data.children", "an empty list"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_answer_to_its_question_is_refused_as_a_whole(workplace: Any, case: str) -> None:
    content, reason, field, found = CASES[case]
    file = _only(workplace, content)
    assert (file.status, file.rows_accepted) == ("quarantined", 0)
    named = [problem for problem in file.problems if problem.reason_code == reason]
    assert [(problem.record, problem.field) for problem in named] == [("$", field)]
    assert found in named[0].found


def test_an_answer_that_says_it_is_none_is_refused(workplace: Any) -> None:
    answer = json.loads(GOOD["answer"]) | {"code": "SYSTEM_BUSY"}
    text = json.dumps(answer)
    file = _only(workplace, GOOD | {"answer": text, "sha256": hashlib.sha256(text.encode()).hexdigest()})
    assert ("not_answered", "code", "SYSTEM_BUSY") in [
        (p.reason_code, p.field, p.found) for p in file.problems
    ]
    assert file.status == "quarantined"


@pytest.mark.parametrize("interface", INTERFACES)
def test_a_figure_that_an_interface_no_longer_gives_is_missed(workplace: Any, interface: str) -> None:
    """Absent is not null: an interface that changed must not be read as one that has nothing to say."""
    observation = next(o for o in GOLDEN["observations"] if o["group"] == interface and "formality" not in o)
    answer = golden(observation)
    document = json.loads(answer["answer"])
    _, _, about = INTERFACES[interface]
    lost = (
        "metrics"
        if "metrics" in observation
        else next(
            key
            for key in ("totalCompleted", "authorityCount", "totalFeeFormality")
            if key in observation["parent"]
        )
    )
    del document["data"][about][lost]
    changed = landed(interface, answer["request"]["body"], document["data"], observation["departmentCode"])
    missed = [(p.reason_code, p.field.rpartition(".")[2]) for p in _only(workplace, changed).problems]
    assert ("missing_field", lost) in missed

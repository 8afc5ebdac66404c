"""Each kind of bad row or metadata: where it lands, for which reason, and what the sentence names.

All cases are delivered together and read in one run; a file of its own each. Files that are not
JSON at all are in test_ingest_json_document.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

Change = Callable[[Any], None]
CKMB, TDGQ, TTTT = "CKMB_CongKhaiMinhBach", "TDGQ_TienDoGiaiQuyet", "TTTT_ThanhToanTrucTuyen"
MDHL, ONLINE = "MDHL_MucDoHaiLong", "ONLINE_DichVuTrucTuyen"


@dataclass(frozen=True)
class Case:
    """`change` poisons a payload of `kind`; `field` and `record` must be in the sentence.

    `refused` rows are quarantined; None means the whole file.
    """

    name: str
    kind: str
    change: Change
    reason: str
    field: str
    record: str = ""
    refused: int | None = 1


def dong_nai(payload: Any) -> Any:
    return next(unit for unit in payload["provinces"] if unit["departmentCode"] == "H19")


def metric(payload: Any, code: str = "PUBLISH_ON_TIME", component: str = CKMB) -> Any:
    listed = dong_nai(payload)["componentIndicators"][component]["metrics"]
    return next(item for item in listed if item["code"] == code)


def component(payload: Any, name: str) -> Any:
    return dong_nai(payload)["componentIndicators"][name]


def unit_case(name: str, reason: str, field: str, change: Change, refused: int | None = 1) -> Case:
    """A change of the province H19."""
    return Case(name, "provinces", lambda p: change(dong_nai(p)), reason, field, "(H19)", refused)


def metric_case(name: str, reason: str, field: str, **values: object) -> Case:
    """A change of one metric of the province H19."""
    field = f"{CKMB}.metrics[PUBLISH_ON_TIME].{field}"
    return Case(name, "provinces", lambda p: metric(p).update(values), reason, field, "(H19)")


def component_case(name: str, part: str, reason: str, field: str, **values: object) -> Case:
    """A change of one component of the province H19."""
    field = f"componentIndicators.{part}.{field}"
    return Case(name, "provinces", lambda p: component(p, part).update(values), reason, field, "(H19)")


def file_case(name: str, reason: str, field: str, kind: str = "provinces", **values: object) -> Case:
    """A change of the metadata, so of the whole file."""
    return Case(name, kind, lambda p: p["metadata"].update(values), reason, field, refused=None)


def commune(payload: Any) -> Any:
    return next(unit for unit in payload["units"] if unit["departmentCode"] == "H21.227")


def without(key: str) -> Change:
    return lambda holder: holder.pop(key)


def add_copy_of_dong_nai(payload: Any) -> None:
    payload["provinces"].append(dong_nai(payload))


def first_unit(**values: object) -> Change:
    return lambda payload: payload["units"][0].update(values)


def shift_points(payload: Any) -> None:
    """A group above its maximum, while the sum still agrees."""
    dong_nai(payload)["groupScores"].update(CKMB=18.31, TDGQ=10.29)


CASES = (
    # Values.
    Case("no_code", "provinces", lambda p: dong_nai(p).pop("departmentCode"), "missing_field",
         "departmentCode", "provinces[1]"),
    unit_case("no_name", "missing_field", "departmentName", without("departmentName")),
    unit_case("no_total", "missing_field", "totalScore", without("totalScore")),
    unit_case("null_total", "missing_field", "totalScore", lambda u: u.update(totalScore=None)),
    unit_case("no_groups", "missing_field", "groupScores", without("groupScores")),
    unit_case("no_group", "missing_field", "groupScores.MDHL",
              lambda u: u["groupScores"].pop("MDHL")),
    unit_case("no_details", "missing_field", "componentIndicators", without("componentIndicators")),
    unit_case("no_component", "missing_field", "componentIndicators.ONLINE",
              lambda u: u["componentIndicators"].pop(ONLINE)),
    unit_case("no_metrics", "missing_field", f"{CKMB}.metrics",
              lambda u: u["componentIndicators"][CKMB].pop("metrics")),
    unit_case("no_received", "missing_field", f"{TDGQ}.totalReceived",
              lambda u: u["componentIndicators"][TDGQ].pop("totalReceived")),
    unit_case("blank_name", "missing_field", "departmentName",
              lambda u: u.update(departmentName=" ")),
    unit_case("name_as_number", "wrong_type", "departmentName",
              lambda u: u.update(departmentName=7)),
    unit_case("nul_in_name", "wrong_type", "departmentName",
              lambda u: u.update(departmentName="a\0")),
    unit_case("groups_as_list", "wrong_type", "groupScores", lambda u: u.update(groupScores=[1])),
    unit_case("words_as_score", "not_a_number", "totalScore",
              lambda u: u.update(totalScore="many")),
    unit_case("comma_in_score", "not_a_number", "totalScore",
              lambda u: u.update(totalScore="67,48")),
    unit_case("infinite_score", "not_a_number", "totalScore",
              lambda u: u.update(totalScore="1e999")),
    unit_case("rank_as_words", "not_a_number", "rank", lambda u: u.update(rank="2nd")),
    unit_case("rank_zero", "bad_rank", "rank", lambda u: u.update(rank=0)),
    unit_case("negative_total", "negative_score", "totalScore", lambda u: u.update(totalScore=-1)),
    metric_case("count_as_words", "not_a_number", "numerator", numerator="fifty"),
    metric_case("count_with_blank", "not_a_number", "numerator", numerator=" 1"),
    metric_case("count_as_truth", "not_a_number", "numerator", numerator=True),
    metric_case("count_as_list", "not_a_number", "denominator", denominator=[52]),
    metric_case("count_with_fraction", "not_a_number", "denominator", denominator=52.5),
    metric_case("count_too_large", "not_a_number", "denominator", denominator=10**30),
    metric_case("negative_count", "negative_count", "denominator", denominator=-52),
    metric_case("negative_metric", "negative_score", "score", score=-0.5),
    metric_case("no_denominator", "missing_field", "denominator", denominator=None),
    Case("no_metric_code", "provinces", lambda p: metric(p).update(code=None), "missing_field",
         "metrics[0].code", "(H19)"),
    Case("no_numerator", "provinces", lambda p: metric(p).pop("numerator"), "missing_field",
         "metrics[PUBLISH_ON_TIME].numerator", "(H19)"),
    Case("metric_as_text", "provinces", lambda p: component(p, CKMB)["metrics"].append("x"),
         "wrong_type", f"{CKMB}.metrics[4]", "(H19)"),
    component_case("metrics_as_object", CKMB, "wrong_type", "metrics", metrics={}),
    Case("component_as_null", "provinces",
         lambda p: dong_nai(p)["componentIndicators"].update({ONLINE: None}), "wrong_type", ONLINE),
    # Figures that contradict each other.
    metric_case("numerator_above", "numerator_above_denominator", "numerator", numerator=10**6),
    metric_case("ratio_off", "ratio_contradicts_counts", "ratio", ratio=99.99),
    metric_case("ratio_of_nothing", "ratio_contradicts_counts", "ratio",
                numerator=0, denominator=0, ratio=5),
    component_case("settlement_ratio_of_nothing", TDGQ, "ratio_contradicts_counts", "ratio",
                   totalReceived=0, totalOnTime=0, totalOverdue=0),
    metric_case("null_numerator", "missing_field", "numerator", numerator=None),
    metric_case("ratio_above_100", "ratio_out_of_range", "ratio",
                numerator=None, denominator=None, ratio=101),
    metric_case("metric_above_maximum", "score_above_maximum", "score", score=6.01),
    Case("metric_twice", "provinces",
         lambda p: component(p, CKMB)["metrics"].append(metric(p)), "metric_twice",
         "PUBLISH_ON_TIME"),
    component_case("sum_off", TDGQ, "counts_do_not_add_up", "totalReceived", totalReceived=1),
    component_case("settlement_ratio", TDGQ, "ratio_contradicts_counts", "ratio", ratio=1),
    component_case("paid_above", TTTT, "numerator_above_denominator",
                   "totalDossierOnlinePaymentSuccess", totalDossierOnlinePaymentSuccess=10**7),
    component_case("fees_above", TTTT, "numerator_above_denominator",
                   "totalDossierOnlineFormalityPaymentSuccess", totalFeeFormality=1),
    component_case("component_above", ONLINE, "score_above_maximum", "score", score=12.5),
    component_case("component_off", ONLINE, "component_differs_from_group", "score", score=1),
    component_case("metrics_off", MDHL, "metrics_differ_from_component", "score", score=1),
    unit_case("total_above", "score_above_maximum", "totalScore",
              lambda u: u.update(totalScore=101)),
    unit_case("total_off", "group_sum_differs_from_total", "totalScore",
              lambda u: u.update(totalScore=60)),
    Case("group_above", "summary", shift_points, "score_above_maximum", "groupScores.CKMB",
         "(H19)"),
    # Codes.
    Case("unknown_agency", "provinces", lambda p: dong_nai(p).update(departmentCode="H99"),
         "unknown_agency", "departmentCode", "provinces[1] (H99)"),
    Case("province_twice", "provinces", add_copy_of_dong_nai, "unit_twice", "departmentCode",
         "provinces[34] (H19)", refused=2),
    unit_case("unknown_group", "unknown_group", "groupScores",
              lambda u: u["groupScores"].update(OTHER=0)),
    Case("unknown_component", "provinces",
         lambda p: dong_nai(p)["componentIndicators"].update(OTHER_Khac=component(p, ONLINE)),
         "unknown_group", "OTHER_Khac", "(H19)"),
    Case("component_twice", "provinces",
         lambda p: dong_nai(p)["componentIndicators"].update(ONLINE_Again=component(p, ONLINE)),
         "component_twice", "ONLINE_Again", "(H19)"),
    Case("unit_as_text", "provinces", lambda p: p["provinces"].append("H19"), "wrong_type", "",
         "provinces[34]"),
    Case("unit_as_null", "provinces", lambda p: p["provinces"].append(None), "wrong_type", "",
         "provinces[34]"),
    Case("unit_elsewhere", "units", first_unit(departmentCode="H22.17"), "unknown_agency",
         "departmentCode", "units[0] (H22.17)"),
    Case("unit_like_a_province", "units", first_unit(departmentCode="H21"), "unknown_agency",
         "departmentCode", "units[0] (H21)"),
    Case("unknown_child_group", "units", first_unit(childGroup="DISTRICT"), "unknown_agency",
         "childGroup", "units[0] (H21.17)"),
    Case("no_child_group", "units", lambda p: p["units"][0].pop("childGroup"), "missing_field",
         "childGroup", "units[0] (H21.17)"),
    Case("unknown_commune", "units",
         lambda p: commune(p).update(departmentName="UBND xã Văn Cảnh", departmentCode="H21.999"), "unknown_unit",
         "departmentName", "(H21.999)"),
    # The file as a whole.
    file_case("unknown_parent", "unknown_agency", "metadata.provinceCode", "units",
              provinceCode="H99"),
    file_case("no_parent", "missing_field", "metadata.provinceCode", "units", provinceCode=None),
    file_case("unknown_scope", "unknown_scope", "metadata.scope", scope="Ministries"),
    file_case("scope_of_units", "missing_field", "units", scope="UnitsDetail", provinceCode="H21"),
    file_case("unknown_time_type", "unknown_time_type", "metadata.timeType", timeType="decade"),
    file_case("no_month", "unknown_time_type", "metadata.month", timeType="month"),
    file_case("month_13", "unknown_time_type", "metadata.month", timeType="month", month=13),
    file_case("quarter_0", "unknown_time_type", "metadata.quarter", timeType="quarter", quarter=0),
    file_case("year_as_words", "not_a_number", "metadata.year", year="this year"),
    file_case("year_ahead", "bad_period", "metadata.year", year=2027),
    file_case("no_moment", "missing_field", "metadata.extractedAt", extractedAt=None),
    file_case("no_such_day", "bad_moment", "metadata.extractedAt",
              extractedAt="2026-02-30T07:00:00Z"),
    file_case("moment_without_zone", "bad_moment", "metadata.extractedAt",
              extractedAt="2026-10-10T07:00:40"),
    file_case("moment_before_all", "bad_moment", "metadata.extractedAt",
              extractedAt="2024-12-31T23:59:59Z"),
    file_case("moment_ahead", "bad_moment", "metadata.extractedAt",
              extractedAt="2026-10-12T00:00:00Z"),
    Case("no_metadata", "provinces", without("metadata"), "missing_field", "metadata",
         refused=None),
    Case("metadata_as_list", "provinces", lambda p: p.update(metadata=[]), "wrong_type", "metadata",
         refused=None),
    Case("no_list", "provinces", without("provinces"), "missing_field", "provinces", refused=None),
    Case("list_as_object", "provinces", lambda p: p.update(provinces={"a": 1}), "wrong_type",
         "provinces", refused=None),
    Case("empty_list", "provinces", lambda p: p.update(provinces=[]), "no_rows", "provinces",
         refused=None),
    Case("nation_as_words", "provinces", lambda p: p["overview"].update(totalScore="high"),
         "not_a_number", "overview.totalScore", refused=None),
    Case("expected_as_words", "units", lambda p: p["metadata"]["unitCounts"].update(COMMUNE="all"),
         "not_a_number", "metadata.unitCounts.COMMUNE", refused=None),
)  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(new_workplace: Any, payload: Any) -> dict[str, Any]:
    workplace = new_workplace()
    for case in CASES:
        poisoned = payload(case.kind)
        case.change(poisoned)
        workplace.deliver(poisoned, f"{case.name}.json")
    return {file.source_file.rsplit("/")[-1]: file for file in workplace.ingest().files}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_poisoned_payload_is_refused_for_its_reason(case: Case, outcomes: Any) -> None:
    outcome = outcomes[f"{case.name}.json"]
    assert case.reason in outcome.reason_codes
    sentence = next(str(p) for p in outcome.problems if p.reason_code == case.reason
                    and case.field in p.field and case.record in p.record)  # fmt: skip
    assert f"/{case.name}.json" in sentence
    assert case.field in sentence and case.record in sentence
    expected = outcome.rows_read if case.refused is None else case.refused
    assert outcome.rows_quarantined == expected
    assert outcome.rows_accepted == outcome.rows_read - expected
    assert outcome.status == ("quarantined" if case.refused is None else "partly_quarantined")

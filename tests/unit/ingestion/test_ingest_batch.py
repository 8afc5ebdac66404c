"""A run as a whole: what is new, what is written, what becomes visible, and what a re-run does."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.ingestion import lake
from orchestration.ingestion.lake import promote, visible_batches
from orchestration.ingestion.landing import PORTAL, Days
from orchestration.ingestion.portal import run as batch
from orchestration.ingestion.portal.contracts import SERVICE_RESULTS
from orchestration.ingestion.portal.run import ensure_dataset
from orchestration.ingestion.report import FILE_COLUMNS
from tests.all_may_deliver import EVERYONE


@pytest.fixture
def delivered(workplace: Any, sample: Any) -> Any:
    """A workplace with the three real payloads landed."""
    workplace.deliver(sample("summary"), "service_results_2026-09-26.json", "2026-09-26")
    workplace.deliver(sample("provinces"), "service_results_2026-10-10.json")
    workplace.deliver(sample("units"), "service_results_units_H21_2026-10-10.json", sender="H21")
    return workplace


def poison(payload: Any) -> Any:
    payload["provinces"][0]["totalScore"] = 12
    return payload


# What a first run gives.


def test_the_real_payloads_are_accepted_whole(delivered: Any, parquet: Any) -> None:
    report = delivered.ingest()
    assert report.counts == {
        "files": 3, "rows_read": 84, "rows_accepted": 84, "rows_quarantined": 0,
        "rows_duplicate": 0, "elements_dropped": 0,
    }  # fmt: skip
    assert not report.problems and not report.is_blocked and not delivered.quarantine.exists()
    (row,) = parquet(
        """
        select source_file, delivery_date, sender, record_no, scope, time_type, year, month,
            extracted_at::varchar, parent_agency_code, nation_total_score, name_vi, official_rank,
            official_total_score, len(group_scores), len(components), len(metrics),
            settlement.total_received, payment.fee_formalities, metrics[1]
        from read_parquet(?) where agency_code = 'H20' and scope = 'ProvincesDetail'
        """,
        report.pending_dir / "rows.parquet",
    )
    assert row == (
        f"{PORTAL}/2026-10-10/nation/service_results_2026-10-10.json", date(2026, 10, 10), "nation",
        1, "ProvincesDetail", "year", 2026, None, "2026-10-10 07:00:40+00", None, 62.59,
        "UBND tỉnh Đồng Tháp", 1, 68.8, 6, 6, 16, 405424, 330,
        {"group_code": "CKMB", "metric_code": "PUBLISH_ON_TIME",
         "name_vi": "Tỷ lệ TTHC công bố đúng hạn", "numerator": 0, "denominator": 52, "ratio": 0.0,
         "score": 0.0, "max_score": 6.0, "data_quality_status": None},
    )  # fmt: skip


def test_units_carry_their_province_and_how_many_it_has(delivered: Any, parquet: Any) -> None:
    report = delivered.ingest()
    rows = parquet(
        """
        select child_group, count(*), any_value(parent_agency_code), any_value(expected_departments),
            any_value(expected_communes), count(settlement), count(payment), sum(len(metrics))
        from read_parquet(?) where scope = 'UnitsDetail' group by child_group order by child_group
        """,
        report.pending_dir / "rows.parquet",
    )
    assert rows == [
        ("AGENCY", 14, "H21", 14, 135, 2, 2, 28),
        ("COMMUNE", 2, "H21", 14, 135, 2, 2, 28),
    ]


def test_the_files_are_written_with_the_columns_that_are_documented(delivered: Any, parquet: Any) -> None:
    report, empty = delivered.ingest(), ensure_dataset(delivered.lake)
    query = """
        select column_name, column_type
        from (describe from read_parquet(?, hive_partitioning = false))
    """
    for name, columns in (("rows", SERVICE_RESULTS.row_columns), ("files", FILE_COLUMNS)):
        described = [
            parquet(query, path)
            for path in (report.pending_dir / f"{name}.parquet", empty / f"{name}.parquet")
        ]
        assert described[0] == described[1]
        assert [column for column, _ in described[0]] == list(columns)
    assert parquet("select count(*) from read_parquet(?)", empty / "rows.parquet") == [(0,)]
    assert ensure_dataset(delivered.lake) == empty and visible_batches(delivered.lake, PORTAL) == ()


def test_numbers_may_come_as_clean_texts(workplace: Any, payload: Any, parquet: Any) -> None:
    changed = payload("provinces")
    changed["provinces"][0]["totalScore"] = "68.8"
    changed["provinces"][0]["componentIndicators"]["TDGQ_TienDoGiaiQuyet"]["totalReceived"] = "405424"
    changed["metadata"].update(timeType="month", month=9.0, quarter=3)
    workplace.deliver(changed)
    rows = workplace.ingest().pending_dir / "rows.parquet"
    query = "select official_total_score, settlement.total_received, month, quarter"
    query += " from read_parquet(?) where record_no = 1"
    assert parquet(query, rows) == [(68.8, 405424, 9, None)]


# Rows refused, elements kept aside.


def test_a_bad_row_is_quarantined_and_the_others_go_on(workplace: Any, payload: Any, parquet: Any) -> None:
    changed = poison(payload("provinces"))
    changed["provinces"][0]["componentIndicators"]["TDGQ_TienDoGiaiQuyet"]["ratio"] = "x"
    workplace.deliver(changed)
    report = workplace.ingest()
    (outcome,) = report.files
    assert (outcome.status, outcome.rows_accepted, outcome.rows_quarantined) == (
        "partly_quarantined", 33, 1)  # fmt: skip
    assert report.is_blocked
    assert outcome.reason_codes == ("group_sum_differs_from_total", "not_a_number")
    rows = parquet("select agency_code from read_parquet(?)", report.pending_dir / "rows.parquet")
    assert len(rows) == 33 and ("H20",) not in rows
    kept = parquet(
        "select file, record, severity, file_hash, delivery_date, row_text from read_parquet(?)",
        workplace.quarantine / PORTAL / f"{outcome.file_hash}.parquet",
    )
    assert len(kept) == 2
    assert kept[0][:5] == (
        outcome.source_file, "provinces[0] (H20)", "error", outcome.file_hash, date(2026, 10,
        10))  # fmt: skip
    assert json.loads(kept[0][5])["totalScore"] == 12


def unknown_code(payload: Any) -> Any:
    metric = payload["provinces"][0]["componentIndicators"]["CKMB_CongKhaiMinhBach"]["metrics"][1]
    metric.update(code="BRAND_NEW", numerator="many", ratio=700)
    return payload


def wrong_group(payload: Any) -> Any:
    components = payload["provinces"][0]["componentIndicators"]
    moved = components["CKMB_CongKhaiMinhBach"]["metrics"].pop(3)
    components["MDHL_MucDoHaiLong"]["metrics"].append(moved)
    return payload


@pytest.mark.parametrize(("change", "said"), [(unknown_code, "BRAND_NEW"), (wrong_group, "DOSSIER_SYNC")])
def test_an_unknown_metric_is_kept_aside_and_its_row_goes_on(
    workplace: Any, payload: Any, parquet: Any, change: Callable[[Any], Any], said: str
) -> None:
    workplace.deliver(change(payload("provinces")))
    report = workplace.ingest()
    (outcome,) = report.files
    assert (outcome.status, outcome.rows_accepted, outcome.elements_dropped) == ("accepted", 34, 1)
    assert outcome.reason_codes == ("unknown_metric",) and not report.is_blocked
    assert said in str(outcome.problems[0]) and "provinces[0] (H20)" in str(outcome.problems[0])
    query = "select len(metrics), [m.metric_code for m in metrics] from read_parquet(?)"
    count, codes = parquet(query + " where record_no = 1", report.pending_dir / "rows.parquet")[0]
    assert count == 15 and said not in codes
    kept = workplace.quarantine / PORTAL / f"{outcome.file_hash}.parquet"
    ((severity, text),) = parquet("select severity, row_text from read_parquet(?)", kept)
    assert severity == "aside" and json.loads(text)["code"] == said


def test_personal_data_in_a_bad_row_are_in_nothing_that_is_written(
    workplace: Any, payload: Any, parquet: Any
) -> None:
    secrets = ("079123456789", "0912 345 678", "an.nguyen@example.vn", "x" * 200)
    changed = payload("provinces")
    for unit, secret in zip(changed["provinces"], secrets, strict=False):
        unit["departmentCode"] = secret
        unit["totalScore"] = f"{secret} is no score"
        unit["componentIndicators"]["CKMB_CongKhaiMinhBach"]["metrics"][0]["code"] = secret
        unit["componentIndicators"][f"{secret}_x"] = 1
    workplace.deliver(changed)
    report = workplace.ingest()
    (outcome,) = report.files
    kept = workplace.quarantine / PORTAL / f"{outcome.file_hash}.parquet"
    texts = str(parquet("from read_parquet(?)", kept)) + str(report) + "\n".join(report.summary())
    assert outcome.rows_quarantined == 4 and "[digits]" in texts and "[e-mail]" in texts
    assert not [secret for secret in secrets if secret in texts]


def test_no_metadata_are_echoed_at_length(workplace: Any, payload: Any) -> None:
    changed = payload("units")
    changed["metadata"].update(provinceCode="0912345678", scope="UnitsDetail", timeType="x" * 200)
    workplace.deliver(changed)
    said = "\n".join(workplace.ingest().summary())
    assert "0912345678" not in said and "x" * 61 not in said and "personal_number" in said


def test_a_file_lists_at_most_twenty_problems_and_the_quarantine_all(
    workplace: Any, payload: Any, parquet: Any
) -> None:
    changed = payload("provinces")
    for unit in changed["provinces"]:
        unit["rank"] = 0
    workplace.deliver(changed)
    (outcome,) = workplace.ingest().files
    assert (outcome.status, outcome.rows_quarantined, len(outcome.problems)) == (
        "quarantined",
        34,
        20,
    )
    kept = workplace.quarantine / PORTAL / f"{outcome.file_hash}.parquet"
    assert parquet("select count(*) from read_parquet(?)", kept) == [(34,)]


def test_a_quarantine_is_emptied_when_the_same_content_is_accepted(delivered: Any, tmp_path: Path) -> None:
    reference = tmp_path / "reference"
    reference.mkdir()
    for path in delivered.reference.iterdir():
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines(keepends=True)
        keep = [line for line in lines if ",H19," not in line] if "provinces" in path.name else lines
        (reference / path.name).write_text("".join(keep), encoding="utf-8")
    folders = (delivered.landing, delivered.lake, delivered.quarantine)
    assert batch.ingest(*folders, reference, EVERYONE).counts["rows_quarantined"] == 2
    assert len(list((delivered.quarantine / PORTAL).iterdir())) == 2
    assert batch.ingest(*folders, delivered.reference, EVERYONE).counts["rows_quarantined"] == 0
    assert list((delivered.quarantine / PORTAL).iterdir()) == []


# Running again, crashing, promoting.


def test_a_second_run_ingests_nothing_and_changes_nothing(delivered: Any) -> None:
    report = delivered.ingest()
    delivered.promote(report)
    before = delivered.contents()
    again = delivered.ingest()
    assert (again.batch_id, again.pending_dir, again.files) == (None, None, ())
    assert again.summary() == [f"{PORTAL}: nothing new"]
    assert delivered.contents() == before


def test_a_run_before_the_gate_is_repeated_byte_for_byte(delivered: Any, sample: Any) -> None:
    delivered.deliver(sample("units")[:-9], "cut.json")
    first = delivered.ingest()
    before = delivered.contents()
    second = delivered.ingest()
    assert first == second and delivered.contents() == before
    assert visible_batches(delivered.lake, PORTAL) == ()


def test_a_crash_while_writing_leaves_nothing_to_clean(delivered: Any, monkeypatch: Any) -> None:
    renaming = Path.replace

    def crash(self: Path, target: Path) -> Path:
        if target.name.startswith("batch="):  # the moment before the pending batch is whole
            raise KeyboardInterrupt
        return renaming(self, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", crash)
        delivered.ingest()
    assert visible_batches(delivered.lake, PORTAL) == ()
    report = delivered.ingest()
    pending = lake.pending_folder(delivered.lake, PORTAL)
    assert [path.name for path in pending.iterdir()] == [f"batch={report.batch_id}"]


def test_a_crash_between_pending_and_promotion_is_healed_by_the_next_run(delivered: Any) -> None:
    lost = delivered.ingest()
    found = delivered.ingest()
    assert lost.batch_id == found.batch_id
    delivered.promote(found)
    assert visible_batches(delivered.lake, PORTAL) == (found.batch_id,)


def test_promoting_twice_is_promoting_once(delivered: Any) -> None:
    report = delivered.ingest()
    target = delivered.promote(report)
    before = delivered.contents()
    assert delivered.promote(report) == target
    assert delivered.contents() == before and not report.pending_dir.exists()


@pytest.mark.parametrize("batch_id", ["../../etc", "", "0" * 15, "G" * 16])
def test_what_is_no_batch_id_is_not_promoted(tmp_path: Path, batch_id: str) -> None:
    with pytest.raises(ValueError, match="not a batch id"):
        promote(tmp_path, PORTAL, batch_id)


def test_what_is_not_pending_is_not_promoted(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no pending batch"):
        promote(tmp_path, PORTAL, "a" * 16)


# Copies and corrections.


def test_a_copy_in_the_same_run_is_a_duplicate(workplace: Any, sample: Any) -> None:
    workplace.deliver(sample("provinces"), "b.json", "2026-10-11")
    workplace.deliver(sample("provinces"), "a.json", "2026-10-12")
    report = workplace.ingest()
    assert [(file.status, file.rows_duplicate) for file in report.files] == [
        ("accepted", 0), ("duplicate", 34)]  # fmt: skip
    assert report.counts["rows_accepted"] == 34


def test_a_copy_of_what_is_in_the_lake_is_named_once_and_adds_no_row(workplace: Any, sample: Any) -> None:
    """As of records: that its sender delivered on that day must be known."""
    workplace.deliver(sample("provinces"))
    workplace.promote(workplace.ingest())
    workplace.deliver(sample("provinces"), "again.json", "2026-10-11")
    report = workplace.ingest()
    assert not report.is_blocked and report.counts["rows_accepted"] == 0
    assert [(file.status, file.rows_duplicate) for file in report.files] == [("duplicate", 34)]
    assert "again.json" in "\n".join(report.summary())
    workplace.promote(report)
    assert workplace.ingest().batch_id is None


@pytest.mark.parametrize("is_unreadable", [True, False])
@pytest.mark.parametrize("is_in_lake", [True, False])
def test_a_correction_delivered_later_clears_a_rejected_file(
    workplace: Any, sample: Any, payload: Any, parquet: Any, is_unreadable: bool, is_in_lake: bool
) -> None:
    bad = b"<html>" if is_unreadable else poison(payload("provinces"))
    workplace.deliver(sample("provinces"), day="2026-10-11")
    if is_in_lake:
        workplace.promote(workplace.ingest())
    workplace.deliver(bad, day="2026-10-10")
    report = workplace.ingest()
    outcome = report.files[0]
    assert (outcome.status, outcome.rows_accepted) == ("superseded", 0)
    assert outcome.problems and not report.is_blocked
    rows = parquet("select distinct delivery_date from read_parquet(?)",
                   report.pending_dir / "rows.parquet")  # fmt: skip
    assert rows == ([] if is_in_lake else [(date(2026, 10, 11),)])
    workplace.promote(report)
    assert workplace.ingest().batch_id is None


@pytest.mark.parametrize(
    "other", [{"day": "2026-10-09"}, {"sender": "H19"}, {"name": "b.json"}, {"day": "2026-10-10"}]
)
def test_only_a_later_file_of_the_same_name_and_sender_clears(
    workplace: Any, sample: Any, payload: Any, other: dict[str, str]
) -> None:
    workplace.deliver(sample("summary"), **{"name": "a.json", "day": "2026-10-11", **other})
    workplace.deliver(poison(payload("provinces")), "a.json")
    report = workplace.ingest()
    assert report.is_blocked
    assert "superseded" not in {file.status for file in report.files}


def test_a_file_landed_under_a_day_too_early_is_cleared_by_landing_it_again(
    workplace: Any, sample: Any
) -> None:
    workplace.deliver(sample("provinces"), day="2026-10-01")
    assert workplace.ingest().files[0].reason_codes == ("bad_moment",)
    workplace.deliver(sample("provinces"), day="2026-10-10")
    assert [file.status for file in workplace.ingest().files] == ["accepted", "duplicate"]


def test_a_landed_file_that_changes_later_is_a_problem(workplace: Any, sample: Any, payload: Any) -> None:
    workplace.deliver(sample("provinces"))
    workplace.promote(workplace.ingest())
    workplace.deliver(payload("provinces"))
    report = workplace.ingest()
    assert [p.reason_code for p in report.landing_problems] == ["landed_file_changed"]
    assert report.batch_id is None and report.is_blocked


def test_a_misplaced_file_blocks_without_a_batch_and_beside_one(workplace: Any, sample: Any) -> None:
    (workplace.landing / "stray.json").write_bytes(sample("units"))
    report = workplace.ingest()
    assert report.batch_id is None and report.is_blocked
    workplace.deliver(sample("provinces"))
    report = workplace.ingest()
    assert report.batch_id is not None and report.is_blocked
    assert "stray.json" in report.summary()[-1]


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [(Path.unlink, "vanished_file"), (lambda path: path.write_text("{"), "changed_while_reading")],
)
def test_a_file_that_is_not_as_it_was_scanned_is_left_for_the_next_run(
    meanwhile: Callable[[Path], Any], reason: str, delivered: Any, monkeypatch: Any
) -> None:
    """Nobody is to blame for it, and the others are read: refused, it would have waited for a correction for ever."""
    scanning = batch.scan

    def scan_then_change(landing: Path, source: str, days: Days) -> Any:
        found = scanning(landing, source, days)
        content = found.files[-1].path.read_bytes()
        meanwhile(found.files[-1].path)
        left.append((found.files[-1], content))
        return found

    left: list[Any] = []
    monkeypatch.setattr(batch, "scan", scan_then_change)
    report = delivered.ingest()
    ((file, content),) = left
    assert [problem.reason_code for problem in report.unread] == [reason] and report.is_blocked
    assert file.relative_path not in {outcome.source_file for outcome in report.files}
    delivered.promote(report)
    monkeypatch.undo()
    file.path.write_bytes(content)
    (outcome,) = delivered.ingest().files
    assert (outcome.source_file, outcome.status) == (file.relative_path, "accepted")


@pytest.mark.parametrize(
    "name",
    ["'; drop table typed; --.json", 'a "b" $c {d} %s.json', "Đồng Nai [1]*?.json", "a\nb.json"],
)
def test_file_names_are_only_names(workplace: Any, sample: Any, payload: Any, name: str) -> None:
    workplace.deliver(sample("units"), name, sender="H'21")
    workplace.deliver(poison(payload("provinces")), name)
    report = workplace.ingest()
    assert [file.status for file in report.files] == ["accepted", "partly_quarantined"]
    assert report.files[0].source_file.endswith(name)
    assert all("\n" not in line for line in report.summary()[2:])


# The marts must not depend on how a sender delivered the same contents. What two senders say is said twice (ADR 0033).


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    deliveries=st.lists(
        st.tuples(st.sampled_from(["summary", "provinces", "units"]), st.integers(11, 28),
                  st.text("abcĐ '", min_size=1, max_size=5)),
        max_size=4, unique_by=lambda delivery: delivery[1:])
)  # fmt: skip
@pytest.mark.slow
def test_rows_do_not_depend_on_names_order_or_repetition(
    deliveries: Any, new_workplace: Any, sample: Any, parquet: Any
) -> None:
    expected, shuffled = new_workplace(), new_workplace()
    for kind in ("summary", "provinces", "units"):
        expected.deliver(sample(kind), f"{kind}.json")
        if kind not in {delivery[0] for delivery in deliveries}:
            shuffled.deliver(sample(kind), f"{kind}.json", "2026-10-31")
    for kind, day, name in deliveries:
        shuffled.deliver(sample(kind), f"x{name}.json", f"2026-10-{day}")
    query = "from (select * exclude (source_file, delivery_date) from read_parquet(?))"
    reports = expected.ingest(), shuffled.ingest()
    rows = [parquet(query, report.pending_dir / "rows.parquet") for report in reports]
    assert rows[0] == rows[1] and len(rows[0]) == 84
    assert reports[0].batch_id == reports[1].batch_id


WEIRD = st.sampled_from(
    [None, True, -1, 0, 1.5, 1e308, 10**40, "1", "1e5", "", "x", "\0", "\ud83d\ude00", [], [None],
    {},
     {"a": [1]}, {"$.x\"'": None}]
)  # fmt: skip


def leaves(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) below `value`."""
    if not isinstance(value, dict | list):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, key) for key in keys] + [pair for key in keys for pair in leaves(value[key])]


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_value_anywhere_stops_a_run_or_loses_a_row(data: Any, new_workplace: Any, payload: Any) -> None:
    workplace = new_workplace()
    for number in range(30):
        changed = payload("units")
        del changed["units"][2:13]
        container, key = data.draw(st.sampled_from(leaves(changed)))
        container[key] = data.draw(WEIRD)
        workplace.deliver(changed, f"{number}.json")
    for file in workplace.ingest().files:
        assert file.rows_read == file.rows_accepted + file.rows_quarantined + file.rows_duplicate
        assert bool(file.problems) or file.status in ("accepted", "duplicate")


def test_rows_lost_or_invented_stop_a_run(delivered: Any) -> None:
    (file, *_) = delivered.ingest().files
    with pytest.raises(AssertionError, match="lost or invented"):
        type(file)(**{**vars(file), "rows_read": file.rows_read + 1})


# Size.


def test_as_many_units_as_there_are_communes_are_read_in_seconds(
    workplace: Any, payload: Any, parquet: Any
) -> None:
    whole = payload("units")
    (full, *_) = [unit for unit in whole["units"] if unit["departmentCode"] == "H21.227"]
    whole["units"] = [
        {**full, "departmentCode": f"H21.{number}", "groupRank": number, "childGroup": "AGENCY"}
        for number in range(1000, 4321)
    ]
    path = workplace.deliver(whole)
    started = time.perf_counter()
    report = workplace.ingest()
    seconds = time.perf_counter() - started
    assert report.counts["rows_accepted"] == 3321
    metrics = parquet("select sum(len(metrics)) from read_parquet(?)",
                      report.pending_dir / "rows.parquet")  # fmt: skip
    assert metrics == [(3321 * 14,)]
    assert seconds < 20, f"{path.stat().st_size} bytes in {seconds:.1f} s"


def test_batches_of_an_earlier_shape_are_read_beside_new_ones(delivered: Any, parquet: Any) -> None:
    """A batch from before `data_quality_status` was kept, alone with the empty batch, and with a new one."""
    old = delivered.lake / PORTAL / ("batch=" + "a" * 16) / "rows.parquet"
    empty = delivered.lake / PORTAL / "batch=0000000000000000" / "rows.parquet"
    for path in (old, empty):
        path.parent.mkdir(parents=True)
        rows = "limit 0" if path == empty else ""
        parquet(
            f"copy (select [{{'metric_code': 'DOSSIER_SYNC', 'score': 6.0}}] as metrics {rows}) to '{path}'"
        )
    shutil.copy(ensure_dataset(delivered.lake) / "files.parquet", old.parent)
    lake_rows = str(delivered.lake / PORTAL / "batch=*" / "rows.parquet")
    query = (
        "select metric.metric_code, metric.data_quality_status from (select unnest(metrics) as metric"
        f" from read_parquet('{lake_rows}', union_by_name = true)) where metric.metric_code = 'DOSSIER_SYNC'"
    )
    assert parquet(query) == [("DOSSIER_SYNC", None)]
    delivered.promote(delivered.ingest())
    assert len(parquet(query)) == 39  # 34 provinces, 4 units, and the old row


def test_a_payload_at_which_the_warehouse_fails_is_left_to_the_next_run(
    delivered: Any, sample: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What DuckDB raises within one document is not known to be its fault, and stops none of the others."""
    real = batch.read_documents

    def read_or_fail(connection: Any) -> None:
        real(connection)
        if connection.execute("select count(*) from typed where sender = 'H21'").fetchone() != (0,):
            raise duckdb.InternalException("x")

    with monkeypatch.context() as patched:
        patched.setattr(batch, "read_documents", read_or_fail)
        report = delivered.ingest()
    assert [(file.sender, file.status, file.rows_accepted) for file in report.files] == [
        ("nation", "accepted", 34),
        ("nation", "accepted", 34),
    ]
    (problem,) = report.unread
    assert (problem.reason_code, problem.file.split("/")[-1]) == (
        "our_defect", "service_results_units_H21_2026-10-10.json"
    )  # fmt: skip
    delivered.promote(report)

    again = delivered.ingest()
    assert [(file.sender, file.status) for file in again.files] == [("H21", "accepted")]
    assert again.unread == ()


def test_a_run_in_which_nothing_could_be_read_makes_no_batch(
    delivered: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> None:
        raise duckdb.InternalException("x")

    monkeypatch.setattr(batch, "read_documents", fail)
    report = delivered.ingest()
    assert (report.batch_id, report.files, len(report.unread)) == (None, (), 3)

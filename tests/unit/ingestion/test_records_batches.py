"""Runs and batches of record sources: what is new, what came before, what a crash leaves, and hostile names."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestration.ingestion import run as ingestion_run
from orchestration.ingestion.lake import visible_batches
from orchestration.ingestion.quarantine import clear_resolved
from orchestration.ingestion.records import classify, deduplicate, read_files
from orchestration.ingestion.retraction import retract
from tests.unit.ingestion.record_workplace import (
    Records,
    as_csv,
    as_envelope,
    as_lines,
    as_parquet,
    as_xlsx,
    good,
    packed,
)

pytestmark = pytest.mark.slow


def lines(*numbers: int, source: str = "dossiers") -> bytes:
    return as_lines([good(source, number) for number in numbers])


def codes_in_lake(workplace: Records) -> list[str]:
    paths = [str(path) for path in workplace.lake.glob(f"{workplace.source}/batch=*/rows*.parquet")]
    query = f"select dossier_code from read_parquet({paths}) order by dossier_code"
    return [code for (code,) in workplace.query(query)] if paths else []


@pytest.fixture
def workplace(tmp_path: Path) -> Records:
    return Records(tmp_path)


def test_a_second_run_does_nothing(workplace: Records) -> None:
    workplace.deliver(lines(1, 2))
    workplace.promote(workplace.ingest())
    before = workplace.all_bytes()
    report = workplace.ingest()
    assert (report.batch_id, report.files, report.is_blocked) == (None, (), False)
    assert workplace.all_bytes() == before


def test_the_same_delivery_gives_the_same_bytes(workplace: Records, tmp_path: Path) -> None:
    other = Records(tmp_path / "other")
    for place, content in ((workplace, [1, 2]), (other, [1, 2])):
        place.deliver(lines(*content), "a.jsonl")
        place.deliver(lines(3) + b"\n{", "b.jsonl")
    batches = [place.ingest().pending_dir for place in (workplace, other)]
    contents = [{p.name: p.read_bytes() for p in folder.iterdir()} for folder in batches if folder]
    assert contents[0] == contents[1]


def test_a_large_file_becomes_a_file_of_the_batch_unless_some_of_it_came_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are written once where they can be. How the batch is cut shows in the names of its files only."""
    seen = []
    monkeypatch.setattr(read_files, "FILES_TOGETHER", 1)
    for limit in (3, deduplicate.ROWS_OF_OWN_FILE):
        monkeypatch.setattr(deduplicate, "ROWS_OF_OWN_FILE", limit)
        workplace = Records(tmp_path / str(limit))
        workplace.deliver(lines(1, 2, 3, 4), "large.jsonl")
        workplace.deliver(lines(5, 6) + b"\n{", "small.jsonl")
        # Of these, 7 comes again on the next day, so that the older copy must go.
        workplace.deliver(lines(7, 8, 9), "older.jsonl")
        workplace.deliver(lines(7), "newer.jsonl", "2025-12-02")
        report = workplace.ingest()
        assert report.pending_dir is not None
        files = sorted(path.name[:5] for path in report.pending_dir.iterdir())
        assert files == (["files", "rows-", "rows."] if limit == 3 else ["files", "rows."])
        assert [(f.rows_read, f.rows_accepted, f.rows_quarantined, f.rows_duplicate) for f in report.files] == [
            (4, 4, 0, 0), (3, 2, 0, 1), (3, 2, 1, 0), (1, 1, 0, 0)]  # fmt: skip
        workplace.promote(report)
        assert codes_in_lake(workplace) == [f"H19.95-250701-{n:04}" for n in range(1, 10)]
        paths = [str(path) for path in workplace.lake.glob("dossiers/batch=*/rows*.parquet")]
        seen.append(workplace.query(f"select columns(*)::varchar from read_parquet({paths}) order by all"))
    assert seen[0] == seen[1]


def test_rows_that_are_not_plain_are_judged_together_whatever_their_files_hold_besides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several files and formats at once: the lists of one have fields that those of the other lack."""
    for limit in (1, read_files.ROWS_VALIDATED_TOGETHER):
        monkeypatch.setattr(read_files, "ROWS_VALIDATED_TOGETHER", limit)
        place = Records(tmp_path / str(limit))
        wider = [good("dossiers", n, TrangThaiHoSo=status) for n, status in ((3, "9"), (4, "78"))]
        for record in wider:
            record["TaiLieuNop"][0]["KhongAiBiet"] = "x"
        (tmp_path / str(limit)).mkdir(exist_ok=True)
        place.deliver(as_parquet(wider, tmp_path / str(limit)), "wider.parquet")
        place.deliver(as_lines([good("dossiers", 1), good("dossiers", 2, TrangThaiHoSo="77")]), "a.jsonl")
        place.deliver(as_lines([good("dossiers", 5), good("dossiers", 6, NgayTra="x")]), "b.jsonl")
        report = place.ingest()
        assert [(f.rows_accepted, f.rows_quarantined) for f in report.files] == [(1, 1)] * 3
        assert sorted(reason for (reason,) in place.quarantined("reason_code")) == [
            "bad_moment", "unknown_status", "unknown_status"]  # fmt: skip
        assert len(place.rows(report)) == 3


#: One record, written so that every way of reading rows has it: plainly, with blanks that send it the long way, with a
#: value left out, with one that refuses it.
SENT = [
    good("dossiers", 1),
    good("dossiers", 1, TaiLieuNop=[{"TepDinhKemId": " 0af3 ", "DuocSoHoa": "1"}]),
    good("dossiers", 1, LoaiDoiTuong="77"),
    good("dossiers", 1, TrangThaiHoSo="77"),
]


@given(
    order=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    is_told=st.booleans(),
    format_no=st.integers(0, 2),
)
@example(order=[0, 1, 2, 3] * 3, is_told=True, format_no=0)
@settings(max_examples=12, deadline=None)
def test_copies_in_a_file_are_counted_and_leave_one_row(
    order: list[int], is_told: bool, format_no: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each row is accepted once, refused each time: whether copies are told at once or found afterwards."""
    place = Records(tmp_path_factory.mktemp("copies"))
    sent = [SENT[i] for i in order]
    content = [as_lines(sent), as_csv(sent), as_envelope(sent)][format_no]
    place.deliver(content, ["a.jsonl", "a.csv", "a.json"][format_no])
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(classify, "MAX_ROWS_FOR_COPIES", 100 if is_told else -1)
        report = place.ingest()
    accepted = len({i for i in order if i < 3})
    refused = order.count(3)
    assert [(f.rows_read, f.rows_accepted, f.rows_quarantined, f.rows_duplicate) for f in report.files] == [
        (len(order), accepted, refused, len(order) - accepted - refused)]  # fmt: skip
    assert len(place.rows(report)) == accepted
    assert place.rows(report, "distinct source_file") in ([], [(report.files[0].source_file,)])


@pytest.mark.parametrize("odd", ["a field twice", "a list that is none"])
def test_no_good_row_is_taken_for_the_copy_of_a_refused_one(workplace: Records, odd: str) -> None:
    """Both give the same values: the first of two with one name, no list at all. Only one of them may be believed."""
    record = good("dossiers", 1, TaiLieuNop=[])
    plain = json.dumps(record)
    changed = {
        "a field twice": plain[:-1] + ', "MaHoSo": "H19.95-250701-0009"}',
        "a list that is none": json.dumps(record | {"TaiLieuNop": "x"}),
    }
    workplace.deliver(f"{changed[odd]}\n{plain}\n{plain}\n".encode())
    (file,) = workplace.ingest().files
    assert (file.rows_read, file.rows_accepted, file.rows_quarantined, file.rows_duplicate) == (3, 1, 1, 1)


def test_how_many_files_are_read_at_a_time_does_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for at_a_time in (1, 4):
        monkeypatch.setattr(read_files, "FILES_AT_A_TIME", at_a_time)
        monkeypatch.setattr(read_files.os, "cpu_count", lambda: 4)
        place = Records(tmp_path / str(at_a_time))
        for n in range(12):
            sent = [
                good("dossiers", n),
                good("dossiers", n + 1, TrangThaiHoSo="77"),
                good("dossiers", n // 2),
            ]
            content = [as_lines(sent), as_csv(sent), as_envelope(sent), b"{" * n][n % 4]
            place.deliver(content, f"{n}.{['jsonl', 'csv', 'json', 'jsonl'][n % 4]}", f"2025-12-{n + 1:02}")
        report = place.ingest()
        assert report.pending_dir is not None
        found = {path.name: path.read_bytes() for path in report.pending_dir.iterdir()}
        refused = {path.name: path.read_bytes() for path in (place.root / "quarantine/dossiers").iterdir()}
        seen.append((found, refused, report.counts))
    assert seen[0] == seen[1]
    assert len(seen[0][1]) == 12


def test_what_goes_wrong_in_one_thread_ends_the_run(
    workplace: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours, not of a file: nothing is written, and the other files are left unread."""
    read: list[str] = []

    def fail(self: Any, files: Any) -> None:
        read.append(files[0].name)
        raise RuntimeError(files[0].name)

    monkeypatch.setattr(read_files, "FILES_TOGETHER", 1)
    for n in range(9):
        workplace.deliver(lines(n), f"{n}.jsonl")
    monkeypatch.setattr(read_files, "read", fail)
    with pytest.raises(RuntimeError):
        workplace.ingest()
    assert len(read) <= read_files.FILES_AT_A_TIME
    assert [path for path in workplace.lake.rglob("*") if path.is_file()] == []


def test_a_known_file_under_another_name_is_a_duplicate(workplace: Records) -> None:
    workplace.deliver(lines(1, 2), "a.jsonl")
    workplace.deliver(lines(1, 2), "b.jsonl")
    report = workplace.ingest()
    assert [(f.status, f.rows_accepted, f.rows_duplicate) for f in report.files] == [
        ("accepted", 2, 0), ("duplicate", 0, 2)]  # fmt: skip
    workplace.promote(report)
    workplace.deliver(lines(1, 2), "c.jsonl", "2025-12-02")
    report = workplace.ingest()
    assert [(f.status, f.rows_accepted, f.rows_duplicate) for f in report.files] == [("duplicate", 0, 2)]
    workplace.promote(report)
    assert len(codes_in_lake(workplace)) == 2  # no row twice
    assert workplace.ingest().batch_id is None  # named once


def test_a_copy_does_not_keep_content_whose_batch_was_taken_back(workplace: Records) -> None:
    """`a` and `bad` are one batch, `c` is a copy of `a`: when `bad` goes, `a` is read again, not taken for known."""
    workplace.deliver(lines(1, 2), "a.jsonl")
    workplace.deliver(lines(3), "bad.jsonl")
    workplace.promote(workplace.ingest())
    workplace.deliver(lines(1, 2), "c.jsonl", "2025-12-02")
    workplace.promote(workplace.ingest())
    bad = next(path for path in workplace.landing.rglob("bad.jsonl")).relative_to(workplace.landing)
    retract(workplace.lake, workplace.landing, "dossiers", str(bad), "wrong", datetime.now(UTC))
    workplace.promote(workplace.ingest())
    assert codes_in_lake(workplace) == [good("dossiers", n)["MaHoSo"] for n in (1, 2)]


def _nothing(kind: str, folder: Path) -> tuple[str, bytes]:
    record = good("dossiers")
    match kind:
        case "envelope":
            return "a.json", b'{"data": []}'
        case "envelope, gzip":
            return "a.json.gz", packed(b'{"isUpdating": "False", "data": []}')
        case "header":
            return "a.csv", as_csv([record]).splitlines(keepends=True)[0]
        case "header without line end":
            return "a.csv", as_csv([record]).splitlines()[0]
        case "sheet with a header":
            return "a.xlsx", as_xlsx([dict.fromkeys(record)], folder)
        case _:
            query = f"select * from read_parquet('{folder / 'x.parquet'}') limit 0"
            as_parquet([record], folder)
            duckdb.sql(query).write_parquet(str(folder / "none.parquet"))
            return "a.parquet", (folder / "none.parquet").read_bytes()


@pytest.mark.parametrize(
    "kind",
    ["envelope", "envelope, gzip", "header", "header without line end", "sheet with a header", "parquet"],
)
def test_a_file_that_says_there_is_nothing_is_a_delivery_each_day(
    workplace: Records, tmp_path: Path, kind: str
) -> None:
    """Unlike one of no bytes at all, which may be what was left of a file (`empty_file`)."""
    name, content = _nothing(kind, tmp_path)
    for day in ("2025-12-01", "2025-12-02"):
        workplace.deliver(content, name, day)
        report = workplace.ingest()
        assert [
            (file.status, file.rows_read, str(file.delivery_date), file.problems) for file in report.files
        ] == [("accepted" if day == "2025-12-01" else "duplicate", 0, day, ())]
        assert not report.is_blocked
        workplace.promote(report)
    assert workplace.ingest().batch_id is None
    manifests = [str(path) for path in workplace.lake.glob("dossiers/batch=*/files.parquet")]
    days = workplace.query(f"select delivery_date::varchar from read_parquet({manifests}) order by all")
    assert days == [("2025-12-01",), ("2025-12-02",)]


def test_content_that_could_not_be_read_is_read_when_its_name_comes_right(workplace: Records) -> None:
    # Plain lines called `.gz` cannot be unpacked. A batch with enough good bytes is promoted all the same.
    workplace.deliver(lines(1, 2), "november.jsonl.gz")
    workplace.deliver(lines(*range(3, 60)), "october.jsonl")
    workplace.promote(workplace.ingest())
    assert len(codes_in_lake(workplace)) == 57
    assert workplace.ingest().batch_id is None  # judged already, under this name
    workplace.deliver(lines(1, 2), "november.jsonl")
    workplace.promote(workplace.ingest())
    assert len(codes_in_lake(workplace)) == 59


def test_rows_that_came_twice_are_duplicates_and_the_last_delivered_speaks(workplace: Records) -> None:
    workplace.deliver(lines(1, 1, 2), "a.jsonl", "2025-12-01")
    workplace.deliver(as_csv([good("dossiers", 2), good("dossiers", 3)]), "b.csv", "2025-12-03")
    workplace.deliver(as_envelope([good("dossiers", 2, TrangThaiHoSo="9")]), "c.json", "2025-12-02")
    report = workplace.ingest()
    assert [(f.rows_read, f.rows_accepted, f.rows_duplicate) for f in report.files] == [
        (3, 1, 2), (1, 1, 0), (2, 2, 0)]  # fmt: skip
    rows = sorted(workplace.rows(report, "dossier_code, status_code, delivery_date::varchar, record_no"))
    assert rows == [
        ("H19.95-250701-0001", 10, "2025-12-01", 1), ("H19.95-250701-0002", 9, "2025-12-02", 1),
        ("H19.95-250701-0002", 10, "2025-12-03", 1), ("H19.95-250701-0003", 10, "2025-12-03", 2),
    ]  # fmt: skip


def test_duplicates_are_found_in_every_part(workplace: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deduplicate, "ROWS_A_PART", 3)
    workplace.deliver(lines(*range(10), *range(10)))
    (file,) = workplace.ingest().files
    assert (file.rows_accepted, file.rows_duplicate) == (10, 10)


def test_a_crash_before_the_batch_is_whole_leaves_nothing_to_clean(
    workplace: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace.deliver(lines(1, 2))

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(ingestion_run, "write_manifest", crash)
        workplace.ingest()
    assert not list(workplace.lake.glob(".pending/dossiers/batch=*"))
    assert not list(workplace.lake.glob(".pending/dossiers/.work*"))
    workplace.promote(workplace.ingest())
    assert codes_in_lake(workplace) == ["H19.95-250701-0001", "H19.95-250701-0002"]
    assert not [name for name in workplace.all_bytes() if ".work" in name or "staged" in name]


def test_a_kill_between_pending_and_promote_loses_and_doubles_nothing(workplace: Records) -> None:
    workplace.deliver(lines(1, 2))
    first = workplace.ingest()
    second = workplace.ingest()  # the first was never promoted
    assert first.batch_id == second.batch_id
    workplace.promote(second)
    workplace.promote(second)
    assert codes_in_lake(workplace) == ["H19.95-250701-0001", "H19.95-250701-0002"]


def test_a_fixed_file_supersedes_without_losing_the_good_rows(workplace: Records) -> None:
    bad = good("dossiers", 2, TrangThaiHoSo="x")
    workplace.deliver(as_lines([good("dossiers", 1), bad]), "a.jsonl", "2025-12-01")
    assert workplace.ingest().is_blocked
    workplace.deliver(lines(3), "a.jsonl", "2025-12-02")
    report = workplace.ingest()
    assert [(f.status, f.rows_accepted, f.rows_quarantined) for f in report.files] == [
        ("superseded", 1, 1), ("accepted", 1, 0)]  # fmt: skip
    assert not report.is_blocked


def test_a_fixed_file_that_comes_after_the_lake_took_the_first_clears_its_quarantine(
    workplace: Records,
) -> None:
    workplace.deliver(lines(1) + b"\n{", "a.jsonl", "2025-12-01")
    workplace.deliver(b"{", "b.jsonl", "2025-12-01")
    first = workplace.ingest()
    workplace.promote(first)
    quarantine = workplace.root / "quarantine"
    assert clear_resolved(workplace.lake, quarantine, "dossiers") == ()
    assert len(workplace.quarantined()) == 2

    workplace.deliver(lines(1, 2), "a.jsonl", "2025-12-02")
    workplace.promote(workplace.ingest())
    assert clear_resolved(workplace.lake, quarantine, "dossiers") == ("dossiers/2025-12-01/H19/a.jsonl",)
    # The other file is still somebody's work; the first one's record is kept aside, and its counts as they were.
    assert len(workplace.quarantined()) == 1
    assert len(list((quarantine / "dossiers" / "cleared").iterdir())) == 1
    assert [(file.rows_read, file.rows_accepted, file.rows_quarantined) for file in first.files] == [
        (2, 1, 1), (1, 0, 1)
    ]  # fmt: skip
    assert clear_resolved(workplace.lake, quarantine, "dossiers") == ()


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_a_file_that_grows_while_it_is_read_is_not_read_in_part(
    name: str, workplace: Records, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = [good("dossiers", 1)]
    content = {"a.jsonl": lines(1), "a.csv": as_csv(one), "a.parquet": as_parquet(one, tmp_path)}
    path = workplace.deliver(content[name], name)
    stage = read_files.classify

    def stage_then_grow(self: Any, *arguments: Any) -> None:
        stage(self, *arguments)
        with path.open("ab") as stream:
            stream.write(b"\n")

    monkeypatch.setattr(read_files, "classify", stage_then_grow)
    report = workplace.ingest()
    assert [problem.reason_code for problem in report.unread] == ["changed_while_reading"]
    assert (report.batch_id, report.files, report.is_blocked) == (None, (), True)
    monkeypatch.undo()
    # Once it no longer grows, it is read for what it then is.
    (outcome,) = workplace.ingest().files
    assert outcome.reason_codes != ("changed_while_reading",)


def test_a_retracted_file_is_left_out_and_its_copies_come_back(workplace: Records) -> None:
    workplace.deliver(lines(1, 2), "a.jsonl")
    workplace.deliver(lines(2, 3), "b.jsonl", "2025-12-02")
    workplace.promote(workplace.ingest())
    retract(workplace.lake, workplace.landing, "dossiers", "dossiers/2025-12-02/H19/b.jsonl", "wrong",
            datetime(2025, 12, 3, tzinfo=UTC))  # fmt: skip
    workplace.promote(workplace.ingest())
    assert codes_in_lake(workplace) == ["H19.95-250701-0001", "H19.95-250701-0002"]


@pytest.mark.parametrize("name", ["'; drop table x; --.json", "a*.jsonl", "[x]?.csv", "$(rm -rf).jsonl", "ú%s{}.jsonl",
                                  "a\nb.jsonl", "--help.jsonl.gz"])  # fmt: skip
def test_strange_names_do_no_harm(name: str, workplace: Records) -> None:
    record = [good("dossiers", 1)]
    content = (
        as_envelope(record)
        if name[-5:] == ".json"
        else as_csv(record)
        if ".csv" in name
        else as_lines(record)
    )
    workplace.deliver(lines(5), "ab.jsonl")  # what `a*` would match
    workplace.deliver(packed(content) if name.endswith(".gz") else content, name, sender="o'brien\"")
    report = workplace.ingest()
    assert [f.status for f in report.files] == ["accepted", "accepted"]
    assert (f"dossiers/2025-12-01/o'brien\"/{name}",) in workplace.rows(report, "source_file")


def test_a_path_with_dots_leads_nowhere(workplace: Records, tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_bytes(lines(9))
    workplace.deliver(lines(1))
    folder = workplace.landing / "dossiers/2025-12-01/H19"
    (folder / "link.jsonl").symlink_to("../../../../secret.jsonl")
    report = workplace.ingest()
    assert [p.reason_code for p in report.landing_problems] == ["link_leaves_landing"]
    assert workplace.rows(report, "dossier_code") == [("H19.95-250701-0001",)]


def test_an_agency_of_the_unit_catalogue_is_known(workplace: Records) -> None:
    record = good("dossiers", 1, MaHoSo="G22.99-250701-0001")
    workplace.deliver(as_lines([record]))
    assert workplace.ingest().files[0].reason_codes == ("unknown_agency",)
    units = Records(workplace.root, "unit_catalogue")
    units.deliver(as_lines([good("unit_catalogue", agency_code="G22.99")]))
    units.promote(units.ingest())
    assert workplace.ingest().files[0].status == "accepted"


RECORDS = [good("progress", n, TrangThai=str(s)) for n in (1, 2, 3) for s in (2, 4, 77)]


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_rows_depend_only_on_the_set_of_records(data: st.DataObject, tmp_path_factory: Any) -> None:
    """Any order, any repeats, any split over files and formats: within a run the same rows."""
    delivered = data.draw(st.lists(st.sampled_from(range(len(RECORDS))), min_size=1, max_size=12))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(delivered)), max_size=3)))
    root = tmp_path_factory.mktemp("property")
    workplace = Records(root, "progress")
    for place, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(delivered)], strict=True)):
        part = [RECORDS[i] for i in delivered[start:end]]
        if part:
            kind, write = data.draw(
                st.sampled_from([("jsonl", as_lines), ("csv", as_csv), ("json", as_envelope)])
            )
            workplace.deliver(write(part), f"{place}.{kind}", f"2025-12-{place + 1:02}")
    report = workplace.ingest()
    expected = sorted(
        (RECORDS[i]["MaHoSo"], int(RECORDS[i]["TrangThai"])) for i in set(delivered) if (i + 1) % 3
    )
    assert sorted(workplace.rows(report, "dossier_code, status_code")) == expected
    assert report.counts["rows_read"] == sum(
        report.counts[f"rows_{k}"] for k in ("accepted", "quarantined", "duplicate")
    )
    shutil.rmtree(root)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    runs=st.lists(
        st.lists(st.sampled_from(range(len(RECORDS))), min_size=1, max_size=5), min_size=1, max_size=3
    )
)
def test_over_several_runs_no_version_is_lost(runs: list[list[int]], tmp_path_factory: Any) -> None:
    """Between runs rows may repeat, versions are chosen in dbt, but the set of rows is that of the records."""
    root = tmp_path_factory.mktemp("runs")
    workplace = Records(root, "progress")
    for place, run in enumerate(runs):
        workplace.deliver(as_lines([RECORDS[i] for i in run]), f"{place}.jsonl")
        report = workplace.ingest()
        if report.batch_id:
            workplace.promote(report)
    expected = {RECORDS[i]["MaHoSo"] for run in runs for i in run if (i + 1) % 3}
    assert set(codes_in_lake(workplace)) == expected
    assert len(visible_batches(workplace.lake, "progress")) == len(
        {as_lines([RECORDS[i] for i in r]) for r in runs}
    )
    shutil.rmtree(root)

"""The records themselves: shape, defects at their rates, units of before and after July, personal data, labels."""

from __future__ import annotations

import filecmp
import gzip
import json
import re
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.simulation import simulate
from tests.unit.simulation.conftest import Simulated
from tests.unit.simulation.reading import HEADER, LISTS, PROGRESS, REFERENCE

pytestmark = pytest.mark.slow

SOURCES = {"dossiers", "progress", "procedures", "publication_decisions", "petitions", "national_report_totals",
           "unit_catalogue"}  # fmt: skip
FEW = frozenset({"H14", "H18", "H19", "H35", "H57"})  # every format, a daily tail, Parquet


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    landing = tmp_path_factory.mktemp("tiny")
    simulate(landing, REFERENCE, 0.0005, 7, agencies=FEW)
    return landing


def test_same_seed_and_scale_give_the_same_bytes(tiny: Path, tmp_path: Path) -> None:
    simulate(tmp_path, REFERENCE, 0.0005, 7, agencies=FEW)
    assert files(tmp_path) == files(tiny)
    different = [name for name in files(tiny) if not filecmp.cmp(tiny / name, tmp_path / name, shallow=False)]
    assert different == []


def test_another_simulation_does_not_overwrite_landed_files(tiny: Path) -> None:
    with pytest.raises(FileExistsError, match="another scale, seed or version"):
        simulate(tiny, REFERENCE, 0.0005, 8, agencies=FEW)


def test_a_scale_out_of_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        simulate(tmp_path, REFERENCE, 0, 1)


def test_every_source_lies_in_the_landing_layout_and_says_it_is_synthetic(simulated: Simulated) -> None:
    places = files(simulated.landing)
    assert {place.split("/")[0] for place in places} == SOURCES
    layout = re.compile(
        r"[a-z_]+/2025-\d\d-\d\d/(H\d\d|nation)/synthetic_[^/]+\.(parquet|jsonl|jsonl\.gz|json|csv)"
    )
    assert [place for place in places if not layout.fullmatch(place)] == []
    assert {file.path for file in simulated.report.files} == set(places)
    assert "SYNTHETIC" in simulated.report.label


def test_parquet_has_the_contract_s_wire_names_and_its_label(simulated: Simulated) -> None:
    path = next(simulated.landing.glob("dossiers/*/H19/*.parquet"))
    schema = pq.read_schema(path)
    assert schema.names == HEADER + list(LISTS)
    assert b"SYNTHETIC" in pq.read_metadata(path).metadata[b"synthetic"]
    for name, fields in LISTS.items():
        inner = [field.name for field in schema.field(name).type.value_type]
        assert inner == fields.split() or not fields, name
    assert pq.read_schema(next(simulated.landing.glob("progress/*/H19/*.parquet"))).names == PROGRESS


def test_json_lines_envelope_and_csv_have_the_same_names(simulated: Simulated) -> None:
    with gzip.open(
        next(simulated.landing.glob("dossiers/*/H57/*.jsonl.gz")), "rt", encoding="utf-8"
    ) as lines:
        assert list(json.loads(next(lines))) == HEADER + list(LISTS)
    envelope = json.loads(next(simulated.landing.glob("dossiers/*/H35/*.json")).read_text(encoding="utf-8"))
    assert list(envelope) == ["isUpdating", "data"]
    assert list(envelope["data"][0]) == HEADER + list(LISTS)
    with next(simulated.landing.glob("dossiers/*/H18/*.csv")).open(encoding="utf-8") as lines:
        assert next(lines).strip().split(",") == HEADER + list(LISTS)


def test_every_scalar_is_a_text(simulated: Simulated) -> None:
    kinds = simulated.found.execute("select distinct column_type from (describe raw)").fetchall()
    assert {kind for (kind,) in kinds} == {"VARCHAR", "JSON"}
    (odd,) = simulated.one(
        """select count(*) from raw where not regexp_full_match("NgayTiepNhan", '[0-9]{14}')"""
    )
    assert odd == 0


def test_before_july_records_carry_old_units_and_after_it_new_ones(simulated: Simulated) -> None:
    rows = simulated.found.execute("""
        select "NgayTiepNhan" < '20250701' as is_early, count(distinct agency),
            count(*) filter (unit.agency_code is null), count(distinct unit.unit_level)
        from dossier left join unit on unit.agency_code = dossier.unit_code
            and "NgayTiepNhan" >= valid_from and coalesce(valid_to, '99999999') >= "NgayTiepNhan"[:8]
        group by 1 order by 1""").fetchall()  # fmt: skip
    # Every dossier's unit was valid on its day: 34 provinces after; 63, with districts, before.
    assert rows == [(False, 34, 0, 2), (True, 63, 0, 3)]


def test_the_unit_catalogue_matches_the_reference(simulated: Simulated) -> None:
    counts = dict(simulated.found.execute(
        "select (unit_level, valid_from = '20250701000000'), count(*) from unit group by 1").fetchall())  # fmt: skip
    by_kind = {tuple(key.values()) if isinstance(key, dict) else tuple(key): n for key, n in counts.items()}
    assert by_kind[("province", False)], by_kind[("province", True)] == (63, 34)
    assert by_kind[("commune", False)] == 10_040
    assert by_kind[("commune", True)] == 3_321
    assert by_kind[("department", False)] == 63 * 14
    (twice,) = simulated.one(
        "select count(*) from (select agency_code, valid_from from unit group by all having count(*) > 1)"
    )
    assert twice == 0


# A defect, the records that show it, and of which: shares of the raw rows.
ROW_DEFECTS = {
    "unit_code_spaces": """ "DonViXuLy" like ' %' """,
    "unit_code_lower_case": """ "DonViXuLy" like 'h%' """,
    "procedure_code_spaces": """ "MaTTHC" like ' %' """,
    "submitted_date_only": """ length("NgayNopHoSo") = 8 and "NgayNopHoSo" not like '%.%' """,
    "submitted_excel_serial": """ "NgayNopHoSo" like '%.39' """,
    "unknown_procedure": """ "MaTTHC" = '9.999999' """,
    "unknown_unit": """ "DonViXuLy" like '%.9999' """,
    "unknown_channel": """ "KenhThucHien" = '9' """,
    "unknown_status": """ "TrangThaiHoSo" = '99' """,
    "due_1900": """ "NgayHenTra" like '1900%' """,
    "end_2099": """ "NgayKetThucXuLy" like '2099%' """,
    "end_before_receipt": """ "NgayKetThucXuLy" <> '' and "NgayKetThucXuLy" < "NgayTiepNhan" """,
    "due_before_receipt": """ "NgayHenTra" not in ('', '19000101000000') and "NgayHenTra" < "NgayTiepNhan" """,
    "personal_data_in_code": """ "HinhThuc" like '09990%' """,
    "deleted_document": """ "TaiLieuNop"::varchar like '%"IsDeleted":"1"%' """,
    "identity_placeholder": """ "SoGiayToChuHoSo" = '000000001' """,
}


@pytest.mark.parametrize("defect", ROW_DEFECTS)
def test_a_defect_of_rows_occurs_at_its_rate(simulated: Simulated, defect: str) -> None:
    (share,) = simulated.one(f"select count(*) filter ({ROW_DEFECTS[defect]}) / count(*) from raw")
    assert share == pytest.approx(simulated.report.defects[defect], rel=0.2, abs=0.0001)


def test_rows_come_again_unchanged_within_a_file_later_and_older(simulated: Simulated) -> None:
    same_file, later, older = simulated.one("""
        with sent as (select "MaHoSo", "TrangThaiHoSo", file, count(*) as n from raw group by all),
        state as (select "MaHoSo", list(file) as files,
            count(distinct "TrangThaiHoSo") as states,
            arg_max("TrangThaiHoSo", file like '%_updates%') as last,
            arg_min("TrangThaiHoSo", file like '%_updates%') as first
            from sent group by all)
        select (select sum(n - 1) from sent) / (select count(*) from dossier),
            count(*) filter (len(files) > 1 and states = 1) / count(*),
            count(*) filter (last = '2' and first in ('9', '10', '3', '8')) / count(*) from state""")  # fmt: skip
    rates = simulated.report.defects
    assert same_file == pytest.approx(rates["repeated_in_file"], rel=0.25)
    assert later >= rates["resent_unchanged"] * 0.7
    assert older == pytest.approx(rates["older_state_later"], rel=0.35)


def test_statuses_5_6_and_8_hide_behind_9_while_progress_tells_the_truth(simulated: Simulated) -> None:
    hidden, shown = simulated.one("""select count(*) filter ("TrangThaiHoSo" = '9'), count(*) from dossier
        where last_status in ('5', '6', '8')""")
    assert 0.2 < hidden / shown < 0.6


def test_systems_keep_their_constant_habits(simulated: Simulated) -> None:
    rows = simulated.one("""
        with system as (select agency,
            bool_and("NgayNopHoSo" = "NgayTiepNhan") filter (length("NgayNopHoSo") = 14) as copied,
            bool_and("TaiKhoanDuocXacThucVoiVNeID" = '0') as vneid,
            count(*) filter (owes
                and "DuocThanhToanTrucTuyen" = '1' and ("DanhSachLePhi"->0->>'HinhThucThu') = '1') > 0 as cash,
            count(*) filter (("DanhSachGiayToKetQua"->0->>'GiayToId')
                = ("TaiLieuNop"->0->>'TepDinhKemId')) > 0 as repeated,
            bool_or("MaHoSo" like '000.00.%') as backwards
            from dossier group by agency, "NgayTiepNhan" < '20250701')
        select count(*) filter (copied), count(*) filter (vneid), count(*) filter (cash), count(*) filter (repeated),
            count(*) filter (backwards), bool_or(agency = 'H19' and (cash or repeated)) from system""")
    assert all(count > 0 for count in rows[:5])
    assert rows[5] is False, (
        "defects that a reader may leave unrepaired are kept from the calibrated province"
    )


def test_malformed_lines_stand_in_plain_json_lines_and_stay_rare(simulated: Simulated) -> None:
    lines = [
        line
        for path in simulated.landing.glob("dossiers/*/*/*.jsonl")
        for line in path.read_text("utf-8").splitlines()
    ]
    broken = [line for line in lines if not line.endswith("}")]
    assert 0 < len(broken) / len(lines) < 0.01


def test_rows_that_must_be_rejected_stay_well_below_5_percent(simulated: Simulated) -> None:
    rates = simulated.report.defects
    assert (
        sum(rates[d] for d in ("unknown_channel", "unknown_status", "due_1900", "end_2099", "malformed_line"))
        < 0.01
    )


def test_planted_personal_data_is_where_the_report_says(simulated: Simulated) -> None:
    path = next(simulated.landing.glob("dossiers/*/H57/*.jsonl.gz"))
    text = gzip.decompress(path.read_bytes()).decode()
    assert [value.kind for value in simulated.report.planted if not re.search(value.pattern, text)] == []
    held = duckdb.sql(f"""
        select string_agg(columns(['SoGiayToChuHoSo', 'SoDienThoai', 'Email', 'ChuHoSo', 'TaiLieuNop']), ' ')
        from (select * replace ("TaiLieuNop"::varchar as "TaiLieuNop")
        from read_parquet('{simulated.landing}/dossiers/*/H19/*.parquet'))""").fetchall()
    everything = " ".join(held[0])
    for value in simulated.report.planted:
        assert any(example in everything for example in value.examples), value.kind


def test_registers_name_only_units_of_the_catalogue(simulated: Simulated) -> None:
    for table in ("decision", "petition", "total"):
        (lost,) = simulated.one(
            f"select count(*) from {table} where agency_code not in (select agency_code from unit)"
        )
        assert lost == 0, table
    (lost,) = simulated.one("""select count(*) from petition where dossier_code <> ''
        and dossier_code not in (select "MaHoSo" from raw)""")
    assert lost == 0

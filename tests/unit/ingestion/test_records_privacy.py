"""Personal data end at ingestion: nothing planted is found again in any byte of lake and quarantine."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.ingestion.records.mapping import read_mapping
from orchestration.ingestion.records.mapping_macros import mapping_macros
from orchestration.ingestion.records.run import SAMPLE_KEY, HashKeyError
from tests.unit.ingestion.record_workplace import (
    MAPPINGS,
    Records,
    as_csv,
    as_envelope,
    as_lines,
    as_parquet,
    good,
)

pytestmark = pytest.mark.slow

NAME, EMAIL = "Nguyễn Thị Bí Mật", "bi.mat@nguoidan.vn"
ID12, ID9, PHONE, SPOKEN = "079203004567", "271828182", "0912345678", "0912 345 678"
PLANTED = (NAME, "Bí Mật", EMAIL, "nguoidan", ID12, ID9, PHONE, SPOKEN, NAME.upper(), NAME.lower())
SENTENCE = f"{NAME}, {EMAIL}, {ID12}, CMND {ID9}, ĐT {PHONE} hoặc {SPOKEN}"


def planted(number: int, **changed: Any) -> dict[str, Any]:
    """A dossier with personal data in every personal field, and in every field that should hold none."""
    free_text = ["TenTTHC", "TenLinhVuc", "ChuHoSo", "ThongTinKhac", "Fax", "TrichYeuHoSo", "ThongTinTra",
                 "GhiChu", "HinhThuc", "DonViXuLy", "NoiNopHoSo", "MaLinhVuc", "KhongAiBiet"]  # fmt: skip
    everywhere = dict.fromkeys(free_text, SENTENCE)
    record = good("dossiers", number)
    return record | everywhere | {
        "SoGiayToChuHoSo": ID9, "MaDoiTuong": ID12, "Email": EMAIL, "SoDienThoai": PHONE,
        "LoaiDoiTuong": PHONE, "HoSoCoThanhPhanSoHoa": NAME,
        "TaiLieuNop": [{"TepDinhKemId": SENTENCE, "TenTepDinhKem": f"{NAME}.pdf", "MaThanhPhanHoSo": PHONE,
                        "DuongDanTaiTepTin": f"https://x/{ID12}", "MaKetQuaThayThe": SENTENCE, "DuocSoHoa": NAME}],
        "DanhSachHoSoBoSung": [{"NguoiYeuCauBoSung": NAME, "NoiDungBoSung": SENTENCE, "TrangThaiBoSung": ID9}],
        "DanhSachGiayToKetQua": [{"TenGiayTo": NAME, "DuongDanTepTinKetQua": f"https://x/{EMAIL}"}],
        "DinhDanhCHS": [{"LoaiDinhDanh": ID9, "SoDinhDanh": ID12}],
    } | changed  # fmt: skip


REFUSED: list[dict[str, Any]] = [
    {"MaHoSo": SENTENCE}, {"MaHoSo": ID12}, {"TrangThaiHoSo": NAME}, {"TrangThaiHoSo": PHONE},
    {"KenhThucHien": EMAIL}, {"NgayTra": SENTENCE}, {"NgayTra": ID12}, {"MaTTHC": SENTENCE},
    {"TaiLieuNop": SENTENCE}, {"DanhSachLePhi": [{"Gia": PHONE + " " + NAME}]},
    {"DanhSachLePhi": [{"Gia": "-" + ID12, "MaPhiLePhi": NAME}]},
]  # fmt: skip


def found_in(files: dict[str, bytes], workplace: Records) -> list[tuple[str, str]]:
    """Planted texts in the bytes of files, and in the values of Parquet files, which compress them."""
    hits = [(file, text) for file, data in files.items() for text in PLANTED if text.encode() in data]
    for file in files:
        if file.endswith(".parquet"):
            rows = workplace.query(f"select t::varchar from read_parquet('{workplace.root / file}') as t")
            whole = "\n".join(row for (row,) in rows)
            hits += [(file, text) for text in PLANTED if text in whole]
    return hits


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "parquet"])
def test_nothing_personal_is_written_anywhere(kind: str, tmp_path: Path) -> None:
    records = [planted(1), *(planted(n, **changed) for n, changed in enumerate(REFUSED, 2))]
    workplace = Records(tmp_path)
    if kind == "jsonl":
        content = as_lines([*records, as_lines([planted(50)]).decode()[:-3], SENTENCE])
    elif kind == "csv":
        content = as_csv(records) + f'"{NAME}"{ID9},{PHONE}\r\n{SENTENCE}\r\n'.encode()
    elif kind == "json":
        content = as_envelope(records)
    else:
        content = as_parquet([planted(n, TrangThaiHoSo=str(n)) for n in range(9, 13)], tmp_path)
    workplace.deliver(content, f"a.{kind}")
    report = workplace.ingest()
    (file,) = report.files
    assert file.rows_accepted and file.rows_quarantined
    files = workplace.all_bytes()
    files["the report"] = "\n".join(report.summary()).encode()
    files = {name: data for name, data in files.items() if not name.startswith("x.")}
    assert len(files) == 4
    assert found_in(files, workplace) == []


def test_what_is_planted_would_be_found(tmp_path: Path) -> None:
    workplace = Records(tmp_path)
    (tmp_path / "q.parquet").write_bytes(as_parquet([{"a": SENTENCE}], tmp_path))
    hits = {text for _, text in found_in({"q.parquet": b"", "plain": ID9.encode()}, workplace)}
    assert {NAME, EMAIL, ID12, ID9, PHONE, SPOKEN} <= hits


@pytest.mark.parametrize("key", [b"k" * 16, b"\x00\xff'\\x" * 8, b"k" * 64, b"k" * 200])
def test_the_hash_is_the_one_step_key_derivation_of_nist_sp_800_56c(key: bytes) -> None:
    # K(1) = SHA-256(counter || Z || FixedInfo), of which the leftmost 128 bits are asked for: 32 digits.
    secret = hashlib.sha256(key).digest()
    with duckdb.connect() as connection:
        connection.execute(mapping_macros(read_mapping(MAPPINGS / "national_exchange.yml"), key))
        for number, bare in [("079201000123", "079201000123"), ("271828182", "271828182"), ("b1234567", "B1234567"),
                             ("Đ-12'3", "Đ123"), ("x" * 500 + "1", "X" * 500 + "1")]:  # fmt: skip
            derived = hashlib.sha256((1).to_bytes(4, "big") + secret + bare.encode()).digest()[:16]
            query = "select keyed_hash(bare_number($n))"
            assert connection.execute(query, {"n": number}).fetchone() == (derived.hex(),)


def test_another_key_gives_another_hash() -> None:
    found = set()
    for key in (b"k" * 16, b"k" * 17, b"l" * 16):
        with duckdb.connect() as connection:
            connection.execute(mapping_macros(read_mapping(MAPPINGS / "national_exchange.yml"), key))
            found.add(connection.execute("select keyed_hash('079201000123')").fetchone())
    assert len(found) == 3


def test_the_same_number_however_written_has_one_hash_and_placeholders_none(tmp_path: Path) -> None:
    numbers = ["079201000123", " 079 201 000 123 ", "079.201.000.123", "000000001", "", None, "b12", "B12"]
    workplace = Records(tmp_path)
    workplace.deliver(as_lines([good("dossiers", n, MaDoiTuong=number) for n, number in enumerate(numbers)]))
    hashes = [value for (value,) in workplace.rows(workplace.ingest(), "applicant_hash")]
    assert hashes[0] == hashes[1] == hashes[2]
    assert hashes[3:6] == [None, None, None]
    assert hashes[6] == hashes[7] != hashes[0]


def test_another_key_gives_other_hashes(tmp_path: Path) -> None:
    found = set()
    for key in (SAMPLE_KEY, b"another key of enough bytes"):
        workplace = Records(tmp_path / key[:3].hex())
        workplace.deliver(as_lines([good("dossiers")]))
        found.add(workplace.rows(workplace.ingest(key), "applicant_hash")[0])
    assert len(found) == 2


@pytest.mark.parametrize("key", [b"", b"short", b"k" * 64, b"0123456" * 9, b"passwordpassword"[:15]])
def test_a_run_without_a_proper_key_stops(key: bytes, tmp_path: Path) -> None:
    workplace = Records(tmp_path)
    workplace.deliver(as_lines([good("dossiers")]))
    with pytest.raises(HashKeyError, match="SERVICE_INDEX_HASH_KEY"):
        workplace.ingest(key)
    assert workplace.all_bytes() == {}


def test_a_lake_keeps_to_its_key(tmp_path: Path) -> None:
    """Hashed with another, one person would be two, and nobody would see it."""
    workplace = Records(tmp_path)
    first, other = b"a first secret of the office", b"a first secret of the office\n"
    for number, key in enumerate([SAMPLE_KEY, first, first, SAMPLE_KEY]):  # synthetic files are nobody's
        workplace.deliver(as_lines([good("dossiers", number)]), f"{number}.jsonl")
        workplace.promote(workplace.ingest(key))
    before = workplace.all_bytes()
    workplace.deliver(as_lines([good("dossiers", 9)]), "9.jsonl")
    with pytest.raises(HashKeyError, match=r"found another hash key .* docs/adr/0012"):
        workplace.ingest(other)
    assert workplace.all_bytes() == before
    assert not any(first in data or first.hex().encode() in data for data in before.values())
    assert workplace.ingest(first).counts["rows_accepted"] == 1

"""For tests of record sources: one good record of each, and a warehouse to deliver it to."""

from __future__ import annotations

import copy
import csv
import gzip
import io
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingestion.contracts import RECORD_SOURCES, Column, ListColumn
from orchestration.ingestion.lake import promote
from orchestration.ingestion.records.mapping import Mappings, load_mappings
from orchestration.ingestion.records.run import SAMPLE_KEY, ingest_records
from orchestration.ingestion.report import IngestReport
from orchestration.ingestion.rights import Rights
from tests.all_may_deliver import EVERYONE

ROOT = Path(__file__).parents[3]
MAPPINGS = ROOT / "mappings"

DOSSIER: dict[str, Any] = {
    "MaHoSo": "H19.95-250701-0001", "MaTTHC": "1.000105", "TenTTHC": "Cấp thẻ", "MaLinhVuc": "LV07",
    "KenhThucHien": "2", "ChuHoSo": "", "LoaiDoiTuong": "1", "MaDoiTuong": "079201000123",
    "NgayNopHoSo": "20250701080000", "NgayTiepNhan": "20250701083000", "NgayHenTra": "20250708170000",
    "TrangThaiHoSo": "10", "NgayTra": "20250707100000", "HinhThuc": "1", "NgayKetThucXuLy": "20250707090000",
    "NgayTuChoi": "", "DonViXuLy": "H19.95", "NoiNopHoSo": "H19.95", "HoSoCoThanhPhanSoHoa": "1",
    "TaiKhoanDuocXacThucVoiVNeID": "0", "DuocThanhToanTrucTuyen": "1",
    "TaiLieuNop": [{"TepDinhKemId": "T1", "TenTepDinhKem": "", "IsDeleted": "False", "MaThanhPhanHoSo": "tp1",
                    "DuongDanTaiTepTin": "", "DuocSoHoa": "1", "DuocTaiSuDung": "0", "DuocLayTuKhoDMQG": "0",
                    "MaKetQuaThayThe": ""}],
    "DanhSachLePhi": [{"TenPhiLePhi": "", "MaPhiLePhi": "P1", "HinhThucThu": "1", "Gia": "20000",
                       "LoaiPhiLePhi": "1"}],
    "DanhSachHoSoBoSung": [{"HoSoBoSungId": "B1", "NguoiYeuCauBoSung": "", "NoiDungBoSung": "",
                            "NgayBoSung": "20250702080000", "NgayTiepNhanBoSung": "20250703080000",
                            "TrangThaiBoSung": "2", "NgayHenTraTruoc": "20250705170000",
                            "NgayHenTraMoi": "20250708170000"}],
    "DanhSachGiayToKetQua": [{"TenGiayTo": "", "MaThanhPhanHoSo": "KQ", "GiayToId": "G1",
                              "DuongDanTepTinKetQua": "https://x/1", "MaGiayToKetQua": "R1"}],
    "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "079201000123"}],
    "DSKetNoiCSDL": [{"MaCSDL": "7"}],
}  # fmt: skip
GOOD: dict[str, dict[str, Any]] = {
    "dossiers": DOSSIER,
    "progress": {"MaHoSo": "H19.95-250701-0001", "NguoiXuLy": "", "ThoiDiemXuLy": "20250701083000",
                 "PhongBanXuLy": "P01", "TrangThai": "4", "NgayBatDau": "20250701083000",
                 "NgayKetThucTheoQuyDinh": "20250708170000"},
    "procedures": {"procedure_code": "1.000105", "name_vi": "Cấp thẻ", "field_code": "LV07",
                   "execution_level": "commune", "statutory_limit": "5", "limit_unit": "working_day",
                   "is_fee_bearing": "1", "has_synchronised_fees": "1", "returns_paper_result": "0",
                   "online_level": "4", "is_open_to_citizens": "1", "has_all_parts": "1"},
    "publication_decisions": {"decision_no": "12/QĐ-UBND", "agency_code": "H19", "decision_date": "20250601",
                              "procedure_code": "1.000105", "kind": "new", "legal_effect_date": "20250615",
                              "published_at": "20250603080000"},
    "petitions": {"petition_id": "PA1", "agency_code": "H19.95", "received_at": "20250701080000",
                  "transferred_at": "", "kind": "procedure", "status": "open", "finished_at": "", "likes": "3",
                  "dislikes": "0", "dossier_code": ""},
    "national_report_totals": {"agency_code": "H19", "year": "2025", "month": "7", "received": "145812"},
    "unit_catalogue": {"agency_code": "H19", "name_vi": "Đồng Nai", "unit_level": "province",
                       "parent_agency_code": "", "state_code": "75", "valid_from": "20250701", "valid_to": ""},
}  # fmt: skip


#: A value of each type, for datasets of which nothing more is known than their contract.
EXAMPLES = {"identifier": "X1", "agency_code": "H19", "any_agency_code": "H19.95", "code": "K1", "text": "Cấp thẻ",
            "dossier_code": "H19.95-250701-0001", "procedure_code": "1.000105", "moment": "20250701083000",
            "date": "20250701", "flag": "1", "count": "3", "number": "20000", "limit": "5", "year": "2025",
            "state_code": "75", "hash": "079201000123", "is_given": "https://x/1"}  # fmt: skip


def _example(column: Column | ListColumn) -> Any:
    if isinstance(column, ListColumn):
        return [{part.name: _example(part) for part in column.columns}]
    return next(iter(column.codes), None) or EXAMPLES[column.type]


for _contract in RECORD_SOURCES.values():
    GOOD.setdefault(_contract.name, {column.name: _example(column) for column in _contract.columns})


def good(source: str, number: int = 1, **changed: Any) -> dict[str, Any]:
    """A good record, the `number`th of its kind, with fields `changed`; None takes a field away."""
    record = copy.deepcopy(GOOD[source])
    first = next(iter(record))
    if source in ("dossiers", "progress"):
        record[first] = f"H19.95-250701-{number:04}"
    elif source == "petitions":
        record[first] = f"PA{number}"
    elif source == "national_report_totals":
        record["received"] = str(100000 + number)
    elif source in ("procedures", "unit_catalogue"):
        record["name_vi"] = f"Số {number}"
    elif source == "publication_decisions":
        record["decision_no"] = f"Số {number}"
    else:
        record[first] = f"X{number}"
    record.update(changed)
    return {key: value for key, value in record.items() if value is not None}


def as_lines(records: list[Any]) -> bytes:
    return "\n".join(r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) for r in records).encode()


def as_envelope(records: list[Any]) -> bytes:
    return json.dumps({"isUpdating": "False", "data": records}, ensure_ascii=False, indent=1).encode()


def as_csv(records: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(k for r in records for k in r)), delimiter=delimiter)
    writer.writeheader()
    for record in records:
        writer.writerow({k: json.dumps(v, ensure_ascii=False) if isinstance(v, list) else v
                         for k, v in record.items()})  # fmt: skip
    return out.getvalue().encode()


def as_parquet(records: list[dict[str, Any]], folder: Path) -> bytes:
    source, target = folder / "x.jsonl", folder / "x.parquet"
    source.write_bytes(as_lines(records))
    plain = [k for k, v in records[0].items() if isinstance(v, str)]
    with duckdb.connect() as connection:
        cast = ", ".join(f'"{key}"::varchar as "{key}"' for key in plain)
        replace = f"* replace ({cast})" if cast else "*"
        connection.execute(
            f"copy (select {replace} from read_json('{source}')) to '{target}' (format parquet)"
        )
    return target.read_bytes()


def as_xlsx(records: list[dict[str, Any]], folder: Path) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    keys = list(dict.fromkeys(k for r in records for k in r))
    sheet.append(keys)
    for record in records:
        row = [record.get(key, "") for key in keys]
        sheet.append([json.dumps(v) if isinstance(v, list) else v for v in row])
    book.save(folder / "x.xlsx")
    return (folder / "x.xlsx").read_bytes()


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


#: All but the lineage, and the number of the record.
OWN_COLUMNS = "* exclude (source_file, file_hash, delivery_date, sender, precedence)"


@cache
def own_mappings() -> Mappings:
    """Those of the repository, read once: a tenth of what a small run takes."""
    return load_mappings(MAPPINGS)


@dataclass(frozen=True)
class Records:
    """The folders of one warehouse, and one source."""

    root: Path
    source: str = "dossiers"
    mappings: Path = MAPPINGS
    rights: Rights = EVERYONE

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    def deliver(
        self, content: bytes, name: str = "a.jsonl", day: str = "2025-12-01", sender: str = "H19"
    ) -> Path:
        path = self.landing / self.source / day / sender / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def ingest(self, key: bytes = SAMPLE_KEY) -> IngestReport:
        self.landing.mkdir(parents=True, exist_ok=True)
        mappings = own_mappings() if self.mappings == MAPPINGS else load_mappings(self.mappings)
        return ingest_records(
            self.source, self.landing, self.lake, self.root / "quarantine", ROOT / "seeds/reference",
            mappings, key, self.rights,
        )  # fmt: skip

    def promote(self, report: IngestReport) -> None:
        assert report.batch_id is not None
        promote(self.lake, self.source, report.batch_id)

    def rows(self, report: IngestReport, columns: str = OWN_COLUMNS) -> list[tuple[Any, ...]]:
        assert report.pending_dir is not None
        path = report.pending_dir / "rows*.parquet"
        rows = f"read_parquet('{path}', hive_partitioning = false)"
        return self.query(f"select {columns} from {rows} order by source_file, record_no")

    def quarantined(self, columns: str = "record, reason_code, severity, field") -> list[tuple[Any, ...]]:
        folder = self.root / "quarantine" / self.source
        if not list(folder.glob("*.parquet")):
            return []
        return self.query(f"select {columns} from read_parquet('{folder}/*.parquet') order by all")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection:
            return connection.execute(sql).fetchall()

    def all_bytes(self) -> dict[str, bytes]:
        """Every file but the landed ones."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in self.root.rglob("*") if path.is_file() and self.landing not in path.parents
        }  # fmt: skip

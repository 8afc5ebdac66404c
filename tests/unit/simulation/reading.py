"""Reads simulated files back the way a stranger would: every format to one shape, nested lists as JSON.

Belongs here: reading and the independent computation in `independent.sql`. Nothing here knows the generator.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

REFERENCE = Path(__file__).resolve().parents[3] / "seeds" / "reference"
HEADER = [
    "MaHoSo",
    "MaTTHC",
    "TenTTHC",
    "MaLinhVuc",
    "TenLinhVuc",
    "KenhThucHien",
    "SoGiayToChuHoSo",
    "ChuHoSo",
    "LoaiDoiTuong",
    "MaDoiTuong",
    "ThongTinKhac",
    "Email",
    "Fax",
    "SoDienThoai",
    "TrichYeuHoSo",
    "NgayNopHoSo",
    "NgayTiepNhan",
    "NgayHenTra",
    "TrangThaiHoSo",
    "NgayTra",
    "ThongTinTra",
    "HinhThuc",
    "NgayKetThucXuLy",
    "NgayTuChoi",
    "DonViXuLy",
    "GhiChu",
    "NoiNopHoSo",
    "HoSoCoThanhPhanSoHoa",
    "TaiKhoanDuocXacThucVoiVNeID",
    "DuocThanhToanTrucTuyen",
]
LISTS = {
    "TaiLieuNop": "TepDinhKemId TenTepDinhKem IsDeleted MaThanhPhanHoSo DuongDanTaiTepTin DuocSoHoa "
    "DuocTaiSuDung DuocLayTuKhoDMQG MaKetQuaThayThe",
    "DanhSachLePhi": "TenPhiLePhi MaPhiLePhi HinhThucThu Gia LoaiPhiLePhi",
    "DanhSachHoSoBoSung": "HoSoBoSungId NguoiYeuCauBoSung NoiDungBoSung NgayBoSung NgayTiepNhanBoSung "
    "TrangThaiBoSung NgayHenTraTruoc NgayHenTraMoi",
    "DanhSachGiayToKetQua": "TenGiayTo MaThanhPhanHoSo GiayToId DuongDanTepTinKetQua MaGiayToKetQua",
    "DanhSachTepDinhKemKhac": "",
    "DinhDanhCHS": "LoaiDinhDanh SoDinhDanh",
    "DSKetNoiCSDL": "MaCSDL",
}
PROGRESS = [
    "MaHoSo",
    "NguoiXuLy",
    "ChucDanh",
    "ThoiDiemXuLy",
    "PhongBanXuLy",
    "NoiDungXuLy",
    "TrangThai",
    "NgayBatDau",
    "NgayKetThucTheoQuyDinh",
]


def readable(landing: Path, source: str, plain: list[str], lists: list[str]) -> str:
    """A query over all files of a source: `plain` columns as text, `lists` as JSON."""
    kinds = dict.fromkeys(plain, "varchar") | dict.fromkeys(lists, "json")
    columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in kinds.items()) + "}"
    record = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
    readers = {
        "parquet": "read_parquet('FILES', filename = 'file')",
        "jsonl": f"read_json('FILES', format = 'newline_delimited', columns = {columns}, ignore_errors = true, "
        "filename = 'file')",
        "csv": "read_csv('FILES', all_varchar = true, filename = 'file')",
        "json": "(select unnest(data, recursive := false) as row, file from read_json('FILES', "
        f"columns = {{'isUpdating': 'varchar', 'data': 'struct({record})[]'}}, maximum_object_size = 200000000, "
        "filename = 'file'))",
    }
    parts = []
    for ending, form in (
        ("parquet", "parquet"),
        ("jsonl", "jsonl"),
        ("jsonl.gz", "jsonl"),
        ("json", "json"),
        ("csv", "csv"),
    ):
        if not list(landing.glob(f"{source}/*/*/*.{ending}")):
            continue
        prefix = "row." if form == "json" else ""
        shown = [f'{prefix}"{name}" as "{name}"' for name in plain]
        shown += [
            f'{prefix}"{name}"::json as "{name}"' if form != "parquet" else f'to_json("{name}") as "{name}"'
            for name in lists
        ]
        parts.append(
            f"select {', '.join(shown)}, file from {readers[form].replace('FILES', f'{landing}/{source}/*/*/*.{ending}')}"
        )
    return "\nunion all by name\n".join(parts)


def computed(landing: Path) -> duckdb.DuckDBPyConnection:
    """The figures of `independent.sql` over a landing folder: tables raw, step, dossier, figure, ranking."""
    connection = duckdb.connect()
    # The oracle is not under test: it may use what it needs (at 1.5 GB it ran out of memory now and then).
    connection.execute("set threads = 2; set memory_limit = '6GB'")
    text = (Path(__file__).parent / "independent.sql").read_text(encoding="utf-8")
    connection.execute(
        text.format(
            landing=landing,
            reference=REFERENCE,
            dossiers=readable(landing, "dossiers", HEADER, list(LISTS)),
            progress=readable(landing, "progress", PROGRESS, []),
        )
    )
    return connection

"""How fast ingestion is beside DuckDB writing the same file straight to Parquet, and whether memory stays flat.

`make bench-ingest [ROWS=400000]`. Here: synthetic dossiers, one hundredth of them faulty, one hundredth twice;
both sides on one thread, each in a process of its own, both with zstd: DuckDB alone at the level it takes by itself
(3), ingestion at level 1, as it is shipped. Not here: correctness.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GOALS = {"jsonl": 0.5, "parquet": 0.7}
DAY = "strftime(timestamp '2025-01-01' + interval ({shift}) hour + interval (i % 300) day, '%Y%m%d%H%M%S')"
DOSSIERS_SQL = f"""
select
    'H19.' || (10 + i % 80) || '-250701-' || lpad((i - if(i % 100 = 7, 1, 0))::varchar, 8, '0') as MaHoSo,
    '1.' || lpad((i % 900)::varchar, 6, '0') as MaTTHC,
    'Thủ tục cấp giấy chứng nhận đăng ký số ' || (i % 900) as TenTTHC, 'LV' || (i % 40) as MaLinhVuc,
    'Lĩnh vực ' || (i % 40) as TenLinhVuc, (1 + i % 3)::varchar as KenhThucHien, 'Nguyễn Văn ' || i as ChuHoSo,
    '1' as LoaiDoiTuong, lpad((i * 7919)::varchar, 12, '0') as MaDoiTuong, 'a' || i || '@example.vn' as Email,
    '09' || lpad((i % 100000000)::varchar, 8, '0') as SoDienThoai, 'Hồ sơ của Nguyễn Văn ' || i as TrichYeuHoSo,
    {DAY.format(shift="8")} as NgayNopHoSo, {DAY.format(shift="9 + i % 5")} as NgayTiepNhan,
    {DAY.format(shift="120")} as NgayHenTra, if(i % 100 = 3, '77', '10') as TrangThaiHoSo,
    {DAY.format(shift="96 + i % 20")} as NgayTra, '1' as HinhThuc, {DAY.format(shift="90")} as NgayKetThucXuLy,
    '' as NgayTuChoi, 'H19.' || (10 + i % 80) as DonViXuLy, '' as GhiChu, '1' as HoSoCoThanhPhanSoHoa,
    '0' as TaiKhoanDuocXacThucVoiVNeID, '1' as DuocThanhToanTrucTuyen,
    list_transform(range(1 + i % 3), lambda n: {{
        'TepDinhKemId': md5(i || '-' || n), 'TenTepDinhKem': 'Đơn đề nghị của ' || i || '.pdf', 'IsDeleted': 'False',
        'MaThanhPhanHoSo': 'TP' || n, 'DuongDanTaiTepTin': 'https://example.vn/tep/' || md5(n || '/' || i),
        'DuocSoHoa': '1', 'DuocTaiSuDung': '0', 'DuocLayTuKhoDMQG': '0', 'MaKetQuaThayThe': ''}}) as TaiLieuNop,
    [{{'TenPhiLePhi': 'Lệ phí', 'MaPhiLePhi': 'P1', 'HinhThucThu': '1', 'Gia': '20000', 'LoaiPhiLePhi': '1'}}]
        as DanhSachLePhi,
    if(i % 10 = 0, [{{'HoSoBoSungId': 'B' || i, 'NgayBoSung': '20250203080000', 'TrangThaiBoSung': '2',
        'NgayTiepNhanBoSung': '20250205080000', 'NgayHenTraTruoc': '20250206080000',
        'NgayHenTraMoi': '20250208080000'}}], []) as DanhSachHoSoBoSung,
    [{{'TenGiayTo': 'Giấy', 'MaThanhPhanHoSo': 'KQ', 'GiayToId': md5('kq' || i), 'MaGiayToKetQua': 'KQ' || i,
        'DuongDanTepTinKetQua': 'https://example.vn/kq/' || md5('k' || i)}}] as DanhSachGiayToKetQua,
    [{{'LoaiDinhDanh': '1', 'SoDinhDanh': lpad((i * 7919)::varchar, 12, '0')}}] as DinhDanhCHS,
    [{{'MaCSDL': '7'}}] as DSKetNoiCSDL
from (select i - if(i % 100 = 9, 1, 0) as i from range({{rows}}) as numbers(i))
"""


def make(folder: Path, rows: int) -> dict[str, Path]:
    """The same dossiers in both formats."""
    import duckdb

    files = {"jsonl": folder / f"{rows}.jsonl", "parquet": folder / f"{rows}.parquet"}
    with duckdb.connect() as connection:
        query = DOSSIERS_SQL.replace("{rows}", str(rows))
        connection.execute(f"copy ({query}) to '{files['parquet']}' (format parquet)")
        connection.execute(f"copy (from '{files['parquet']}') to '{files['jsonl']}' (format json)")
    return files


def straight(file: Path) -> None:
    """What DuckDB does alone."""
    import duckdb

    read = "read_json" if file.suffix == ".jsonl" else "read_parquet"
    warm_up()
    with duckdb.connect(config={"threads": 1}) as connection:
        start = time.perf_counter()
        connection.execute(
            f"copy (from {read}('{file}')) to '{file}.straight' (format parquet, compression zstd)"
        )
        tell(start)


def ingested(file: Path) -> None:
    """What ingestion does."""

    from orchestration.ingestion.landing import land_file
    from orchestration.ingestion.records.mapping import load_mappings
    from orchestration.ingestion.records.run import SAMPLE_KEY, ingest_records
    from orchestration.ingestion.rights import load_rights

    with tempfile.TemporaryDirectory(dir=file.parent) as name:
        root = Path(name)
        land_file(file, root / "landing", "dossiers", date(2025, 12, 1), "H19")
        warm_up()
        start = time.perf_counter()
        report = ingest_records("dossiers", root / "landing", root / "lake", root / "quarantine",
                                ROOT / "seeds/reference", load_mappings(ROOT / "mappings"), SAMPLE_KEY,
                                load_rights(ROOT / "seeds/agreements/delivery_rights.csv"))  # fmt: skip
        tell(start, report.counts)


def warm_up() -> None:
    """The first value bound to a query makes DuckDB's client import pandas, which a run of Dagster has done long ago."""
    import duckdb

    duckdb.execute("select ?", ["x"])


def tell(start: float, counts: dict[str, int] | None = None) -> None:
    """Figures of this process, for the one that started it."""

    # Not getrusage: a child inherits there what its parent once had.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    megabytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024
    print(json.dumps({"seconds": time.perf_counter() - start, "megabytes": megabytes, "counts": counts}))


def measured(side: str, file: Path) -> dict[str, float]:
    """Figures of one side, in a process of its own, so that memory is its own too."""
    command = [sys.executable, __file__, side, str(file)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main(rows: int) -> int:
    """Measure a quarter of `rows`, then all; 1 if a goal is missed."""

    missed = 0
    with tempfile.TemporaryDirectory() as name:
        for size in (rows // 4, rows):
            for kind, file in make(Path(name), size).items():
                sides = {side: measured(side, file) for side in ("straight", "ingested")}
                speeds = {side: size / figures["seconds"] for side, figures in sides.items()}
                ratio = speeds["ingested"] / speeds["straight"]
                missed += size == rows and ratio < GOALS[kind]
                print(f"{size:>9} {kind:8} straight {speeds['straight']:8.0f} rows/s, ingested"
                      f" {speeds['ingested']:8.0f} rows/s: ratio {ratio:.2f} (goal {GOALS[kind]}),"
                      f" memory {sides['ingested']['megabytes']} MB", flush=True)  # fmt: skip
    return int(missed > 0)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        {"straight": straight, "ingested": ingested}[sys.argv[1]](Path(sys.argv[2]))
    else:
        raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 400_000))

-- Dossiers as a system exports them at the moment `cut`, defects included. {outgoing} yields rows of `latent`
-- with `is_older` (an early state sent late); {defect} names the planted defect of a row, or null.
with outgoing as ({outgoing}),
seen as (
    select *, getvariable('cut') as cut, {defect} as defect,
        not is_older and ended_at <= getvariable('cut') as is_ended,
        not is_older and asked_at <= getvariable('cut') as is_asked
    from outgoing
),
state as (
    select *,
        not is_older and supplied_at <= cut as is_supplied, is_ended and returned_at <= cut as is_returned,
        case
            when is_older then 2
            when fate in (5, 6) and is_asked then fate
            when is_ended and returned_at <= cut then 10
            when is_ended then fate
            when is_asked and not coalesce(supplied_at <= cut, false) then 5
            when received_at + interval 2 hour <= cut then 4
            else 2
        end as true_status
    from seen
),
said as (
    select *, if(true_status in (5, 6, 8) and habits['ends_as_finished'], 9, true_status) as status,
        if(true_status in (5, 6) and habits['ends_as_finished'], asked_at, if(fate = 5, null, ended_at)) as shown_end,
        has_result and is_ended as shows_result,
        sender || '-' || phase || '-' || x as id,
        if(defect = 'identity_placeholder', '000000001', '999' || lpad(x::varchar, 9, '0')) as identity_number,
        (['Nguyễn', 'Trần', 'Lê', 'Phạm', 'Hoàng', 'Võ', 'Đặng', 'Bùi'])[1 + x % 8] || ' Giả Định '
            || (['An', 'Bình', 'Châu', 'Dũng', 'Giang', 'Hạnh', 'Khoa', 'Lan', 'Minh', 'Ngọc', 'Phúc'])[1 + x % 11] as person,
        '09990' || lpad((x % 100000)::varchar, 5, '0') as telephone,
        dossier_code(unit_code, day, i, habits['old_code_order'] and phase = 1) as dossier_code
    from state
)
select
    dossier_code as "MaHoSo",
    case defect when 'procedure_code_spaces' then ' ' || procedure_code || ' ' when 'unknown_procedure' then '9.999999'
        else procedure_code end as "MaTTHC",
    name_vi as "TenTTHC", field_code as "MaLinhVuc", 'Lĩnh vực mô phỏng ' || field_code as "TenLinhVuc",
    case when defect = 'unknown_channel' then '9' when channel = 1 and channel_draw < 0.1 then ''
        else channel::varchar end as "KenhThucHien",
    identity_number as "SoGiayToChuHoSo", person as "ChuHoSo",
    (case when small_draw < 0.8 then '1' when small_draw < 0.97 then '2' when small_draw < 0.99 then '3' else '4' end) as "LoaiDoiTuong",
    if(defect = 'identity_placeholder', '', 'GD' || identity_number) as "MaDoiTuong", '' as "ThongTinKhac",
    'gia.dinh.' || x || '@synthetic.example' as "Email", '' as "Fax", telephone as "SoDienThoai",
    'Hồ sơ mô phỏng của ' || person as "TrichYeuHoSo",
    case when defect = 'submitted_date_only' then strftime(received_at, '%Y%m%d')
        when defect = 'submitted_excel_serial' then (45658 + date_diff('day', date '2025-01-01', day))::varchar || '.39'
        when habits['submitted_copied'] or channel <> 2 then wire(received_at)
        else wire(submitted(received_at, small_draw)) end as "NgayNopHoSo",
    wire(received_at) as "NgayTiepNhan",
    case defect when 'due_1900' then '19000101000000' when 'due_before_receipt' then wire(received_at - interval 1 day)
        else wire(due_at) end as "NgayHenTra",
    if(defect = 'unknown_status', '99', status::varchar) as "TrangThaiHoSo",
    if(is_returned, wire(returned_at), '') as "NgayTra",
    if(is_returned, 'Đã trả cho ' || person, '') as "ThongTinTra",
    if(defect = 'personal_data_in_code', telephone, (1 + x % 3)::varchar) as "HinhThuc",
    case when defect = 'end_2099' then '20991231000000'
        when defect = 'end_before_receipt' then wire(received_at - interval 1 day)
        when status in (9, 10) then wire(shown_end) else '' end as "NgayKetThucXuLy",
    if(status = 3, wire(ended_at), '') as "NgayTuChoi",
    case defect when 'unit_code_spaces' then ' ' || unit_code || ' ' when 'unit_code_lower_case' then lower(unit_code)
        when 'unknown_unit' then sender || '.9999' else unit_code end as "DonViXuLy",
    '' as "GhiChu",
    if(small_draw < 0.1, sender || '.' || if(phase = 1, '51.01', '301'), unit_code) as "NoiNopHoSo",
    flag(has_file) as "HoSoCoThanhPhanSoHoa",
    flag(channel = 2 and not habits['vneid_constant']) as "TaiKhoanDuocXacThucVoiVNeID",
    case when not is_obliged then '' when is_paid_online then if(pay_draw < 0.85, '1', '2')
        when habits['cash_as_online'] and pay_draw < 0.3 then '1' else '0' end as "DuocThanhToanTrucTuyen",
    list_concat(
        if(has_file, [{'TepDinhKemId': id || '-1', 'TenTepDinhKem': 'don-de-nghi-' || x || '.pdf',
        'IsDeleted': '0', 'MaThanhPhanHoSo': 'TP' || lpad((x % 40)::varchar, 3, '0'),
        'DuongDanTaiTepTin': 'https://synthetic.example/tep/' || id || '-1',
        'DuocSoHoa': '1', 'DuocTaiSuDung': flag(is_reused), 'DuocLayTuKhoDMQG': flag(is_from_store),
        'MaKetQuaThayThe': if(is_reused, 'KQ-' || id, '')}], []),
        if(defect = 'deleted_document', [{'TepDinhKemId': id || '-2', 'TenTepDinhKem': 'da-xoa-' || x || '.pdf',
        'IsDeleted': '1', 'MaThanhPhanHoSo': 'TP001', 'DuongDanTaiTepTin': 'https://synthetic.example/tep/' || id || '-2',
        'DuocSoHoa': '1', 'DuocTaiSuDung': '1', 'DuocLayTuKhoDMQG': '1', 'MaKetQuaThayThe': ''}], [])
    ) as "TaiLieuNop",
    if(is_fee_bearing, [{'TenPhiLePhi': 'Lệ phí mô phỏng', 'MaPhiLePhi': 'LP' || right(procedure_code, 3),
        'HinhThucThu': if(is_obliged and is_paid_online, '2', '1'),
        'Gia': if(is_obliged, (10000 * (1 + x % 9))::varchar, '0'), 'LoaiPhiLePhi': '1'}], []) as "DanhSachLePhi",
    if(is_asked and fate <> 6, [{'HoSoBoSungId': id || '-BS', 'NguoiYeuCauBoSung': 'Cán Bộ Giả Định',
        'NoiDungBoSung': 'Bổ sung giấy tờ của ' || person, 'NgayBoSung': wire(asked_at),
        'NgayTiepNhanBoSung': if(is_supplied, wire(supplied_at), ''), 'TrangThaiBoSung': if(is_supplied, '2', '1'),
        'NgayHenTraTruoc': wire(due_at), 'NgayHenTraMoi': wire(due_at)}], []) as "DanhSachHoSoBoSung",
    case
        when shows_result then [{'TenGiayTo': 'Kết quả của ' || person, 'MaThanhPhanHoSo': 'KQ01', 'GiayToId': id || '-KQ',
        'DuongDanTepTinKetQua': 'https://synthetic.example/tep/' || id || '-KQ', 'MaGiayToKetQua': 'KQ.' || id}]
        when is_ended and has_file and habits['file_as_result'] and small_draw < 0.3 then
        [{'TenGiayTo': 'don-de-nghi-' || x || '.pdf', 'MaThanhPhanHoSo': 'TP' || lpad((x % 40)::varchar, 3, '0'),
        'GiayToId': id || '-1', 'DuongDanTepTinKetQua': 'https://synthetic.example/tep/' || id || '-1',
        'MaGiayToKetQua': 'KQ.' || id}]
        else [] end as "DanhSachGiayToKetQua",
    []::struct("TenTepDinhKem" varchar, "DuongDanTaiTepTin" varchar)[] as "DanhSachTepDinhKemKhac",
    [{'LoaiDinhDanh': '1', 'SoDinhDanh': identity_number}] as "DinhDanhCHS",
    if(uses_population, [{'MaCSDL': '7'}], []) as "DSKetNoiCSDL"
from said

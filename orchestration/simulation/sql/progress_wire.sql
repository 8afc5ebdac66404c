-- Steps of the dossiers of `latent` after `after` and not after `cut`; they tell the truth where headers do not.
with steps as (
    select *, unnest([
        {'at': if(channel = 2 and habits['submitted_copied'], submitted(received_at, small_draw), null), 'status': 1},
        {'at': received_at, 'status': 2},
        {'at': if(asked_at is not null and fate <> 6, asked_at, null), 'status': 5},
        {'at': supplied_at, 'status': 4},
        {'at': if(fate = 6, asked_at, null), 'status': 6},
        {'at': if(fate not in (5, 6), ended_at, null), 'status': fate},
        {'at': returned_at, 'status': 10}
    ]) as step
    from latent
)
select
    dossier_code(unit_code, day, i, habits['old_code_order'] and phase = 1) as "MaHoSo",
    'Cán Bộ Giả Định ' || (x % 50)::varchar as "NguoiXuLy", 'Chuyên viên' as "ChucDanh", wire(step.at) as "ThoiDiemXuLy",
    unit_code as "PhongBanXuLy", '' as "NoiDungXuLy", step.status::varchar as "TrangThai",
    wire(received_at) as "NgayBatDau", wire(due_at) as "NgayKetThucTheoQuyDinh"
from steps
where step.at > getvariable('after') and step.at <= getvariable('cut') and {condition}

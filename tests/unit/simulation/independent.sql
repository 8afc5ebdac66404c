-- The index worked out from the files alone, without the generator's own counts. A short reading of the domain page:
-- newest version, three statuses taken from progress, outcomes, 21 metrics, both windows. {landing}, {reference}.
create table raw as
{dossiers};
create table step as
{progress};
create table unit as select * from read_csv('{landing}/unit_catalogue/*/*/*.csv', all_varchar = true);
create table procedure as select * from read_json('{landing}/procedures/*/*/*.jsonl', format = 'newline_delimited');
create table decision as
select unnest(data, recursive := true) from read_json('{landing}/publication_decisions/*/*/*.json', maximum_object_size = 100000000);
-- A petition may come as open first, and finished later.
create table petition as select * from read_json('{landing}/petitions/*/*/*.jsonl.gz', format = 'newline_delimited',
    columns = {{'petition_id': 'varchar', 'agency_code': 'varchar', 'received_at': 'varchar', 'transferred_at': 'varchar',
    'kind': 'varchar', 'status': 'varchar', 'finished_at': 'varchar', 'likes': 'varchar', 'dislikes': 'varchar',
    'dossier_code': 'varchar'}})
qualify row_number() over (partition by petition_id order by finished_at desc) = 1;
create table total as select * from read_csv('{landing}/national_report_totals/*/*/*.csv', all_varchar = true);
create table rule as select * from read_csv('{reference}/scoring_rules.csv') where regime = 'portal_2025';
create table spell as select * from (values
    ('2025-01-01/2025-07-05', timestamp '2025-01-01 00:00:00', timestamp '2025-07-05 23:59:59'),
    ('2025-07-01/2025-11-30', timestamp '2025-07-01 00:00:00', timestamp '2025-11-30 23:59:59')) as spells(name, starts, ends);
create macro moment(text) as try_strptime(text, '%Y%m%d%H%M%S');
-- Agency of today, through the crosswalk: by the statistics code of the old province.
create table home as
select unit.agency_code, today.agency_code as province
from unit join read_csv('{reference}/province_crosswalk.csv', all_varchar = true) as links
    on links.old_province_code = unit.state_code
join read_csv('{reference}/provinces.csv', all_varchar = true) as today on today.province_code = links.new_province_code
where unit.unit_level = 'province' and unit.valid_to <> '';
create table newest as
with read as (
    select *, moment("NgayTiepNhan") as received, moment("NgayHenTra") as due, moment("NgayKetThucXuLy") as finished,
        if("MaHoSo" like '000.00.%', array_to_string(list_reverse(string_split(split_part("MaHoSo", '-', 1)[8:], '.')), '.'),
            split_part("MaHoSo", '-', 1)) as unit_code
    from raw
    where "TrangThaiHoSo" in ('1', '2', '3', '4', '5', '6', '7', '8', '9', '10') and "KenhThucHien" in ('', '1', '2', '3')
        and (due is null or year(due) > 1900)
)
select *, split_part(unit_code, '.', 1) as agency, trim("MaTTHC") as procedure_code from read
qualify row_number() over (partition by "MaHoSo" order by
    greatest(received, finished, moment("NgayTra"), moment("NgayTuChoi"), moment("DanhSachHoSoBoSung"->0->>'NgayBoSung'),
        moment("DanhSachHoSoBoSung"->0->>'NgayTiepNhanBoSung')) desc,
    list_position(['1', '2', '4', '5', '6', '7', '3', '8', '9', '10'], "TrangThaiHoSo") desc) = 1;
create table last_step as
select "MaHoSo", arg_max("TrangThai", list_position(['1', '2', '4', '5', '6', '7', '3', '8', '9', '10'], "TrangThai")) as status,
    max(moment("ThoiDiemXuLy")) filter ("TrangThai" in ('3', '7', '8')) as closed
from step group by "MaHoSo";
create table dossier as
with told as (
    select newest.*, home.province, status as last_status, closed,
        if("TrangThaiHoSo" = '9' and status in ('5', '6', '8'), status, "TrangThaiHoSo") as true_status,
        moment("DanhSachHoSoBoSung"->0->>'NgayBoSung') as asked,
        moment("DanhSachHoSoBoSung"->0->>'NgayTiepNhanBoSung') as supplied,
        is_fee_bearing = '1' as has_fees, returns_paper_result = '1' as on_paper
    from newest join home on home.agency_code = newest.agency left join last_step using ("MaHoSo")
    left join procedure using (procedure_code)
),
ended as (
    select *, case when true_status in ('9', '10') then finished - coalesce(supplied - asked, interval 0 second)
        when true_status in ('3', '7', '8') then closed when true_status = '5' then asked end as ends_at,
        json_array_length("TaiLieuNop") > 0 and ("TaiLieuNop"->0->>'IsDeleted') = '0' as has_file,
        coalesce("DanhSachGiayToKetQua"->0->>'GiayToId' <> coalesce("TaiLieuNop"->0->>'TepDinhKemId', ''), false) as has_result,
        coalesce(has_fees and ("DanhSachLePhi"->0->>'Gia') <> '0', false) as owes
    from told
)
select *, owes and "DuocThanhToanTrucTuyen" in ('1', '2') and ("DanhSachLePhi"->0->>'HinhThucThu') <> '1' as paid_online,
    has_file and ("TaiLieuNop"->0->>'DuocTaiSuDung') = '1' as reused,
    has_file and ("TaiLieuNop"->0->>'DuocLayTuKhoDMQG') = '1' as stored,
    json_array_length("DSKetNoiCSDL") > 0 as connected
from ended;
create table figure as
with d as (
    select province, name, count(*)::double as n,
        count(*) filter (coalesce(ends_at > coalesce(due, ends_at + interval 1 hour), ends_at is null and due < ends)) as late,
        count(*) filter ("KenhThucHien" = '2') as online,
        count(*) filter ("KenhThucHien" = '2' and (has_result or not coalesce(on_paper, false))) as filed,
        count(*) filter (owes) as owing, count(*) filter (paid_online) as paid, count(*) filter (has_result) as results,
        count(*) filter (has_result and has_file) as digital, count(*) filter (reused) as reused,
        count(*) filter (stored) as stored, count(*) filter (connected) as connected
    from dossier join spell on received between starts and ends group by all
),
petitioned as (
    select province, name, count(distinct "MaHoSo") as n from dossier join spell on received between starts and ends
    where "MaHoSo" in (select dossier_code from petition) group by all
),
used as (
    select province, name, procedure_code, bool_or(paid_online) as paid, bool_or(connected) as connected
    from dossier join spell on received between starts and ends group by all
),
p as (
    select province, name, count(*) filter (online_level in ('3', '4')) as online,
        count(*) filter (is_fee_bearing = '1' and paid) as paid,
        count(*) filter (is_open_to_citizens = '1' and connected) as connected
    from used join procedure using (procedure_code) group by all
),
c as (
    select count(*)::double as n, count(*) filter (online_level in ('3', '4')) as online,
        count(*) filter (is_fee_bearing = '1') as fee, count(*) filter (has_synchronised_fees = '1') as integrated,
        count(*) filter (is_open_to_citizens = '1') as citizens from procedure
),
a as (
    select province, name, count(distinct procedure_code)::double as n,
        count(distinct procedure_code) filter (moment(legal_effect_date) - moment(decision_date) > interval 10 day) as on_time,
        count(distinct procedure_code) filter (moment(published_at) - moment(decision_date) < interval 10 day) as shown,
        count(distinct procedure_code) filter (kind <> 'abolished') as kept,
        count(distinct procedure_code) filter (kind <> 'abolished' and has_all_parts = '1') as complete
    from decision join procedure using (procedure_code) join home using (agency_code)
    join spell on moment(decision_date) between starts and ends group by all
),
q as (
    select province, name, count(*)::double as n,
        count(*) filter (coalesce(moment(finished_at), ends) - moment(received_at) < interval 30 day) as on_time,
        count(*) filter (coalesce(moment(finished_at), ends) - moment(received_at) < interval 30 day and likes::int >= dislikes::int) as content
    from petition join home on home.agency_code = split_part(petition.agency_code, '.', 1)
    join spell on moment(received_at) between starts and ends group by all
),
r as (
    select province, name, sum(received::bigint) as n from total join home using (agency_code)
    join spell on make_date(year::int, month::int, 1) >= starts and last_day(make_date(year::int, month::int, 1)) < ends group by all
),
copying as (
    select today.agency_code as province, spell.name, count(distinct coalesce(links.new_commune_code, unit.state_code)) as offering
    from dossier join spell on received between starts and ends join unit on unit.agency_code = dossier.unit_code
    left join read_csv('{reference}/commune_crosswalk.csv', all_varchar = true) as links on is_default = '1'
        and unit.state_code = old_province_code || '.' || old_district_code || '.' || old_commune_code
    join read_csv('{reference}/communes.csv', all_varchar = true) as communes
        on communes.commune_code = coalesce(links.new_commune_code, unit.state_code)
    join read_csv('{reference}/provinces.csv', all_varchar = true) as today on today.province_code = communes.province_code
    where dossier.procedure_code = '9.000908' group by all
),
size as (
    select today.agency_code as province, count(*) as communes
    from read_csv('{reference}/communes.csv', all_varchar = true) as communes
    join read_csv('{reference}/provinces.csv', all_varchar = true) as today using (province_code) group by all
),
sums as (
    select d.province, d.name, greatest(d.n, r.n) as reported, d.n, unnest([
        {{'m': 'PUBLISH_ON_TIME', 'x': a.on_time / a.n}}, {{'m': 'PUBLIC_UPDATE_ON_TIME', 'x': a.shown / a.n}},
        {{'m': 'PUBLIC_CONTENT_FULL', 'x': complete / kept}}, {{'m': 'DOSSIER_SYNC', 'x': d.n / reported}},
        {{'m': 'ON_TIME_SETTLEMENT', 'x': 1 - late / d.n}}, {{'m': 'PROCEDURES_OFFERED_ONLINE', 'x': c.online / c.n}},
        {{'m': 'ONLINE_SERVICES_WITH_DOSSIERS', 'x': p.online / c.online}},
        {{'m': 'DOSSIERS_FILED_ONLINE', 'x': filed / d.n * d.n / reported}},
        {{'m': 'DOSSIER_PAID_ONLINE', 'x': d.paid / owing}}, {{'m': 'FORMALITY_PAID_ONLINE', 'x': p.paid / c.fee}},
        {{'m': 'FEE_FORMALITY_INTEGRATED', 'x': integrated / c.fee}}, {{'m': 'ORIGINAL_RESULT_AVAILABLE', 'x': results / d.n}},
        {{'m': 'SO_HOA_GIAY_TO_GIAI_QUYET', 'x': digital / d.n}}, {{'m': 'REUSED_DIGITIZED_DATA', 'x': reused / d.n}},
        {{'m': 'SYNCED_WITH_DVCQG_PERSONAL_STORAGE', 'x': stored / d.n}},
        {{'m': 'CITIZEN_DATA_CONNECTED_DOSSIER', 'x': d.connected / d.n}},
        {{'m': 'CITIZEN_DATA_CONNECTED_FORMALITY', 'x': p.connected / c.citizens}},
        {{'m': 'ELECTRONIC_CERTIFIED_COPY', 'x': offering / communes}},
        {{'m': 'PETITION_PROCESSING_ON_TIME', 'x': q.on_time / q.n}},
        {{'m': 'PETITION_HANDLING_SATISFACTION', 'x': content / q.n}},
        {{'m': 'DOSSIER_RECEIVING_SATISFACTION', 'x': 1 - (late + coalesce(petitioned.n, 0)) / d.n}}
    ], recursive := true)
    from d join p using (province, name) join a using (province, name) join q using (province, name)
    join r using (province, name) join copying using (province, name) join size using (province)
    left join petitioned using (province, name) cross join c
)
select province, name, n as dossiers, m as metric_code, x as ratio,
    round_even(max_score * least(1.0, x / full_mark_ratio), 2) as score
from sums join rule on rule.metric_code = m;
create table ranking as
select province, name, round(sum(score), 2) as total, count(*) as metrics,
    rank() over (partition by name order by round(sum(score), 2) desc) as place
from figure group by province, name;

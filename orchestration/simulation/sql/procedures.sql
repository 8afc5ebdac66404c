-- The national catalogue: synthetic codes `9.000001`.. that no real procedure has. Flags are spread by multiples of
-- irrational numbers, so that any run of neighbours holds about the same shares.
create table procedure as
with numbered as (
    select 'province' as execution_level, i as position, i as n from range(0, 60) as provinces(i)
    union all
    select 'commune', i, 60 + i from range(0, 50) as communes(i)
),
spread as (
    select *, (n * 0.41421356 + 0.11) % 1 as a, (n * 0.73205081 + 0.31) % 1 as b, (n * 0.23606798 + 0.07) % 1 as c,
        (n * 0.64575131 + 0.53) % 1 as d, (n * 0.31662479 + 0.71) % 1 as e, (n * 0.60555128 + 0.17) % 1 as f,
        (n * 0.12310563 + 0.89) % 1 as g
    from numbered
),
listed as (
    select
        '9.' || lpad((n + 1)::varchar, 6, '0') as procedure_code,
        'Thủ tục mô phỏng số ' || (n + 1)::varchar as name_vi,
        'LV' || lpad((n % 12 + 1)::varchar, 2, '0') as field_code,
        execution_level, position,
        case when g < 0.1 then 8 else [1, 1, 2, 3, 5, 7][1 + floor(a * 6)::int] end as statutory_limit,
        if(g < 0.1, 'hour', 'working_day') as limit_unit,
        b < 0.5 as is_fee_bearing,
        b < 0.5 and c < 0.9 as has_synchronised_fees,
        d < 0.15 as returns_paper_result,
        case when e < 0.55 then 4 when e < 0.92 then 3 else 2 end as online_level,
        f < 0.85 as is_open_to_citizens,
        (c + f) % 1 < 0.95 as has_all_parts
    from spread
)
select * from listed
union all
-- Its dossiers are what shows that a commune offers certified copies electronically.
select '9.000908', 'Chứng thực bản sao điện tử từ bản chính giấy tờ, văn bản (mô phỏng)', 'LV12', 'commune', -1,
    8, 'hour', false, false, false, 4, true, true;

-- Grain: one row per procedure of the national catalogue.
with procedures as (
    select * from {{ ref('stg_exchange__procedures') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by procedure_code order by precedence asc, delivery_date desc, content_id asc
        ) as preference
    from procedures
),

final as (
    select
        procedure_code,
        name_vi,
        field_code,
        execution_level,
        -- No time at all is no limit: catalogues write 0 where the law sets none (assumed, docs/adr/0030).
        nullif(statutory_limit, 0) as statutory_limit,
        limit_unit,
        is_fee_bearing,
        has_synchronised_fees,
        returns_paper_result,
        is_online,
        is_open_to_citizens,
        has_all_parts
    from numbered
    where preference = 1
)

select * from final

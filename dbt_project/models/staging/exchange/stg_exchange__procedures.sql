-- Grain: one row per procedure of the catalogue and delivery of it (file_hash, record_no).
with source as (
    select * from {{ source('exchange', 'procedures') }}
),

final as (
    select
        {{ surrogate_key(['procedure_code', 'name_vi', 'field_code', 'execution_level', 'statutory_limit', 'limit_unit',
            'is_fee_bearing', 'has_synchronised_fees', 'returns_paper_result', 'online_level', 'is_open_to_citizens',
            'has_all_parts']) }} as content_id,
        file_hash,
        coalesce(precedence, 1) as precedence,
        procedure_code,
        name_vi,
        field_code,
        execution_level,
        statutory_limit,
        limit_unit,
        coalesce(is_fee_bearing, false) as is_fee_bearing,
        coalesce(has_synchronised_fees, false) as has_synchronised_fees,
        coalesce(returns_paper_result, false) as returns_paper_result,
        coalesce(online_level in (3, 4), false) as is_online,
        coalesce(is_open_to_citizens, false) as is_open_to_citizens,
        coalesce(has_all_parts, false) as has_all_parts
    from source
)

select * from final

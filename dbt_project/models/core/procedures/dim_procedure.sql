-- Grain: one row per procedure of the national catalogue and validity.
with procedures as (
    select * from {{ ref('stg_exchange__procedures') }}
),

deliveries as (
    select distinct
        file_hash,
        delivery_date
    from {{ ref('stg_exchange__deliveries') }}
    where source = 'procedures' and is_delivered
),

-- A content that was delivered on several days is in the lake once, or once for each return (docs/adr/0025); its
-- manifest names them all.
delivered as (
    select
        procedures.*,
        deliveries.delivery_date
    from procedures
    inner join deliveries
        on procedures.file_hash = deliveries.file_hash
),

-- Of several senders, one that the agreement puts before another holds from its first delivery on; of one day, one.
ordered as (
    select
        *,
        min(delivery_date) over () as first_delivery_date,
        min(precedence) over (
            partition by procedure_code order by delivery_date
            range between unbounded preceding and current row
        ) as leading_precedence,
        row_number() over (
            partition by procedure_code, delivery_date order by precedence asc, content_id asc
        ) as preference
    from delivered
),

leading_versions as (
    select
        *,
        lag(content_id) over (partition by procedure_code order by delivery_date) as previous_content_id
    from ordered
    where preference = 1 and precedence = leading_precedence
),

-- A catalogue that says the same once more begins nothing.
changed as (
    select
        *,
        lead(delivery_date) over (partition by procedure_code order by delivery_date) as next_delivery_date
    from leading_versions
    where previous_content_id is null or content_id <> previous_content_id
),

final as (
    select
        procedure_code,
        -- What the first catalogue lists was so before: nobody has said otherwise.
        case
            when delivery_date = first_delivery_date then cast('1900-01-01' as date)
            else delivery_date
        end as valid_from,
        {{ day_before('next_delivery_date') }} as valid_to,
        case when delivery_date = first_delivery_date then 'assumed' else 'documented' end as valid_from_certainty,
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
    from changed
)

select * from final

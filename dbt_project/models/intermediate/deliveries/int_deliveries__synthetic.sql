-- Grain: one row per basis: whether anything synthetic is among what it rests on.
with files as (
    select
        'records' as basis,
        is_synthetic,
        is_delivered as is_used
    from {{ ref('stg_exchange__deliveries') }}
    union all
    select
        'portal' as basis,
        is_synthetic,
        status <> 'quarantined' as is_used
    from {{ ref('stg_portal__deliveries') }}
),

bases as (
    select 'records' as basis
    union all
    select 'portal' as basis
),

final as (
    select
        bases.basis,
        coalesce(bool_or(files.is_used and files.is_synthetic), false) as contains_synthetic
    from bases
    left join files
        on bases.basis = files.basis
    group by bases.basis
)

select * from final

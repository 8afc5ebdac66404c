-- Grain: one row per source, sender and unit whose records it delivers (VN: everyone's), with all units below it.
with files as (
    select * from {{ ref('stg_exchange__deliveries') }}
),

sources as (
    select * from {{ ref('delivered_sources') }}
),

agencies as (
    select * from {{ ref('bridge_agency_to_unit') }}
),

dossiers as (
    select * from {{ ref('core_dossiers__versions') }}
),

petitions as (
    select * from {{ ref('stg_exchange__petitions') }}
),

decisions as (
    select * from {{ ref('stg_exchange__publication_decisions') }}
),

report_totals as (
    select * from {{ ref('stg_exchange__national_report_totals') }}
),

-- Rows of a copy lie in the lake under the file that first had them.
contents as (
    select
        source,
        file_hash,
        max(sender) as content_sender,
        max(delivery_date) as content_date
    from files
    where is_accepted
    group by source, file_hash
),

-- Of an agency that is gone only a province answers for a whole unit of today. An empty catalogue is none; an empty
-- event feed says that nothing happened.
delivered as (
    select
        files.source,
        files.sender,
        files.delivery_date,
        contents.content_sender,
        contents.content_date,
        sources.is_event_feed,
        sources.is_collected_nationally,
        agencies.agency_code is not null as is_of_agency,
        case
            when
                agencies.resolution in ('current', 'merged_commune')
                or (agencies.resolution = 'rolled_up' and position('.' in agencies.agency_code) = 0)
                then agencies.unit_code
        end as agency_unit_code
    from files
    inner join contents
        on files.source = contents.source and files.file_hash = contents.file_hash
    inner join sources
        on files.source = sources.source
    left join agencies
        on files.sender_code = agencies.agency_code
    where files.is_delivered and (sources.is_event_feed or files.has_rows)
),

-- Who is no agency delivers the provinces that the rows name, unless the source is collected for everyone.
by_rows as (
    select distinct
        source,
        content_sender,
        content_date
    from delivered
    where not is_of_agency and is_event_feed and (not is_collected_nationally or sender <> 'nation')
),

named as (
    select distinct
        'dossiers' as source,
        sender,
        delivery_date,
        agency_code
    from dossiers
    where
        sender in (
            select by_rows.content_sender
            from by_rows
            where by_rows.source = 'dossiers'
        )
    union
    select
        'petitions' as source,
        sender,
        delivery_date,
        agency_code
    from petitions
    union
    select
        'publication_decisions' as source,
        sender,
        delivery_date,
        agency_code
    from decisions
    union
    select
        'national_report_totals' as source,
        sender,
        delivery_date,
        agency_code
    from report_totals
),

provinces_named as (
    select distinct
        named.source,
        named.sender,
        named.delivery_date,
        agencies.province_code
    from named
    inner join agencies
        on named.agency_code = agencies.agency_code
),

covered as (
    select
        source,
        sender,
        delivery_date,
        agency_unit_code as unit_code
    from delivered
    where agency_unit_code is not null
    union all
    select
        source,
        sender,
        delivery_date,
        'VN' as unit_code
    from delivered
    where not is_of_agency and (not is_event_feed or (is_collected_nationally and sender = 'nation'))
    union all
    select
        delivered.source,
        delivered.sender,
        delivered.delivery_date,
        provinces_named.province_code as unit_code
    from delivered
    inner join by_rows
        on
            delivered.source = by_rows.source
            and delivered.content_sender = by_rows.content_sender
            and delivered.content_date = by_rows.content_date
    inner join provinces_named
        on
            delivered.source = provinces_named.source
            and delivered.content_sender = provinces_named.sender
            and delivered.content_date = provinces_named.delivery_date
    where not delivered.is_of_agency
),

final as (
    select
        source,
        sender,
        unit_code,
        max(delivery_date) as newest_delivery_date
    from covered
    group by source, sender, unit_code
)

select * from final

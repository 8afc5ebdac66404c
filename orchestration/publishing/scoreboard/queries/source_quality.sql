-- Grain: one row per known defect of sending systems: in how many dossiers it occurs, and of whom most.
with defects as (
    select defect, sum(dossiers)::bigint as dossiers, count(distinct agency_code) as agencies, count(distinct sender) as senders
    from marts.mart_source_quality
    group by defect
),

by_sender as (
    select defect, sender, sum(dossiers)::bigint as dossiers from marts.mart_source_quality
    group by defect, sender
    qualify row_number() over (partition by defect order by sum(dossiers) desc, sender) = 1
)

select d.defect, d.dossiers, d.agencies, d.senders, by_sender.sender as most_of, by_sender.dossiers as dossiers_of_most
from defects as d
inner join by_sender using (defect)
order by d.dossiers desc, d.defect

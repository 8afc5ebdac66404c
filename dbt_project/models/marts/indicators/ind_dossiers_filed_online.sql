-- Grain: one row per period key and unit.
-- "Times the sync ratio" (received / to synchronise) is a denominator that is larger by as much.
{{ indicator(
    'DOSSIERS_FILED_ONLINE',
    numerator='filed_online',
    denominator='coalesce(round(dossiers_filed * dossiers_to_synchronise / nullif(dossiers_received, 0)), dossiers_filed)'
) }}

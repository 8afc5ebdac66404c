-- Grain: one row per period key and unit.
{{ indicator('DOSSIERS_FILED_ONLINE') }}

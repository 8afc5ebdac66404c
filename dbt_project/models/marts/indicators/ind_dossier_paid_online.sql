-- Grain: one row per period key and unit.
{{ indicator('DOSSIER_PAID_ONLINE') }}

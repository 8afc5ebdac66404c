-- Grain: one row per period key and unit.
{{ indicator('CITIZEN_DATA_CONNECTED_DOSSIER') }}

-- Grain: one row per period key and unit.
{{ indicator('PROCEDURES_OFFERED_ONLINE') }}

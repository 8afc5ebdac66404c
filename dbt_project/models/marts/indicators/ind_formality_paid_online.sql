-- Grain: one row per period key and unit.
{{ indicator('FORMALITY_PAID_ONLINE') }}

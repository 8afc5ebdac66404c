-- Grain: one row per period key and unit.
{{ indicator('REUSED_DIGITIZED_DATA') }}

-- Grain: one row per period key and unit.
{{ indicator('AVG_PROCESSING_DAYS') }}

-- Grain: one row per period key and unit.
{{ indicator('ON_TIME_SETTLEMENT') }}

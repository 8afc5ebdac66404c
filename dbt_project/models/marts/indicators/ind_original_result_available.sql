-- Grain: one row per period key and unit.
{{ indicator('ORIGINAL_RESULT_AVAILABLE') }}

-- Grain: one row per period key and unit.
{{ indicator('FEE_FORMALITY_INTEGRATED') }}

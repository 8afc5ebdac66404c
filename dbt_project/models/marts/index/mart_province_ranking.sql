-- Grain: one row per period key and province.
{{ ranking('province') }}

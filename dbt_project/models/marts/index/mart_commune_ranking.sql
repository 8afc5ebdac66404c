-- Grain: one row per period key and commune.
{{ ranking('commune') }}

-- Grain: one row per period key and unit.
{{ indicator('PUBLIC_UPDATE_ON_TIME') }}

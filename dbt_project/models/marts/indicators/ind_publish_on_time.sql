-- Grain: one row per period key and unit.
{{ indicator('PUBLISH_ON_TIME') }}

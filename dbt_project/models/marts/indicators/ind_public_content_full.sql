-- Grain: one row per period key and unit.
{{ indicator('PUBLIC_CONTENT_FULL') }}

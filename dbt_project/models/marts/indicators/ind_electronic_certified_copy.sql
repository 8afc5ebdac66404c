-- Grain: one row per period key and unit.
{{ indicator('ELECTRONIC_CERTIFIED_COPY') }}

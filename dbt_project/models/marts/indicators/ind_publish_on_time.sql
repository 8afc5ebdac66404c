-- Grain: one row per period key and unit.
{{ indicator('PUBLISH_ON_TIME', numerator='procedures_announced_on_time', denominator='procedures_announced') }}

-- Grain: one row per period key and unit.
{{ indicator('PUBLIC_UPDATE_ON_TIME', numerator='procedures_published_on_time', denominator='procedures_due') }}

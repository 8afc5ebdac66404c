-- Grain: one row per period key and unit.
{{ indicator('PROCEDURES_OFFERED_ONLINE', numerator='procedures_online', denominator='procedures_offered') }}

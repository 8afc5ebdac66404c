-- Grain: one row per period key and unit.
{{ indicator('FORMALITY_PAID_ONLINE', numerator='fee_procedures_paid_online', denominator='fee_procedures') }}

-- Grain: one row per period key and unit.
{{ indicator('FEE_FORMALITY_INTEGRATED', numerator='fee_procedures_synchronised', denominator='fee_procedures') }}

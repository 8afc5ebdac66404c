-- Grain: one row per period key and unit.
{{ indicator('PETITION_CLASSIFICATION_TTHC', numerator='petitions_about_procedures', denominator='petitions') }}

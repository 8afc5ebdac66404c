-- Grain: one row per period key and unit.
{{ indicator('PETITION_CLASSIFICATION_STAFF', numerator='petitions_about_staff', denominator='petitions') }}

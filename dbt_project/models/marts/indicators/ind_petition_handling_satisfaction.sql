-- Grain: one row per period key and unit.
{{ indicator('PETITION_HANDLING_SATISFACTION', numerator='petitions_satisfied', denominator='petitions') }}

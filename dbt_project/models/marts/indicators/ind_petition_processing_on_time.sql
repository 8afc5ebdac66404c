-- Grain: one row per period key and unit.
{{ indicator('PETITION_PROCESSING_ON_TIME', numerator='petitions_on_time', denominator='petitions') }}

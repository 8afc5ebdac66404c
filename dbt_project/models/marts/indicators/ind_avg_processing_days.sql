-- Grain: one row per period key and unit.
-- Days have no counts to divide: `average_days` holds them, on either basis.
{{ indicator(
    'AVG_PROCESSING_DAYS',
    numerator='null',
    denominator='null',
    ratio='cast(processing_seconds as double) / 86400 / nullif(dossiers_ended, 0)'
) }}

-- Grain: one row per period key and unit.
{{ indicator(
    'CITIZEN_DATA_CONNECTED_FORMALITY',
    numerator='citizen_procedures_connected',
    denominator='citizen_procedures'
) }}

-- Grain: one row per period key and unit.
{{ indicator('CITIZEN_DATA_CONNECTED_DOSSIER', numerator='with_population_data', denominator='dossiers_received') }}

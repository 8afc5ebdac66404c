-- Grain: one row per period key and unit.
{{ indicator('REUSED_DIGITIZED_DATA', numerator='with_reused_data', denominator='dossiers_received') }}

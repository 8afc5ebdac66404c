-- Grain: one row per period key and unit.
{{ indicator('ORIGINAL_RESULT_AVAILABLE', numerator='with_electronic_result', denominator='dossiers_received') }}

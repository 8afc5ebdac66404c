-- Grain: one row per period key and unit.
{{ indicator('DOSSIER_RECEIVING_SATISFACTION', numerator='satisfied', denominator='dossiers_received') }}

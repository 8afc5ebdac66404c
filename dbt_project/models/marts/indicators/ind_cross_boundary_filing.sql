-- Grain: one row per period key and unit.
{{ indicator('CROSS_BOUNDARY_FILING', numerator='cross_boundary', denominator='dossiers_received') }}

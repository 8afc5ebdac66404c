-- Grain: one row per period key and unit.
{{ indicator('ON_TIME_SETTLEMENT', numerator='early + on_time + within_time', denominator='dossiers_received') }}

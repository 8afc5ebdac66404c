-- Grain: one row per period key and unit.
{{ indicator('DOSSIER_PAID_ONLINE', numerator='paid_online', denominator='with_obligation') }}

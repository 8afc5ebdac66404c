-- Grain: one row per period key and unit.
{{ indicator('ONLINE_SERVICES_WITH_DOSSIERS', numerator='online_with_dossiers', denominator='procedures_online') }}

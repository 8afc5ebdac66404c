-- Grain: one row per period key and unit.
{{ indicator('SYNCED_WITH_DVCQG_PERSONAL_STORAGE', numerator='from_personal_store', denominator='dossiers_received') }}

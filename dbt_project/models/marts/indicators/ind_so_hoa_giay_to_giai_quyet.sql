-- Grain: one row per period key and unit.
{{ indicator('SO_HOA_GIAY_TO_GIAI_QUYET', numerator='digitised', denominator='dossiers_received') }}

-- Grain: one row per period key and unit.
{{ indicator('PUBLIC_CONTENT_FULL', numerator='procedures_published_in_full', denominator='procedures_published') }}

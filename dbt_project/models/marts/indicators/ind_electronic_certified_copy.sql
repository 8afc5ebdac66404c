-- Grain: one row per period key and unit.
{{ indicator('ELECTRONIC_CERTIFIED_COPY', numerator='communes_with_certified_copies', denominator='communes') }}

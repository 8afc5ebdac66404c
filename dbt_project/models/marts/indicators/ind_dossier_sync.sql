-- Grain: one row per period key and unit.
-- With nothing received, nothing reported and no last year, the ratio is 0 by definition, and there are no counts.
{{ indicator(
    'DOSSIER_SYNC',
    numerator='case when dossiers_to_synchronise is not null then dossiers_received end',
    denominator='dossiers_to_synchronise',
    ratio='case when dossiers_to_synchronise is null then 0 end'
) }}

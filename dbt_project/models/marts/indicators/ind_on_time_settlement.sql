-- Grain: one row per period key and unit.
-- Without a deadline nothing is late or in time: such dossiers are outside both counts (docs/adr/0030).
{{ indicator(
    'ON_TIME_SETTLEMENT',
    numerator='early + on_time + within_time',
    denominator='dossiers_received - no_deadline'
) }}

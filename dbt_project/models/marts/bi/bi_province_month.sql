-- Grain: one row per month and province.
{{ monthly_counts(['province']) }}

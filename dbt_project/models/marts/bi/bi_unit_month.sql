-- Grain: one row per month and unit below the province: departments and communes, none of which lies within another.
{{ monthly_counts(['department', 'commune']) }}

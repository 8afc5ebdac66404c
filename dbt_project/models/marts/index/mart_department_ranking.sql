-- Grain: one row per period key and department.
{{ ranking('department') }}

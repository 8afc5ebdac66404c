-- Grain: one row per period key and unit.
{{ indicator('SYNCED_WITH_DVCQG_PERSONAL_STORAGE') }}

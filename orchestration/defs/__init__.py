"""Dagster and nothing else: assets, checks, jobs, schedules, sensors, resources, by concern."""

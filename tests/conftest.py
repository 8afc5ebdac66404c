"""For all tests: what the shell says to dbt is meant for other projects."""

from orchestration.dbt_environment import forget_dbt_settings

forget_dbt_settings()

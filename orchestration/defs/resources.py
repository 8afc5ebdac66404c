"""What assets use to reach the world: dbt."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path

from dagster_dbt import DbtCliResource, DbtProject

from orchestration.dbt_environment import forget_dbt_settings
from orchestration.settings import Settings


def dbt(settings: Settings) -> DbtCliResource:
    """dbt as a subprocess, so that its lock on the build database ends with it; one at a time (`locked_dbt`)."""
    forget_dbt_settings()
    # dbt finds its folders in the environment, and dagster-dbt hands on the one of this process.
    os.environ["SERVICE_INDEX_DATA"] = str(settings.data)
    # The dbt beside this Python, whatever PATH says.
    os.environ["SERVICE_INDEX_DBT"] = str(Path(sys.executable).with_name("dbt"))
    os.environ["SERVICE_INDEX_DBT_VERSION"] = version("dbt-core")
    return DbtCliResource(
        project_dir=DbtProject(settings.dbt_project),
        dbt_executable=str(Path(__file__).parents[1] / "locked_dbt.py"),
        # dbt's log of everything, 13 MB a night, cost an eighth of its time; what went wrong is said at this level.
        global_config_flags=["--no-use-colors", "--log-level-file", "info"],
    )

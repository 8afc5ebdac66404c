"""What assets, checks and sensors are given: the folders of an installation, which a run has for itself, and dbt.

Belongs here: when a run holds the lock. What it is, is in `orchestration.run_lock`. Dagster's own queue holds back only
what is launched through it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject

from orchestration.dbt_environment import forget_dbt_settings
from orchestration.last_refresh import REFRESH, note_refresh_ended
from orchestration.run_lock import one_writer
from orchestration.settings import Settings


class Installation(dg.ConfigurableResource["Installation"]):
    """The folders of an installation, for one run at a time: whoever started it, it has their lock from before its first
    step until after its last.
    """

    settings: dg.ResourceDependency[Settings]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        """Hold the lock; as it is let go of, a run of the whole job has ended."""
        assert context.log is not None and context.run is not None  # a run has both
        with one_writer(self.settings.data, context.log.info):
            try:
                yield self
            finally:
                if context.run.job_name == REFRESH:
                    note_refresh_ended(self.settings, datetime.now(UTC))


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

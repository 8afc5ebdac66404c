"""The Dagster instance of an installation: where runs are kept, and how they queue.

Belongs here: that its settings are those of `orchestration/dagster.yaml`, whoever starts Dagster.
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from orchestration.atomic_files import write_durably
from orchestration.settings import Settings

SETTINGS = Path(__file__).with_name("dagster.yaml")


def instance_of(settings: Settings) -> dg.DagsterInstance:
    """The instance in `settings.dagster_home`, which is made if need be. Raises OSError where it cannot be written."""
    home, wanted = settings.dagster_home, SETTINGS.read_bytes()
    home.mkdir(parents=True, exist_ok=True)
    kept = home / SETTINGS.name
    if not kept.is_file() or kept.read_bytes() != wanted:
        write_durably(kept, wanted)
    return dg.DagsterInstance.from_config(str(home))

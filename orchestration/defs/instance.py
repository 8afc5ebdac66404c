"""The Dagster instance of an installation: where runs are kept, and how they queue.

Belongs here: that its settings are those of `dagster.yaml` beside it, whoever starts Dagster.
"""

from __future__ import annotations

import json
from pathlib import Path
from string import Template

import dagster as dg

from orchestration.atomic_files import write_durably
from orchestration.settings import Settings

SETTINGS = Path(__file__).with_name("dagster.yaml")


def instance_of(settings: Settings) -> dg.DagsterInstance:
    """The instance in `settings.dagster_home`, which is made if need be. Raises OSError where it cannot be written."""
    home = settings.dagster_home
    history = json.dumps(str(home.absolute() / "history" / "runs"))
    wanted = Template(SETTINGS.read_text(encoding="utf-8")).substitute(HISTORY=history).encode()
    home.mkdir(parents=True, exist_ok=True)
    kept = home / SETTINGS.name
    if not kept.is_file() or kept.read_bytes() != wanted:
        write_durably(kept, wanted)
    return dg.DagsterInstance.from_config(str(home))

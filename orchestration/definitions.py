"""The code location: what Dagster loads. Nothing else belongs here."""

from __future__ import annotations

import os

from orchestration.defs.graph import build_defs
from orchestration.folders import UMASK
from orchestration.run_lock import remove_leftovers
from orchestration.settings import Settings

# What sensors and Dagster itself write in this process; runs see to it themselves.
os.umask(UMASK)
settings = Settings.from_environment()
remove_leftovers(settings.data)
defs = build_defs(settings)

"""The code location: what Dagster loads. Nothing else belongs here."""

from __future__ import annotations

import os

from orchestration.build import build_defs
from orchestration.folders import UMASK
from orchestration.settings import Settings

# What sensors and Dagster itself write in this process; runs see to it themselves.
os.umask(UMASK)
defs = build_defs(Settings.from_environment())

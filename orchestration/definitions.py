"""The code location: what Dagster loads. Nothing else belongs here."""

from __future__ import annotations

from orchestration.build import build_defs
from orchestration.settings import Settings

defs = build_defs(Settings.from_environment())

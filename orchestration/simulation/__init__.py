"""A seeded generator of synthetic records in the national exchange format.

Belongs here: what the made-up provinces do, how their systems write it down, and which real defects they add.
Does not belong here: reading those files (`ingestion`), judging them (dbt, `expectations`), or any real record.
"""

from __future__ import annotations

from orchestration.simulation.formats import FileFormat
from orchestration.simulation.generator import simulate
from orchestration.simulation.report import ExpectedMetric, ExpectedScore, PlantedValue, SimulationReport

__all__ = ["ExpectedMetric", "ExpectedScore", "FileFormat", "PlantedValue", "SimulationReport", "simulate"]

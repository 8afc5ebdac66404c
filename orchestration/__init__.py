"""Dagster wiring, and the layers it wires (`ingestion`, `publishing`, `simulation`), which know no Dagster."""

"""Dagster wiring, and the layers it wires (`ingest`, `publish`, `simulate`), which know no Dagster."""

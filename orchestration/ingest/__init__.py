"""From landed files to typed, checked Parquet batches in the lake: pure functions, no Dagster.

Modules, lowest first: `problems`, `landing`, `json_document`, one module a source with its rules
(`portal_service_results`, `portal_rules`), `report` and `outcome` (what became of each file),
`lake` (where batches lie), `batch` (one run).
"""

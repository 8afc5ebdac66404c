"""From landed files to typed, checked Parquet batches in the lake: pure functions, no Dagster.

Modules, lowest first: `problems`, `landing`, `json_document`, `report` and `outcome` (what became of each file),
`lake` (where batches lie), `delivery` (what is new). Then the sources: the portal's results with
`portal_service_results`, `portal_rules` and `batch` (one run), and records with `record_kinds` (one value),
`record_types` (the columns), `mapping` and `mapping_sql` (a vendor's names), `unpack` and `readers` (formats),
`staging` (rows on their way) and `records` (one run).
"""

"""From landed files to pending batches of the lake: what was delivered, accepted or refused, and why.

`formats` knows what files look like, `records` and `portal` what their fields mean, each with one run (`run`). Beside
them lies what both rest on: `landing` and `rights` (what was delivered, and by whom it may be), `new_files` (what of it
is new), `lake` and `manifests` (where batches lie), `file_status` and `report` (what became of each file), `problems`
and `personal` (how that is said). Not here: Dagster, and whether a batch becomes visible.
"""

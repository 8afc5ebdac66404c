"""Records that provinces send: mapped, judged, deduplicated, one batch a run."""

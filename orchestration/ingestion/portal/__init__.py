"""What the portal publishes: its payloads, checked and flattened, one batch a run."""

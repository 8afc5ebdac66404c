"""Fetching from a province's gateway what it does not send by itself: pages over HTTPS become landing files.

Modules: `gateways` (which gateways there are, from a YAML file), `pages` (one page over HTTP, within stated limits),
`pull` (one day of one gateway, resumed where it stopped). Knows no Dagster, and nothing of what a record says.
"""

"""Fetching what nobody sends by himself: pages of provinces' gateways, and answers of the portal, become landing files.

Modules: `gateways` (which gateways there are, from a YAML file), `pages` (one page over HTTP, within stated limits),
`pull` (one day of one gateway, resumed where it stopped), `limits` (bytes and seconds of whatever is fetched), `portal`
(a capture of the portal). Knows no Dagster, and nothing of what a record says.
"""

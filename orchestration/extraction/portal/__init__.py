"""Asking the portal's reporting interface for what it publishes: its answers become landing files, as they came.

Modules: `agreement` (what is asked, and within which limits, from a YAML file), `questions` (the requests of a capture),
`calls` (one question over HTTP), `answers` (what must hold of an answer), `breaker` (after a refusal nobody asks until a
person says so), `under_way` (what a capture keeps between two of its questions), `capture` (their order, and landing).
Knows no Dagster, and of figures no more than whether they are of one moment.
"""

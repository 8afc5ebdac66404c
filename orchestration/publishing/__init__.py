"""Publishing: what passed its gates becomes what BI tools read, in one swap.

Belongs here: making a release from the build database, its manifest, the swap, and looking releases up.
Does not belong here: deciding whether to release (`expectations`), wiring (`orchestration.defs`), and any
import of Dagster or dbt.
"""

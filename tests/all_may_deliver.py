"""For tests of what is read, whoever sends it: a right of everyone to deliver everything.

Who may deliver what is tested in `tests/unit/ingestion/test_rights.py`.
"""

from __future__ import annotations

from orchestration.ingestion.rights import Rights, Scope


class _Everyone(Rights):
    def of(self, sender: str, source: str) -> Scope:
        return Scope(sender, (), is_national=True)


EVERYONE = _Everyone(())

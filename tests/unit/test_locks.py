"""The two locks: the project's own, and that of the Superset which it is tried on.

Belongs here: what both must agree on. Does not belong here: what either installs.
"""

from __future__ import annotations

import re

from orchestration.settings import REPOSITORY

BOTH = ("duckdb", "duckdb-engine")


def pinned(lock: str) -> dict[str, str]:
    text = (REPOSITORY / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", text, flags=re.MULTILINE))


def test_superset_reads_the_served_file_by_the_duckdb_that_wrote_it() -> None:
    ours, supersets = pinned("requirements.lock"), pinned("requirements-superset.lock")
    assert {name: ours[name] for name in BOTH} == {name: supersets[name] for name in BOTH}


def test_superset_is_the_one_that_the_documentation_names() -> None:
    version = pinned("requirements-superset.lock")["apache-superset"]
    connect = (REPOSITORY / "docs" / "connect.md").read_text(encoding="utf-8")
    assert f"Superset {version} " in connect

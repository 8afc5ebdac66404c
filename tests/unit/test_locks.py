"""The locks: the project's own, that of the Superset it is tried on, that of Spark, on which its models run as well,
and that of the peers it is measured beside.

Belongs here: what two of them must agree on. Does not belong here: what either installs.
"""

from __future__ import annotations

import re

from orchestration.settings import REPOSITORY

BOTH = ("duckdb", "duckdb-engine")
#: What reads the dbt project: adapters beside it know their engine alone.
DBT = ("dbt-core", "dbt-adapters", "dbt-common")


def pinned(lock: str) -> dict[str, str]:
    text = (REPOSITORY / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)(?:\[[a-z]+\])?==([^ ;\\]+)", text, flags=re.MULTILINE))


def test_superset_reads_the_served_file_by_the_duckdb_that_wrote_it() -> None:
    ours, supersets = pinned("requirements.lock"), pinned("requirements-superset.lock")
    assert {name: ours[name] for name in BOTH} == {name: supersets[name] for name in BOTH}


def test_peers_read_the_build_by_the_duckdb_that_wrote_it() -> None:
    assert pinned("requirements.lock")["duckdb"] == pinned("requirements-peers.lock")["duckdb"]


def test_superset_is_the_one_that_the_documentation_names() -> None:
    version = pinned("requirements-superset.lock")["apache-superset"]
    connect = (REPOSITORY / "docs" / "connect.md").read_text(encoding="utf-8")
    assert f"Superset {version} " in connect


def test_spark_reads_the_project_by_the_dbt_of_duckdb() -> None:
    ours, sparks = pinned("requirements.lock"), pinned("requirements-spark.lock")
    assert {name: ours[name] for name in DBT} == {name: sparks[name] for name in DBT}

"""A release of a few dossiers and the portal's samples, in both kinds of serving, and a Superset for each.

Belongs here: what is served, and where Superset is. Does not belong here: anything a test asserts.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from orchestration.ingestion.lake import promote
from orchestration.ingestion.landing import PORTAL
from orchestration.ingestion.portal.run import ingest
from orchestration.ingestion.rights import national
from orchestration.mart_keys import mart_keys
from orchestration.publishing.postgres import publish_to_postgres
from orchestration.publishing.release import Provenance, publish
from orchestration.settings import REPOSITORY, Settings
from tests.bi.server import Server
from tests.bi.superset.instance import Page, Superset
from tests.pipeline.records_lake import build, empty_lake, write
from tests.three_samples import land_three_samples

Rows = list[dict[str, Any]]

DBT_MANIFEST = REPOSITORY / "dbt_project" / "target" / "manifest.json"
#: Agency, state code and a commune of each province that delivers records.
PROVINCES = {"H26": ("01", "00004"), "H19": ("75", "25195"), "H21": ("52", "21553")}
#: Of ten dossiers of a province in a month, those that ended after their deadline.
LATE = {7: 3, 8: 2, 9: 1}
DELIVERED = "2025-10-01"
#: By its name dbt knows a synthetic file.
SYNTHETIC = "synthetic"
#: What a reader's connection says, as docs/connect.md has it.
CLOSED = "access_mode=READ_ONLY&enable_external_access=false&lock_configuration=true"


def dossiers() -> Rows:
    """Received in the first ten days of a month, due five days later, ended two days before or after that."""
    return [
        {
            "dossier_code": f"{agency}.301-25{month:02}{number + 1:02}-{number:04}",
            "procedure_code": "PLAIN",
            "received_at": f"2025-{month:02}-{number + 1:02} 09:00:00",
            "due_at": f"2025-{month:02}-{number + 6:02} 09:00:00",
            "finished_at": f"2025-{month:02}-{number + (8 if number < late else 4):02} 09:00:00",
            "status_code": 9,
            "channel_code": 1,
            "paid_online_code": 0,
            "sender": agency,
            "delivery_date": DELIVERED,
            "source_file": f"dossiers/{SYNTHETIC}.jsonl",
            "file_hash": f"{SYNTHETIC} {agency}",
        }
        for agency in PROVINCES
        for month, late in LATE.items()
        for number in range(10)
    ]


def units() -> Rows:
    provinces = [
        {"agency_code": agency, "unit_level": "province", "state_code": code}
        for agency, (code, _) in PROVINCES.items()
    ]
    communes = [
        {
            "agency_code": f"{agency}.301", "unit_level": "commune", "parent_agency_code": agency, "state_code": commune
        }
        for agency, (_, commune) in PROVINCES.items()
    ]  # fmt: skip
    return [
        {"name_vi": row["agency_code"], "valid_from": "2025-07-01", "sender": "nation", **row}
        for row in provinces + communes
    ]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Built and published; gates are other tests'."""
    settings = Settings(data=tmp_path_factory.mktemp("superset") / "data")
    empty_lake(settings.data)
    land_three_samples(settings)
    read = ingest(
        settings.landing, settings.lake, settings.quarantine, settings.reference, national("nation")
    )
    assert read.batch_id is not None
    promote(settings.lake, PORTAL, read.batch_id)
    write(settings.data, "dossiers", dossiers())
    write(settings.data, "unit_catalogue", units())
    write(settings.data, "procedures", [
        {"procedure_code": "PLAIN", "execution_level": "commune", "is_fee_bearing": False, "sender": "nation"}
    ])  # fmt: skip
    build(
        settings.data, "--exclude-resource-type", "test",
        "--select", "+bi_ranking", "+bi_indicator", "+bi_province_month",
    )  # fmt: skip
    gates = [{"suite": "release", "success": True, "checks": 7}]
    evidence = Provenance(
        [], gates, {"revision": ""}, {}, contains_synthetic=True, keys=mart_keys(DBT_MANIFEST)
    )
    publish(settings.build_database, settings.serving, evidence, "", datetime.now(UTC))
    return settings


@dataclass(frozen=True)
class Served:
    """A Superset with the dashboard imported, over one kind of serving."""

    kind: str
    page: Page
    superset: Superset
    settings: Settings


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Superset:
    made = Superset(tmp_path_factory.mktemp("installed"))
    made.set_up()
    return made


@pytest.fixture(scope="session")
def of_file(served: Settings) -> str:
    return f"duckdb:///{quote(str(served.serving / 'warehouse.duckdb'))}?{CLOSED}"


@pytest.fixture(scope="session")
def of_server(served: Settings, server: Server) -> str:
    """A reader's address, who is a member of `bi_reader`."""
    url = server.new_database("superset")
    publish_to_postgres(served.serving, url)
    return server.reader_of(url)


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def imported(
    request: pytest.FixtureRequest,
    installed: Superset,
    served: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    address = request.getfixturevalue({"duckdb": "of_file", "postgresql": "of_server"}[request.param])
    superset = installed.copy(tmp_path_factory.mktemp("copies") / request.param)
    for _ in ("a first time", "over the first"):
        import_dashboard(superset, address)
    with superset.serving() as page:
        yield Served(request.param, page, superset, served)


def import_dashboard(superset: Superset, address: str) -> None:
    """By the commands of docs/connect.md, from the folder of the project."""
    text = (REPOSITORY / "docs" / "connect.md").read_text(encoding="utf-8")
    (commands,) = [block for block in text.split("```sh\n")[1:] if "import-dashboards" in block]
    project = superset.folder / "project"
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(REPOSITORY / "dashboards", project / "dashboards")
    superset.shell(["sh", "-euc", commands.partition("```")[0]], project, ADDRESS=address)

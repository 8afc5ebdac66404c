"""Content A, then B, then A again: the marts' inputs say A (f27, ADR 0025).

Belongs here: what the models make of it. Does not belong here: what lies in the lake
(`tests/unit/ingestion/test_content_comes_back.py`).
"""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest

from orchestration.ingestion.lake import promote
from orchestration.ingestion.records.mapping import load_mappings
from orchestration.ingestion.records.run import SAMPLE_KEY, ingest_records
from orchestration.ingestion.rights import national
from orchestration.settings import REPOSITORY
from tests.pipeline import any_clicks
from tests.pipeline.dbt_in_process import Warehouse
from tests.unit.ingestion.record_workplace import as_lines, good

pytestmark = pytest.mark.slow

CASES = REPOSITORY / "tests" / "cases" / "f27_content_comes_back"
DAYS = ["2025-08-02", "2025-08-03", "2025-08-04"]
DOSSIER = {"MaHoSo": "H19.95-250701-0001"}
#: What a source says, and the two figures between which it changes.
WRITTEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "petitions": ({"dislikes": "0"}, {"dislikes": "9"}),
    "dossiers": ({"KenhThucHien": "2"}, {"KenhThucHien": "1"}),
    "unit_catalogue": ({"name_vi": "Phường A"}, {"name_vi": "Phường B"}),
    "publication_decisions": ({"kind": "new"}, {"kind": "amended"}),
}
FIGURES = {
    "petitions": ("core.fct_petition", "is_disliked", [(False,)]),
    "dossiers": ("core.core_dossiers__latest", "channel_code", [(2,)]),
    "unit_catalogue": ("core.core_units__catalogue", "name_vi", [("Phường A",)]),
    "publication_decisions": ("intermediate.int_publications__procedures", "kind", [("new",)]),
    "procedures": ("core.dim_procedure", "list(statutory_limit order by valid_from)", [([5.0, 7.0, 5.0],)]),
    "national_report_totals": (
        "intermediate.int_records__reported_counts", "distinct dossiers_reported",
        [(100,)],
    ),
}  # fmt: skip


@pytest.fixture
def warehouse() -> Warehouse:
    made = any_clicks.warehouse()
    made.begin()
    return made


def land(landing: Path) -> None:
    for source in ("procedures", "national_report_totals"):
        shutil.copytree(CASES / source, landing / source)
    for source, changes in WRITTEN.items():
        for day, change in zip(DAYS, (changes[0], changes[1], changes[0]), strict=True):
            path = landing / source / day / "H19" / "a.jsonl"
            path.parent.mkdir(parents=True)
            path.write_bytes(as_lines([good(source) | change]))


@pytest.mark.parametrize("runs", [1, 3])
def test_the_third_delivery_holds_in_every_source(tmp_path: Path, warehouse: Warehouse, runs: int) -> None:
    landing, lake = tmp_path / "landing", warehouse.data / "lake"
    land(tmp_path / "all")
    for day, source in itertools.product(DAYS, FIGURES):
        shutil.copytree(tmp_path / "all" / source / day, landing / source / day)
        if runs == 3 or day == DAYS[-1]:
            report = ingest_records(source, landing, lake, tmp_path / "quarantine", REPOSITORY / "seeds/reference",
                                    load_mappings(REPOSITORY / "mappings"), SAMPLE_KEY, national("H19"))  # fmt: skip
            assert report.batch_id is not None, (source, day)
            promote(lake, source, report.batch_id)
        if runs == 3 and source == list(FIGURES)[-1]:
            warehouse.night()
    chain = warehouse.upstream([model.partition(".")[2] for model, _, _ in FIGURES.values()])
    assert warehouse.call(chain), warehouse.said
    for source, (model, column, right) in FIGURES.items():
        where = "where dossiers_reported is not null" if source == "national_report_totals" else ""
        assert warehouse.execute(f"select {column} from {model} {where}") == right, source

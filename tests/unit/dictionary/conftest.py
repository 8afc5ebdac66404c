"""A small release made by hand, published with its dictionary.

Belongs here: making the page. Does not belong here: anything a test asserts.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing.dictionary.page import draw
from orchestration.publishing.release import DICTIONARY, Provenance, publish

SMALL = Path(__file__).parent / "small_build.sql"
_PERIOD = ("basis", "regime", "period_type", "period_start", "period_end", "as_of")
KEYS = {
    "dim_indicator": ("regime", "metric_code"),
    "dim_group": ("regime", "group_code"),
    "dim_period": ("period_id",),
    "dim_unit": ("unit_code", "valid_from"),
    "mart_indicator_scores": (*_PERIOD, "unit_code", "metric_code"),
    "mart_index": (*_PERIOD, "unit_code", "group_code"),
}
DESCRIPTIONS_VI = {
    "mart_indicator_scores": "Mỗi dòng: một kỳ, một đơn vị và một chỉ tiêu. Mọi bảng `ind_<chỉ tiêu>` trong một.",
    "ind_dossier_sync": "Mỗi dòng: một kỳ và một đơn vị. Hồ sơ đồng bộ / hồ sơ báo cáo.",
}


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the release; its path holds a space and letters with accents."""
    folder = tmp_path_factory.mktemp("từ điển")
    build = folder / "build.duckdb"
    with duckdb.connect(build) as connection:
        connection.execute(SMALL.read_text(encoding="utf-8"))
    evidence = Provenance(
        inputs=[],
        gates=[{"suite": "release__mart_index", "table": "marts.mart_index", "checks": 3, "success": True}],
        code={},
        versions={},
        keys=KEYS,
        descriptions_vi=DESCRIPTIONS_VI,
    )
    made = publish(
        build,
        folder / "kho dữ liệu",
        evidence,
        "report of {release_id}",
        datetime(2026, 10, 10, 19, 30, tzinfo=UTC),
        pages={DICTIONARY: lambda release, _: draw(release)},
    )
    return made.folder


@pytest.fixture(scope="session")
def page_file(release: Path) -> Path:
    """The page as it is served."""
    return release.parents[1] / DICTIONARY

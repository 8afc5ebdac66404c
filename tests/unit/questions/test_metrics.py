"""Whose figures an answer by metric says it has.

Belongs here: the words around the rows. What `mf` answers: `tests/pipeline/test_metrics.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.answers.answer import Answer
from orchestration.metrics import Question, ask
from orchestration.settings import Settings


@pytest.mark.parametrize(
    ("is_synthetic", "head"),
    [(True, ["from SYNTHETIC records: these are nobody's figures", ""]), (False, [])],
)
def test_figures_of_synthetic_records_say_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    told: Callable[[Answer], list[str]],
    is_synthetic: bool,
    head: list[str],
) -> None:
    """Metrics count records; they are printed and given to scripts like any figure."""
    answered: list[dict[str, Any]] = [{"metric_time__month": "2025-07-01", "dossiers_received": 7294}]
    monkeypatch.setattr("orchestration.metrics._rows", lambda *_: answered)
    settings = Settings(data=tmp_path)
    (settings.serving / "parquet").mkdir(parents=True)
    (settings.serving / "warehouse.duckdb").touch()
    with duckdb.connect() as connection:
        marked = connection.sql(f"select {is_synthetic} as contains_synthetic")
        marked.write_parquet(str(settings.serving / "parquet" / "bi_province_month.parquet"))
    answer = ask(settings, Question(metrics=["dossiers_received"], group_by=["metric_time__month"]))
    assert told(answer)[: len(head) + 1] == [*head, "metric_time__month  dossiers_received"]
    assert answer.facts == {"rows": answered, "contains_synthetic": is_synthetic}

"""The sources, and the secret that real records need."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.ingestion.records.run import SAMPLE_KEY, HashKeyError
from orchestration.settings import Settings
from orchestration.sources import SOURCES, hash_key, source_named


def deliver(settings: Settings, name: str) -> None:
    folder = settings.landing / "dossiers" / "2025-12-01" / "H19"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("{}", encoding="utf-8")


def test_synthetic_records_are_read_without_a_secret(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert hash_key(settings, "dossiers") == SAMPLE_KEY
    deliver(settings, "synthetic_dossiers.jsonl")
    assert hash_key(settings, "dossiers") == SAMPLE_KEY


def test_one_real_file_needs_the_secret_and_is_named(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    deliver(settings, "synthetic_dossiers.jsonl")
    deliver(settings, "november.jsonl")
    with pytest.raises(HashKeyError, match=r"november\.jsonl.*SERVICE_INDEX_HASH_KEY"):
        hash_key(settings, "dossiers")


def test_the_secret_comes_from_the_environment_and_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(tmp_path))
    monkeypatch.setenv("SERVICE_INDEX_HASH_KEY", "a secret of the office")
    settings = Settings.from_environment()
    deliver(settings, "november.jsonl")
    assert hash_key(settings, "dossiers") == b"a secret of the office"
    assert "of the office" not in repr(settings)


def test_only_records_may_hold_bad_rows() -> None:
    assert source_named("portal_service_results").most_refused == 0
    assert {source.most_refused for source in SOURCES if source.dbt_source == "exchange"} == {0.05}

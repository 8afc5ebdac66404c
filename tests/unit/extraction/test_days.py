"""All gateways of a night: one that fails keeps none of the others, and no secret goes where it does not belong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestration.defs import extraction as pulling
from orchestration.defs.extraction import pull_days
from orchestration.ingestion.landing import Days, scan
from orchestration.settings import Settings
from tests.unit.extraction.server import Gateway

DAY = date(2026, 11, 24)
KEY = "a-hash-key-of-twenty-four"


@pytest.fixture
def server() -> Gateway:
    return Gateway([[{"MaHoSo": "H19-261124-0001"}]])


@pytest.fixture
def settings(tmp_path: Path, server: Gateway, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of three senders with a gateway each."""
    made = Settings(data=tmp_path / "data", repository=tmp_path, hash_key=KEY.encode())
    made.landing.mkdir(parents=True)
    entries = [
        f"  - {{sender: H{number}, source: dossiers, url: '{server.url}', token_from: SERVICE_INDEX_TOKEN_H{number}}}"
        for number in (19, 20, 21)
    ]
    made.gateways.parent.mkdir(parents=True)
    made.gateways.write_text("\n".join(["gateways:", *entries]), encoding="utf-8")
    for number in (19, 20, 21):
        monkeypatch.setenv(f"SERVICE_INDEX_TOKEN_H{number}", f"token-{number}")
    return made


def senders(settings: Settings) -> list[str]:
    return [file.sender for file in scan(settings.landing, "dossiers").files]


def test_each_gateway_is_asked_with_its_own_token(settings: Settings, server: Gateway) -> None:
    told, wrong = pull_days(settings, Days(DAY, DAY))
    assert wrong == []
    assert [line.split(":")[0] for line in told] == [f"dossiers of H{n} for 2026-11-24" for n in (19, 20, 21)]
    assert senders(settings) == ["H19", "H20", "H21"]
    assert set(server.tokens) == {f"Bearer token-{n}" for n in (19, 20, 21)}


def test_one_without_a_token_keeps_none_of_the_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SERVICE_INDEX_TOKEN_H20")
    _, (wrong,) = pull_days(settings, Days(DAY, DAY))
    assert wrong.startswith("dossiers of H20 for 2026-11-24: found no token in SERVICE_INDEX_TOKEN_H20")
    assert senders(settings) == ["H19", "H21"]


def test_the_hash_key_is_sent_to_nobody(
    settings: Settings, server: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_INDEX_TOKEN_H20", KEY)
    _, (wrong,) = pull_days(settings, Days(DAY, DAY))
    assert "found the hash key in SERVICE_INDEX_TOKEN_H20" in wrong
    assert KEY not in wrong
    assert f"Bearer {KEY}" not in server.tokens
    assert senders(settings) == ["H19", "H21"]


def test_a_night_ends_whatever_gateways_do(
    settings: Settings, server: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "MOST_SECONDS", 0)
    told, wrong = pull_days(settings, Days(DAY, DAY))
    assert (told, len(wrong), senders(settings)) == ([], 3, [])
    assert all("found no whole page within 0 seconds" in line for line in wrong)

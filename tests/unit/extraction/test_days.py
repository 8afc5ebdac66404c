"""All gateways of a night: one that fails keeps none of the others, and no secret goes where it does not belong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.defs import extraction as pulling
from orchestration.defs.extraction import pull_days
from orchestration.ingestion.landing import Days, scan
from orchestration.settings import Settings
from orchestration.vietnam_time import VIETNAM
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


@pytest.mark.parametrize(
    "place", ["https://[x/login", "https://login.example/\xff"], ids=["no address", "no UTF-8"]
)
def test_one_that_leads_to_what_is_no_address_keeps_none_of_the_others(
    settings: Settings, server: Gateway, place: str
) -> None:
    server.before = lambda number, attempt: (
        (302, {"Location": place}, b"") if (number, attempt) == (1, 2) else None
    )
    _, (wrong,) = pull_days(settings, Days(DAY, DAY))
    assert wrong.startswith("dossiers of H20 for 2026-11-24, page 1: found status 302, a redirect to ")
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


def test_a_day_that_a_gateway_did_not_give_is_asked_for_again_by_the_nights_after_it(
    settings: Settings, server: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H20 was down on Tuesday night. On Wednesday it is asked for both days, the others for one; on Thursday for one."""
    monkeypatch.delenv("SERVICE_INDEX_TOKEN_H20")
    pull_days(settings, Days(DAY, DAY))
    monkeypatch.setenv("SERVICE_INDEX_TOKEN_H20", "token-20")
    after = DAY + timedelta(days=1)
    told, wrong = pull_days(settings, Days(after, after))
    assert wrong == []
    assert sorted(line.split(":")[0].removeprefix("dossiers of ") for line in told) == [
        "H19 for 2026-11-25", "H20 for 2026-11-24", "H20 for 2026-11-25", "H21 for 2026-11-25",
    ]  # fmt: skip
    then = DAY + timedelta(days=2)
    assert len(pull_days(settings, Days(then, then))[0]) == 3


def test_what_was_not_given_for_a_week_is_left_to_a_person(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SERVICE_INDEX_TOKEN_H20")
    day = date(2026, 10, 1)
    pull_days(settings, Days(day, day))
    for night, asked in ((8, ["2026-10-01", "2026-10-08"]), (9, ["2026-10-08", "2026-10-09"])):
        late = date(2026, 10, night)
        _, wrong = pull_days(settings, Days(late, late))
        assert sorted(line.split(":")[0].removeprefix("dossiers of H20 for ") for line in wrong) == asked


def test_each_night_another_gateway_comes_first(settings: Settings) -> None:
    """Where the time is not enough for all, it is not always the same that go without."""
    first = [pull_days(settings, Days(day, day))[0][0] for day in (DAY, DAY + timedelta(days=1))]
    assert [line.split(":")[0] for line in first] == [
        "dossiers of H19 for 2026-11-24",
        "dossiers of H20 for 2026-11-25",
    ]


def test_a_day_that_is_not_over_is_not_asked_for(settings: Settings, server: Gateway) -> None:
    """What has landed of a day is not asked for again: the rest of the day would be lost."""
    today = datetime.now(UTC).astimezone(VIETNAM).date()
    told, wrong = pull_days(settings, Days(today - timedelta(days=1), today))
    assert wrong == []
    assert [line for line in told if "not over" in line] == [
        f"dossiers of H{number} for {today}: not asked, the day is not over"
        for number in {0: (19, 20, 21), 1: (20, 21, 19), 2: (21, 19, 20)}[(today.toordinal() - 1) % 3]
    ]
    assert len(server.asked) == 6

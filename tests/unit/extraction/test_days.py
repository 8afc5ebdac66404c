"""All gateways of a night: one that fails keeps none of the others, and no secret goes where it does not belong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs import extraction as pulling
from orchestration.defs.extraction import newly_given_up, pull_days, pulled_pages
from orchestration.defs.gate_results import REFUSED
from orchestration.defs.resources import Installation
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
    made.gateways.parent.mkdir(parents=True)
    agree(made, server, DAY)
    for number in (19, 20, 21):
        monkeypatch.setenv(f"SERVICE_INDEX_TOKEN_H{number}", f"token-{number}")
    return made


def agree(settings: Settings, server: Gateway, first_day: date) -> None:
    """The three gateways, each agreed from `first_day` on."""
    entries = [
        f"  - {{sender: H{number}, source: dossiers, url: '{server.url}', token_from: SERVICE_INDEX_TOKEN_H{number},"
        f" first_day: {first_day}}}"
        for number in (19, 20, 21)
    ]
    settings.gateways.write_text("\n".join(["gateways:", *entries]), encoding="utf-8")


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[date], Days]:
    """What last night was about, and it is the morning after it."""

    def night(day: date) -> Days:
        monkeypatch.setattr(pulling, "_today", lambda: day + timedelta(days=1))
        return Days(day, day)

    return night


def asked_of(sender: str, told: list[str]) -> list[str]:
    """The days for which the gateway of `sender` was asked, by their numbers, in order."""
    return [line.split(":")[0][-2:] for line in told if line.startswith(f"dossiers of {sender} for ")]


def list_of_given_up(settings: Settings, _night: Days) -> list[str]:
    """What the run of that night tells of days that are given up."""
    return list(newly_given_up(settings))


def november(number: int) -> date:
    return date(2026, 11, number)


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


def test_days_whose_night_the_machine_was_off_are_asked_for_by_the_next(
    settings: Settings, server: Gateway, on: Callable[[date], Days]
) -> None:
    """Nobody began to pull them, so that nothing is left that says so."""
    pull_days(settings, on(november(24)))
    told, wrong = pull_days(settings, on(november(27)))
    assert wrong == []
    for sender in ("H19", "H20", "H21"):
        assert asked_of(sender, told) == ["27", "25", "26"]
    told, _ = pull_days(settings, on(november(28)))
    assert asked_of("H19", told) == ["28"], "each day lands once"


def test_a_new_gateway_is_asked_for_no_day_before_it_was_agreed(
    settings: Settings, on: Callable[[date], Days]
) -> None:
    """Agreed from the 24th on; the first night is that of the 26th."""
    told, _ = pull_days(settings, on(november(26)))
    assert asked_of("H19", told) == ["26", "24", "25"]


def test_no_more_than_a_week_is_asked_for_again(
    settings: Settings, server: Gateway, on: Callable[[date], Days]
) -> None:
    """Nor by a day of that week that is run again, because it landed late: else it would go on to the first."""
    agree(settings, server, date(2026, 9, 1))
    told, _ = pull_days(settings, on(november(27)))
    assert asked_of("H19", told) == ["27", *map(str, range(20, 27))]
    told, _ = pull_days(settings, Days(november(20), november(20)))
    assert asked_of("H19", told) == ["20"]


def test_a_day_that_is_given_up_is_told_once(
    settings: Settings, on: Callable[[date], Days], monkeypatch: pytest.MonkeyPatch
) -> None:
    """H20 gives nothing, and the machine is off on the night that would have told of the 24th first. By hand the 25th
    can still be had.
    """
    monkeypatch.delenv("SERVICE_INDEX_TOKEN_H20")
    for number in range(24, 28):
        pull_days(settings, on(november(number)))
    assert list_of_given_up(settings, on(date(2026, 12, 1))) == []
    (line,) = list_of_given_up(settings, on(date(2026, 12, 3)))
    assert line.startswith("dossiers of H20: found no whole 2026-11-24, 2026-11-25, expected each to land;")
    assert line.endswith("bin/service-index pull DAY")
    assert list_of_given_up(settings, on(date(2026, 12, 3))) == []
    monkeypatch.setenv("SERVICE_INDEX_TOKEN_H20", "token-20")
    assert pull_days(settings, Days(november(25), november(25)))[1] == []
    (line,) = list_of_given_up(settings, on(date(2026, 12, 4)))
    assert "found no whole 2026-11-26, expected" in line


def test_many_days_that_are_given_up_are_counted(
    settings: Settings, server: Gateway, on: Callable[[date], Days]
) -> None:
    agree(settings, server, date(2026, 9, 1))
    lines = list_of_given_up(settings, on(november(27)))
    assert len(lines) == 3
    assert all("found no whole 80 days from 2026-09-01 to 2026-11-19, expected" in line for line in lines)


def test_a_day_of_which_a_part_has_landed_is_given_up_as_well(
    settings: Settings, on: Callable[[date], Days]
) -> None:
    """A pull was killed while it landed: its second page waits, and nobody was there to go on."""
    pull_days(settings, on(DAY))
    page = settings.landing / ".pull/dossiers/2026-11-24/H19/whole/page-00002.json"
    page.parent.mkdir(parents=True)
    page.write_text("{}", encoding="utf-8")
    (line,) = list_of_given_up(settings, on(date(2026, 12, 2)))
    assert line.startswith("dossiers of H19: found no whole 2026-11-24, expected")


@pytest.mark.parametrize("kept", ["", "2026-13-01", "\x00"], ids=["empty", "no day", "no text"])
def test_a_note_that_is_damaged_ends_no_night(
    settings: Settings, on: Callable[[date], Days], kept: str
) -> None:
    """It is told again, rather than not at all."""
    night = on(date(2026, 12, 3))
    first = list_of_given_up(settings, night)
    note = settings.landing / ".pull/given-up/dossiers/H19"
    note.write_text(kept, encoding="utf-8")
    assert list_of_given_up(settings, night) == first[:1]


def test_whoever_is_on_call_is_told_of_a_day_that_is_given_up(
    settings: Settings, on: Callable[[date], Days]
) -> None:
    """By the check of gateways that failed: it warns, and is an alert, once."""
    on(date(2026, 12, 2))
    check = night_of(settings, "2026-12-02")
    assert (check.passed, check.metadata[REFUSED].value) == (False, 3)
    assert "dossiers of H19: found no whole 2026-11-24, expected each to land" in str(check.description)
    assert night_of(settings, "2026-12-02").passed
    assert scan(settings.landing, "dossiers").problems == ()


def night_of(settings: Settings, day: str) -> dg.AssetCheckEvaluation:
    installation = Installation.configure_at_launch(
        settings=dg.ResourceDefinition.hardcoded_resource(settings)
    )
    run = dg.materialize(
        [pulled_pages], resources={"installation": installation}, tags={"dagster/partition": day}
    )
    return run.get_asset_check_evaluations()[0]


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
    agree(settings, server, today - timedelta(days=1))
    told, wrong = pull_days(settings, Days(today - timedelta(days=1), today))
    assert wrong == []
    assert [line for line in told if "not over" in line] == [
        f"dossiers of H{number} for {today}: not asked, the day is not over"
        for number in {0: (19, 20, 21), 1: (20, 21, 19), 2: (21, 19, 20)}[(today.toordinal() - 1) % 3]
    ]
    assert len(server.asked) == 6

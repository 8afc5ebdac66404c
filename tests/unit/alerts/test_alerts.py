"""Alerts against a real server that is well, broken for a moment, broken, slow to answer, or not there."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration import alerts
from orchestration.alerts import Alert, Failure, alerts_since, post_again, send
from tests.webhook import Hook

ALERT = Alert(
    kind="run_failed",
    title="Run failed: raw_gate",
    failures=(
        Failure("ingestion/dossiers_batch: raw_gate", "At most 5% of the rows are refused\nfound: 1 row"),
    ),
    agencies=("H19",),
    rows=12,
    what_to_do="docs/runbook.md",
    run_id="r1",
    at="2026-11-25T01:31:00+00:00",
)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "BACKOFF_SECONDS", 0)


@pytest.fixture(autouse=True)
def nothing_posted_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "_TAKEN", set())


@pytest.fixture
def hook() -> Iterator[Callable[..., Hook]]:
    made: list[Hook] = []

    def make(*statuses: int) -> Hook:
        made.append(Hook(*statuses))
        return made[-1]

    yield make
    for one in made:
        one.server.shutdown()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "alerts" / "alerts.jsonl"


def logged(log: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def test_an_alert_reaches_the_log_and_the_webhook(hook: Callable[..., Hook], log: Path) -> None:
    server = hook(200)
    assert send(ALERT, log, server.url) is None
    (body,) = server.bodies
    assert logged(log) == [json.loads(body)]
    said = json.loads(body)
    assert said["text"].splitlines() == [
        "Run failed: raw_gate",
        "agencies: H19",
        "rows: 12",
        "ingestion/dossiers_batch: raw_gate: At most 5% of the rows are refused",
        "found: 1 row",
        "what to do: docs/runbook.md",
        "run r1, 2026-11-25T01:31:00+00:00",
    ]
    assert (said["kind"], said["agencies"], said["rows"]) == ("run_failed", ["H19"], 12)


def test_a_hook_that_is_busy_for_a_moment_is_tried_again(hook: Callable[..., Hook], log: Path) -> None:
    server = hook(503, 429, 200)
    assert send(ALERT, log, server.url) is None
    assert len(server.bodies) == 3


@pytest.mark.parametrize(("status", "tries"), [(500, 3), (404, 1), (302, 1)])
def test_a_hook_that_stays_wrong_is_told_in_the_log_and_fails_nothing(
    hook: Callable[..., Hook], log: Path, status: int, tries: int
) -> None:
    server = hook(status)
    problem = send(ALERT, log, server.url)
    assert problem == f"the webhook answered {status}"
    assert len(server.bodies) == tries
    assert [line["kind"] for line in logged(log)] == ["run_failed", "webhook_failed"]
    assert "secret-path" not in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "place", ["https://[x/login", "https://login.example/\xff"], ids=["no address", "no UTF-8"]
)
def test_a_hook_that_leads_to_what_is_no_address_fails_nothing(
    hook: Callable[..., Hook], log: Path, place: str
) -> None:
    server = hook(302)
    server.location = place
    assert send(ALERT, log, server.url) == "the webhook answered 302"
    assert [line["kind"] for line in logged(log)] == ["run_failed", "webhook_failed"]


def test_a_hook_that_is_not_there_or_does_not_answer_is_given_up(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "TIMEOUT_SECONDS", (0.2, 0.2))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        for listening in (False, True):
            if listening:
                silent.listen()  # takes the call and never answers
            problem = send(ALERT, log, f"http://127.0.0.1:{port}/secret-path")
            assert problem is not None
            assert problem.startswith("the webhook could not be reached")
    assert len(logged(log)) == 4
    assert "secret-path" not in log.read_text(encoding="utf-8")


def test_nothing_is_posted_in_the_clear(log: Path) -> None:
    problem = send(ALERT, log, "http://chat.example/secret-path")
    assert problem is not None
    assert "without https" in problem
    assert "secret-path" not in problem


def test_without_a_hook_the_log_is_enough(log: Path) -> None:
    assert send(ALERT, log, "") is None
    assert len(logged(log)) == 1


def test_half_a_line_that_a_crash_left_spoils_no_other(log: Path) -> None:
    send(ALERT, log, "")
    with log.open("a", encoding="utf-8") as stream:
        stream.write('{"kind": "run_fa')
    send(ALERT, log, "")
    lines = log.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert json.loads(lines[0]) == json.loads(lines[2])


def unwritable(log: Path) -> None:
    log.parent.write_text("a file where the folder should be")


def full(log: Path) -> None:
    log.parent.mkdir(parents=True)
    log.symlink_to("/dev/full")


@pytest.mark.parametrize("break_log", [unwritable, full])
def test_a_log_that_cannot_be_written_keeps_no_alert_from_the_webhook(
    hook: Callable[..., Hook], log: Path, break_log: Callable[[Path], None]
) -> None:
    break_log(log)
    server = hook(200)
    problem = send(ALERT, log, server.url)
    assert problem is not None
    assert problem.startswith(f"{log} could not be written (")
    assert [json.loads(body)["kind"] for body in server.bodies] == ["run_failed"]


def test_where_no_way_works_both_are_named(hook: Callable[..., Hook], log: Path) -> None:
    full(log)
    problem = send(ALERT, log, hook(404).url)
    assert problem == f"{log} could not be written (No space left on device); the webhook answered 404"


@pytest.mark.parametrize(
    "delivered",
    ["![](https://example.vn/graphql?query=mutation{x})", "[click](https://example.vn)", "https://example.vn/a.png",
     "<!channel> <@U012AB> <https://example.vn|bank>", "@here @channel @all", "```\nrm\n```", "<img src=x onerror=y>",
     "\x1b[2J\x1b]0;title\x07", "a\u202eb\u2066"],
)  # fmt: skip
def test_delivered_text_is_text_to_a_chat_tool(hook: Callable[..., Hook], log: Path, delivered: str) -> None:
    """It quotes what a province sent, which must neither call people nor fetch anything."""
    server = hook(200)
    quoting = replace(
        ALERT, title=delivered, failures=(Failure("raw_gate", f"found {delivered}"),), agencies=(delivered,)
    )
    assert send(quoting, log, server.url) is None
    text = json.loads(server.bodies[0])["text"]
    acted_on = r"<|>|`|://|]\(|@\w|!\[|[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]"
    assert re.findall(acted_on, text) == []
    assert "example" not in delivered or "example.vn" in text, "it can still be read"


#: Some minutes after `ALERT`.
LATER = datetime(2026, 11, 25, 1, 40, tzinfo=UTC)


def not_taken(log: Path, hook: Callable[..., Hook], *moments: str) -> list[Alert]:
    """Alerts of these moments, sent while the chat server was down."""
    down = hook(500).url
    sent = [
        replace(ALERT, run_id=f"run of {moment}", at=f"2026-11-25T{moment}:00+00:00") for moment in moments
    ]
    for alert in sent:
        assert send(alert, log, down) is not None
    return sent


def runs_of(bodies: list[bytes]) -> list[str]:
    return [json.loads(body)["run_id"] for body in bodies]


def test_what_was_not_posted_is_posted_once_the_hook_answers_oldest_first(
    hook: Callable[..., Hook], log: Path
) -> None:
    """A chat server that restarts at night: three tries within seconds, and only the log knew."""
    later, first = not_taken(log, hook, "01:32", "01:31")
    send(replace(ALERT, run_id="posted"), log, hook(200).url)
    assert len(alerts_since(log, None)) == 5
    server = hook(200)
    assert post_again(log, server.url, LATER) == (2, None)
    assert runs_of(server.bodies) == [first.run_id, later.run_id]
    assert server.bodies[0].decode() == first.to_json()
    assert post_again(log, server.url, LATER) == (0, None), "each of them once"
    assert len(server.bodies) == 2
    assert [said["run_id"] for said in alerts_since(log, None)] == [later.run_id, first.run_id, "posted"]


def test_a_hook_that_is_still_down_is_asked_a_few_times_and_the_log_does_not_grow(
    hook: Callable[..., Hook], log: Path
) -> None:
    sent = not_taken(log, hook, *(f"01:{minute}" for minute in range(10, 16)))
    before = log.read_bytes()
    server = hook(500)
    assert post_again(log, server.url, LATER) == (0, "the webhook answered 500")
    assert (len(server.bodies), log.read_bytes()) == (3, before)
    back = hook(200)
    assert post_again(log, back.url, LATER) == (6, None)
    assert runs_of(back.bodies) == [alert.run_id for alert in sent]


def test_an_alert_that_the_hook_refuses_for_good_keeps_up_no_other(
    hook: Callable[..., Hook], log: Path
) -> None:
    refused, other = not_taken(log, hook, "01:31", "01:32")
    server = hook(400, 200)
    assert post_again(log, server.url, LATER) == (1, "the webhook answered 400")
    assert runs_of(server.bodies) == [refused.run_id, other.run_id]


def test_what_is_no_news_any_more_is_not_posted_and_neither_is_anything_without_a_hook(
    hook: Callable[..., Hook], log: Path
) -> None:
    not_taken(log, hook, "01:31")
    server = hook(200)
    assert post_again(log, server.url, LATER + timedelta(days=7)) == (0, None)
    assert post_again(log, "", LATER) == (0, None)
    assert post_again(log.with_name("none"), server.url, LATER) == (0, None)
    assert server.bodies == []


def test_where_the_log_cannot_say_that_it_was_posted_it_is_not_posted_each_minute(
    hook: Callable[..., Hook], log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full since: nothing else remembers."""
    not_taken(log, hook, "01:33")
    server = hook(200)
    monkeypatch.setattr(alerts, "_append", lambda *_: "full")
    assert post_again(log, server.url, LATER) == (1, "full")
    assert post_again(log, server.url, LATER) == (0, None)
    assert len(server.bodies) == 1

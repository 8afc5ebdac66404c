"""What starts by itself: the night, late files; and that two runs never work on one installation at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from orchestration.alerts import Alert, alerts_since, send
from orchestration.defs import sensors
from orchestration.defs.alerts import failed_runs
from orchestration.defs.dead_runs import COMMAND_LINE, KILLED, end_dead_runs
from orchestration.defs.graph import build_defs
from orchestration.defs.partitions import NoSuchDaysError, known_days, run_tags
from orchestration.defs.portal_capture import NEXT_TRY
from orchestration.defs.schedules import capture_portal, close_last_month, nightly
from orchestration.defs.sensors import MOST_DAYS_AGAIN
from orchestration.ingestion.landing import Days
from orchestration.ingestion.refused_files import remember_refused
from orchestration.ingestion.unprocessed_files import content_of
from orchestration.run_lock import LOCK, one_writer
from orchestration.settings import REPOSITORY, Settings
from orchestration.vietnam_time import first_day_ahead
from tests.small_batches import write_batch
from tests.webhook import Hook

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data=tmp_path / "data")
    made.landing.mkdir(parents=True)
    return made


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def land(settings: Settings, day: str, sender: str, text: str = "{}\n") -> Path:
    path = settings.landing / "dossiers" / day / sender / "synthetic.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def look(
    settings: Settings, instance: dg.DagsterInstance, cursor: str | None
) -> tuple[str, list[dg.RunRequest]]:
    """One evaluation of the sensor: its new cursor, and what it asks for."""
    result = tick(settings, instance, cursor)
    assert result.cursor is not None
    return result.cursor, list(result.run_requests or [])


@cache
def defs() -> dg.Definitions:
    """The real graph, assembled once: the folders to look at come with each context."""
    return build_defs(Settings(data=Path("/of/no/installation")))


def tick(settings: Settings, instance: dg.DagsterInstance, cursor: str | None) -> Any:
    context = dg.build_sensor_context(
        instance=instance, cursor=cursor, definitions=defs(), resources={"settings": settings}
    )
    return defs().resolve_sensor_def("late_deliveries").evaluate_tick(context)


def test_the_night_takes_the_day_that_has_just_ended_in_vietnam() -> None:
    # 01:30 on 2 December in Vietnam is 18:30 on 1 December in Greenwich: the day that ended is the 1st.
    night = datetime(2025, 12, 2, 1, 30, tzinfo=VIETNAM)
    with dg.DagsterInstance.ephemeral() as instance:
        request = nightly(dg.build_schedule_context(instance=instance, scheduled_execution_time=night))
    assert isinstance(request, dg.RunRequest)
    assert (request.partition_key, request.run_key) == ("2025-12-01", "2025-12-01")
    assert nightly.cron_schedule == "30 1 * * *"
    assert nightly.execution_timezone == "Asia/Ho_Chi_Minh"


def test_on_the_second_the_month_before_is_closed() -> None:
    # 04:00 on 2 January in Vietnam is still 1 January in Greenwich; the month before is December of last year.
    moment = datetime(2026, 1, 2, 4, 0, tzinfo=VIETNAM)
    with dg.DagsterInstance.ephemeral() as instance:
        request = close_last_month(
            dg.build_schedule_context(instance=instance, scheduled_execution_time=moment)
        )
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == "2025-12-01"
    assert close_last_month.cron_schedule == "0 4 2 * *"


def ask_for_capture(settings: Settings, hour: int) -> Any:
    moment = datetime(2026, 10, 10, hour, 0, tzinfo=VIETNAM)
    with dg.DagsterInstance.ephemeral() as instance:
        return capture_portal(
            dg.build_schedule_context(
                instance=instance, scheduled_execution_time=moment, resources={"settings": settings}
            )
        )


def last_capture(settings: Settings, moment: str, is_refreshing: bool) -> None:
    settings.portal.mkdir(exist_ok=True)
    facts = {"captured_at": moment, "is_refreshing": is_refreshing}
    (settings.portal / "last_capture.json").write_text(json.dumps(facts), encoding="utf-8")


def test_in_the_morning_the_portal_is_asked_for_today(settings: Settings) -> None:
    last_capture(settings, "2026-10-08T23:00:00+00:00", is_refreshing=True)
    request = ask_for_capture(settings, 6)
    assert isinstance(request, dg.RunRequest)
    assert (request.partition_key, request.run_key) == ("2026-10-10", "capture 2026-10-10 06:00")
    assert request.tags[NEXT_TRY] == "09:00"
    assert capture_portal.cron_schedule == "0 6,9,12,15 * * *"
    assert capture_portal.execution_timezone == "Asia/Ho_Chi_Minh"


@pytest.mark.parametrize(("hour", "next_try"), [(9, "12:00"), (12, "15:00"), (15, None)])
def test_later_only_if_the_capture_of_today_found_it_refreshing(
    hour: int, next_try: str | None, settings: Settings
) -> None:
    assert isinstance(ask_for_capture(settings, hour), dg.SkipReason), "nothing was captured"
    # 06:00 of the 9th in Vietnam, then 06:00 of the 10th.
    for moment, is_refreshing in (("2026-10-08T23:00:00+00:00", True), ("2026-10-09T23:00:00+00:00", False)):
        last_capture(settings, moment, is_refreshing)
        skipped = ask_for_capture(settings, hour)
        assert isinstance(skipped, dg.SkipReason)
        assert skipped.skip_message == "no capture of today found the portal refreshing"
    last_capture(settings, "2026-10-09T23:00:00+00:00", is_refreshing=True)
    request = ask_for_capture(settings, hour)
    assert isinstance(request, dg.RunRequest)
    assert (request.partition_key, request.run_key) == ("2026-10-10", f"capture 2026-10-10 {hour:02}:00")
    assert request.tags.get(NEXT_TRY) == next_try


def test_what_runs_at_night_is_switched_on_when_installed_and_what_calls_out_is_not() -> None:
    schedules = [defs().resolve_schedule_def(made.name) for made in defs().schedules or []]
    stopped = {made.name for made in schedules if made.default_status == dg.DefaultScheduleStatus.STOPPED}
    assert stopped == {"portal_capture"}
    assert defs().resolve_sensor_def("late_deliveries").default_status == dg.DefaultSensorStatus.RUNNING


def test_a_late_file_is_taken_once_it_no_longer_grows(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    cursor, asked = look(settings, instance, None)
    assert asked == []
    path = land(settings, "2025-11-28", "H19")
    cursor, asked = look(settings, instance, cursor)
    assert asked == []  # seen for the first time: it may still be growing
    path.write_text("{}\n{}\n", encoding="utf-8")
    cursor, asked = look(settings, instance, cursor)
    assert asked == []  # it was
    cursor, asked = look(settings, instance, cursor)
    assert [request.partition_key for request in asked] == ["2025-11-28"]
    first = asked[0].run_key
    cursor, asked = look(settings, instance, cursor)
    # Dagster starts nothing twice for one key: what a gate refused is not tried every five minutes.
    assert [request.run_key for request in asked] == [first]
    path.write_text("{}\n{}\n{}\n", encoding="utf-8")
    cursor, _ = look(settings, instance, cursor)
    _, asked = look(settings, instance, cursor)
    assert [request.run_key for request in asked] != [first]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets what the sensor takes for now."""

    def put(moment: str) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:
                return cls.fromisoformat(moment).astimezone(tz)

        monkeypatch.setattr(sensors, "datetime", Clock)

    return put


def keys(settings: Settings, instance: dg.DagsterInstance) -> list[str | None]:
    """The runs that the sensor asks for once what is there is settled."""
    cursor, _ = look(settings, instance, None)
    return [asked.run_key for asked in look(settings, instance, cursor)[1]]


def test_what_could_not_be_read_is_tried_again_after_a_correction_and_once_a_day(
    tmp_path: Path, settings: Settings, instance: dg.DagsterInstance, clock: Callable[[str], None]
) -> None:
    """A broken mapping keeps out all files of its senders, and the nights after read other days: the key of the one
    attempt was that of the next, so that Dagster passed over it for good.
    """
    repository = tmp_path / "repository"
    for name in ("mappings", "seeds"):
        shutil.copytree(REPOSITORY / name, repository / name)
    (repository / "dbt_project").symlink_to(REPOSITORY / "dbt_project")
    settings = replace(settings, repository=repository)
    land(settings, "2025-11-28", "H19")
    clock("2025-12-02T02:05:00+07:00")
    first = keys(settings, instance)
    clock("2025-12-03T01:55:00+07:00")
    assert keys(settings, instance) == first, "one attempt until the night after has been"
    clock("2025-12-03T02:05:00+07:00")
    next_day = keys(settings, instance)
    assert next_day != first
    seen = [first, next_day]
    for file in (settings.mappings / "vendor_flat.yml", settings.delivery_rights):
        file.write_bytes(file.read_bytes() + b"\n")
        corrected = keys(settings, instance)
        assert corrected not in seen, file
        assert keys(settings, instance) == corrected
        seen.append(corrected)


def test_so_many_days_are_tried_again_each_day_the_newest(
    settings: Settings, instance: dg.DagsterInstance, clock: Callable[[str], None]
) -> None:
    """Else what is left lying for months would be months of runs a day: one a delivery date."""
    days = [date(2025, 11, 1) + timedelta(days=n) for n in range(MOST_DAYS_AGAIN + 2)]
    for day in days:
        land(settings, day.isoformat(), "H19")
    clock("2025-12-02T02:05:00+07:00")
    first = set(keys(settings, instance))
    clock("2025-12-03T02:05:00+07:00")
    again = set(keys(settings, instance))
    assert (len(first), len(again)) == (len(days), len(days))
    assert {key[:10] for key in first & again if key} == {day.isoformat() for day in days[:2]}


def test_what_was_refused_as_it_is_waits_for_a_person(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    """The night has told of it: half an hour later it would be judged, and told of, again."""
    broken, beside = land(settings, "2025-11-28", "H19"), land(settings, "2025-11-29", "H19", "{ }\n")
    names = [path.relative_to(settings.landing).as_posix() for path in (broken, beside)]
    contents = {name: content_of(settings.landing, name) or "" for name in names}
    remember_refused(settings.build, settings.landing, "dossiers", contents)
    assert keys(settings, instance) == []
    for path in (broken, beside):  # a sender that writes the same every quarter of an hour
        path.write_bytes(path.read_bytes())
        os.utime(path, (1, 1))
    assert keys(settings, instance) == []
    broken.write_text("[]\n", encoding="utf-8")
    assert [key[:10] for key in keys(settings, instance) if key] == ["2025-11-28", "2025-11-29"]
    broken.unlink()
    assert [key[:10] for key in keys(settings, instance) if key] == ["2025-11-29"], (
        "it came with the broken one"
    )


def test_the_same_written_again_asks_for_no_run(settings: Settings, instance: dg.DagsterInstance) -> None:
    """A sync that renews the times of what it brings: each time was a run, and an alert, of the same content."""
    path = land(settings, "2025-11-28", "H19")
    first = keys(settings, instance)
    path.write_bytes(path.read_bytes())
    os.utime(path, (1, 1))
    assert keys(settings, instance) == first
    path.write_text("[]\n", encoding="utf-8")
    assert keys(settings, instance) != first


def test_a_file_that_changed_after_it_was_read_is_told_of_once(
    settings: Settings, instance: dg.DagsterInstance, clock: Callable[[str], None]
) -> None:
    """No correction makes it readable, and it would be told of every day."""
    path = land(settings, "2025-11-28", "H19")
    write_batch(settings.lake, path.relative_to(settings.landing).as_posix(), 1)
    clock("2025-12-02T02:05:00+07:00")
    first = keys(settings, instance)
    assert len(first) == 1
    clock("2025-12-03T02:05:00+07:00")
    assert keys(settings, instance) == first


def test_each_day_is_a_run_of_its_own_and_today_waits_for_the_night(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    today = known_days().last
    for day in ("2025-11-28", "2025-11-30", today.isoformat(), (today + timedelta(days=400)).isoformat()):
        land(settings, day, "H19")
        land(settings, day, "H01")
    cursor, _ = look(settings, instance, None)
    _, asked = look(settings, instance, cursor)
    assert [request.partition_key for request in asked] == ["2025-11-28", "2025-11-30"]


@pytest.mark.parametrize(
    ("moment", "ahead"),
    [
        # Of 1 December, at midnight the night is still to come; at 02:00 it has had half an hour.
        ("2025-12-02T00:05:00+07:00", date(2025, 12, 1)),
        ("2025-12-02T01:59:59+07:00", date(2025, 12, 1)),
        ("2025-12-02T02:00:00+07:00", date(2025, 12, 2)),
        ("2025-12-01T17:05:00+00:00", date(2025, 12, 1)),
        ("2025-12-01T19:00:00+00:00", date(2025, 12, 2)),
    ],
)
def test_a_day_is_late_once_its_night_has_been(moment: str, ahead: date) -> None:
    """Else the run of five past midnight would ask gateways for a day that they have not closed."""
    assert first_day_ahead(datetime.fromisoformat(moment)) == ahead


def test_what_was_written_on_after_it_had_been_read_is_seen(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    """An upload that stalled: the night took what was there for the whole."""
    path = land(settings, "2025-11-28", "H19")
    write_batch(settings.lake, path.relative_to(settings.landing).as_posix(), path.stat().st_size)
    cursor, _ = look(settings, instance, None)
    assert look(settings, instance, cursor)[1] == []
    path.write_text("{}\n{}\n", encoding="utf-8")
    cursor, _ = look(settings, instance, cursor)
    assert [request.partition_key for request in look(settings, instance, cursor)[1]] == ["2025-11-28"]


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.NOT_STARTED])
def test_a_run_of_the_command_line_that_was_killed_keeps_nobody_waiting(
    settings: Settings, instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    """It held the lock as long as it lived. Who queues after it would wait for ever, and no alert would say so."""
    land(settings, "2025-11-28", "H19")
    cursor, _ = look(settings, instance, None)
    job = defs().resolve_job_def("refresh")
    with one_writer(settings.data, print):
        run = instance.create_run_for_job(job, status=status, tags=COMMAND_LINE)
        # Of another process, which does not hold the lock.
        beside = subprocess.run(
            [sys.executable, "-c", IS_FREE, str(settings.data)],
            cwd=REPOSITORY, capture_output=True, check=True, text=True,
        )  # fmt: skip
        assert beside.stdout == "False\n"
    assert len(look(settings, instance, cursor)[1]) == 1
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert (ended.status, ended.tags[KILLED]) == (dg.DagsterRunStatus.FAILURE, "yes")
    # The command line tells what became of its runs; this one had nobody left to tell.
    events = [entry.dagster_event for entry in instance.all_logs(run.run_id)]
    (failure,) = [event for event in events if event and event.event_type == dg.DagsterEventType.RUN_FAILURE]
    failed_runs(
        dg.build_run_status_sensor_context(
            "alert_on_failure", failure, instance, ended, resources={"settings": settings}
        ).for_run_failure()
    )
    (alert,) = alerts_since(settings.alerts_log, None)
    assert (alert["kind"], alert["run_id"]) == ("run_failed", run.run_id)
    assert "section 'A run was killed'" in alert["what_to_do"]


def test_what_the_webhook_did_not_take_is_posted_by_a_sensor_that_is_switched_on(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    """No run has to end for it: the next one may be a night away."""
    down, up = Hook(404), Hook(200)
    send(
        Alert("run_failed", "t", (), (), 0, "look", "r1", datetime.now(UTC).isoformat()),
        settings.alerts_log,
        down.url,
    )
    sensor = defs().resolve_sensor_def("alert_again")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    context = dg.build_sensor_context(
        instance=instance, resources={"settings": replace(settings, alert_webhook=up.url)}
    )
    said = [sensor.evaluate_tick(context).skip_message for _ in range(2)]
    assert said == ["posted again: 1", "posted again: 0"]
    assert len(up.bodies) == 1
    for hook in (down, up):
        hook.server.shutdown()


IS_FREE = (
    "import sys, pathlib\nfrom orchestration.run_lock import if_nobody_writes\n"
    "with if_nobody_writes(pathlib.Path(sys.argv[1])) as is_free:\n    print(is_free)\n"
)


def test_a_run_of_the_daemon_is_ended_only_before_the_daemon_starts(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    """While the daemon lives, Dagster sees to its runs itself; one that waits for the lock is alive."""
    job = defs().resolve_job_def("refresh")
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    assert end_dead_runs(instance, settings.data, tags={}) == (), "nothing was ever run here"
    with one_writer(settings.data, print):
        assert end_dead_runs(instance, settings.data) == ()
        assert end_dead_runs(instance, settings.data, tags={}) == (run.run_id,)


@pytest.mark.parametrize("name", ["refresh", "portal_capture"])
def test_nothing_is_asked_for_while_a_run_is_under_way(
    name: str, settings: Settings, instance: dg.DagsterInstance
) -> None:
    land(settings, "2025-11-28", "H19")
    cursor, _ = look(settings, instance, None)
    job = defs().resolve_job_def(name)
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    waiting = tick(settings, instance, cursor)
    assert not waiting.run_requests
    assert waiting.skip_message == "a run is under way"
    instance.report_run_canceled(run)
    assert len(look(settings, instance, cursor)[1]) == 1


def test_days_without_a_partition_are_refused_with_what_there_is() -> None:
    known = known_days()
    for days in (
        Days(date(2024, 12, 31), date(2025, 1, 2)),
        Days(known.last, known.last + timedelta(days=1)),
        Days(date(2025, 2, 2), date(2025, 2, 1)),
    ):
        with pytest.raises(NoSuchDaysError, match=f"2025-01-01 and {known.last}"):
            run_tags(days)


def test_a_second_writer_waits_until_the_first_has_ended_even_by_kill(tmp_path: Path) -> None:
    hold = (
        "import os, sys, pathlib\nfrom orchestration.run_lock import one_writer\n"
        "with one_writer(pathlib.Path(sys.argv[1]), print):\n"
        "    print('held', os.getpid(), flush=True)\n    sys.stdin.read()\n"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip
    assert first.stdout is not None
    assert first.stdout.readline() == f"held {first.pid}\n"
    said: list[str] = []

    def tell(text: str) -> None:
        said.append(text)
        first.kill()  # the lock goes with the process, and the wait is over

    with one_writer(tmp_path, tell):
        assert said == [f"waiting for the run of process {first.pid} on {tmp_path} to end"]
    first.communicate()
    assert (tmp_path / LOCK).exists()

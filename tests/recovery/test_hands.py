"""Commands given while a real run is at work: each waits for it and says so, or is refused with what to do.

One night, whose hands cross: a run is stopped once it has taken in two deliveries, and again before it publishes them;
meanwhile others take one of the two back, lift, close, and start a second run. That run is stopped in its turn before
it publishes, while others roll back and approve. Then each goes on, in an order that is given here, since who waits
for the lock gets it in any. The tests look at what that night left.

Belongs here: commands beside runs. Does not belong here: what one command does to another's while nothing is built
(`tests/unit/publishing/test_while_a_run_works.py`).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any

import duckdb
import pytest

from orchestration.settings import REPOSITORY, Settings
from tests.pipeline.deliveries import encoded, land, october
from tests.recovery.nights import environment, first_night, shared, start

pytestmark = pytest.mark.recovery

#: `refresh`, which stops itself once it has taken in what was delivered, and again at its release.
STOPPING = """
import os, signal, sys
moments = [("subprocess.Popen", "locked_dbt"), ("os.mkdir", "/serving/releases/.")]
def hook(event, arguments):
    if moments and event == moments[0][0] and moments[0][1] in str(arguments):
        moments.pop(0)
        os.kill(os.getpid(), signal.SIGSTOP)
from orchestration.cli import main
sys.addaudithook(hook)
sys.exit(main(["refresh"]))
"""
WRONG, RIGHT = (f"portal_service_results/{day}/nation/results.json" for day in ("2026-10-11", "2026-10-12"))
WHO = ("--by", "duty officer", "--reason", "the portal took it back")
NO_HOLD = "0" * 12


@dataclass(frozen=True)
class Command:
    """What a command that was given said at first and then, and how it ended."""

    first: str
    rest: str
    code: int


@dataclass(frozen=True)
class Night:
    """What it left: the releases in order, as each says itself, and what became of each command."""

    data: Path
    releases: list[str]
    said: dict[str, Command]
    #: Of the first run, before and while the second waits.
    logs: tuple[str, str]
    first_run: int
    second_run: int

    def manifest(self, release: str) -> dict[str, Any]:
        path = self.data / "serving" / "releases" / release / "manifest.json"
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return read

    def days(self, release: str) -> set[date]:
        """The days whose figures the release serves."""
        marts = self.data / "serving" / "releases" / release / "parquet" / "mart_province_ranking.parquet"
        with duckdb.connect() as connection:
            return {day for (day,) in connection.execute(f"select distinct as_of from '{marts}'").fetchall()}


class Hand:
    """A command as it is typed, in a process of its own."""

    def __init__(self, data: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [REPOSITORY / "bin" / "service-index", *words], env=environment(data), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.first = lines_of(self.process).readline()

    def ended(self) -> Command:
        rest, _ = self.process.communicate(timeout=600)
        return Command(self.first, rest, self.process.returncode)


def lines_of(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def stopped(process: subprocess.Popen[str]) -> None:
    """Wait until it has stopped itself."""
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), lines_of(process).read()


def cross_hands(data: Path, started: ExitStack) -> dict[str, Any]:
    """The night, and what became of each command. `started` kills what is left of it."""

    def hand(*words: str) -> Hand:
        made = Hand(data, *words)
        started.callback(made.process.kill)
        return made

    def run() -> subprocess.Popen[str]:
        made = start(data, "-c", STOPPING)
        started.callback(made.kill)
        return made

    for day in (11, 12):
        land(Settings(data=data), encoded(october(day)), f"2026-10-{day}")
    log = data / "build" / "run.log"
    said: dict[str, Command] = {}

    first = run()
    stopped(first)  # it has read both deliveries, and builds next
    retract = hand("retract", WRONG, *WHO)
    said["rollback at first"] = hand("rollback", *WHO).ended()
    first.send_signal(signal.SIGCONT)
    stopped(first)  # it publishes next
    close, unhold = hand("close", "2026-09-01"), hand("unhold", *WHO)
    before = log.read_text(encoding="utf-8")
    second = run()
    second_said = lines_of(second).readline()
    logs = before, log.read_text(encoding="utf-8")
    second.send_signal(signal.SIGSTOP)  # the others' turn comes first
    stopped(second)
    first.send_signal(signal.SIGCONT)
    said["first"] = Command("", first.communicate(timeout=600)[0], first.returncode)
    said |= {"retract": retract.ended(), "close": close.ended(), "unhold": unhold.ended()}

    second.send_signal(signal.SIGCONT)
    stopped(second)  # at its build
    second.send_signal(signal.SIGCONT)
    stopped(second)  # and at its release
    rollback, approve = hand("rollback", *WHO), hand("approve", NO_HOLD, *WHO)
    rollback.process.send_signal(signal.SIGSTOP)  # it has waited for two runs when its turn comes
    stopped(rollback.process)
    second.send_signal(signal.SIGCONT)
    said["second"] = Command(second_said, second.communicate(timeout=600)[0], second.returncode)
    said["approve"] = approve.ended()
    rollback.process.send_signal(signal.SIGCONT)
    said["rollback"] = rollback.ended()
    return {
        "said": {word: asdict(command) for word, command in said.items()},
        "logs": logs,
        "first_run": first.pid,
        "second_run": second.pid,
    }


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    def make(folder: Path) -> None:
        shutil.copytree(first_night(tmp_path_factory), folder / "data", symlinks=True)
        with ExitStack() as started:
            facts = cross_hands(folder / "data", started)
        (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")

    folder = shared(tmp_path_factory, "crossed_hands", make)
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    said = {word: Command(**command) for word, command in facts.pop("said").items()}
    releases = sorted(path.name for path in (folder / "data" / "serving" / "releases").iterdir())
    yield Night(folder / "data", releases, said, **{**facts, "logs": tuple(facts["logs"])})


def test_each_waits_for_the_run_and_says_so(night: Night) -> None:
    waits = {word: command.first for word, command in night.said.items() if command.first}
    expected = {
        word: f"waiting for the run of process {run} on {night.data} to end\n"
        for run, words in (
            (night.first_run, ("retract", "close", "unhold", "second")),
            (night.second_run, ("rollback", "approve")),
        )
        for word in words
    }
    assert waits.items() >= expected.items()


def test_both_runs_publish_and_nothing_else_does(night: Night) -> None:
    assert [night.said[word].code for word in ("first", "second")] == [0, 0], night.said
    _, first, second = night.releases
    assert f"release {first}: published" in night.said["first"].rest
    assert f"release {second}: published" in night.said["second"].rest


def test_a_delivery_taken_back_while_a_run_builds_it_is_in_its_release_as_that_says_itself(
    night: Night,
) -> None:
    """And in no later one. Which it is says the manifest, of rows that were counted in the tables."""
    before, first, second = night.releases
    assert night.said["retract"].code == 0, night.said["retract"]
    wrong, right = date(2026, 10, 11), date(2026, 10, 12)
    assert {wrong, right} & night.days(before) == set()
    assert {wrong, right} & night.days(first) == {wrong, right}
    assert {wrong, right} & night.days(second) == {right}
    retracted = {
        name: [one["source_file"] for one in night.manifest(name)["retracted"]] for name in night.releases
    }
    assert retracted == {before: [], first: [], second: [WRONG]}
    files = {file for entry in night.manifest(second)["inputs"] for file in entry["files"]}
    assert RIGHT in files
    assert WRONG not in files
    (record,) = night.manifest(second)["retracted"]
    assert (record["by"], record["reason"]) == ("duty officer", "the portal took it back")
    assert record["retracted_at"] < night.manifest(first)["created_at"], "when it was asked for"


def test_a_rollback_goes_before_the_release_of_when_it_was_asked_for(night: Night) -> None:
    """Before the second is the first, which serves what was taken back; it was not there to be rolled back from."""
    before, first, second = night.releases
    assert night.said["rollback"].code == 0
    assert f"served again: {before}" in night.said["rollback"].rest
    assert night.manifest(second)["previous"] == first
    assert (night.data / "serving" / "manifest.json").resolve().parent.name == before
    (record,) = (night.data / "serving" / "rollbacks").glob("*.json")
    facts = json.loads(record.read_text(encoding="utf-8"))
    assert (facts["from_release"], facts["to_release"], facts["by"]) == (second, before, "duty officer")


def test_none_before_the_first_release_is_refused_and_not_found_once_the_run_has_published(
    night: Night,
) -> None:
    refused = night.said["rollback at first"]
    assert refused.code == 1
    assert f"{night.releases[0]} is the first release kept; there is none before it" in refused.first


def test_a_month_is_not_closed_as_nobody_saw_it(night: Night) -> None:
    before, first, _ = night.releases
    assert night.said["close"].code == 1
    assert f"{first} took the place of {before}" in night.said["close"].rest
    assert "look at the new release and ask again" in night.said["close"].rest
    assert not list((night.data / "closed").rglob("manifest.json"))


def test_what_was_not_held_when_it_was_asked_is_not_lifted(night: Night) -> None:
    assert night.said["unhold"].code == 1
    assert "not lifted: nothing is held" in night.said["unhold"].rest


def test_an_approval_runs_once_the_run_has_ended_and_approves_nothing_else(night: Night) -> None:
    """There was no such hold: what the second run has published is neither made again nor said to be approved."""
    approve, release = night.said["approve"], night.releases[2]
    assert approve.code == 0
    assert f"release {release}: unchanged, already served" in approve.rest
    assert [night.manifest(name)["approvals"] for name in night.releases] == [[], [], []]


def test_a_run_that_waits_leaves_the_log_of_the_one_at_work_alone(night: Night) -> None:
    before, while_waiting = night.logs
    assert "dbt" in before
    assert while_waiting == before

"""A province that moves far: held, held again, approved by a person, and on the record. Then a step back.

The payload of 10 October comes again a day later with Đồng Nai's petitions handled badly: 6.94 points less. Every
figure agrees with itself, so that no gate has anything against it; a person should hear of it first.
"""

from __future__ import annotations

import json
from typing import Any

import dagster as dg
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from orchestration.cli import main
from orchestration.commands import os_user
from orchestration.defs.release_gates import HOLD
from orchestration.defs.run_job import Outcome, refresh
from orchestration.settings import Settings
from tests.interface import Interface, running
from tests.pipeline.checksums import checksums
from tests.pipeline.deliveries import eleventh_of_october, encoded, land, province

# Six runs of the whole job, each of which rests on the one before.
pytestmark = pytest.mark.slow

MDHL = "MDHL_MucDoHaiLong"


def fallen() -> dict[str, Any]:
    """Đồng Nai's petitions are neither in time nor liked any more: both metrics score nothing."""
    payload = eleventh_of_october()
    dong_nai = province(payload)
    (group,) = (value for key, value in dong_nai["componentIndicators"].items() if key.startswith("MDHL"))
    lost = 0.0
    for one in group["metrics"]:
        if one["code"] in ("PETITION_PROCESSING_ON_TIME", "PETITION_HANDLING_SATISFACTION"):
            lost += one["score"]
            one["numerator"], one["ratio"], one["score"] = 0, 0.0, 0.0
            one["denominator"] = one["denominator"] or 10
    for holder, key in ((group, "score"), (dong_nai["groupScores"], "MDHL"), (dong_nai, "totalScore")):
        holder[key] = round(holder[key] - lost, 2)
    assert round(lost, 2) == 6.94
    return payload


def manifest(settings: Settings) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((settings.serving / "manifest.json").read_text(encoding="utf-8"))
    return read


def hold_in(outcome: Outcome) -> str:
    text = "\n".join(outcome.lines)
    assert "FAILED hold__province_moves" in text, text
    return text.split("HELD as ")[1].split(":")[0]


def test_held_until_a_person_approves(
    copy_of_installation: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = copy_of_installation
    land(settings, encoded(fallen()), "2026-10-11")
    before = checksums(settings.serving)
    served = manifest(settings)["release_id"]

    first = refresh(settings, instance)
    assert not first.success
    hold = hold_in(first)
    text = "\n".join(first.lines)
    assert '"name_vi": "Đồng Nai"' in text
    assert f"bin/service-index approve {hold} --by NAME" in text
    behind = "came, from senders who may deliver for them (portal):\n    - nation: portal_service_results/2026-10-11/"
    assert f"{behind}nation/results.json, 34 rows\n    If it is right" in text, text
    assert checksums(settings.serving) == before
    (alert,) = [json.loads(line) for line in settings.alerts_log.read_text(encoding="utf-8").splitlines()]
    assert alert["kind"] == "release_held"
    assert alert["rows"] >= 1

    # The next night asks the same question; approving another one is no answer to it.
    again = refresh(settings, instance, approval={"hold": "0" * 12, "by": "x", "reason": "y"})
    assert not again.success
    assert hold_in(again) == hold
    assert checksums(settings.serving) == before

    approval = {"hold": hold, "by": "head of unit", "reason": "the portal confirmed it"}
    approved = refresh(settings, instance, approval=approval)
    assert approved.success, "\n".join(approved.lines)
    assert manifest(settings)["approvals"] == [{**approval, "os_user": os_user(), "through": "command line"}]
    assert manifest(settings)["previous"] == served
    assert "head of unit" in (settings.serving / "report.html").read_text(encoding="utf-8")

    # Someone finds that it was wrong after all.
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(settings.data))
    assert main(["rollback", "--by", "duty", "--reason", "the portal took it back"]) == 0
    assert manifest(settings)["release_id"] == served
    after = checksums(settings.serving)
    held = refresh(settings, instance, approval=approval)
    assert not held.success
    assert "bin/service-index unhold" in "\n".join(held.lines)
    assert checksums(settings.serving) == after
    assert main(["unhold", "--by", "duty", "--reason", "the file is taken back"]) == 0
    file = "portal_service_results/2026-10-11/nation/results.json"
    assert main(["retract", file, "--by", "duty", "--reason", "the portal took it back"]) == 0
    # Without that file the build is what is served: there is nothing to publish.
    last = refresh(settings, instance)
    assert last.success, "\n".join(last.lines)
    assert manifest(settings)["release_id"] == served


LAUNCH = """mutation ($config: RunConfigData!) { launchRun(executionParams: {
    selector: {repositoryLocationName: "orchestration.definitions", repositoryName: "__repository__",
               jobName: "refresh"},
    runConfigData: $config
}) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
CHECK = f"marts__mart_province_ranking_{HOLD}"
EVENTS = """subscription ($run: ID!) { pipelineRunLogs(runId: $run) {
    ... on PipelineRunLogsSubscriptionSuccess { messages { __typename } }
} }"""
#: The longest that no step of a run says anything.
SECONDS = 300.0


def asked(interface: Interface, query: str, variables: dict[str, Any], **headers: str) -> tuple[int, str]:
    body = json.dumps({"query": query, "variables": variables})
    return interface.ask("POST", "/graphql", body, Content_Type="application/json", **headers)


def ended(interface: Interface, run: str) -> str:
    """The event with which a run ended, as the interface's own page hears of it."""
    own = Origin(f"http://localhost:{interface.port}")
    with connect(
        f"ws://localhost:{interface.port}/graphql", origin=own, subprotocols=[Subprotocol("graphql-ws")]
    ) as ws:
        ws.send(json.dumps({"type": "connection_init"}))
        ws.send(
            json.dumps({"type": "start", "id": "1", "payload": {"query": EVENTS, "variables": {"run": run}}})
        )
        while True:
            told = json.loads(ws.recv(SECONDS))
            if told["type"] == "data":
                found = told["payload"]["data"]["pipelineRunLogs"]["messages"]
                for name in (message["__typename"] for message in found):
                    if name in ("RunSuccessEvent", "RunFailureEvent", "RunCanceledEvent"):
                        return str(name)


def test_an_approval_through_the_interface_says_so_in_the_release(
    copy_of_installation: Settings, instance: dg.DagsterInstance
) -> None:
    """The config of a run as the launchpad sends it: from the interface's own page it is a run, whose release names who
    runs the daemon and that the name was typed; from another page it is nothing."""
    settings = copy_of_installation
    land(settings, encoded(fallen()), "2026-10-11")
    hold = hold_in(refresh(settings, instance))
    before = checksums(settings.serving)
    approval = {"hold": hold, "by": "head of unit", "reason": "the portal confirmed it"}
    config = {"config": json.dumps({"ops": {CHECK: {"config": {"approvals": [approval]}}}})}
    with running(settings.data) as interface:
        forged, _ = asked(interface, LAUNCH, config, Origin="http://evil.example")
        assert 400 <= forged < 500
        status, answer = asked(interface, LAUNCH, config, Origin="OWN")
        launched = json.loads(answer)["data"]["launchRun"]
        assert (status, launched["__typename"]) == (200, "LaunchRunSuccess"), answer
        assert checksums(settings.serving) == before
        assert ended(interface, launched["run"]["runId"]) == "RunSuccessEvent"
        runs = interface.query("{ runsOrError { ... on Runs { results { runId } } } }", Origin="OWN")
    assert [run["runId"] for run in runs["runsOrError"]["results"]] == [launched["run"]["runId"]]
    assert manifest(settings)["approvals"] == [
        {**approval, "os_user": os_user(), "through": "Dagster's interface, name as typed there"}
    ]

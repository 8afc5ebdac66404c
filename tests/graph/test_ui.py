"""Dagster's interface does what its own pages ask, and nothing that another page makes a browser ask.

The real server and daemon, as `bin/service-index dev` starts them. Belongs here: the guard and how both end. Does not
belong here: the graph that is shown (`test_definitions`).
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dagster as dg
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from orchestration.commands import os_user
from orchestration.defs.interface import UnusableOriginError, origins_of, refusal
from orchestration.defs.release_gates import HOLD, through
from orchestration.publishing.release import current_name
from orchestration.settings import Settings
from tests.interface import START, Interface, launching, running
from tests.pipeline.deliveries import encoded, fallen, land
from tests.pipeline.page import table
from tests.three_samples import land_three_samples

PROXY = "https://index.example:8443"
OWN = ("http://localhost:3000", "http://127.0.0.1:3000")
CHANGE = 'mutation { setConcurrencyLimit(concurrencyKey: "forged", limit: 1) }'
AS_JSON = json.dumps({"query": CHANGE})
JSON = {"Content-Type": "application/json"}
AS_QUERY = f"/graphql?query={quote(CHANGE)}"


@pytest.fixture(scope="module")
def interface(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interface]:
    with running(tmp_path_factory.mktemp("interface") / "data", SERVICE_INDEX_UI_ORIGINS=PROXY) as started:
        yield started


def approving(hold: str) -> dict[str, Any]:
    """Run config in which somebody approves a hold."""
    given = [{"hold": hold, "by": "the director", "reason": "the portal confirmed it"}]
    return {"ops": {f"marts__mart_province_ranking_{HOLD}": {"config": {"approvals": given}}}}


@dataclass(frozen=True)
class Held:
    """A run launched on the page whose release is held: which hold, which run, and what is served meanwhile."""

    hold: str
    run_id: str
    served: str


@pytest.fixture(scope="module")
def held(interface: Interface) -> Held:
    """A night is published; what comes a day later is built on the page's word, and held."""
    settings = Settings(data=interface.data)
    land_three_samples(settings)
    assert interface.ended(interface.launch({}, Origin="OWN")) == "RunSuccessEvent"
    served = current_name(settings.serving)
    assert served is not None
    land(settings, encoded(fallen()), "2026-10-11")
    run_id = interface.launch({}, Origin="OWN")
    assert interface.ended(run_id) == "RunFailureEvent"
    with dg.DagsterInstance.from_config(str(interface.data / "dagster")) as instance:
        logged = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    checks = [entry.get_dagster_event().asset_check_evaluation_data for entry in logged]
    (hold,) = [str(check.metadata["hold"].value) for check in checks if check.check_name == HOLD]
    assert current_name(settings.serving) == served
    return Held(hold, run_id, served)


def traces(interface: Interface) -> tuple[list[str], str, list[str]]:
    """What a run that was launched, queued or published would change."""
    with dg.DagsterInstance.from_config(str(interface.data / "dagster")) as instance:
        runs = sorted(run.run_id for run in instance.get_runs())
    serving = interface.data / "serving"
    releases = sorted(path.name for path in (serving / "releases").iterdir())
    return runs, (serving / "manifest.json").read_text(encoding="utf-8"), releases


FORGED: Mapping[str, tuple[str, str, str | None, dict[str, str | list[str]]]] = {
    "a link or an image": ("GET", AS_QUERY, None, {}),
    "an image of another page": ("GET", AS_QUERY, None, {"Origin": "http://evil.example"}),
    "an address typed into a browser": ("GET", AS_QUERY, None, {"Sec_Fetch_Site": "none"}),
    "a link that a page of another site shows": (
        "GET", AS_QUERY, None,
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"},
    ),
    "GET that claims JSON": ("GET", AS_QUERY, AS_JSON, {"Content_Type": "application/json"}),
    "HEAD": ("HEAD", AS_QUERY, None, {}),
    "another method": ("PUT", AS_QUERY, AS_JSON, {"Content_Type": "application/json"}),
    "a form": ("POST", AS_QUERY, "a=b", {"Content_Type": "application/x-www-form-urlencoded"}),
    "a form without Origin": (
        "POST", AS_QUERY, "a=b", {"Content_Type": "text/plain", "Sec_Fetch_Site": "cross-site"},
    ),
    "a form with a file": ("POST", AS_QUERY, "", {"Content_Type": "multipart/form-data; boundary=x"}),
    "no kind": ("POST", AS_QUERY, "", {}),
    "text that mentions JSON": ("POST", "/graphql", AS_JSON, {"Content_Type": "text/plain; application/json"}),
    "text, then JSON": ("POST", "/graphql", AS_JSON, {"Content_Type": ["text/plain", "application/json"]}),
    "GraphQL as itself": ("POST", "/graphql", CHANGE, {"Content_Type": "application/graphql"}),
    "JSON of another page": (
        "POST", "/graphql", AS_JSON, {"Content_Type": "application/json", "Origin": "http://evil.example"},
    ),
    "JSON of a sandbox": ("POST", "/graphql", AS_JSON, {"Content_Type": "application/json", "Origin": "null"}),
    "JSON of another server of this machine": (
        "POST", "/graphql", AS_JSON, {"Content_Type": "application/json", "Origin": "http://localhost:8888"},
    ),
    "the proxy without encryption": (
        "POST", "/graphql", AS_JSON, {"Content_Type": "application/json", "Origin": "http://index.example:8443"},
    ),
    "two origins": (
        "POST", "/graphql", AS_JSON, {"Content_Type": "application/json", "Origin": ["OWN", "http://evil.example"]},
    ),
    "another site without Origin": (
        "POST", "/graphql", AS_JSON, {"Content_Type": "application/json", "Sec_Fetch_Site": "cross-site"},
    ),
    "another port without Origin": (
        "POST", "/graphql", AS_JSON, {"Content_Type": "application/json", "Sec_Fetch_Site": "same-site"},
    ),
    "a name that leads here": (
        "POST", "/graphql", AS_JSON,
        {"Content_Type": "application/json", "Host": "evil.example", "Origin": "http://evil.example"},
    ),
    "a name that begins as ours": (
        "POST", "/graphql", AS_JSON, {"Content_Type": "application/json", "Host": "localhost.evil.example"},
    ),
    "no name": ("POST", "/graphql", AS_JSON, {"Content_Type": "application/json", "Host": ""}),
    "an event of another page": (
        "POST", "/report_asset_materialization/release", "{}",
        {"Content_Type": "text/plain", "Origin": "http://evil.example"},
    ),
}  # fmt: skip


@pytest.mark.slow
class TestRealServer:
    @pytest.mark.parametrize("way", FORGED)
    def test_what_another_page_asks_is_refused(self, way: str, interface: Interface) -> None:
        method, path, body, headers = FORGED[way]
        status, _ = interface.ask(method, path, body, **headers)
        assert 400 <= status < 500
        assert not interface.is_changed()

    def test_the_page_for_queries_runs_none(self, interface: Interface) -> None:
        status, text = interface.ask("GET", AS_QUERY, Accept="text/html")
        assert (status, "GraphiQL" in text, interface.is_changed()) == (200, True, False)

    @pytest.mark.parametrize(
        "host",
        ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", pytest.param("[::2]", id="IPv6")],
    )
    def test_no_page_is_shown_under_another_name(self, host: str, interface: Interface) -> None:
        assert interface.ask("GET", "/", Host=host)[0] == 400

    @pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"Host": "evil.example"}])
    def test_nor_does_a_websocket_of_one_open(self, headers: dict[str, str], interface: Interface) -> None:
        with (
            pytest.raises(InvalidStatus) as refused,
            socket.create_connection(("127.0.0.1", interface.port)) as sock,
        ):
            connect(
                f"ws://{headers.get('Host', 'localhost')}:{interface.port}/graphql", sock=sock,
                origin=Origin(headers["origin"]) if "origin" in headers else None,
            )  # fmt: skip
        assert refused.value.response.status_code in (400, 403)

    def test_its_own_pages_are_shown_and_served(self, interface: Interface) -> None:
        status, page = interface.ask("GET", "/", Sec_Fetch_Site="none")
        assert (status, page.count('id="initialization-data"')) == (200, 1)
        (script, *_) = re.findall(r'src="(/[^"]+\.js)"', page)
        assert interface.ask("GET", script, Sec_Fetch_Site="same-origin")[0] == 200
        linked = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
        assert interface.ask("GET", "/runs", **linked)[0] == 200, "the link of an alert"
        framed = {**linked, "Sec_Fetch_Dest": "iframe"}
        assert interface.ask("GET", "/runs", **framed)[0] == 403, "a page that covers ours with its own"

    @pytest.mark.parametrize("headers", [
        {}, {"Origin": "OWN", "Sec_Fetch_Site": "same-origin"},
        {"Content_Type": "application/json; charset=utf-8", "Origin": "OWN"},
        {"Host": "index.example:8443", "Origin": PROXY, "Sec_Fetch_Site": "same-origin"},
    ])  # fmt: skip
    def test_its_own_queries_are_answered(self, headers: dict[str, str], interface: Interface) -> None:
        assert interface.query("{ version }", **headers)["version"]

    def test_its_own_subscriptions_are_answered(self, interface: Interface) -> None:
        with connect(
            f"ws://localhost:{interface.port}/graphql", origin=Origin(f"http://localhost:{interface.port}"),
            subprotocols=[Subprotocol("graphql-ws")],
        ) as socket:  # fmt: skip
            socket.send(json.dumps({"type": "connection_init"}))
            assert json.loads(socket.recv(60))["type"] == "connection_ack"
            subscription = 'subscription { capturedLogs(logKey: ["none"]) { cursor } }'
            socket.send(json.dumps({"type": "start", "id": "1", "payload": {"query": subscription}}))
            assert json.loads(socket.recv(60))["type"] == "data"

    @pytest.mark.parametrize(("asked", "given", "answer"), table("request"))
    def test_each_request_of_the_page_is_answered_as_it_says(
        self, asked: str, given: str, answer: str, interface: Interface
    ) -> None:
        method, path = asked.split(" ")
        headers = dict(one.split(": ") for one in re.findall(r"`([^`]+)`", given))
        body = json.dumps({"query": "{ version }"}) if method == "POST" else None
        assert interface.ask(method, path, body, **headers)[0] == int(answer.split(",", maxsplit=1)[0])

    def test_a_run_launched_here_is_known_whatever_its_tags_say(self, interface: Interface) -> None:
        """Who approves a hold in a run's config types a name, and may type a tag of the command line as well."""
        typed = '[{key: "service-index/started-by", value: "command-line"}]'
        launched = interface.launch({}, typed, Origin="OWN")
        stop = f'terminateRun(runId: "{launched}", terminatePolicy: MARK_AS_CANCELED_IMMEDIATELY)'
        interface.query(f"mutation {{ {stop} {{ __typename }} }}", Origin="OWN")
        with dg.DagsterInstance.from_config(str(interface.data / "dagster")) as instance:
            run = instance.get_run_by_id(launched)
        assert run is not None and run.tags["service-index/started-by"] == "command-line"
        assert through(run) == "Dagster's interface, name as typed there"

    @pytest.mark.parametrize("way", ["JSON of another page", "a link or an image", "a form without Origin"])
    def test_an_approval_that_another_page_asks_for_leaves_no_trace(
        self, way: str, held: Held, interface: Interface
    ) -> None:
        method, path, _, headers = FORGED[way]
        mutation = launching(approving(held.hold))
        before = traces(interface)
        if method == "GET":
            path = f"/graphql?query={quote(mutation)}"
        status, _ = interface.ask(method, path, json.dumps({"query": mutation}), **headers)
        assert 400 <= status < 500
        assert traces(interface) == before

    def test_whoever_reaches_it_may_do_what_the_page_says(self, held: Held, interface: Interface) -> None:
        """Launch (`held` was), approve, and delete; and of an approval is known how it came, and as which user."""
        (may,) = [may for who, may, _ in table("who", "may", "because") if "interface" in who]
        assert may == "launch and delete runs, approve holds"
        approved = interface.launch(approving(held.hold), Origin="OWN")
        assert interface.ended(approved) == "RunSuccessEvent"
        manifest = json.loads((interface.data / "serving" / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["previous"] == held.served
        assert manifest["approvals"] == [
            {"hold": held.hold, "by": "the director", "reason": "the portal confirmed it", "os_user": os_user(),
             "through": "Dagster's interface, name as typed there"}
        ]  # fmt: skip
        assert any("2026-10-11" in file for entry in manifest["inputs"] for file in entry["files"])
        deleted = interface.query(
            f'mutation {{ deleteRun(runId: "{held.run_id}") {{ __typename }} }}', Origin="OWN"
        )
        assert deleted["deleteRun"]["__typename"] == "DeletePipelineRunSuccess"

    def test_its_own_changes_are_made(self, interface: Interface) -> None:
        """Last: what the others prove not to have been done can be done."""
        interface.query(CHANGE, Origin="OWN", Sec_Fetch_Site="same-origin")
        assert interface.is_changed()

    def test_it_listens_on_this_machine_alone_and_ends_with_all_it_started(
        self, interface: Interface
    ) -> None:
        table = Path("/proc/net/tcp").read_text(encoding="ascii") + Path("/proc/net/tcp6").read_text(
            encoding="ascii"
        )
        listening = re.findall(rf": (\w+):{interface.port:04X} 0+:0000 0A", table)
        assert listening == ["0100007F"]
        interface.process.terminate()
        # The pipe is closed when the last process that holds it has ended: server, daemon and what loads the graph.
        interface.listener.join(timeout=START)
        assert not interface.listener.is_alive()
        interface.process.wait(timeout=START)
        assert interface.process.returncode == 0


def scope(kind: str = "http", method: str = "GET", **headers: str) -> dict[str, Any]:
    named = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    return {"type": kind, "method": method, "headers": named}


@pytest.mark.parametrize("asked", [
    scope(Origin="http://evil.example"), scope(Origin="http://localhost:3001"), scope(Origin="https://localhost:3000"),
    scope(Origin="http://localhost:3000.evil.example"), scope(Origin="HTTP://LOCALHOST:3000"), scope(Origin=""),
    scope("websocket", Origin="null"), scope("websocket", Sec_Fetch_Site="cross-site"),
    scope(Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="image"),
    scope(Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="iframe"),
    scope(method="POST", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document"),
    scope(method="POST"), scope(method="POST", Content_Type="text/plain;application/json"),
    scope(method="DELETE", Content_Type="application/jsonx"), scope(method="POST", Content_Type="application/json, x/y"),
])  # fmt: skip
def test_what_is_refused(asked: dict[str, Any]) -> None:
    assert refusal(asked, OWN)


@pytest.mark.parametrize("asked", [
    scope(), scope("websocket"), scope("websocket", Origin=OWN[0]), scope(Origin=OWN[1], Sec_Fetch_Site="same-origin"),
    scope(method="POST", Content_Type="application/json"), scope(method="POST", Content_Type="Application/JSON ;x=y"),
    scope(Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document"),
])  # fmt: skip
def test_what_is_let_through(asked: dict[str, Any]) -> None:
    assert refusal(asked, OWN) is None


@pytest.mark.parametrize("origin", [
    "http://index.example", "index.example", "https://", "https://*.example", "https://index.example/", "*", "null",
    "https://user@index.example",
])  # fmt: skip
def test_a_proxy_is_named_as_a_browser_shows_it(origin: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableOriginError, match="SERVICE_INDEX_UI_ORIGINS"):
        origins_of(Settings(tmp_path, ui_origins=(origin,)), 3000)
    assert origins_of(Settings(tmp_path, ui_origins=(PROXY,)), 3000) == (*OWN, PROXY)

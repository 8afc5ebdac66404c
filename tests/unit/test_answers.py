"""What commands print: tables that nothing delivered can act on or break, JSON for scripts, a bar on terminals alone.

Belongs here: the shape of what is printed, help and completion. Does not belong here: what is answered.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer

from orchestration.answers.answer import Answer, Column, NotDoneError, Table, as_json
from orchestration.answers.progress import followed, unseen
from orchestration.answers.screen import printed, show
from orchestration.cli import app, main
from orchestration.harmless_text import on_terminal
from orchestration.ingestion.landing import RECORD_DATASETS
from orchestration.settings import REPOSITORY, Settings
from tests.unit.ingestion.record_workplace import MAPPINGS, Records, as_csv, as_lines, good

SCRIPT = REPOSITORY / "bin" / "service-index"
HOSTILE = (
    "[red]bold[/red]", "[link=http://evil.example]run[/link]", ":warning:", "[/]", "\\[b]", "[a", "\x1b[2J\x1b[31mFAILED",
    "\x1b]8;;http://evil.example\x1b\\run\x1b]8;;\x1b\\", "\x9b2J", "good\rFAILED", "a\tb", "a\x00b", "gpj.\u202eexe",
    "\u2066a\u2069", "caf\udce9", "two\nrows", "x" * 5000, "many words " * 300,
)  # fmt: skip
COLUMNS = (Column("name"), Column("rows", is_number=True))
WHO = ["--by", "duty", "--reason", "wrong"]
KNOWN = typer.main.get_command(app)
assert isinstance(KNOWN, typer.core.TyperGroup)
COMMANDS = dict(KNOWN.commands)
SILENT = {"dev", "completion"}


class _Screen:
    """A terminal of some width, and what is printed on it."""

    def __init__(self, width: int) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        self.stream = os.fdopen(theirs, "w", encoding="utf-8")

    def shown(self) -> str:
        self.stream.close()
        said = b""
        try:
            while read := os.read(self._ours, 65536):
                said += read
        except OSError:  # nobody holds the other end any more
            pass
        os.close(self._ours)
        return said.decode()


# Tables.


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_in_a_table_is_one_row_of_letters_whatever_it_holds(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with on_terminal():
        show(Answer({}, [Table(COLUMNS, [{"name": text, "rows": 1}, {"name": "Huế", "rows": 20}])]), False)
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert len(lines) == 3, "nothing is wrapped, and no text makes a row"
    assert [c for c in shown if not c.isprintable() and c != "\n"] == []
    assert lines[1].split("  ")[0] == "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text).strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_shows_all_of_it_in_its_width(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    screen = _Screen(60)
    drawn = printed(Table(COLUMNS, [{"name": text, "rows": 1}]), screen.stream)
    screen.shown()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", drawn)
    assert max(map(len, plain.splitlines())) <= 60
    assert [c for c in plain if not c.isprintable() and c != "\n"] == []
    letters = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    assert sorted(re.sub(r"\s", "", plain)) == sorted(re.sub(r"\s", "", f"namerows{letters}1"))


def test_only_a_terminal_gets_styles_and_not_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(COLUMNS, [{"name": "Huế", "rows": 1}])
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen = _Screen(60)
    assert "\x1b[1mname" in printed(table, screen.stream)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in printed(table, screen.stream)
    screen.shown()
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert printed(table) == "name  rows\nHuế      1"


# JSON.


def test_a_document_has_numbers_nulls_and_letters_and_is_read_back_as_it_was() -> None:
    facts: dict[str, Any] = {
        "texts": HOSTILE, "letters": "Đồng Nai ▲", "count": Decimal(5), "score": Decimal("68.50"), "share": float("nan"),
        "none": None, "yes": True, "day": date(2025, 12, 1), "moment": datetime(2025, 12, 1, tzinfo=UTC),
        "path": Path("data"), "rows": [Column("a")][:0],
    }  # fmt: skip
    text = as_json(facts)
    assert "Đồng Nai ▲" in text
    assert [c for c in text if not c.isprintable() and c != "\n"] == [], "nothing for a terminal to act on"
    assert json.loads(text) == {
        **facts, "texts": list(HOSTILE), "count": 5, "score": 68.5, "share": None, "day": "2025-12-01",
        "moment": "2025-12-01T00:00:00+00:00", "path": "data",
    }  # fmt: skip


def test_what_was_not_done_is_a_document_too() -> None:
    assert NotDoneError("why", code=2).answer == Answer({"error": "why"}, code=2)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def release(home: Path, make_releases: Any) -> None:
    make_releases(home / "serving")


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any, str]:
    """Exit code, the document, and what was said beside it."""
    capsys.readouterr()
    code = main([*words, "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out), said.err


@pytest.fixture
def make_releases() -> Any:
    def make(serving: Path) -> None:
        for number, before in (("1", None), ("2", "1")):
            folder = serving / "releases" / number
            folder.mkdir(parents=True)
            (folder / "warehouse.duckdb").touch()
            (folder / "parquet").mkdir()
            facts = {
                "release_id": number, "previous": before, "fingerprint": "", "contains_synthetic": False,
                "created_at": "2025-12-01T00:00:00+00:00", "tables": {}, "retracted": [], "inputs": [],
                "closed": [HOSTILE[6]],
            }  # fmt: skip
            (folder / "manifest.json").write_text(json.dumps(facts), encoding="utf-8")
        (serving / "current").symlink_to("releases/2")

    return make


@pytest.mark.usefixtures("release")
def test_a_rollback_its_hold_and_what_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    code, made, _ = asked(capsys, "rollback", *WHO)
    assert (code, made["rolled_back"]["from_release"], made["rolled_back"]["to_release"]) == (0, "2", "1")
    code, kept, said = asked(capsys, "releases")
    assert (code, said, kept["served"], kept["is_held"]) == (0, "", "1", True)
    assert [(one["release_id"], one["is_served"], one["batches"]) for one in kept["releases"]] == [
        ("2", False, 0),
        ("1", True, 0),
    ]
    assert kept["releases"][0]["closed"] == [HOSTILE[6]]
    assert kept["rollbacks"][0]["reason"] == "wrong"
    code, lifted, _ = asked(capsys, "unhold", *WHO)
    assert (code, [hold["lifted_by"] for hold in lifted["lifted"]]) == (0, ["duty"])
    assert asked(capsys, "releases")[1]["is_held"] is False
    code, again, said = asked(capsys, "unhold", *WHO)
    assert (code, again) == (1, {"error": "not lifted: nothing is held"})
    assert said == "not lifted: nothing is held\n"


@pytest.mark.usefixtures("release")
def test_a_hold_that_cannot_be_read_is_an_error_beside_what_is_kept(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "serving" / "rollbacks").mkdir()
    (home / "serving" / "rollbacks" / "a.json").write_text("{")
    code, kept, _ = asked(capsys, "releases")
    assert (code, kept["is_held"], kept["rollbacks"], len(kept["releases"])) == (1, True, None, 2)
    assert "no record of a rollback" in kept["error"]


def test_what_a_mapping_makes_of_a_sample(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = tmp_path / "sample.jsonl"
    sample.write_bytes(as_lines([good("petitions", 1)]))
    exchange = str(MAPPINGS / "national_exchange.yml")
    code, tried, _ = asked(capsys, "check-mapping", exchange, str(sample), "petitions")
    assert (code, tried["is_accepted"], tried["problems"]) == (0, True, [])
    assert tried["files"][0]["rows_accepted"] == 1
    sample = tmp_path / "sample.csv"
    sample.write_bytes(as_csv([{"[red]a[/red]": "1"}]))
    code, tried, _ = asked(capsys, "check-mapping", exchange, str(sample))
    assert (code, tried["is_accepted"], tried["problems"][0]["reason_code"]) == (1, False, "unknown_header")
    code, wrong, said = asked(capsys, "check-mapping", str(tmp_path / "none.yml"), str(sample))
    assert (code, list(wrong)) == (2, ["error"])
    assert wrong["error"] in said
    code, explained, _ = asked(capsys, "explain-mapping", exchange, "petitions")
    assert (code, explained["dataset"], "select" in explained["sql"]) == (0, "petitions", True)
    assert asked(capsys, "explain-mapping", str(tmp_path / "none.yml"))[0] == 2
    assert not home.exists()


def test_deliveries_that_are_taken_back_fetched_or_landed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Records(home, "petitions")
    place.deliver(as_lines([good("petitions", 1)]), "a.jsonl")
    place.promote(place.ingest())
    file = "petitions/2025-12-01/H19/a.jsonl"
    code, taken, _ = asked(capsys, "retract", file, *WHO)
    assert (code, taken["retracted"]["source_file"], taken["retracted"]["by"]) == (0, file, "duty")
    code, refused, _ = asked(capsys, "retract", file, *WHO)
    assert (code, refused["error"].startswith("not retracted: ")) == (1, True)
    assert asked(capsys, "pull", "2025-12-01")[:2] == (0, {"pulled": [], "wrong": []})
    code, landed, _ = asked(capsys, "land-samples")
    assert (code, len(landed["landed"])) == (0, 27)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("words", [
    ["report"], ["close", "2025-10-01"], ["rollback", *WHO], ["simulate", "--scale", "9"],
    ["simulate", "--format", "x"], ["backfill", "2999-01-01", "2999-01-02"],
])  # fmt: skip
def test_what_was_not_done_is_said_to_scripts_and_to_people(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, document, said = asked(capsys, *words)
    assert (code, list(document)) == (1, ["error"])
    assert said == f"{document['error']}\n"
    assert main(words) == 1
    assert capsys.readouterr() == ("", said)


def test_a_path_that_cannot_be_used_is_a_document_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERVICE_INDEX_DATA", "/tmp/a[b")
    assert "SERVICE_INDEX_DATA" in asked(capsys, "releases")[1]["error"]


@pytest.mark.usefixtures("home")
def test_what_a_library_prints_stands_beside_the_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def noisy(settings: Settings) -> list[Path]:
        print("by the way")
        return []

    monkeypatch.setattr("orchestration.samples.land_samples", noisy)
    assert asked(capsys, "land-samples") == (0, {"landed": []}, "by the way\n")


# Progress.


def test_a_bar_shows_the_step_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = _Screen(80)
    monkeypatch.setattr(sys, "stderr", screen.stream)
    with followed() as step:
        step("[red]H19\x1b[2J", 3, 35)
    shown = screen.shown()
    assert "[red]H19\\x1b[2J" in shown
    assert "3/35" in shown
    assert shown.endswith("\x1b[2K"), "it is gone when the work has ended"


def test_nothing_is_shown_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with followed() as step:
        assert step is unseen
        step("dossiers", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_work_that_nobody_begins_leaves_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _Screen(80)
    monkeypatch.setattr(sys, "stderr", screen.stream)
    with followed():
        pass
    assert screen.shown() == ""


# Help and completion.


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_ends_with_an_example_and_the_next_command_and_both_are_understood(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0
    told = capsys.readouterr().out
    assert ("--json" in told) is (name not in SILENT)
    shown = re.findall(r"^  (?:Example: |Next:    )bin/service-index (.*)$", told, re.MULTILINE)
    assert told.splitlines()[-1].startswith("  Next:    ")
    for line in shown:
        word, *words = shlex.split(line)
        COMMANDS[word].make_context(word, words)
    takes = [word for word in COMMANDS[name].params if word.required]
    assert len(shown) == 2 or not takes, "what takes words is shown with them"


def completed(data: Path, *words: str) -> list[str]:
    """What bash offers for the last of `words`, the program as it is typed in the repository."""
    script = subprocess.run([SCRIPT, "completion"], capture_output=True, text=True, check=True).stdout
    typed = shlex.join(["bin/service-index", *words])
    ask = f"COMP_WORDS=({typed}); COMP_CWORD={len(words)}; _service_index bin/service-index"
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{ask}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"; complete -p service-index"],
        cwd=REPOSITORY, env={**os.environ, "SERVICE_INDEX_DATA": str(data)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    *offered, registered = done.stdout.splitlines()
    assert registered == "complete -o default -F _service_index service-index"
    return offered


@pytest.mark.usefixtures("release")
def test_bash_completes_commands_datasets_and_releases(home: Path) -> None:
    assert completed(home, "ro") == ["rollback"]
    assert completed(home, "check-mapping", "m.yml", "f.csv", "p") == [
        name for name in RECORD_DATASETS if name.startswith("p")
    ]
    assert completed(home, "rollback", "--to", "") == ["2", "1"]

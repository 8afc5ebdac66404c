"""What is typed after `bin/service-index` arrives as it was typed, and nothing of it is run.

The real script, in real processes. Belongs here: arguments, commands in messages, and who gave them.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import shlex
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from pydantic import ValidationError

from orchestration.cli import app
from orchestration.commands import command, os_user, shell_word
from orchestration.defs.release_gates import Approval
from orchestration.ingestion.retraction import retractions
from orchestration.publishing.rollback import hold_of, records, roll_back
from orchestration.settings import REPOSITORY
from tests.unit.ingestion.record_workplace import Records, as_lines, good

SCRIPT = REPOSITORY / "bin" / "service-index"
TYPED = [
    "`touch X` $(touch X); touch X", "a\ntouch X & | > X", "'; touch X; '", '"$(touch X)" said', "$HOME ${PATH} ~ * !!",
    "it's '\"'\"'  two  blanks a\\b\\n %s%n a#b a=b", "-rf", "-5 rows", "--help", "--by", "Sở Y tế gửi nhầm", "x" * 5000,
]  # fmt: skip
# What a file of a delivery may be called, and a terminal would take for orders.
NAMES = [*(f"{text}.jsonl" for text in TYPED[:5]), "it's -rf.jsonl", "\x1b[2J\r\t\u202e.jsonl"]


def give(data: Path, *words: str | bytes, at: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The script with `words`, in an empty folder, with nothing of this project in the environment but the data."""
    folder = at or data.parent / "elsewhere"
    folder.mkdir(exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "SERVICE_INDEX_DATA": str(data),
        "HOME": str(folder),
        "LC_ALL": "C",
    }
    done = subprocess.run(
        [SCRIPT, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert list(folder.iterdir()) == [], "something was run"
    return done


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An installation that serves one release, and keeps the one before."""
    serving = tmp_path / "data" / "serving"
    for number, previous in ((1, None), (2, "1"), (3, "2")):
        folder = serving / "releases" / str(number)
        folder.mkdir(parents=True)
        (folder / "warehouse.duckdb").touch()
        (folder / "parquet").mkdir()
        facts = {
            "release_id": str(number),
            "previous": previous,
            "fingerprint": "",
            "contains_synthetic": False,
            "created_at": "2025-12-01T00:00:00+00:00",
            "tables": {},
        }
        (folder / "manifest.json").write_text(json.dumps({**facts, "retracted": [], "inputs": []}))
    (serving / "current").symlink_to("releases/3")
    return tmp_path / "data"


def test_reasons_and_names_arrive_as_they_were_typed(data: Path) -> None:
    """Two texts a call, in both spellings of an option, and read from the record that is kept of it."""
    serving = data / "serving"
    for name, reason in zip(TYPED[::2], TYPED[1::2], strict=False):
        back = give(data, "rollback", "--by", name, f"--reason={reason}", "--to", "1")
        assert back.returncode == 0, back.stderr
        held = hold_of(serving)
        assert held is not None
        assert (held.by, held.reason, held.os_user) == (name.strip(), reason.strip(), os_user())
        lifted = give(data, "unhold", f"--by={reason}", "--reason", name)
        assert lifted.returncode == 0, lifted.stderr
        last = records(serving)[-1]
        assert (last.lifted_by, last.lifted_reason, last.lifted_os_user) == (
            reason.strip(),
            name.strip(),
            os_user(),
        )
        (serving / "current").unlink()
        (serving / "current").symlink_to("releases/3")


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """A lake with one file of each name, each in a batch of its own."""
    place = Records(tmp_path_factory.mktemp("typed") / "data", "petitions")
    for number, name in enumerate(NAMES):
        place.deliver(as_lines([good("petitions", number)]), name)
        place.promote(place.ingest())
    return place


def test_a_file_is_taken_back_by_the_word_that_a_message_shows(delivered: Records) -> None:
    """The message is read by a shell, as it would be pasted; so is the command made of each of its words."""
    unknown = give(delivered.root, "retract", "petitions/`touch X`", "--by", "duty", "--reason", "wrong")
    assert unknown.returncode == 1
    assert "\x1b" not in unknown.stderr, "a terminal is given no orders"
    words = unknown.stderr.split("as the command takes them: ")[1].rstrip("\n")
    pasted = subprocess.run(["bash", "-c", f"printf '%s\\0' {words}"], capture_output=True, check=True)
    files = [f"petitions/2025-12-01/H19/{name}" for name in sorted(NAMES)]
    assert pasted.stdout.decode().split("\0")[:-1] == files

    environment = {**os.environ, "SERVICE_INDEX_DATA": str(delivered.root)}
    for file in files:
        line = command("retract", file, "--by", "duty", "--reason", "it's `wrong`")
        subprocess.run(["bash", "-c", line], cwd=REPOSITORY, env=environment, check=True, capture_output=True)
    assert not (REPOSITORY / "X").exists(), "something was run"
    made = {taken.source_file: taken for taken in retractions(delivered.lake, "petitions")}
    assert sorted(made) == sorted(files)
    assert {(one.reason, one.by, one.os_user) for one in made.values()} == {
        ("it's `wrong`", "duty", os_user())
    }


@pytest.mark.parametrize("text", [*TYPED, *NAMES, "", "\udcff", "\u00a0", "\\x41", "'\x1b'"])
def test_a_word_for_a_shell_is_read_back_as_it_was(text: str) -> None:
    word = shell_word(text)
    assert word.isprintable()
    read = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert read.stdout == text.encode(errors="surrogateescape")


@pytest.mark.parametrize("words", [
    ["rollback", "--by", b"\xff", "--reason", "x"], ["retract", b"petitions/\xe1.csv", "--by", "x", "--reason", "x"],
    ["rollback", "--by", "x"], ["retract", "--reason", "x", "--by", "x"], ["unhold", "--reas", "x", "--by", "x"], [],
    ["approve", "hold", "--by", "x", "--reason"],
])  # fmt: skip
def test_what_is_not_understood_is_refused_before_anything_is_done(
    words: list[str | bytes], data: Path
) -> None:
    before = sorted(data.rglob("*"))
    done = give(data, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(r"Usage: bin/service-index|Option '--reason' requires an argument", done.stderr)
    assert "Traceback" not in done.stderr
    assert sorted(data.rglob("*")) == before


def test_no_make_target_takes_text_that_a_shell_would_read() -> None:
    """make puts its variables into the text of a shell command; a number or a switch is all that one may be."""
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    recipes = "\n".join(line for line in makefile.splitlines() if line.startswith("\t"))
    used = set(re.findall(r"\$\((\w+)\)", recipes.replace("$(if $(FULL),--rebuild)", "")))
    assert used == {"RUN", "DBT", "MAKE", "PYTHON", "SCALE", "ROWS"}
    assert "export" not in makefile, "the environment is that of bin/run, once"


def test_no_message_or_page_shows_a_command_of_make_that_is_gone() -> None:
    gone = re.compile(r"make (retract|approve|rollback|unhold|close|check-mapping|pull|backfill)\b")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True, text=True
    )
    named = [
        REPOSITORY / name
        for name in listed.stdout.split("\0")
        if name.endswith((".py", ".md", ".yml", ".sql"))
    ]
    assert [
        str(path) for path in named if path.is_file() and gone.search(path.read_text(encoding="utf-8"))
    ] == []


def test_commands_of_pages_are_understood() -> None:
    """Each command that README and runbook show, with its placeholders, is one that is understood."""
    known = typer.main.get_command(app)
    assert isinstance(known, typer.core.TyperGroup)
    pages = [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]
    shown = {
        line
        for page in pages
        for line in re.findall(r"`bin/service-index ([a-z][^`]+)`", page.read_text(encoding="utf-8"))
    }
    assert len(shown) > 6
    for line in shown:
        word, *words = shlex.split(line)
        known.commands[word].make_context(word, words)


@pytest.mark.parametrize(("by", "reason"), [("", "x"), ("x", " \t"), ("\n", "x")])
def test_nobody_and_no_reason_are_refused(by: str, reason: str, data: Path) -> None:
    for words in (["approve", "h"], ["rollback"], ["unhold"], ["retract", "petitions/a"]):
        done = give(data, *words, "--by", by, "--reason", reason)
        assert (done.returncode, "found nothing" in done.stderr) == (2, True)
    with pytest.raises(ValidationError):
        Approval(hold="h", by=by, reason=reason)  # as typed into Dagster's launchpad


def test_a_terminal_is_shown_text_whatever_was_typed(data: Path) -> None:
    said = "\x1b[2J\x1b]0;title\x07 \u202eevil\r\x9b31m Đồng Nai"
    assert give(data, "rollback", "--by", said, "--reason", said).returncode == 0
    shown = give(data, "releases").stdout
    assert r"\x1b[2J\x1b]0;title\x07 \u202eevil\r\x9b31m Đồng Nai" in shown
    assert [c for c in shown if not c.isprintable() and c != "\n"] == []


# The user is the system's.


@pytest.mark.parametrize("name", ["director", "", "root"])
def test_the_environment_does_not_say_who_it_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("USER", "LOGNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(variable, name)
    assert os_user() == pwd.getpwuid(os.geteuid()).pw_name


def test_a_user_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 3_999_999)
    assert os_user() == "3999999"


def test_records_made_before_users_were_kept_are_read(data: Path) -> None:
    serving = data / "serving"
    made = roll_back(serving, "duty", "wrong file", datetime.now(UTC))
    (path,) = (serving / "rollbacks").iterdir()
    old = {key: value for key, value in asdict(made).items() if "os_user" not in key}
    path.write_text(json.dumps(old))
    taken = {
        "source_file": "petitions/2025-12-01/H19/a b",
        "file_hash": "0",
        "reason": "x",
        "retracted_at": "2025-12-01",
    }
    for number, facts in (
        (1, {"retracted": [taken], "approvals": [{"hold": "h", "by": "head", "reason": "y"}]}),
    ):
        manifest = serving / "releases" / str(number) / "manifest.json"
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **facts}))
    lake = data / "lake" / ".retracted" / "petitions"
    lake.mkdir(parents=True)
    (lake / "0.H19.json").write_text(json.dumps(taken))
    assert retractions(data / "lake", "petitions")[0].os_user == ""
    shown = give(data, "releases")
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"  duty \(user not recorded\)  wrong file +HELD$", shown.stdout, re.MULTILINE)
    assert "approved h by head (user not recorded), not recorded how" in shown.stdout
    assert "retracted 'petitions/2025-12-01/H19/a b' by user not recorded" in shown.stdout
    assert give(data, "unhold", "--by", "duty", "--reason", "ok").returncode == 0

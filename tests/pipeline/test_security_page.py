"""What docs/security.md states as a fact is one.

Belongs here: its tables, read from the page. What it says of Dagster's interface is asked of the real server
(`tests/graph/test_ui.py`).
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import pytest

from orchestration.alerts import Alert, send
from orchestration.defs.instance import instance_of
from orchestration.folders import PRIVATE, protect
from orchestration.ingestion.lake import work_folder
from orchestration.ingestion.landing import scan
from orchestration.publishing.release import current
from orchestration.publishing.rollback import lift_hold, roll_back
from orchestration.publishing.served_files import protect_tree
from orchestration.run_lock import LOCK, one_writer
from orchestration.settings import REPOSITORY, Settings
from tests.graph import test_ui
from tests.pipeline.page import table


def modes() -> dict[str, set[int]]:
    """By pattern, the modes that the page names; none where it leaves them to others."""
    rows = table("below `data`")
    return {row[0]: {int(mode, 8) for mode in re.findall(r"\b0\d{3}\b", row[1])} for row in rows}


def used(settings: Settings) -> None:
    """What a clean night does not leave: a rollback, an alert, Dagster's runs, a file that is being read."""
    served = current(settings.serving)
    assert served is not None
    with one_writer(settings.data, print):
        earlier = served.folder.with_name("20260101T000000Z-00000000")
        shutil.copytree(served.folder, earlier)
        manifest = (earlier / "manifest.json").read_text(encoding="utf-8")
        (earlier / "manifest.json").unlink()
        (earlier / "manifest.json").write_text(
            manifest.replace(served.release_id, earlier.name), encoding="utf-8"
        )
        protect_tree(earlier)
        roll_back(settings.serving, "duty", "wrong", datetime.now(UTC), earlier.name)
        lift_hold(settings.serving, "duty", "right", datetime.now(UTC))
        alert = Alert("run_failed", "x", (), (), 0, "y", "z", "2026-01-01")
        send(alert, settings.alerts_log, "")
        instance_of(settings).dispose()
        (work_folder(settings.lake, "dossiers", "0") / "unpacked.csv").touch()


def bits(settings: Settings, shift: int) -> dict[str, int]:
    """By path, what one class of accounts may do there (4 read, 2 write, 1 enter): 3 the group, 0 every account.

    Nothing below a folder that they may not enter. Without `landing`, whose owner decides.
    """
    found = {".": settings.data.stat().st_mode >> shift & 0o7}
    for path in sorted(settings.data.rglob("*")):
        name = path.relative_to(settings.data)
        if not path.is_symlink() and name.parts[0] != "landing":
            is_reached = found[name.parent.as_posix()] & 1
            found[name.as_posix()] = path.stat().st_mode >> shift & 0o7 if is_reached else 0
    return found


def only_the_owner_writes(settings: Settings) -> None:
    """All that commands change; the lock first, which each takes: nobody else can so much as open it."""
    assert {name for shift in (0, 3) for name, may in bits(settings, shift).items() if may & 2} == set()
    assert (bits(settings, 3)[LOCK], bits(settings, 0)[LOCK]) == (0, 0)
    assert {path.stat().st_uid for path in settings.data.rglob("*")} == {os.geteuid()}


def its_group_reads(settings: Settings) -> None:
    closed = {name for name, may in bits(settings, 3).items() if not may & 4}
    work = {name for name in closed if "/.work-" in name}
    assert work
    assert closed - work == {LOCK, "build/.dbt.lock"}
    landing = settings.landing.stat().st_mode
    settings.landing.chmod(0o711)
    with one_writer(settings.data, print):
        protect(settings.data)
    assert stat.S_IMODE(settings.landing.stat().st_mode) == 0o711, "its owner decides"
    settings.landing.chmod(landing)


def everyone_reads_what_is_served(settings: Settings) -> None:
    """They see the way there and nothing beside it."""
    everyone = bits(settings, 0)
    readable = {name for name, may in everyone.items() if may & 4}
    assert {name for name in readable if not name.startswith("serving")} == set()
    served = {name for name in everyone if name.startswith("serving/releases")}
    assert served <= readable
    assert readable - served == {"serving"}
    assert everyone["."] == 1


def the_interface_asks_no_role(_: Settings) -> None:
    """Asked of the real server, where the page is read as well."""
    assert callable(test_ui.TestRealServer.test_whoever_reaches_it_may_do_what_the_page_says)


def a_sender_is_its_folder(settings: Settings) -> None:
    """Whoever wrote the file, and whatever it is called or says in itself."""
    path = settings.landing / "dossiers" / "2026-10-11" / "H19" / "H20 nation.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("{}", encoding="utf-8")
    path.chmod(0o606)
    for lost in (path.parents[1] / "a.jsonl", path.parents[2] / "b.jsonl"):
        lost.touch()
    scanned = scan(settings.landing, "dossiers")
    assert [(file.source, str(file.delivery_date), file.sender) for file in scanned.files] == [
        ("dossiers", "2026-10-11", "H19")
    ]
    assert {problem.file for problem in scanned.problems} == {
        "dossiers/2026-10-11/a.jsonl",
        "dossiers/b.jsonl",
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o606, "the transfer decides"


PROVED: Mapping[tuple[str, str], Callable[[Settings], None]] = {
    ("the owner of the data folder", "run, approve, roll back, take back"): only_the_owner_writes,
    ("its group", "read all but `landing`, locks and work files, write nothing"): its_group_reads,
    ("every account", "read what is served, write nothing"): everyone_reads_what_is_served,
    (
        "whoever reaches Dagster's interface",
        "launch and delete runs, approve holds",
    ): the_interface_asks_no_role,
    ("a sender", "put files below `landing/<source>/<date>/<sender>/`"): a_sender_is_its_folder,
}


@pytest.mark.parametrize(("who", "may", "because"), table("who", "may", "because"))
def test_who_may_do_what_is_so(who: str, may: str, because: str, copy_of_installation: Settings) -> None:
    """A line that says something else than what is proved here has no proof."""
    used(copy_of_installation)
    assert because
    PROVED[who, may](copy_of_installation)


def test_everything_in_the_data_folder_has_the_mode_that_the_page_gives_it(
    copy_of_installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    settings = copy_of_installation
    used(settings)
    stated = modes()
    seen: dict[str, set[str]] = {pattern: set() for pattern in stated}
    for path in [settings.data, *settings.data.rglob("*")]:
        if path.is_symlink():
            continue
        name = path.relative_to(settings.data).as_posix()
        pattern = next((one for one in stated if fnmatchcase(name, one)), None)
        assert pattern is not None, f"{name}: the page does not say what it is"
        mode = stat.S_IMODE(path.stat().st_mode)
        # The owner's right to go into a folder is not one to a file.
        allowed = {one for one in stated[pattern] if bool(one & 0o100) == path.is_dir()} or stated[pattern]
        assert not stated[pattern] or mode in allowed, f"{name}: {mode:04o}"
        seen[pattern].add(name)
    # A clean night refuses, pulls and captures nothing, closes no month and asks no Spark; these folders get their mode
    # with the others.
    assert {pattern for pattern, names in seen.items() if not names} == {
        "quarantine",
        "closed",
        "portal",
        "portal/*",
        "spark",
        "landing/.pull",
        "landing/.portal",
    }
    assert {pattern for pattern, mode in stated.items() if mode == {0o750} and "/" not in pattern} == set(
        PRIVATE
    )


def test_the_page_names_each_variable_that_the_program_reads() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True, text=True
    )
    read = set()
    for name in listed.stdout.split("\0"):
        if name.split("/")[0] in ("orchestration", "dbt_project", "bin", "expectations", "validated_files"):
            text = (REPOSITORY / name).read_text(encoding="utf-8", errors="replace")
            read |= set(re.findall(r"_?SERVICE_INDEX_[A-Z_]+|DAGSTER_HOME", text))
    read = {f"{name}*" if name.endswith("_") else name for name in read}
    assert {row[0] for row in table("variable")} == read


def test_secrets_are_what_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not shown where settings are printed."""
    secret = [row[0] for row in table("variable") if "yes" in row[1]]
    for name in secret:
        monkeypatch.setenv(name, f"secret of {name}")
    assert len(secret) == 4
    assert "secret of" not in repr(Settings.from_environment())


def test_what_is_recorded_is_where_the_page_says(installation: Settings) -> None:
    served = current(installation.serving)
    assert served is not None
    named = {key for row in table("what", "recorded in") for key in re.findall(r"manifest.*?`(\w+)`", row[1])}
    assert named == {"approvals", "rollbacks", "retracted", "closed"}
    assert named <= set(served.manifest)


def test_every_link_of_the_page_leads_somewhere() -> None:
    page = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert links and [link for link in links if not (REPOSITORY / "docs" / link).is_file()] == []

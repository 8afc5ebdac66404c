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
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from orchestration.alerts import Alert, send
from orchestration.defs.instance import instance_of
from orchestration.folders import PRIVATE
from orchestration.ingestion.lake import work_folder
from orchestration.ingestion.landing import LandedFile, examine
from orchestration.ingestion.problems import Problem
from orchestration.publishing.release import current
from orchestration.publishing.rollback import lift_hold, roll_back
from orchestration.publishing.served_files import protect_tree
from orchestration.run_lock import one_writer
from orchestration.settings import REPOSITORY, Settings
from tests.graph import test_ui
from tests.pipeline import test_hold
from tests.pipeline.page import table


def modes() -> dict[str, set[int]]:
    """By pattern, the modes that the page names; none where it leaves them to others."""
    rows = table("below `data`")
    return {row[0]: {int(mode, 8) for mode in re.findall(r"\b0\d{3}\b", row[1])} for row in rows}


def used(settings: Settings) -> None:
    """What a clean night does not leave: a step back, an alert, Dagster's runs, a file that is being read."""
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
    # A clean night refuses nothing, pulls nothing and closes no month; these folders get their mode with the others.
    assert {pattern for pattern, names in seen.items() if not names} == {
        "quarantine",
        "closed",
        "landing/.pull",
    }
    assert {pattern for pattern, mode in stated.items() if mode == {0o750} and "/" not in pattern} == set(
        PRIVATE
    )


def allowed(settings: Settings, read: int) -> dict[str, int]:
    """What group (`read` is 0o040) or others (0o004) may do with each path below `data` that they can come to: the sum
    of 4 to read, 2 to write, 1 to pass; none of it with any other. What was delivered is as its owner set it.
    """
    found: dict[Path, int] = {}
    for path in [settings.data, *sorted(settings.data.rglob("*"))]:
        passes = path == settings.data or found.get(path.parent, 0) & 1
        if passes and not path.is_symlink() and path != settings.landing:
            found[path] = path.stat().st_mode // (read // 4) & 7
    return {path.relative_to(settings.data).as_posix(): bits for path, bits in found.items() if bits}


def by_owner(settings: Settings) -> None:
    """Commands write there, so that only the owner can give them."""
    assert {path.stat().st_uid for path in settings.data.rglob("*")} == {os.geteuid()}
    for read in (0o040, 0o004):
        assert [name for name, bits in allowed(settings, read).items() if bits & 2] == []


def by_group(settings: Settings) -> None:
    """But for locks, and what is read in the clear."""
    seen = {name for name, bits in allowed(settings, 0o040).items() if bits & 4}
    rest = {
        path.relative_to(settings.data).as_posix()
        for path in settings.data.rglob("*")
        if not path.is_symlink()
    }
    kept = {name for name in rest - seen if not f"{name}/".startswith("landing/")}
    assert {re.sub(r"/\.work-.*", "", name) for name in kept} == {
        ".writer.lock", "build/.dbt.lock", "lake/.pending/dossiers"
    }  # fmt: skip


def by_everyone(settings: Settings) -> None:
    """They pass through `data` to what is served, and see nothing else."""
    seen = allowed(settings, 0o004)
    assert {name.split("/")[0] for name in seen} == {".", "serving"}
    assert seen["."] == 1
    served = settings.serving.resolve() / os.readlink(settings.serving / "current")
    assert seen[(served / "warehouse.duckdb").relative_to(settings.data.resolve()).as_posix()] == 4


def by_interface(settings: Settings) -> None:
    """Shown in a real server by an approval that came through it, and by what it refuses to others."""
    assert callable(test_hold.test_an_approval_through_the_interface_says_so_in_the_release)
    assert callable(test_ui.TestRealServer.test_what_another_page_asks_is_refused)


def by_sender(settings: Settings) -> None:
    """What lies elsewhere is nobody's delivery."""
    path = settings.landing / "dossiers" / "2025-12-01" / "a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    found = examine(settings.landing, path)
    assert isinstance(found, Problem)
    assert found.reason_code == "misplaced_file"
    own = path.parent / "H19" / "a.jsonl"
    own.parent.mkdir()
    own.write_text("{}")
    landed = examine(settings.landing, own)
    assert isinstance(landed, LandedFile)
    assert landed.sender == "H19"


SHOWN_BY = {
    "the owner of data": by_owner, "its group": by_group, "every account": by_everyone,
    "whoever reaches Dagster's interface": by_interface, "a sender": by_sender,
}  # fmt: skip


def test_each_line_of_who_may_do_what_is_shown() -> None:
    assert [row[0].replace("`", "") for row in table("who", "may", "because")] == list(SHOWN_BY)


@pytest.mark.parametrize("who", SHOWN_BY)
def test_everyone_may_do_what_the_page_says_and_no_more(
    who: str, copy_of_installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    used(copy_of_installation)
    SHOWN_BY[who](copy_of_installation)


def test_the_page_names_each_variable_that_the_program_reads() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True, text=True
    )
    read = set()
    for name in listed.stdout.split("\0"):
        if name.split("/")[0] in ("orchestration", "dbt_project", "bin", "expectations"):
            text = (REPOSITORY / name).read_text(encoding="utf-8", errors="replace")
            read |= set(re.findall(r"SERVICE_INDEX_[A-Z_]+|DAGSTER_HOME", text))
    read = {f"{name}*" if name.endswith("_") else name for name in read}
    assert {row[0] for row in table("variable")} == read


def test_secrets_are_what_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not shown where settings are printed."""
    secret = [row[0] for row in table("variable") if "yes" in row[1]]
    for name in secret:
        monkeypatch.setenv(name, f"secret of {name}")
    assert len(secret) == 3
    assert "secret of" not in repr(Settings.from_environment())


def test_what_is_recorded_is_where_the_page_says(installation: Settings) -> None:
    served = current(installation.serving)
    assert served is not None
    named = {key for row in table("what", "recorded in") for key in re.findall(r"manifest.*?`(\w+)`", row[1])}
    assert named == {"approvals", "step_backs", "retracted", "closed"}
    assert named <= set(served.manifest)


def test_every_link_of_the_page_leads_somewhere() -> None:
    page = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert links and [link for link in links if not (REPOSITORY / "docs" / link).is_file()] == []

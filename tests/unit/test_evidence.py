"""What a release rests on: kept by the steps of a run, gathered at its end.

Belongs here: gate results between steps, inputs, code revision. Not here: what publishing does with them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from expectations.gate import CheckResult, GateResult
from orchestration.fingerprints import inputs_fingerprint
from orchestration.provenance import (
    KEEP_RUNS,
    LIBRARIES,
    MissingGateError,
    NoWholeBuildError,
    code_revision,
    gate_folder,
    gather,
    keep_gate,
    keep_passed,
    keep_whole_build,
    passed_batches,
)
from orchestration.publishing.release import Provenance
from orchestration.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Folders of an installation that has no history of its code, and no marts."""
    made = Settings(data=tmp_path / "dữ liệu", repository=tmp_path / "code")
    made.dbt_manifest.parent.mkdir(parents=True)
    made.dbt_manifest.write_text('{"nodes": {}}', encoding="utf-8")
    return made


@pytest.fixture(autouse=True)
def no_git_of_the_caller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests also run from git hooks, which name their repository to every git; and no one's settings count."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


def result(suite: str, success: bool = True) -> GateResult:
    check = CheckResult(
        expectation="unexpected_rows_expectation",
        description=f"{suite} holds",
        reason="because (2026-11-23)",
        success=success,
        observed="0 rows" if success else "1 row",
        failing_rows=0 if success else 1,
        sample=() if success else ({"unit_code": "01", "name_vi": "Hà Nội"},),
    )
    return GateResult(suite, f"marts.{suite}", success, (check,))


def gather_built(settings: Settings, run_id: str, suites: Sequence[str]) -> tuple[Provenance, str]:
    """What a run leaves that has built every table of what lies there."""
    keep_whole_build(settings, run_id, inputs_fingerprint(settings))
    return gather(settings, run_id, suites)


def git(folder: Path, *arguments: str) -> str:
    identity = [
        "-c",
        "user.name=Test",
        "-c",
        "user.email=test@example.invalid",
        "-c",
        "init.defaultBranch=main",
    ]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_gates_that_a_run_kept_are_its_evidence(settings: Settings) -> None:
    keep_gate(settings, "run-1", result("release__a"))
    keep_gate(settings, "run-1", result("release__b"))
    evidence, page = gather_built(settings, "run-1", ["release__b", "release__a"])
    assert evidence.gates == [
        {"suite": name, "table": f"marts.{name}", "success": True, "checks": 1, "failed": []}
        for name in ("release__a", "release__b")
    ]
    assert evidence.code == {"revision": "unknown"}
    assert set(evidence.versions) == set(LIBRARIES)
    assert all(evidence.versions.values())
    assert evidence.inputs == []  # the lake of this installation is empty
    for expected in ("release__a holds", "All 2 checks passed", "{release_id}", "run-1"):
        assert expected in page


def test_the_page_names_the_sources_whose_files_are_synthetic(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A portal made up for a training is no synthetic record, and real records beside it are real."""
    files = {
        "portal_service_results": ["portal_service_results/2026-10-10/nation/synthetic_results.json"],
        "dossiers": [
            "dossiers/2026-10-10/H19/dossiers.jsonl",
            "dossiers/2026-10-10/synthetic/dossiers.jsonl",
        ],
    }
    monkeypatch.setattr(
        "orchestration.provenance.batch_contents",
        lambda lake, source: (
            [{"source": source, "batch": "b1", "files": files[source], "rows": 1}] if source in files else []
        ),
    )
    keep_gate(settings, "run-1", result("release__a"))
    evidence, page = gather_built(settings, "run-1", ["release__a"])
    assert evidence.contains_synthetic is True
    assert "SYNTHETIC FILES ARE AMONG THE INPUTS: portal_service_results<" in page


def test_a_failed_gate_is_kept_with_what_failed_and_its_rows(settings: Settings) -> None:
    keep_gate(settings, "run-1", result("release__a", success=False))
    evidence, page = gather_built(settings, "run-1", ["release__a"])
    (gate,) = evidence.gates
    assert (gate["success"], gate["failed"]) == (False, ["release__a holds"])
    assert "Hà Nội" in page


def test_a_gate_of_the_run_that_nobody_asked_for_counts_too(settings: Settings) -> None:
    """The raw gates run only when a batch is pending; once they ran, their verdict belongs to the release."""
    keep_gate(settings, "run-1", result("release__a"))
    keep_gate(settings, "run-1", result("raw__files", success=False))
    evidence, _ = gather_built(settings, "run-1", ["release__a"])
    assert {gate["suite"]: gate["success"] for gate in evidence.gates} == {
        "raw__files": False,
        "release__a": True,
    }


def test_the_last_verdict_of_a_suite_counts(settings: Settings) -> None:
    for success in (True, False):
        keep_gate(settings, "run-1", result("release__a", success))
    evidence, _ = gather_built(settings, "run-1", ["release__a"])
    assert [gate["success"] for gate in evidence.gates] == [False]


def test_suites_that_did_not_run_are_named(settings: Settings) -> None:
    keep_gate(settings, "run-1", result("release__a"))
    with pytest.raises(
        MissingGateError, match="no result of release__b, release__c from run run-1"
    ) as raised:
        gather_built(settings, "run-1", ["release__c", "release__a", "release__b"])
    assert "release__a" not in str(raised.value)


def test_a_run_without_any_gate_is_an_error(settings: Settings) -> None:
    with pytest.raises(MissingGateError, match="release__a"):
        gather_built(settings, "run-1", ["release__a"])


def test_results_of_another_run_do_not_count(settings: Settings) -> None:
    keep_gate(settings, "run-1", result("release__a"))
    keep_gate(settings, "run-2", result("release__b"))
    with pytest.raises(MissingGateError, match="no result of release__a from run run-2"):
        gather_built(settings, "run-2", ["release__a", "release__b"])


def test_failing_rows_beside_a_result_are_no_result(settings: Settings) -> None:
    (gate_folder(settings, "run-1") / "release__a.parquet").write_bytes(b"rows")
    with pytest.raises(MissingGateError, match="release__a"):
        gather_built(settings, "run-1", ["release__a"])


def aged(settings: Settings, run_id: str, seconds: int) -> None:
    keep_gate(settings, run_id, result("release__a"))
    os.utime(settings.gates / run_id, (seconds, seconds))


def test_only_the_last_runs_are_kept(settings: Settings) -> None:
    for number in range(KEEP_RUNS + 3):
        aged(settings, f"run-{number}", 1_000_000 + number)
    assert {path.name for path in settings.gates.iterdir()} == {
        f"run-{number}" for number in range(3, KEEP_RUNS + 3)
    }


def test_a_run_keeps_its_own_gates_after_the_clock_went_back(settings: Settings) -> None:
    for number in range(KEEP_RUNS):
        aged(
            settings, f"run-{number}", 4_000_000_000 + number
        )  # in the year 2096, says a clock that was wrong
    keep_gate(settings, "now", result("release__a"))
    keep_gate(settings, "now", result("release__b"))
    evidence, _ = gather_built(settings, "now", ["release__a", "release__b"])
    assert len(evidence.gates) == 2


def test_a_foreign_file_among_the_runs_does_not_stop_them(settings: Settings) -> None:
    settings.gates.mkdir(parents=True)
    (settings.gates / ".DS_Store").write_text("left by a file manager")
    os.utime(settings.gates / ".DS_Store", (1, 1))
    for number in range(KEEP_RUNS + 1):
        aged(settings, f"run-{number}", 1_000_000 + number)
    assert (settings.gates / f"run-{KEEP_RUNS}" / "release__a.json").is_file()


def test_looking_for_gates_that_never_ran_leaves_no_folder(settings: Settings) -> None:
    with pytest.raises(NoWholeBuildError):
        gather(settings, "run-1", ["release__a"])
    assert not (settings.gates / "run-1").exists()


def test_a_folder_without_history_has_an_unknown_revision(tmp_path: Path) -> None:
    assert code_revision(tmp_path) == {"revision": "unknown"}


def test_a_machine_without_git_has_an_unknown_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path.parent))
    assert code_revision(tmp_path) == {"revision": "unknown"}


def test_a_repository_without_a_commit_has_an_unknown_revision(tmp_path: Path) -> None:
    git(tmp_path, "init")
    assert code_revision(tmp_path) == {"revision": "unknown"}


def test_the_revision_is_named_and_whether_files_differ_from_it(tmp_path: Path) -> None:
    git(tmp_path, "init")
    (tmp_path / "model.sql").write_text("select 1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--message", "first")
    revision = git(tmp_path, "rev-parse", "HEAD")
    assert code_revision(tmp_path) == {"revision": revision, "changed_files": "no"}
    (tmp_path / "model.sql").write_text("select 2")
    assert code_revision(tmp_path) == {"revision": revision, "changed_files": "yes"}


def test_a_copy_inside_another_repository_does_not_borrow_its_revision(tmp_path: Path) -> None:
    git(tmp_path, "init")
    (tmp_path / ".gitignore").write_text("copy/")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--message", "of something else")
    (tmp_path / "copy").mkdir()
    assert code_revision(tmp_path / "copy") == {"revision": "unknown"}


def test_a_hook_of_another_repository_does_not_lend_its_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git names its repository to hooks (`GIT_DIR`), and whatever they start would ask that one."""
    (tmp_path / "other").mkdir()
    git(tmp_path / "other", "init")
    git(tmp_path / "other", "commit", "--allow-empty", "--message", "of something else")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    (tmp_path / "copy").mkdir()
    assert code_revision(tmp_path / "copy") == {"revision": "unknown"}


def test_a_run_that_did_not_build_every_table_has_nothing_to_release(settings: Settings) -> None:
    keep_gate(settings, "run-2", result("release__a"))
    keep_whole_build(settings, "run-1", inputs_fingerprint(settings))
    with pytest.raises(
        NoWholeBuildError, match=r"run run-2 has not built every table .*; run the whole job `refresh`"
    ):
        gather(settings, "run-2", ["release__a"])


def test_a_batch_that_came_after_the_build_is_not_said_to_be_in_it(settings: Settings) -> None:
    keep_gate(settings, "run-1", result("release__a"))
    keep_whole_build(settings, "run-1", "0123456789abcdef")
    with pytest.raises(
        NoWholeBuildError,
        match=f"from inputs 0123456789abcdef, found inputs {inputs_fingerprint(settings)}: .*`refresh` again",
    ):
        gather(settings, "run-1", ["release__a"])


def test_only_the_run_that_judged_a_batch_knows_it_as_passed(settings: Settings) -> None:
    keep_passed(settings, "run-1", "dossiers", ["a", "b"])
    keep_passed(settings, "run-1", "progress", [])
    assert [
        passed_batches(settings, run, source)
        for run, source in (("run-1", "dossiers"), ("run-1", "progress"), ("run-2", "dossiers"))
    ] == [["a", "b"], [], []]
    evidence, _ = gather_built(settings, "run-1", [])
    assert evidence.gates == []

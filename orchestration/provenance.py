"""What a release rests on, gathered from where a run left it.

Belongs here: gate results and what was built, kept between the steps of a run; the lake's batches, code revision and
versions.
Does not belong here: running gates (`expectations.gate`) and making the release (`publishing`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import Any

from expectations.gate import GateResult
from expectations.report_page import render
from orchestration.commands import signed
from orchestration.fingerprints import inputs_fingerprint
from orchestration.ingestion.catalogue import batch_contents
from orchestration.ingestion.retraction import retractions
from orchestration.mart_keys import mart_descriptions_vi, mart_keys, marts_in_folders
from orchestration.publishing.release import Provenance
from orchestration.publishing.rollback import records
from orchestration.settings import Settings
from orchestration.sources import SOURCES, SYNTHETIC

FILES_SHOWN = 10
APPROVALS = "approvals.list"
PASSED = "passed.list"  # after the name of a source
WHOLE_BUILD = "whole_build.txt"
KEEP_RUNS = 7  # as many as releases: each can be traced to what its gates found
GIT_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
LIBRARIES = ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations")


class MissingGateError(Exception):
    """A suite has no result from this run: its marts cannot be stood behind."""


class NoWholeBuildError(Exception):
    """This run has not built all tables from what now lies there: gates and release would be of another build."""


def gate_folder(settings: Settings, run_id: str) -> Path:
    """Where a run keeps what its gates found, made if need be; those of the last few runs stay."""
    folder = settings.gates / run_id
    if settings.gates.is_file():  # nothing of ours: what gates found can be found again
        settings.gates.unlink()
    if not folder.exists():
        folder.mkdir(parents=True)
        # This run is the newest whatever the clock says, and what is no folder is no run.
        others = (path for path in settings.gates.iterdir() if path.is_dir() and path != folder)
        by_age = sorted(others, key=lambda path: path.stat().st_mtime_ns)
        for old in by_age[: 1 - KEEP_RUNS]:
            shutil.rmtree(old)
    return folder


def keep_gate(settings: Settings, run_id: str, result: GateResult) -> None:
    """Leave a suite's result for the release of the same run."""
    (gate_folder(settings, run_id) / f"{result.suite}.json").write_text(
        json.dumps(result.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8"
    )


def keep_approvals(settings: Settings, run_id: str, approvals: Sequence[Mapping[str, Any]]) -> None:
    """Leave what a person let pass for the release of the same run."""
    (gate_folder(settings, run_id) / APPROVALS).write_text(
        json.dumps(list(approvals), ensure_ascii=False, indent=1), encoding="utf-8"
    )


def keep_passed(settings: Settings, run_id: str, source: str, batches: Sequence[str]) -> None:
    """Leave the pending batches that the raw gate of a source let pass for the step of the same run that admits them."""
    (gate_folder(settings, run_id) / f"{source}.{PASSED}").write_text("\n".join(batches), encoding="utf-8")


def passed_batches(settings: Settings, run_id: str, source: str) -> list[str]:
    """The batches that the raw gate of this very run let pass; none where it was not run."""
    path = settings.gates / run_id / f"{source}.{PASSED}"
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def keep_whole_build(settings: Settings, run_id: str, inputs: str) -> None:
    """Leave word for the release of the same run that every table was built, from inputs of this fingerprint."""
    (gate_folder(settings, run_id) / WHOLE_BUILD).write_text(inputs, encoding="utf-8")


def gather(settings: Settings, run_id: str, suites: Sequence[str]) -> tuple[Provenance, str]:
    """The evidence for a release of this run, and its page with `{release_id}` to be filled in.

    Raises NoWholeBuildError where this very run did not build every table from the inputs that are there now,
    MissingGateError where it did not run a suite.
    """
    built_from = _whole_build(settings, run_id)
    results = _kept_gates(settings, run_id, suites)
    inputs = [batch for source in SOURCES for batch in batch_contents(settings.lake, source.name)]
    files = [file for batch in inputs for file in batch["files"]]
    synthetic = _synthetic_sources(inputs)
    evidence = Provenance(
        inputs=inputs,
        gates=[_brief(result) for result in results],
        code=code_revision(settings.repository),
        versions={name: version(name) for name in LIBRARIES},
        retracted=[asdict(r) for source in SOURCES for r in retractions(settings.lake, source.name)],
        inputs_fingerprint=built_from,
        approvals=_kept_approvals(settings, run_id),
        rollbacks=[asdict(record) for record in records(settings.serving)],
        keys=mart_keys(settings.dbt_manifest),
        descriptions_vi=mart_descriptions_vi(settings.dbt_manifest),
        parquet_by=marts_in_folders(settings.dbt_manifest),
        contains_synthetic=bool(synthetic),
    )
    facts = {
        "Release": "{release_id}",
        "Inputs": _listed(files),
        "Synthetic": f"SYNTHETIC FILES ARE AMONG THE INPUTS: {', '.join(synthetic)}"
        if synthetic
        else "nothing",
        "Retracted": ", ".join(
            f"{r['source_file']} by {signed(r['by'], r['os_user'])}: {r['reason']}"
            for r in evidence.retracted
        )
        or "nothing",
        "Approved": ", ".join(
            f"{a['hold']} by {signed(a['by'], a['os_user'])}, {a['through']}: {a['reason']}"
            for a in evidence.approvals
        )
        or "nothing had to be",
        "Rolled back": ", ".join(
            f"from {s['from_release']} to {s['to_release']} by {signed(s['by'], s['os_user'])}: {s['reason']};"
            f" lifted by {signed(s['lifted_by'], s['lifted_os_user'])}: {s['lifted_reason']}"
            for s in evidence.rollbacks
        )
        or "never",
        "Code": ", ".join(f"{name} {value}" for name, value in evidence.code.items()),
        "Versions": ", ".join(f"{name} {value}" for name, value in evidence.versions.items()),
        "Run": run_id,
    }
    return evidence, render(results, "Release {release_id}", facts)


def _synthetic_sources(inputs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of which sources files are synthetic: those of the others are real, the portal's as records."""
    return sorted(
        {
            batch["source"]
            for batch in inputs
            if any(SYNTHETIC in PurePath(file).name for file in batch["files"])
        }
    )


def _listed(files: Sequence[str]) -> str:
    """A few names, and how many more; the manifest names all."""
    more = f" and {len(files) - FILES_SHOWN} more (see the manifest)" if len(files) > FILES_SHOWN else ""
    return ", ".join(files[:FILES_SHOWN]) + more


def code_revision(repository: Path) -> Mapping[str, str]:
    """The git revision and whether files differ from it; `unknown` in a copy without history."""
    revision = _git(repository, "rev-parse", "HEAD")
    # Within another repository, git would answer for that one: its top is not our folder.
    if revision is None or _git(repository, "rev-parse", "--show-prefix"):
        return {"revision": "unknown"}
    changed = _git(repository, "status", "--porcelain")
    return {"revision": revision, "changed_files": "yes" if changed else "no"}


def _git(repository: Path, *arguments: str) -> str | None:
    # A git hook names its own repository to all it starts; ours is where the code is.
    environment = {name: value for name, value in os.environ.items() if name not in GIT_OF_A_HOOK}
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=repository, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:  # no git on this machine
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _whole_build(settings: Settings, run_id: str) -> str:
    """The fingerprint of the inputs that all tables were built from, which are still those that lie there."""
    path = settings.gates / run_id / WHOLE_BUILD
    built_from = path.read_text(encoding="utf-8") if path.exists() else None
    if built_from is None:
        raise NoWholeBuildError(
            f"run {run_id} has not built every table and run every dbt test, so that nobody knows what the tables"
            " are of; expected all models, gates and the release in one run; run the whole job `refresh`"
            " (a run again from its failure is another run)"
        )
    found = inputs_fingerprint(settings)
    if found != built_from:
        raise NoWholeBuildError(
            f"run {run_id} built its tables from inputs {built_from}, found inputs {found}: a batch or code was"
            " changed meanwhile; run the whole job `refresh` again"
        )
    return built_from


def _kept_gates(settings: Settings, run_id: str, required: Sequence[str]) -> list[GateResult]:
    """Every result this run left. A suite of `required` without one is an error."""
    kept = {path.stem: path for path in (settings.gates / run_id).glob("*.json")}
    missing = sorted(set(required) - set(kept))
    if missing:
        raise MissingGateError(
            f"no result of {', '.join(missing)} from run {run_id}; expected every gate to run before a release;"
            " run the whole job `refresh`"
        )
    return [GateResult.from_dict(json.loads(kept[name].read_text(encoding="utf-8"))) for name in sorted(kept)]


def _kept_approvals(settings: Settings, run_id: str) -> list[dict[str, Any]]:
    path = settings.gates / run_id / APPROVALS
    kept: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return kept


def _brief(result: GateResult) -> dict[str, Any]:
    return {
        "suite": result.suite,
        "table": result.table,
        "success": result.success,
        "checks": len(result.checks),
        "failed": [check.description for check in result.failed()],
    }

"""What became of a run: in words for people, and as facts for scripts.

Belongs here: reading the events of a run that has ended. Does not belong here: running it (`run_job`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from orchestration.commands import command
from orchestration.defs.ingestion import LINES, NOTHING_NEW, batch_key
from orchestration.defs.models import REBUILT
from orchestration.defs.release import RELEASE
from orchestration.defs.scoring_checks import CHECK as IS_SCORED
from orchestration.harmless_text import JOINER
from orchestration.publishing.release import current_name, damaged_releases
from orchestration.settings import Settings
from orchestration.sources import SOURCES

# Problems of one source shown on the screen; a bad night has thousands.
LINES_A_SOURCE = 12

TAKE_BACK = command("retract", "FILE", "--by", "NAME", "--reason", "WHY")


@dataclass(frozen=True)
class Outcome:
    """Whether the run succeeded, the lines that say what it did or what stopped it, and the same as facts."""

    success: bool
    run_id: str
    lines: tuple[str, ...]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """What a check that did not pass, or a step that failed, says. `where` is an asset, or empty for a step."""

    name: str
    where: str
    said: str

    def lines(self, word: str) -> Iterator[str]:
        """For people."""
        yield f"{word} {self.name} on {self.where}" if self.where else f"{word} {self.name}"
        yield indented(self.said)


def outcome_of(result: dg.ExecuteInProcessResult, settings: Settings) -> Outcome:
    """What a run that has ended did."""
    sources = _sources(result)
    # Of a step that was tried again, what it found last.
    last = {(check.asset_key, check.check_name): check for check in result.get_asset_check_evaluations()}
    checks = list(last.values())
    failed = [check for check in checks if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR]
    warned = [check for check in checks if not check.passed and check not in failed]
    gates = [check for check in checks if "expectations" in check.metadata]
    counts = {
        "checks": len(checks),
        "passed": len(checks) - len(failed) - len(warned),
        "expectations": sum(int(str(check.metadata["expectations"].value)) for check in gates),
        "gates": len(gates),
    }
    unscored = [check for check in failed if check.check_name == IS_SCORED]
    if unscored:  # all other gates only say that their tables are empty
        failed = unscored
    warnings = [_found(check) for check in warned]
    # A failed check fails its step too, and has said why.
    failures = [_found(check) for check in failed] or list(_step_errors(result))
    facts = {
        "run_id": result.run_id,
        "success": result.success,
        "sources": sources,
        "served": current_name(settings.serving),
        "release": _release(result),
        "rebuilt": _rebuilt(result),
        "damaged": damaged_releases(settings.serving),
        **counts,
        "warnings": warnings,
        "failures": failures,
    }
    lines = [*_source_lines(sources), *_release_lines(facts)]
    lines.append(
        f"checks: {counts['passed']} of {counts['checks']} passed;"
        f" {counts['expectations']} expectations in {counts['gates']} gates"
    )
    lines += [line for found in warnings for line in found.lines("WARNING")]
    lines += [line for found in failures for line in found.lines("FAILED")]
    batches = [batch_key(source) for source in SOURCES]
    if any(check.asset_key not in batches for check in failed) and not unscored:
        lines.append(
            f"If a delivery is to blame, take it back (its path below the landing folder): {TAKE_BACK}"
        )
    if not result.success:
        facts["error"] = "; ".join(f"{found.name}: {found.said}" for found in failures) or "the run failed"
        served = (
            "The files are served"
            if facts["release"]
            else "Nothing was published; what is served stays as it was"
        )
        lines.append(f"{served}. The whole log: run {result.run_id} in the UI.")
    return Outcome(result.success, result.run_id, tuple(lines), facts)


def _sources(result: dg.ExecuteInProcessResult) -> list[dict[str, Any]]:
    """What each source that was read brought. A range of days is reported once: each of its days says the same."""
    return [
        {
            "source": source.name,
            "batch": None
            if str(made.metadata["batch"].value) == NOTHING_NEW
            else made.metadata["batch"].value,
            "summary": made.metadata[LINES].value,
        }
        for source in SOURCES
        for made in result.asset_materializations_for_node(batch_key(source).to_python_identifier())[-1:]
    ]


def _source_lines(sources: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    quiet = []
    for read in sources:
        name, lines = read["source"], read["summary"]
        if len(lines) == 1 and read["batch"] is None:
            quiet.append(name)
            continue
        yield from lines[:LINES_A_SOURCE]
        if len(lines) > LINES_A_SOURCE:
            yield f"  ... and {len(lines) - LINES_A_SOURCE} more lines, in the UI and in quarantine/{name}"
    if quiet:
        yield f"nothing new: {', '.join(quiet)}"


def _release(result: dg.ExecuteInProcessResult) -> dict[str, Any] | None:
    for made in result.asset_materializations_for_node(RELEASE.to_python_identifier()):
        return {name: made.metadata[name].value for name in ("release_id", "is_new", "tables", "rows")}
    return None


def _rebuilt(result: dg.ExecuteInProcessResult) -> list[str]:
    """What of the build was made again that need not have been, and why."""
    observed = [
        event.asset_observation_data.asset_observation.metadata.get(REBUILT)
        for event in result.all_events
        if event.event_type_value == "ASSET_OBSERVATION"
    ]
    return [str(why.value) for why in observed if why]


def _release_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    yield from facts["rebuilt"]
    for damaged in facts["damaged"]:
        yield f"WARNING {damaged}"
    released, served = facts["release"], facts["served"]
    if facts["success"] and not released and served is not None:
        yield f"release {served}: unchanged, already served; neither dbt nor the gates had to run"
    if facts["success"] and served is None:
        yield "nothing has been delivered yet; nothing was built"
    if released:
        word = "published" if released["is_new"] else "unchanged, already served"
        yield (
            f"release {released['release_id']}: {word}, {released['tables']} tables, {released['rows']} rows"
        )


def _found(check: dg.AssetCheckEvaluation) -> Found:
    said = (check.description or "").replace(JOINER, "")
    return Found(check.check_name, check.asset_key.to_user_string(), said)


def _step_errors(result: dg.ExecuteInProcessResult) -> Iterator[Found]:
    for event in result.all_events:
        error = event.step_failure_data.error if event.is_step_failure else None
        if error is not None:
            yield Found(str(event.step_key), "", (error.cause or error).message)


def indented(text: str) -> str:
    """`text` below the line that it explains."""
    return "\n".join(f"    {line}" for line in text.strip().splitlines())

"""Great Expectations as blocking asset checks.

Belongs here: what is checked before a release. Does not belong here: the gate before the lake (`raw_gates`), bounds
(`expectations/suites`) and running a suite (`expectations.gate`).
"""

import dagster as dg
from pydantic import Field

from expectations.builder import load, names, table_of
from expectations.drift import HOLD, TABLE, compare
from expectations.gate import GateResult, run_gate
from orchestration.build_database import passing_database
from orchestration.commands import command, os_user
from orchestration.defs.gate_results import as_check
from orchestration.defs.models import mart_key
from orchestration.defs.resources import Installation
from orchestration.deliveries_behind import deliveries_behind
from orchestration.harmless_text import as_description
from orchestration.provenance import gate_folder, keep_approvals, keep_gate
from orchestration.publishing.manifest import refuse_unreadable
from orchestration.publishing.release import served_folder

RELEASE_SUITES = names("release")


class Approval(dg.Config):
    """A person lets one hold pass: which, who, why. All of it is in the manifest of the release, beside what is
    not taken from anybody's word: the operating system's user of the process, and the way it came.
    """

    hold: str
    by: str = Field(pattern=r"\S")
    reason: str = Field(pattern=r"\S")


class Approvals(dg.Config):
    """Run config of the check that holds: `{"approvals": [{"hold": ..., "by": ..., "reason": ...}]}`."""

    approvals: list[Approval] = []  # noqa: RUF012  (a field of the config, not of the class)


@dg.asset_check(
    asset=mart_key("mart_province_ranking"),
    name=HOLD,
    blocking=True,
    description="Great Expectations: did a province move further than a person should hear of first?",
)
def hold_gate(
    context: dg.AssetCheckExecutionContext, installation: Installation, config: Approvals
) -> dg.AssetCheckResult:
    """The blocking check that compares the build with what is served."""
    settings = installation.settings
    served = served_folder(settings.serving) / "parquet" / "mart_province_ranking.parquet"
    refuse_unreadable(served)
    signature = {"os_user": os_user(), "through": through(context.run)}
    approved = [given.hold for given in config.approvals]
    folder = gate_folder(settings, context.run.run_id)
    with passing_database(settings.build / "drift.duckdb") as database:
        hold = compare(settings.build_database, served, database, approved)
        result = run_gate(database, "main", TABLE, load(HOLD), failing_rows_dir=folder)
    used = [given.model_dump() | signature for given in config.approvals if given.hold == hold]
    keep_gate(settings, context.run.run_id, result)
    keep_approvals(settings, context.run.run_id, used)
    if result.success:
        return as_check([result])
    behind = deliveries_behind(settings, _moved(result))
    check = as_check([result], behind.senders)
    lifted = f"If it is right: {command('approve', str(hold), '--by', 'NAME', '--reason', 'WHY')}"
    return check._replace(
        description=as_description(
            f"HELD as {hold}: what is served stays until a person approves.\n{check.description}\n"
            f"{behind.text}\n{lifted}"
        ),
        metadata={
            **check.metadata,
            "held": dg.MetadataValue.bool(True),
            "hold": dg.MetadataValue.text(str(hold)),
        },
    )


def _moved(result: GateResult) -> set[tuple[str, str]]:
    """Basis and code of the provinces that moved too far, as far as the verdict shows them."""
    return {(str(row["basis"]), str(row["unit_code"])) for check in result.failed() for row in check.sample}


def through(run: dg.DagsterRun) -> str:
    """How the run was started: only what is queued has an origin, and no tag that somebody types makes one."""
    return "command line" if run.remote_job_origin is None else "Dagster's interface, name as typed there"


def release_gates() -> list[dg.AssetChecksDefinition]:
    """One blocking check for each release suite, on the mart it names."""
    return [_release_gate(name) for name in RELEASE_SUITES]


def _release_gate(name: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=mart_key(table_of(name)),
        name=name,
        blocking=True,
        description="Great Expectations: may this mart be published?",
    )
    def gate(context: dg.AssetCheckExecutionContext, installation: Installation) -> dg.AssetCheckResult:
        settings = installation.settings
        result = run_gate(
            settings.build_database,
            "marts",
            table_of(name),
            load(name),
            failing_rows_dir=gate_folder(settings, context.run.run_id),
        )
        keep_gate(settings, context.run.run_id, result)
        return as_check([result])

    return gate

"""What the portal publishes, fetched into landing where a person or a schedule has asked for it.

Belongs here: the Dagster face of `orchestration.extraction.portal`. Does not belong here: questions, limits, and when the
portal is asked (`schedules`).
"""

import dagster as dg

from orchestration.defs.gate_results import REFUSED
from orchestration.defs.resources import Installation
from orchestration.extraction.portal.agreement import read_agreement
from orchestration.extraction.portal.breaker import SECTION
from orchestration.extraction.portal.capture import Captured, capture
from orchestration.extraction.portal.questions import CaptureError
from orchestration.harmless_text import as_description
from orchestration.settings import Settings
from validated_files import InvalidFileError

CAPTURED = dg.AssetKey(["ingestion", "portal_capture"])
CHECK = "portal_was_captured"
#: Tag of a run: at which hour of the same day the portal is asked once more, should it be refreshing.
NEXT_TRY = "service-index/next-try"


@dg.asset(
    key=CAPTURED,
    group_name="ingestion",
    kinds={"python"},
    check_specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset=CAPTURED,
            description="Did the portal answer all that was asked, with figures of one moment?",
        )
    ],
    description="Answers of the portal as `seeds/agreements/portal.yml` asks for them, as landing files. Where it fails,"
    " that is a warning: what others delivered is read all the same.",
)
# Dagster does not know the annotation with its parameter where an asset brings checks of its own.
def captured_answers(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """With a check that warns of a capture that failed, or found the portal refreshing with no further try to come."""
    done, wrong = _captured(installation.settings)
    if done is not None:
        for note in done.notes:
            context.log.info(note)
        if done.is_refreshing and not (next_try := context.run.tags.get(NEXT_TRY)):
            wrong = f"{'; '.join(done.notes)}; capture again tomorrow (docs/runbook.md, section '{SECTION}')"
        elif done.is_refreshing:
            context.log.info(f"asked again at {next_try}")
    return dg.MaterializeResult(
        metadata={"answers": done.answers, "requests": done.requests, "is_refreshing": done.is_refreshing}
        if done
        else {},
        check_results=[
            dg.AssetCheckResult(
                passed=not wrong,
                check_name=CHECK,
                severity=dg.AssetCheckSeverity.WARN,
                description=as_description(wrong) or "all that was asked was answered",
                metadata={REFUSED: dg.MetadataValue.int(1)} if wrong else {},
            )
        ],
    )


def _captured(settings: Settings) -> tuple[Captured | None, str]:
    """What a capture did, and what was wrong."""
    try:
        agreement = read_agreement(settings.portal_agreement)
        return capture(settings.landing, settings.portal, agreement, settings.contact), ""
    except (CaptureError, InvalidFileError) as error:
        return None, str(error)

"""What senders deliver: taking a file back, trying and explaining a mapping.

Belongs here: arguments, and the answer of each command. What the commands do is in the modules called; long answers are
in `answers`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from orchestration.answers.answer import Answer, NotDoneError
from orchestration.answers.screen import note
from orchestration.cli.app import command
from orchestration.cli.arguments import By, Reason
from orchestration.commands import shell_word
from orchestration.ingestion.landing import RECORD_DATASETS
from orchestration.settings import Settings


def _dataset(given: str) -> str:
    if given not in RECORD_DATASETS:
        raise typer.BadParameter(f"found {given!r}, expected one of {', '.join(RECORD_DATASETS)}")
    return given


Mapping = Annotated[Path, typer.Argument(help="The mapping.")]
Dataset = Annotated[
    str,
    typer.Argument(
        callback=_dataset,
        autocompletion=lambda incomplete: [name for name in RECORD_DATASETS if name.startswith(incomplete)],
        help="What is delivered.",
    ),
]


@command(then="refresh", example="retract FILE --by NAME --reason WHY")
def retract(
    file: Annotated[str, typer.Argument(help="Its path below the landing folder.")], by: By, reason: Reason
) -> Answer:
    """Take a file back out of the lake, for good."""
    from orchestration.damage import DamagedError
    from orchestration.fingerprints import served_deliveries
    from orchestration.ingestion.retraction import RetractError, retract
    from orchestration.run_lock import one_writer

    settings = Settings.from_environment()
    source, now = file.split("/", maxsplit=1)[0], datetime.now(UTC)
    try:
        # A run that has read the file already would publish it once more, and say that it was taken back.
        with one_writer(settings.data, note):
            served = served_deliveries(settings).files
            made = retract(settings.lake, settings.landing, source, file, reason, now, by, served)
    except (RetractError, DamagedError) as error:
        raise NotDoneError(f"not retracted: {error}") from error
    said = f"retracted {shell_word(made.source_file)}; the next refresh publishes without it"
    return Answer({"retracted": made}, [said])


@command(then="refresh", example="check-mapping mappings/vendor_flat.yml FILE dossiers")
def check_mapping(
    mapping: Mapping,
    sample: Annotated[Path, typer.Argument(help="A file as it is delivered.")],
    source: Dataset = "dossiers",
) -> Answer:
    """Show what a mapping makes of a sample; nothing is written.

    Exit code 0 if every row would be accepted, 1 if not, 2 if the mapping itself is wrong."""
    from orchestration.answers.mapping_trial import mapping_trial
    from orchestration.ingestion.records.check_mapping import try_mapping
    from orchestration.ingestion.records.mapping import InvalidFileError

    try:
        tried = try_mapping(mapping, sample, source, Settings.from_environment().reference)
    except (InvalidFileError, OSError, ValueError) as error:
        raise NotDoneError(error, code=2) from error
    return mapping_trial(tried, sample)


@command(
    then="check-mapping MAPPING FILE",
    example="explain-mapping mappings/vendor_flat.yml dossiers --column received_at",
)
def explain_mapping(
    mapping: Mapping,
    dataset: Dataset = "dossiers",
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only what becomes of this column of the lake; can be repeated."),
    ] = None,
) -> Answer:
    """Print the statements that a mapping is: fields to texts, texts to rows, what is wrong with them, and macros."""
    from orchestration.ingestion.contracts import RECORD_SOURCES
    from orchestration.ingestion.records.mapping import InvalidFileError, read_mapping
    from orchestration.ingestion.records.row_query import explained

    try:
        plan = read_mapping(mapping).sources.get(dataset)
    except (InvalidFileError, OSError) as error:
        raise NotDoneError(error, code=2) from error
    if plan is None:
        raise NotDoneError(
            f"{mapping}: found no source {dataset}, expected one; see docs/how-to/add-a-vendor.md"
        )
    if unknown := [name for name in column or () if name not in plan.columns]:
        raise NotDoneError(
            f"{mapping}: found no column {unknown[0]} of {dataset}, expected one of {', '.join(plan.columns)}"
        )
    statements = explained(RECORD_SOURCES[dataset], plan, column or ())
    facts = {"mapping": mapping, "dataset": dataset, "columns": column or [*plan.columns], "sql": statements}
    return Answer(facts, [statements])

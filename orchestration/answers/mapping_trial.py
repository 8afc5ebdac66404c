"""What a mapping makes of a sample: the answer of `check-mapping`.

Belongs here: laying out what ingestion found. Does not belong here: finding it (`ingestion.records.check_mapping`).
"""

from __future__ import annotations

from pathlib import Path

from orchestration.answers.answer import Answer, Column, Table
from orchestration.ingestion.report import IngestReport

_COUNTS = ("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "elements_dropped")
_PROBLEMS = (
    Column("record", shown=lambda record: "" if record == "$" else str(record)),
    Column("field"), Column("found"), Column("expected"), Column("action", "what to do"), Column("reason_code", "reason"),
)  # fmt: skip


def mapping_trial(tried: IngestReport, sample: Path) -> Answer:
    """The rows of the sample counted, and everything that is wrong with them; exit code 1 where something is."""
    files = [{name: getattr(file, name) for name in _COUNTS} for file in tried.files]
    shown: list[str | Table] = [
        f"{sample}: {file['rows_accepted']} of {file['rows_read']} rows would be accepted as {tried.source},"
        f" {file['rows_quarantined']} refused, {file['rows_duplicate']} are duplicates,"
        f" {file['elements_dropped']} values would be left out"
        for file in files
    ]
    problems = [vars(problem) for problem in tried.problems]
    if problems:
        shown += ["", Table(_PROBLEMS, problems)]
    facts = {
        "sample": sample, "dataset": tried.source, "is_accepted": not tried.is_blocked,
        "files": files, "problems": problems,
    }  # fmt: skip
    return Answer(facts, shown, int(tried.is_blocked))

"""Try a mapping on a sample: `python -m orchestration.ingest.check_mapping MAPPING FILE [SOURCE]`.

Here: the command, which writes nothing but to the terminal and a folder that it removes. Not here: reading and
judging, which is that of real ingestion.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from orchestration.ingest.landing import land_file
from orchestration.ingest.mapping import DEFAULT, MappingError, read_mapping
from orchestration.ingest.record_types import RECORD_SOURCES
from orchestration.ingest.records import SAMPLE_KEY, ingest_records
from orchestration.ingest.report import IngestReport
from orchestration.ingest.rights import national

REFERENCE = Path(__file__).parents[2] / "seeds" / "reference"


def try_mapping(mapping: Path, sample: Path, source: str, reference: Path = REFERENCE) -> IngestReport:
    """Ingest `sample` by `mapping` in a folder of its own. Raises MappingError, OSError."""
    read_mapping(mapping)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        land_file(sample, root / "landing", source, date(2000, 1, 1), "sample")
        (root / "mappings").mkdir()
        for target in {mapping.name, f"{DEFAULT}.yml"}:
            text = mapping.read_text(encoding="utf-8")
            (root / "mappings" / target).write_text(
                text.replace(f"mapping: {mapping.stem}", f"mapping: {Path(target).stem}", 1), encoding="utf-8"
            )
        return ingest_records(source, root / "landing", root / "lake", root / "quarantine", reference,
                              root / "mappings", SAMPLE_KEY, national("sample"))  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if every row would be accepted, 1 if not, 2 if the mapping itself is wrong."""
    parser = argparse.ArgumentParser(description="Show what a mapping makes of a sample, and why not more.")
    parser.add_argument("mapping", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("source", nargs="?", default="dossiers", choices=list(RECORD_SOURCES))
    given = parser.parse_args(arguments)
    try:
        report = try_mapping(given.mapping, given.file, given.source)
    except (MappingError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    for file in report.files:
        print(f"{given.file}: {file.rows_accepted} of {file.rows_read} rows would be accepted as {given.source},"
              f" {file.rows_quarantined} refused, {file.rows_duplicate} are duplicates,"
              f" {file.elements_aside} values would be left out")  # fmt: skip
        for problem in file.problems:
            print(f"  {problem}")
    return int(report.is_blocked)


if __name__ == "__main__":
    raise SystemExit(main())

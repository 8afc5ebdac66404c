"""A mapping tried on a sample (`bin/service-index check-mapping`): in a folder that is removed, so that nothing stays.

Not here: reading and judging, which is that of real ingestion.
"""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from orchestration.ingestion.landing import land_file
from orchestration.ingestion.records.mapping import DEFAULT, load_mappings, read_mapping
from orchestration.ingestion.records.run import SAMPLE_KEY, ingest_records
from orchestration.ingestion.report import IngestReport
from orchestration.ingestion.rights import national


def try_mapping(mapping: Path, sample: Path, source: str, reference: Path) -> IngestReport:
    """Ingest `sample` by `mapping` in a folder of its own. Raises InvalidFileError, OSError."""
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
                              load_mappings(root / "mappings"), SAMPLE_KEY, national("sample"))  # fmt: skip

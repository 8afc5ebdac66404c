"""`docs/follow-a-file.md` beside a file that is really read, and beside the graph of dbt: the steps, in their order."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import FrameType

from orchestration.settings import REPOSITORY
from tests.pipeline.page import table
from tests.unit.ingestion.record_workplace import Records, as_lines, good, own_mappings

PAGE = "follow-a-file.md"
INGESTION = f"{REPOSITORY}/orchestration/ingestion/"


def called_while(run: Callable[[], object]) -> list[tuple[str, str]]:
    """The functions of ingestion that `run` calls, in any thread: name and file, in order of the first call."""
    seen: dict[tuple[str, str], None] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(INGESTION):
            seen.setdefault((code.co_qualname, code.co_filename.removeprefix(INGESTION)))

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(before)
        threading.setprofile(None)
    return list(seen)


def test_the_steps_to_the_lake_are_taken_in_the_order_of_the_page(tmp_path: Path) -> None:
    here = Records(tmp_path)
    own_mappings()  # read once a process, before
    # The second is refused: its day of receipt is none. So that something is validated, and something quarantined.
    here.deliver(as_lines([good("dossiers"), good("dossiers", 2, NgayTiepNhan="20251332000000")]))

    called = called_while(lambda: here.promote(here.ingest()))

    steps = [(function, file.strip("`")) for function, file, _ in table("function", "file", page=PAGE)]
    assert len(steps) >= 12
    assert [step for step in steps if step not in called] == []
    assert steps == sorted(steps, key=called.index)


def test_each_model_of_the_page_reads_the_one_before_it() -> None:
    manifest = json.loads((REPOSITORY / "dbt_project/target/manifest.json").read_text(encoding="utf-8"))
    models = [model for model, _ in table("model", "a row is", page=PAGE)]
    assert len(models) >= 12
    parents = {name.rpartition(".")[2]: {p.rpartition(".")[2] for p in of}
               for name, of in manifest["parent_map"].items() if name.startswith("model.")}  # fmt: skip
    assert [(one, other) for one, other in pairwise(models) if one not in parents[other]] == []

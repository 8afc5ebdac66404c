"""Agreements and mappings that are edited, broken or removed while a run is at work: it reads by those of its start.

Belongs here: the real assets in one process, edited between two sources. Does not belong here: what is wrong with a
mapping or an agreement.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs.ingestion import batch_key, ingestion_assets
from orchestration.defs.resources import Installation
from orchestration.ingestion.landing import Days
from orchestration.ingestion.report import IngestReport
from orchestration.settings import Settings
from orchestration.sources import Agreed, Source, source_named
from tests.unit.ingestion.record_workplace import ROOT, Records, as_lines, good
from validated_files import InvalidFileError

MAPPING, SENDERS, RIGHTS = (
    "mappings/national_exchange.yml",
    "mappings/senders.yml",
    "seeds/agreements/delivery_rights.csv",
)
HEADER = "sender,source,agency_code,precedence,note\n"


def written(name: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(repository: Path) -> None:
        path = repository / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return edit


def holding(name: str, text: str) -> Callable[[Path], None]:
    return lambda repository: (repository / name).write_text(text, encoding="utf-8") and None


def removed(name: str) -> Callable[[Path], None]:
    return lambda repository: (repository / name).unlink()


#: What is done, and what the next run makes of a new file: rows accepted, or the error that ends it.
EDITS: dict[str, tuple[Callable[[Path], None], dict[str, int] | type[Exception]]] = {
    "a mapping with other names": (written(MAPPING, "MaHoSo", "SoHoSo"), {"dossiers": 0, "progress": 0}),
    "a mapping half written": (holding(MAPPING, ""), {}),
    "a mapping that is gone": (removed(MAPPING), FileNotFoundError),
    "senders that are no YAML": (holding(SENDERS, "[}"), {}),
    "nobody may deliver any more": (holding(RIGHTS, f"{HEADER}nation,dossiers,H01,1,\n"), {}),
    "rights half written": (holding(RIGHTS, f"{HEADER}*,dossiers,se"), InvalidFileError),
    "rights of which nothing is written yet": (holding(RIGHTS, ""), {}),
    "rights that are gone": (removed(RIGHTS), FileNotFoundError),
}


def run(settings: Settings, sources: list[Source], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("orchestration.defs.ingestion.SOURCES", sources)
        assets = ingestion_assets()
    installation = Installation(settings=settings)
    selection = [batch_key(source) for source in sources]
    dg.materialize(assets, selection=selection, resources={"installation": installation})


@pytest.mark.parametrize("kind", EDITS)
def test_a_run_reads_by_what_it_found_at_its_start_and_the_next_by_what_there_is(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit, then = EDITS[kind]
    repository = tmp_path / "repository"
    for name in ("mappings", "seeds"):
        shutil.copytree(ROOT / name, repository / name)
    settings = Settings(data=tmp_path / "data", repository=repository)
    found: dict[str, int] = {}

    def watched(name: str, after: Callable[[], None]) -> Source:
        source = source_named(name)

        def ingest(at: Settings, days: Days, agreed: Agreed) -> IngestReport:
            report = source.ingest(at, days, agreed)
            found.update({name: report.counts["rows_accepted"]} if report.batch_id else {})
            after()
            return report

        return replace(source, ingest=ingest)

    def deliver(number: int) -> None:
        for name in ("dossiers", "progress"):
            place = Records(settings.data, name)
            place.deliver(as_lines([good(name, number)]), f"synthetic_{number}.jsonl", day="2025-12-01")

    names = {"dossiers": lambda: edit(repository), "progress": lambda: None}
    deliver(1)
    run(settings, [watched(name, after) for name, after in names.items()], monkeypatch)
    assert found == {"dossiers": 1, "progress": 1}
    found.clear()
    deliver(2)
    again = [watched(name, lambda: None) for name in names]
    if isinstance(then, dict):
        run(settings, again, monkeypatch)
        assert {name: rows for name, rows in found.items() if rows} == {k: v for k, v in then.items() if v}
    else:
        with pytest.raises(then):
            run(settings, again, monkeypatch)
        assert not found

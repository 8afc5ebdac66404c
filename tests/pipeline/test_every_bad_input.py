"""One night on everything bad at once: every file that this project keeps because it went wrong, as every source, beside
what two good provinces deliver. They are published as if they had been alone.

Belongs here: that nobody's night is ended. Does not belong here: what becomes of each of these files.
"""

from __future__ import annotations

import gzip
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs.run_job import refresh
from orchestration.ingestion.landing import SOURCES
from orchestration.settings import REPOSITORY, Settings
from tests.pipeline.deliveries import eleventh_of_october, encoded
from tests.pipeline.test_trust import HEADLINE, RANKING, deliver, said, served
from tests.unit.ingestion.record_workplace import as_lines, good

pytestmark = pytest.mark.slow

CASES = REPOSITORY / "tests" / "cases"
PORTAL = "portal_service_results"
BAD, DAY = "H21", "2025-12-01"
#: What is no file of records in any format, by the endings that say it is.
BROKEN = {
    "nothing": b"",
    "blanks": b" \n" * 100,
    "zeros": b"\0" * 5000,
    "random": bytes(range(256)) * 40,
    "page": b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
    "utf16": '{"MaHoSo": "H21-250701-0001"}'.encode("utf-16"),
    "deep": b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "cut": encoded(eleventh_of_october())[:5000],
    "packed_nothing": gzip.compress(b""),
    "packed_cut": gzip.compress(b"x" * 5000)[:-9],
    "list": b"[1, 2, 3]",
    "parquet": b"PAR1" + b"\xff" * 60 + b"\x00\x00\x00\x7fPAR1",
}
ENDINGS = ("json", "jsonl", "csv", "xlsx", "parquet", "jsonl.gz", "csv.gz", "zip", "")


@dataclass(frozen=True)
class WithBadAgreements(Settings):
    """Settings whose mappings and gateways are broken as well."""

    @property
    def mappings(self) -> Path:
        return self.data / "mappings"

    @property
    def gateways(self) -> Path:
        return self.data / "gateways.yml"


def deliver_good(settings: Settings) -> None:
    for sender in ("H19", "H20"):
        rows = [good("dossiers", MaHoSo=f"{sender}.95-250701-{number:04}") for number in range(20)]
        deliver(settings, "dossiers", sender, as_lines(rows), DAY, "good.jsonl")
        steps = [good("progress", MaHoSo=f"{sender}.95-250701-{number:04}") for number in range(20)]
        deliver(settings, "progress", sender, as_lines(steps), DAY, "good.jsonl")
    for source in ("procedures", "national_report_totals", "petitions", "publication_decisions"):
        deliver(settings, source, "nation", as_lines([good(source)]), DAY, "good.jsonl")
    units = [
        good("unit_catalogue", agency_code=f"{sender}.95", unit_level="department", name_vi="Sở Y tế", state_code="",
             parent_agency_code=sender)
        for sender in ("H19", "H20")
    ]  # fmt: skip
    deliver(settings, "unit_catalogue", "nation", as_lines(units), DAY, "good.jsonl")
    deliver(settings, PORTAL, "nation", encoded(eleventh_of_october()), "2026-10-11", "good.json")


def deliver_bad(settings: Settings) -> int:
    cases = [path for path in sorted(CASES.rglob("*")) if path.is_file()]
    for number, path in enumerate(cases):
        for source in ("dossiers", "progress", "petitions", "unit_catalogue"):
            deliver(settings, source, BAD, path.read_bytes(), DAY, f"{number} {path.name}")
        deliver(settings, PORTAL, BAD, path.read_bytes(), "2026-10-11", f"{number} {path.name}")
    for name, content in BROKEN.items():
        for ending in ENDINGS:
            deliver(settings, "dossiers", BAD, content, DAY, f"{name}.{ending}".rstrip("."))
        deliver(settings, PORTAL, "nation", content, "2026-10-11", f"{name}.json")
        deliver(settings, "procedures", "H20", content, DAY, f"{name}.csv")
        deliver(settings, "dossiers", "a-stranger", content, DAY, f"{name}.csv")
        deliver(settings, "dossiers", "a-vendor", content, DAY, f"{name}.csv")
    for source in sorted(SOURCES):
        folder = settings.landing / source / DAY / BAD
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "loop.csv").symlink_to("loop.csv")
        (folder / "nowhere.csv").symlink_to("/nowhere/at/all")
        (folder / "elsewhere.csv").symlink_to("/etc/hostname")
        (folder / "a folder.csv").mkdir()
        os.mkfifo(folder / "a pipe.csv")
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.csv")).write_bytes(b"x")
        (settings.landing / source / "2025-02-30").mkdir()
        (settings.landing / source / DAY / "stray.csv").write_bytes(b"x")
        (settings.landing / source / "stray.csv").write_bytes(b"x")
    (settings.landing / "no_source" / DAY / BAD).mkdir(parents=True)
    (settings.landing / "no_source" / DAY / BAD / "a.csv").write_bytes(b"x")
    return len(cases)


def test_the_good_ones_are_published_as_if_they_had_been_alone(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    key = b"0123456789abcdefghijklmnopqrstuv"
    alone, among = (
        Settings(tmp_path / "alone", hash_key=key),
        WithBadAgreements(tmp_path / "among", hash_key=key),
    )
    deliver_good(alone)
    first = refresh(alone, instance)
    assert first.success, said(first)
    assert len(served(alone, HEADLINE)) == 2, "both provinces have dossiers"

    deliver_good(among)
    assert deliver_bad(among) > 60
    shutil.copytree(REPOSITORY / "mappings", among.mappings)
    (among.mappings / "broken.yml").write_text("mapping: broken\nversion: [}\n")
    (among.mappings / "senders.yml").write_text("a-vendor: broken\n")
    among.gateways.write_text(
        "gateways:\n  - {sender: H22, source: dossiers, url: 'http://127.0.0.1:9/nobody', token_from:"
        " SERVICE_INDEX_TOKEN_H22, first_day: 2025-12-01, page_size: 10, most_page_seconds: 1, most_seconds: 2}\n"
    )
    outcome = refresh(among, instance)
    assert outcome.success, said(outcome)
    for query in (HEADLINE, RANKING, "select count(*), sum(total_score) from marts.mart_province_ranking"):
        assert served(among, query) == served(alone, query), query
    assert "WARNING raw_gate on ingestion/dossiers_batch" in said(outcome)
    assert "WARNING all_in_place on ingestion/dossiers_batch" in said(outcome)

"""What a simulation reports about itself: files, rows, defects, planted personal data, expected figures.

Belongs here: the report's shape, and what of it is told. Does not belong here: how figures come about.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestration.answers.answer import Answer, Column, Table

_SOURCES = (
    Column("source"),
    Column("rows", shown=lambda rows: f"{rows:,}", is_number=True),
    Column("files", is_number=True),
)
_EXPECTED = (
    Column("agency_code", "expected of"),
    Column("window"),
    Column("total", "of 100", lambda total: f"{total:.2f}", is_number=True),
    Column("rank", "rank of 34", is_number=True),
)


@dataclass(frozen=True)
class WrittenFile:
    """One synthetic file, its path below the landing folder, and how many well-formed rows it holds."""

    path: str
    source: str
    rows: int


@dataclass(frozen=True)
class ExpectedMetric:
    """Numerator and denominator that correct processing of the records yields. `window`: see `ExpectedScore`."""

    agency_code: str
    window: str
    metric_code: str
    numerator: float
    denominator: float


@dataclass(frozen=True)
class ExpectedScore:
    """Total and rank of a province, and the total aimed at. `window` is `first day/last day`."""

    agency_code: str
    window: str
    total: float
    rank: int
    target: float


@dataclass(frozen=True)
class PlantedValue:
    """Made-up personal data that must not be found past ingestion: a pattern, and examples that were written."""

    kind: str
    pattern: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class SimulationReport:
    """All that was written. Everything is synthetic: see `label`."""

    label: str
    landing: Path
    scale: float
    seed: int
    files: tuple[WrittenFile, ...]
    dossiers: int
    defects: dict[str, float]
    planted: tuple[PlantedValue, ...]
    metrics: tuple[ExpectedMetric, ...]
    scores: tuple[ExpectedScore, ...]
    serials: str

    def rows(self, source: str) -> int:
        """Well-formed rows written for `source`, repetitions and updates included."""
        return sum(file.rows for file in self.files if file.source == source)

    def score(self, agency_code: str, window: str) -> ExpectedScore:
        """The expected total of one province in one window."""
        return next(s for s in self.scores if (s.agency_code, s.window) == (agency_code, window))

    def answer(self) -> Answer:
        """What was written where, and Đồng Nai's expected figures."""
        sources = [
            {
                "source": source,
                "rows": self.rows(source),
                "files": sum(f.source == source for f in self.files),
            }
            for source in sorted({file.source for file in self.files})
        ]
        expected = [vars(score) for score in self.scores if score.agency_code == "H19"]
        facts = {
            "label": self.label, "landing": self.landing, "scale": self.scale, "seed": self.seed,
            "dossiers": self.dossiers, "sources": sources, "expected": expected,
        }  # fmt: skip
        head = f"{self.label}: {self.dossiers:,} dossiers, seed {self.seed}, scale {self.scale}, in {self.landing}"
        return Answer(facts, [head, "", Table(_SOURCES, sources), "", Table(_EXPECTED, expected)])

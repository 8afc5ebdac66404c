"""What a simulation reports about itself: files, rows, defects, planted personal data, expected figures.

Belongs here: the report's shape and how it reads as text. Does not belong here: how figures come about.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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

    def as_text(self) -> str:
        """A summary for people: what was written where, and Đồng Nai's expected figures."""
        sources = sorted({file.source for file in self.files})
        lines = [
            f"{self.label}: {self.dossiers:,} dossiers, seed {self.seed}, scale {self.scale}, in {self.landing}"
        ]
        for source in sources:
            count = sum(file.source == source for file in self.files)
            lines.append(f"  {source:24} {self.rows(source):>12,} rows in {count} files")
        lines += [
            f"  expected of {s.agency_code}, {s.window}: {s.total:.2f} of 100, rank {s.rank} of 34"
            for s in self.scores
            if s.agency_code == "H19"
        ]
        return "\n".join(lines)

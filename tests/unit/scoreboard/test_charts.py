"""What is carried of the charts is what the libraries make."""

from __future__ import annotations

import gzip
from pathlib import Path

from orchestration.publishing.scoreboard import charts


def unpacked(path: Path, content: bytes) -> bytes:
    """Packed by another library, the same script is other bytes."""
    return gzip.decompress(content) if path.suffix == ".gz" else content


def test_the_carried_files_are_those_that_would_be_written_now() -> None:
    made = charts.files()
    assert set(charts.MADE.iterdir()) == set(made)
    for path, content in made.items():
        assert unpacked(path, path.read_bytes()) == unpacked(path, content), "run: bin/service-index charts"


def test_the_script_asks_nobody_for_anything() -> None:
    """It would draw nothing where there is no network, and say to others which office reads which figures."""
    script = charts.bundle().decode()
    assert "vegaEmbed" in script
    assert "cdn.jsdelivr" not in script

"""`python -m orchestration.simulation --scale 0.01 --seed 1 --landing data/landing`.

Belongs here: arguments and what is printed. Does not belong here: anything that writes records.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from orchestration.settings import Settings
from orchestration.simulation.formats import FileFormat, check_format
from orchestration.simulation.generator import simulate


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files and print the report."""
    settings = Settings.from_environment()
    parser = argparse.ArgumentParser(prog="orchestration.simulation", description=__doc__)
    parser.add_argument("--scale", type=float, default=0.01, help="1 is 25 million dossiers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--landing", type=Path, default=settings.landing)
    parser.add_argument("--reference", type=Path, default=settings.reference, help="seeds/reference")
    parser.add_argument("--format", default="parquet", choices=get_args(FileFormat), help="of bulk files")
    given = parser.parse_args(arguments)
    print(
        simulate(given.landing, given.reference, given.scale, given.seed, check_format(given.format)).told()
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The dbt project's own unit tests, run against a build as a person would run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from orchestration.settings import Settings


def test_every_dbt_unit_test_passes(copy_of_installation: Settings) -> None:
    settings = copy_of_installation
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *["--no-use-colors", "test", "--select", "test_type:unit"],
            *["--profiles-dir", ".", "--target-path", str(settings.build / "dbt")],
        ],
        cwd=settings.dbt_project,
        env={**os.environ, "SERVICE_INDEX_DATA": str(settings.data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    found = len(json.loads(settings.dbt_manifest.read_text(encoding="utf-8"))["unit_tests"])
    assert found > 0
    hooks = yaml.safe_load((settings.dbt_project / "dbt_project.yml").read_text(encoding="utf-8"))
    others = len(hooks["on-run-start"]) + len(hooks["on-run-end"])
    assert f"PASS={found + others} " in done.stdout, (
        "each of them, and the hooks that begin and end every run"
    )

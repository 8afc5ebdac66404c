"""Where data may lie: a path that a reader of files would take for a pattern is refused before anything is written."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from orchestration import cli
from orchestration.settings import Settings, UnusablePathError

ROOT = Path(__file__).resolve().parents[2]
UNUSABLE = ["a[b", "a]b", "x*", "what?", "a{x}b", "it's", 'a"b', "a\\b", "a\nb"]
USABLE = ["with blanks", "Dữ liệu", "x(1)", "a=b", "50%", "a,b", "a#b", "a$b"]


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_path_that_is_a_pattern_is_refused_with_a_sentence(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(tmp_path / name))
    with pytest.raises(UnusablePathError, match="expected none of"):
        Settings.from_environment()
    assert cli.main(["land-samples"]) == 1
    assert "SERVICE_INDEX_DATA" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", USABLE)
def test_other_paths_are_taken(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(tmp_path / name))
    assert cli.main(["land-samples"]) == 0
    assert (tmp_path / name / "landing").is_dir()


@pytest.mark.parametrize("name", ["a[b", "x*", "a{x}b", "it's", 'a"b', "a\\b", "a\nb"])
def test_the_command_itself_refuses_it_too(name: str, tmp_path: Path) -> None:
    environment = os.environ | {"SERVICE_INDEX_DATA": str(tmp_path / name)}
    environment.pop("DAGSTER_HOME", None)
    done = subprocess.run(
        [ROOT / "bin" / "service-index", "refresh"],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "") and "SERVICE_INDEX_DATA" in done.stderr
    assert list(tmp_path.iterdir()) == []

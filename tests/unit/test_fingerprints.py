"""What a night compares with what is served, to tell whether there is anything to do.

Belongs here: which files count. Does not belong here: batches and months (the pipeline's tests), and what a release does
with it (`publishing`).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestration.fingerprints import inputs_fingerprint
from orchestration.settings import REPOSITORY, Settings

#: Whatever lies in these draws a page of a release: the scoreboard, the dictionary, the report of the gates.
DRAWING = (
    "orchestration/publishing/pages",
    "orchestration/publishing/scoreboard",
    "orchestration/publishing/dictionary",
    "expectations",
)
COMPILED = shutil.ignore_patterns("__pycache__")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation without data, whose code is a copy of what draws pages."""
    for folder in DRAWING:
        shutil.copytree(REPOSITORY / folder, tmp_path / "code" / folder, ignore=COMPILED)
    return Settings(data=tmp_path / "data", repository=tmp_path / "code")


def is_noticed(settings: Settings, path: Path) -> bool:
    """Whether one byte more in a file is another fingerprint; the file is left as it was."""
    before, content = inputs_fingerprint(settings), path.read_bytes()
    path.write_bytes(content + b"\n")
    after = inputs_fingerprint(settings)
    path.write_bytes(content)
    return before != after


def test_every_file_that_pages_are_drawn_from_counts(settings: Settings) -> None:
    """Code, words, queries, templates, styles, scripts, charts that are made beforehand: a reader sees each of them."""
    files = [path for path in sorted(settings.repository.rglob("*")) if path.is_file()]
    assert {path.suffix for path in files} >= {".py", ".yml", ".sql", ".jinja", ".css", ".js", ".json", ".gz"}
    assert [path.name for path in files if not is_noticed(settings, path)] == []


@pytest.mark.parametrize("name", ["orchestration/provenance.py", "dbt_project/models/columns.md"])
def test_files_beside_them_that_say_what_a_reader_is_told_count(settings: Settings, name: str) -> None:
    """The facts at the top of the report, and descriptions that columns share: they are comments of tables, and the
    dictionary's text.
    """
    path = settings.repository / name
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(REPOSITORY / name, path)
    assert is_noticed(settings, path)


@pytest.mark.parametrize(
    "name", ["orchestration/publishing/pages/__pycache__/texts.cpython-311.pyc", "README.md"]
)
def test_what_python_leaves_behind_and_what_no_reader_sees_do_not_count(
    settings: Settings, name: str
) -> None:
    """The first night after an installation writes the compiled code: the second would never be a quiet one."""
    path = settings.repository / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"compiled")
    assert not is_noticed(settings, path)

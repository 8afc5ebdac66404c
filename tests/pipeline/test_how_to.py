"""The pages of `docs/how-to`, walked: exactly what they say, in a copy of the project, and it works.

A block of a page is a file (`title="path"`), lines for the end of one (`add to path`), lines of one that are replaced
(`diff`), commands (`sh`), or what those print (`text`).

Belongs here: how pages are followed. Does not belong here: anything that a page should say.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.settings import REPOSITORY, Settings
from tests.pipeline.page import table

PAGES = sorted(path for path in (REPOSITORY / "docs" / "how-to").glob("*.md") if path.name != "README.md")
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    language: str
    title: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    for language, title, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        yield Block(language, title, text)


@dataclass
class Walk:
    """A copy of the project and of an installation, and which of its files a page has touched."""

    project: Path
    data: Path
    said: str = ""

    def do(self, block: Block) -> None:
        if block.language == "sh":
            self.run(block.text)
        elif block.language == "text" and not block.title:
            missing = [line for line in block.text.splitlines() if line not in self.said]
            assert not missing, f"{missing} in:\n{self.said}"
        else:
            self.write(block)

    def write(self, block: Block) -> None:
        name = block.title.removeprefix("add to ")
        path = self.project / name if not name.startswith("/tmp/") else Path(self.placed(name))
        if block.language == "diff":
            old, new = (
                "".join(line[1:] + "\n" for line in block.text.splitlines() if line[0] == sign)
                for sign in "-+"
            )
            text = path.read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{path}: {old!r}"
            path.write_text(text.replace(old, new), encoding="utf-8")
        elif block.title.startswith("add to "):
            text = path.read_text(encoding="utf-8")
            assert text.endswith("\n")
            path.write_text(text + block.text, encoding="utf-8")
        else:
            assert not path.exists(), path
            path.write_text(block.text, encoding="utf-8")

    def placed(self, text: str) -> str:
        """What a page writes to /tmp lies beside the data here, as tests run beside each other."""
        return text.replace("/tmp/", f"{self.data.parent}/")

    def run(self, commands: str) -> None:
        environment = {**os.environ, "SERVICE_INDEX_DATA": str(self.data)}
        environment.pop("DAGSTER_HOME", None)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.placed(commands)], cwd=self.project, env=environment, check=False,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        self.said = done.stdout


@pytest.fixture
def walk(copy_of_installation: Settings, tmp_path: Path) -> Walk:
    project = tmp_path / "project"
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True, text=True
    ).stdout.split("\0")
    for name in (*filter(None, tracked), "dbt_project/target/manifest.json"):
        if (REPOSITORY / name).exists():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, project / name)
    (project / ".venv").symlink_to(REPOSITORY / ".venv")
    return Walk(project, copy_of_installation.data)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_does_what_it_says(page: Path, walk: Walk) -> None:
    for block in blocks(page):
        walk.do(block)


def test_each_file_of_the_tasks_is_there() -> None:
    tasks = table("task", "file", page="how-to/README.md")
    assert len(tasks) >= 10
    assert [file for _, file in tasks if not (REPOSITORY / file.strip("`")).exists()] == []


def test_every_page_is_in_the_list() -> None:
    listed = (REPOSITORY / "docs" / "how-to" / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\]\(([a-z-]+\.md)\)", listed)) == [page.name for page in PAGES]

"""What tests of questions share: the small release, written once, and an answer as people read it.

Belongs here: fixtures. Does not belong here: the figures (`small_marts`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.answers.answer import Answer
from orchestration.answers.screen import printed
from tests.unit.questions.small_marts import write


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that serves the small release."""
    folder = tmp_path_factory.mktemp("asked")
    write(folder)
    return folder


@pytest.fixture(scope="session")
def told() -> Callable[[Answer], list[str]]:
    """The lines that people read of an answer."""
    return lambda answer: "\n".join(map(printed, answer.shown)).splitlines()

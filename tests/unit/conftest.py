"""A browser for the pages that people open.

Belongs here: the one browser of a worker: Playwright takes no second one beside it. Does not belong here: any page.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

#: By the names of its package in Debian and elsewhere.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium of this machine; nothing is downloaded."""
    from playwright.sync_api import sync_playwright

    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(f"found none of {', '.join(CHROMIUM)}; expected a Chromium: apt-get install chromium")
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()

"""For all tests: what the shell says to dbt is meant for other projects; a browser for the pages that people open;
until when tests are begun.

Belongs here: the one browser of a worker: Playwright takes no second one beside it. Does not belong here: any page.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest

from orchestration.dbt_environment import forget_dbt_settings

forget_dbt_settings()

#: When it is that late, in seconds since 1970, no other test is begun: a machine may be half as fast as the day before,
#: and CI ends at its limit whatever was tried by then (.ci/run). Those that were not are skipped, and counted as such.
UNTIL = float(os.environ.get("TESTS_BEGIN_UNTIL") or "inf")
#: By the names of its package in Debian and elsewhere.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Before any fixture: those are what takes the time."""
    if time.time() > UNTIL:
        pytest.skip("not run: there was no time left")


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

"""Any deliveries, runs of any models and edits, then a night: it comes to what a full refresh does (ADR 0045).

Belongs here: how many sequences are tried. Classes, so that two workers share them (`--dist loadscope`): 2 x 20 with
the slow tests, 2 x 100 with `make test-search`.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.pipeline.any_clicks import Clicks, Edits


def tried(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=5,
        # The same examples each time: a night's CI is no place to meet a new one. Take this line out to search on.
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        # Five steps are short enough to read, and each shorter one that is tried costs seconds.
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
    )


@pytest.mark.slow
class TestClicks(Clicks.TestCase):
    settings = tried(20)


@pytest.mark.slow
class TestEdits(Edits.TestCase):
    settings = tried(20)


@pytest.mark.search
@pytest.mark.timeout(3600)
class TestManyClicks(Clicks.TestCase):
    settings = tried(100)


@pytest.mark.search
@pytest.mark.timeout(3600)
class TestManyEdits(Edits.TestCase):
    settings = tried(100)

"""Any deliveries, runs of any models and edits, then a night: it comes to what a full refresh does (ADR 0024).

Belongs here: how many sequences are tried. Two classes, so that two workers share them (`--dist loadscope`).
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.pipeline.any_clicks import Clicks, Edits

pytestmark = pytest.mark.slow

TestClicks, TestEdits = Clicks.TestCase, Edits.TestCase
TestClicks.settings = TestEdits.settings = settings(
    max_examples=100,
    stateful_step_count=5,
    # The same examples each time: a night's CI is no place to meet a new one. Take this line out to search on.
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # Five steps are short enough to read, and each shorter one that is tried costs seconds.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)

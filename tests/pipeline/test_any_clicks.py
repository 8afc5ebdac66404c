"""Any deliveries and any runs of any models, then a night: it comes to what a full refresh does (ADR 0024).

Belongs here: the search for a sequence that spoils it, and those that once did. Half of the 120 examples are here,
the others in `test_any_edits`, so that two workers share them.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.pipeline.any_clicks import Clicks

pytestmark = pytest.mark.slow

TestClicks = Clicks.TestCase
TestClicks.settings = settings(
    max_examples=60,
    stateful_step_count=5,
    # The same examples each time: a night's CI is no place to meet a new one. Take this line out to search on.
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # Five steps are short enough to read, and each shorter one that is tried costs seconds.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)

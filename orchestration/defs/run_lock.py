"""The lock of an installation as a resource of Dagster: held by every run, whoever started it.

Belongs here: when a run holds it. What it is, is in `run_lock`. Dagster's own queue holds back only what is launched
through it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from orchestration.run_lock import one_writer
from orchestration.settings import Settings


def writer(settings: Settings) -> dg.ResourceDefinition:
    """The lock as a resource: in one process it is taken before the first step and kept until the last."""

    @dg.resource(description="One run at a time works on the folders of an installation.")
    @contextmanager
    def hold(context: dg.InitResourceContext) -> Iterator[None]:
        assert context.log is not None  # a run has a log
        with one_writer(settings.data, context.log.info):
            yield

    return hold

"""Which runs leave word that they have ended, and when.

Belongs here: the note that a run leaves. Does not belong here: what `status` makes of it (`test_status`).
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs.resources import Installation
from orchestration.last_refresh import REFRESH, last_refresh
from orchestration.settings import Settings


@pytest.mark.parametrize(
    ("name", "fails", "is_noted"),
    [(REFRESH, False, True), (REFRESH, True, True), ("monthly_close", False, False)],
)
def test_a_run_of_the_whole_job_is_noted_once_it_has_ended_however_it_did(
    name: str, fails: bool, is_noted: bool, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path)

    @dg.op
    def step(installation: Installation) -> None:
        assert last_refresh(installation.settings, None) is None  # one that is killed here has not ended
        if fails:
            raise dg.Failure("a gate", allow_retries=False)

    @dg.job(name=name, resource_defs={"installation": Installation(settings=settings)})
    def job() -> None:
        step()

    with dg.DagsterInstance.ephemeral() as instance:
        done = job.execute_in_process(instance=instance, raise_on_error=False)
    assert done.success is not fails
    assert (last_refresh(settings, None) is not None) is is_noted

"""The step of a run that releases: the files first, then PostgreSQL.

Belongs here: what a run says and becomes. Does not belong here: publishing itself (`test_failures.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs import release as step
from orchestration.defs.resources import Installation
from orchestration.publishing.follow import behind, follow
from orchestration.publishing.postgres_session import publisher
from orchestration.publishing.release import Release, current
from orchestration.settings import Settings
from tests.bi.server import rows

pytestmark = pytest.mark.bi


@pytest.fixture
def run(
    release: Callable[..., Release], serving: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], dg.ExecuteInProcessResult]:
    """The step alone, with an address of PostgreSQL; gates and build are those of a release made by hand."""
    monkeypatch.setattr(step, "gather", lambda *_: (None, ""))
    monkeypatch.setattr(step, "publish", lambda *_: release())

    def started(url: str) -> dg.ExecuteInProcessResult:
        settings = Settings(data=serving.parent, postgres_url=url)
        asset = step.release_asset([], [])
        return dg.materialize(
            [asset], resources={"installation": Installation(settings=settings)}, raise_on_error=False
        )

    return started


def test_what_a_run_releases_is_served_in_postgresql(
    run: Callable[[str], dg.ExecuteInProcessResult], serving: Path, url: str
) -> None:
    assert run(url).success
    served = current(serving)
    assert served is not None
    assert rows(url, "select distinct release_id from marts.dim_unit") == [(served.release_id,)]


def test_a_run_that_leaves_postgresql_behind_fails_and_its_files_are_a_release(
    run: Callable[[str], dg.ExecuteInProcessResult], serving: Path, url: str
) -> None:
    result = run(url.replace("host=", "host=/nowhere"))
    assert not result.success
    (made,) = result.asset_materializations_for_node("release")
    served = current(serving)
    assert served is not None
    assert made.metadata["release_id"].value == served.release_id
    error = result.failure_data_for_node("release")
    assert error is not None
    assert "section 'PostgreSQL is behind'" in str(error.error)


def test_without_an_address_nothing_is_asked_of_postgresql(
    run: Callable[[str], dg.ExecuteInProcessResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "orchestration.publishing.postgres.publish_to_postgres", lambda *_: asked.append("asked")
    )
    assert run("").success
    assert asked == []


def test_whether_postgresql_follows_is_known_while_another_publisher_works(
    release: Callable[..., Release], serving: Path, url: str
) -> None:
    first = release(1).release_id
    (missing,) = behind(first, url)
    assert missing.startswith("PostgreSQL: found no release; expected the release that the files serve")
    follow(serving, url)
    second = release(2).release_id
    with publisher(url):
        assert behind(first, url) == ()
        (late,) = behind(second, url)
    assert f"found release {first};" in late
    assert "bin/service-index publish-postgres" in late

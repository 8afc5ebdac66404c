"""dbt's documentation as one page that opens from a disk.

Belongs here: that page. Does not belong here: the dictionary of a release (`tests/unit/dictionary`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.answers.answer import NotDoneError
from orchestration.dbt_docs import opens_from_a_disk, write_dbt_docs
from orchestration.settings import Settings


def test_folders_of_the_machine_are_left_out() -> None:
    settings = Settings(data=Path("/srv/kho số/data"), repository=Path("/srv/kho số"))
    page = (
        '<head></head>{"root_path": "/srv/kho s\\u1ed1/dbt_project", "path": "/srv/kho s\\u1ed1/data/lake"}'
    )
    assert opens_from_a_disk(page, settings).endswith('{"root_path": "./dbt_project", "path": "data/lake"}')


def test_without_a_release_there_is_nothing_to_document(tmp_path: Path) -> None:
    with pytest.raises(NotDoneError, match=r"nothing is served; expected a release"):
        write_dbt_docs(Settings(data=tmp_path))


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, of a release with one mart; dbt takes some seconds for it."""
    settings = Settings(data=tmp_path_factory.mktemp("data"))
    settings.serving.mkdir()
    with duckdb.connect(settings.serving / "warehouse.duckdb") as connection:
        connection.execute(
            "create schema marts; create table marts.mart_index as select 12.5::double as score"
        )
    return write_dbt_docs(settings)


@pytest.mark.bi
def test_the_page_opens_without_a_request_and_without_an_error(browser: Any, page_file: Path) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    asked_for: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked_for.append(request.url))
    page.goto(page_file.as_uri())
    page.wait_for_selector("text=auto-generated documentation")
    page.goto(f"{page_file.as_uri()}#!/model/model.service_index.mart_index")
    page.wait_for_selector("h1:has-text('mart_index')")
    page.wait_for_selector("text=A unit with a missing group has no total")
    assert page.locator("td:has-text('DOUBLE')").count() > 0  # the type as it is served
    page.goto(f"{page_file.as_uri()}#!/exposure/exposure.service_index.scoreboard")
    page.wait_for_selector("text=the figures for people in Vietnamese and English")
    page.close()
    assert complaints == []
    assert {url for url in asked_for if not url.startswith("data:")} <= {page_file.as_uri()}


@pytest.mark.bi
def test_the_page_names_no_folder_of_the_machine(page_file: Path) -> None:
    text = page_file.read_text(encoding="utf-8")
    settings = Settings(data=page_file.parents[1])
    assert str(settings.data) not in text
    assert str(settings.repository) not in text

"""The agreement on the portal as data: what is read, and how a fault is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.extraction.portal.agreement import Agreement, read_agreement
from orchestration.settings import Settings
from validated_files import InvalidFileError

GOOD = """url: https://portal.example/api/v1/reporting
provinces: [H19, H44]
periods: [year, quarter, month]
pause_seconds: 4
most_requests: 60
"""


def read(tmp_path: Path, text: str) -> Agreement:
    file = tmp_path / "portal.yml"
    file.write_text(text, encoding="utf-8")
    return read_agreement(file)


def test_an_agreement_is_read_with_the_usual_limits(tmp_path: Path) -> None:
    read_now = read(tmp_path, GOOD)
    assert read_now.url == "https://portal.example/api/v1/reporting/"
    assert (read_now.provinces, read_now.periods) == (("H19", "H44"), ("year", "quarter", "month"))
    assert (read_now.connect_seconds, read_now.read_seconds, read_now.reuse_minutes) == (10, 60, 120)
    assert read(tmp_path, GOOD.replace("[H19, H44]", "all")).provinces == "all"
    assert read(tmp_path, GOOD.replace("[H19, H44]", "[]")).provinces == ()


def test_what_the_project_ships_asks_for_little_and_gently() -> None:
    shipped = read_agreement(Settings(data=Path()).portal_agreement)
    assert shipped.url == "https://dichvucong.gov.vn/api/v1/reporting/"
    assert (shipped.provinces, shipped.periods) == (("H19",), ("year",))
    assert (shipped.connect_seconds, shipped.read_seconds) == (10, 60)
    assert shipped.pause_seconds >= 2 and shipped.jitter_seconds >= 1
    assert shipped.most_requests < 100


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("https://", "http://", ":1: found something else as url, expected an address as https"),
        ("https://", "https://user:secret@", ":1: found something else as url, expected an address as https"),
        ("[H19, H44]", "everyone", ":2: found something else as provinces, expected `all`, or a list of agency codes"),
        ("[H19, H44]", "[H19, ../H44]", ":2: found something else as provinces, expected `all`, or a list of agency"),
        ("[year, quarter, month]", "[week]", ":3: found 'week', expected 'year', 'quarter' or 'month'"),
        ("[year, quarter, month]", "[]", ":3: found something else as periods, expected one or more of year"),
        ("[year, quarter, month]", "[year, year]", ":3: found something else as periods, expected one or more of year"),
        ("pause_seconds: 4", "pause_seconds: -1", ":4: found '-1' as pause_seconds, expected greater than or equal to 0"),
        ("pause_seconds: 4", "read_seconds: 0", ":4: found '0' as read_seconds, expected greater than 0"),
        ("most_requests: 60", "most_requests: many", ":5: found 'many' as most_requests, expected a valid integer"),
        ("most_requests: 60", "proxy: x", ":5: found key 'proxy', expected none of that name"),
        ("provinces: [H19, H44]\n", "", ":1: found no 'provinces', expected it"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(InvalidFileError) as told:
        read(tmp_path, GOOD.replace(old, new))
    assert message in str(told.value)
    assert "secret" not in str(told.value)


def test_each_field_says_what_it_is() -> None:
    """For editors, which show it."""
    fields = Agreement.model_json_schema()["properties"]
    assert [name for name, field in fields.items() if not field.get("description")] == []

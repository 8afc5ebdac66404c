"""Gateways as data: what is read, and how a fault is told with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestration.extraction.gateways import Gateway, read_gateways
from orchestration.settings import Settings
from validated_files import InvalidFileError

GOOD = """gateways:
  - sender: H19
    source: dossiers
    url: https://gateway.example/dossiers
    token_from: SERVICE_INDEX_TOKEN_H19
    first_day: 2026-11-24
    page_size: 500
"""


def read(tmp_path: Path, text: str) -> tuple[Gateway, ...]:
    file = tmp_path / "gateways.yml"
    file.write_text(text, encoding="utf-8")
    return read_gateways(file)


def test_a_gateway_is_read_with_the_usual_limits(tmp_path: Path) -> None:
    expected = Gateway(sender="H19", source="dossiers", url="https://gateway.example/dossiers",
                       token_from="SERVICE_INDEX_TOKEN_H19", first_day=date(2026, 11, 24), page_size=500)  # fmt: skip
    assert (expected.most_page_bytes, expected.most_bytes) == (64 * 1024**2, 1024**3)
    assert (expected.most_page_seconds, expected.most_seconds) == (120, 900)
    assert read(tmp_path, GOOD) == (expected,)


def test_what_the_project_ships_names_no_gateway() -> None:
    assert read_gateways(Settings(data=Path()).gateways) == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("source: dossiers", "source: dosiers", ":3: found 'dosiers' as source, expected one of"),
        ("https://", "http://", ":4: found something else as url, expected an address as https"),
        ("https://", "https://user:secret@", ":4: found something else as url, expected an address"),
        (
            "SERVICE_INDEX_TOKEN_H19",
            "eyJhbGciOi",
            ":5: found something else as token_from, expected the name of an environment",
        ),
        ("page_size: 500", "page_size: none", ":7: found 'none' as page_size, expected a valid integer"),
        ("sender: H19", "sender: ../H19", ":2: found '../H19' as sender, expected the name of a folder"),
        ("sender: H19", "sender: ..", ":2: found '..' as sender, expected the name of a folder"),
        ("sender: H19", "sender: .pull", ":2: found '.pull' as sender, expected the name of a folder"),
        ("sender: H19", 'sender: "H19 "', ":2: found 'H19 ' as sender, expected the name of a folder"),
        ("SERVICE_INDEX_TOKEN_H19", "SERVICE_INDEX_HASH_KEY", ":5: found something else"),
        ("SERVICE_INDEX_TOKEN_H19", "SERVICE_INDEX_ALERT_WEBHOOK", ":5: found something else"),
        ("page_size: 500", "most_seconds: 0", ":7: found '0' as most_seconds, expected greater than 0"),
        ("page_size: 500", "pages: 500", ":7: "),
        ("2026-11-24", "24/11/2026", ":6: found '24/11/2026' as first_day, expected a valid date"),
        ("    first_day: 2026-11-24\n", "", ":2: found no 'first_day'"),
        ("    source: dossiers\n", "", ":2: found no 'source'"),
    ],
)
def test_a_fault_is_told_with_its_line_and_without_secrets(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(InvalidFileError) as told:
        read(tmp_path, GOOD.replace(old, new))
    assert message in str(told.value)
    assert "secret" not in str(told.value)
    assert "eyJ" not in str(told.value)


def test_a_gateway_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidFileError,
        match=r":1: found this list as gateways, .* not dossiers of H19 again",
    ):
        read(tmp_path, GOOD + GOOD.removeprefix("gateways:\n"))

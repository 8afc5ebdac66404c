"""The commands that ask about a release: words, exit codes, and what was meant where a word means nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from orchestration.cli import main


@pytest.fixture
def _installed(serving: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "serving").symlink_to(serving)
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(tmp_path))


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["rank", "--within", "H21", "--level", "commune", "--period", "2026-10-10"], "units"),
        (["explain", "Đồng Nai", "--from", "2026-10-06", "--to", "2026-10-10"], "parts"),
        (["explain", "75", "--basis", "records", "--period-type", "window"], "parts"),
        (["gap", "h19", "--goal", "next_tenth"], "plans"),
    ],
)
def test_what_is_asked_is_answered_as_one_document(
    words: list[str], found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[found]


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("command", ["explain", "gap", "history"])
def test_a_word_that_means_no_unit_is_not_understood(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "Dong Nay"]) == 2
    assert capsys.readouterr() == (
        "",
        "found no unit 'Dong Nay', expected an agency code, a state code or a name;"
        " did you mean Đồng Nai (H19, 75)?\n",
    )


@pytest.mark.usefixtures("_installed")
def test_units_of_one_name_are_listed_with_province_and_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """By the portal it is the one that has figures; from records neither has any, and one is as good as the other."""
    assert main(["gap", "tan phu", "--period", "2026-10-10"]) == 0
    assert capsys.readouterr().out.startswith("Xã Tân Phú (H21.102, 23576)")
    assert main(["gap", "tan phu", "--basis", "records", "--json"]) == 2
    assert json.loads(capsys.readouterr().out) == {
        "error": "found 2 units called 'tan phu', expected one; name it by its code:"
        " Xã Tân Phú, Gia Lai (H21.102, 23576); Xã Tân Phú, Đồng Nai (H19.352, 26116)"
    }
    assert main(["explain", "tan phu dong nai", "--basis", "records"]) == 1
    assert "for Xã Tân Phú (H19.352, 26116), expected some in what is served" in capsys.readouterr().err


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["rank", "--level", "ward"], "found 'ward', expected one of province, department, commune"),
        (["rank", "--basis", "both"], "found 'both', expected one of portal, records"),
        (
            ["explain", "H19", "--period-type", "day"],
            "found 'day', expected one of year_to_date, quarter, month, window",
        ),
        (
            ["gap", "H19", "--goal", "first"],
            "found 'first', expected one of next_tenth, next_rank, next_band",
        ),
    ],
)
def test_an_unknown_word_of_an_option_is_answered_with_those_there_are(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize("words", [["rank"], ["explain", "H19"], ["gap", "H19"]])
def test_where_nothing_is_served_it_is_an_error(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(tmp_path))
    assert main([*words, "--json"]) == 1
    assert "nothing is served" in json.loads(capsys.readouterr().out)["error"]


def test_a_release_whose_manifest_is_damaged_is_named(
    serving: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its figures can still be read, so that a question finds the damage only where it asks which releases there are."""
    kept = tmp_path / "serving" / "releases" / "1"
    shutil.copytree(serving, kept)
    (kept.parents[1] / "current").symlink_to("releases/1")
    for name in ("parquet", "manifest.json"):
        (kept.parents[1] / name).symlink_to(f"current/{name}")
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(tmp_path))
    assert main(["explain", "H19"]) == 0
    assert main(["explain", "H19", "--since-release", "previous"]) == 1
    assert f"{kept}/manifest.json: found no release_id" in capsys.readouterr().err

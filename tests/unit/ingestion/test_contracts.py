"""Data contracts: each fault of one is named with its line, and what is written from them is as they are now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from orchestration.ingestion.contract_pages import pages
from orchestration.ingestion.contracts import RECORD_SOURCES, Contract, read_contract
from orchestration.ingestion.landing import CONTRACTS
from orchestration.ingestion.portal.contracts import PORTAL_CONTRACTS, SERVICE_RESULTS
from orchestration.settings import REPOSITORY
from validated_files import InvalidFileError

GOOD = """\
name: visits
description: "Visits to counters: one row a visit."
agency_columns: [agency_code]
most_refused: 0.05
columns:
  - name: visit_id
    type: identifier
    required: true
    description: The visit.
  - name: agency_code
    type: agency_code
    description: Where.
  - name: kind
    type: word
    codes: {walk_in: without an appointment, booked: with one}
    bad_value: leave_out
    description: How.
  - name: persons
    description: Who came.
    columns:
      - name: number_hash
        type: hash
        description: Keyed hash of a number.
"""


def read(folder: Path, text: str) -> Contract:
    file = folder / "visits.yml"
    file.write_text(text, encoding="utf-8")
    return read_contract(file)


def test_what_follows_from_a_contract(tmp_path: Path) -> None:
    contract = read(tmp_path, GOOD)
    assert list(contract.row_columns.items())[-4:] == [
        ("visit_id", "varchar"), ("agency_code", "varchar"), ("kind", "varchar"),
        ("persons", "struct(number_hash varchar)[]"),
    ]  # fmt: skip
    assert [column.name for column in contract.values] == ["visit_id", "agency_code", "kind"]
    assert contract.texts == ("visit_id", "agency_code")
    assert [column.leaves_out for column in contract.values] == [False, False, True]
    assert contract.values[2].expected == "one of walk_in, booked"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("name: visits", "name: visit", 1, "found 'visit' as name, expected 'visits', as the file is called"),
        ("most_refused: 0.05\n", "", 1, "found no 'most_refused', expected it"),
        ("most_refused: 0.05", "most_refused: 5", 4, "found '5' as most_refused, expected less than 1"),
        ("most_refused: 0.05", "most_refused: few", 4, "found 'few' as most_refused, expected a valid number"),
        ("[agency_code]", "[agency]", 1, "found this dict, expected agency_columns that are columns, not agency"),
        ("type: identifier", "type: id", 7, "found 'id' as type, expected one of agency_code, "),
        ("required: true", "required: perhaps", 8, "found 'perhaps' as required, expected a valid boolean"),
        ("    required: true\n", "", 1, "expected a required column first: what a row is about"),
        ("type: word", "type: code", 13, "expected codes where the type is choice or word, and nowhere else"),
        ("type: word", "type: choice", 13, "expected whole numbers as codes of a choice"),
        ("bad_value: leave_out", "bad_value: ignore", 16, "found 'ignore' as bad_value, expected 'refuse_row' or"),
        ("bad_value: leave_out", "on_bad_value: x", 16, "found key 'on_bad_value', expected none of that name"),
        ("    description: How.\n", "", 13, "found no 'description', expected it"),
        ("name: kind", "name: Kind", 13, "found 'Kind' as name, expected"),
        ("name: kind", "name: visit_id", 1, "expected each column once, and not visit_id again"),
        ("name: kind", "name: sender", 1, "expected each column once, and not sender again"),
        ("type: hash", "type: hash\n        required: true", 18, "no required column in a list"),
        ("name: kind", "name: kind\n    name: kind", 14, "found 'name' twice, expected each key once"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_line(old: str, new: str, line: int, said: str, tmp_path: Path) -> None:
    assert old in GOOD
    with pytest.raises(InvalidFileError) as error:
        read(tmp_path, GOOD.replace(old, new, 1))
    (told,) = str(error.value).splitlines()
    assert told.startswith(f"{tmp_path / 'visits.yml'}:{line}: ")
    assert said in told


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("type: identifier", "type: id").replace("type: hash", "type: md5")
    with pytest.raises(InvalidFileError) as error:
        read(tmp_path, text)
    assert [told.split(": ")[0].rpartition(":")[2] for told in str(error.value).splitlines()] == ["7", "22"]


@pytest.mark.parametrize("page", pages(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_written_from_the_contracts_is_as_they_are(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == pages()[page], "run bin/service-index contracts"


@pytest.mark.parametrize("folder", [CONTRACTS, PORTAL_CONTRACTS], ids=lambda folder: folder.name)
def test_the_schema_knows_every_key_that_is_used(folder: Path) -> None:
    """Editors find it by the first line of each contract."""
    schema = json.loads((folder / "contract.schema.json").read_text(encoding="utf-8"))
    for contract in folder.glob("*.yml"):
        text = contract.read_text(encoding="utf-8")
        assert text.startswith("# yaml-language-server: $schema=contract.schema.json\n")
        assert set(yaml.safe_load(text)) <= set(schema["properties"])


def test_dbt_sees_the_columns_that_ingestion_writes() -> None:
    """Read from the manifest, so that the file is one that dbt takes in."""
    manifest = json.loads(
        (REPOSITORY / "dbt_project" / "target" / "manifest.json").read_text(encoding="utf-8")
    )
    seen = {
        node["name"]: {name: column["data_type"] for name, column in node["columns"].items()}
        for node in manifest["sources"].values()
    }
    contracts = {SERVICE_RESULTS.name: SERVICE_RESULTS, **RECORD_SOURCES}
    assert seen == {
        name: {"batch": "varchar", **contract.row_columns} for name, contract in contracts.items()
    }

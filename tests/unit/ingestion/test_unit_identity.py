"""How a unit is recognised: codes in every form, in every source, and names as keys; the dbt project does the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
import pytest

from orchestration.ingestion.unit_identity import know_units
from tests.unit.ingestion.record_workplace import Records, as_lines, good

ROOT = Path(__file__).parents[3]
MACROS = ROOT / "dbt_project" / "macros"
#: As written, and in the order of today.
CODES = [
    ("H37", "H37"),
    ("000.00.00.H37", "H37"),
    ("000.00.00.h37", "H37"),
    (" 000.00.00.H37\u00a0", "H37"),
    ("000.00.95.H19", "H19.95"),
    ("000.00. 95 .H19", "H19.95"),
    ("000.01.95.H19", "H19.95.01"),
    ("h19.95", "H19.95"),
    ("H19 .95", "H19.95"),
    ("\u200bH19.95", "H19.95"),
]
NAMES = [
    ("UBND xã Vân Canh", "xã vân canh"),
    ("UBND Xã  Vân\u00a0Canh ", "xã vân canh"),
    ("Ủy ban nhân dân xã Vân Canh", "xã vân canh"),
    ("Uỷ ban nhân dân xã Vân Canh", "xã vân canh"),
    ("UBND xa\u0303 Va\u0302n Canh", "xã vân canh"),
    ("UBND xã Kông Bơ La - Gia Lai", "xã kông bơ la"),
    ("UBND xã Kông Bơ La-tỉnh Gia Lai", "xã kông bơ la"),
    ("UBND xã Kông Bơ La – Tỉnh Gia Lai", "xã kông bơ la"),
    ("UBND xã Kông Bơ La, TP. Gia Lai", "xã kông bơ la"),
    ("UBND xã Kông Bơ La (tỉnh Gia Lai)", "xã kông bơ la"),
    ("Phường Xuân Hương-Đà Lạt", "phường xuân hương - đà lạt"),
    ("Xã Hoà Hội", "xã hoà hội"),
    ("Xã Hòa Hội", "xã hoà hội"),
    ("XÃ THANH THỦY", "xã thanh thuỷ"),
    ("Xã Thanh Thuỷ", "xã thanh thuỷ"),
    ("Phường Hoài Nhơn", "phường hoài nhơn"),
    ("Xã Cư M’gar", "xã cư m'gar"),
    ("Xã Vân Canh - tỉnh Đồng Nai", "xã vân canh - tỉnh đồng nai"),
]


def dbt_macro(file: str, macro_name: str, **arguments: str) -> str:
    """What a macro of the dbt project writes on DuckDB."""
    text = "".join((MACROS / path).read_text(encoding="utf-8") for path in ("engine/lists.sql", file))
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    made: dict[str, Any] = {}
    dispatch = SimpleNamespace(dispatch=lambda macro: made[f"default__{macro}"])
    template = environment.from_string(text, globals={"adapter": dispatch, "return": lambda value: value})
    made.update(vars(template.module))
    return str(made[macro_name](**arguments))


@pytest.fixture(scope="module")
def known() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    know_units(connection, ROOT / "seeds" / "reference", Path("no lake"))
    return connection


def one(connection: duckdb.DuckDBPyConnection, sql: str, value: str) -> Any:
    (row,) = connection.execute(f"select {sql} from (select ? as v)", [value]).fetchall()
    return row[0]


@pytest.mark.parametrize(("written", "today"), CODES)
def test_a_code_has_one_form(known: duckdb.DuckDBPyConnection, written: str, today: str) -> None:
    assert one(known, "agency_code_today(v)", written) == today
    clean = written.replace(" ", "").strip("\u00a0\u200b").upper()
    in_dbt = dbt_macro("records/agency_code_today.sql", "agency_code_today", code="v")
    assert one(known, in_dbt, clean) == today


@pytest.mark.parametrize(("written", "key"), NAMES)
def test_a_name_has_one_key(known: duckdb.DuckDBPyConnection, written: str, key: str) -> None:
    assert one(known, "without_province(unit_name_key(v), 'gia lai')", written) == key
    name_key = dbt_macro("engine/unit_name.sql", "unit_name_key", name="v")
    stripped = dbt_macro(
        "engine/unit_name.sql", "without_province", name_key=name_key, province_key="'gia lai'"
    )
    assert one(known, stripped, written) == key


@pytest.fixture
def renamed(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """Gia Lai and its communes Vân Canh and Al Bá have other names from a day on: in the past, today, in years."""
    shutil.copytree(ROOT / "seeds" / "reference", tmp_path / "reference")
    with (tmp_path / "reference" / "unit_changes.csv").open("a", encoding="utf-8") as stream:
        for unit, day, kind, name in (("52", "2026-01-01", "city", "Pleiku"),
                                      ("21994", "2026-11-01", "ward", "Phường Vân Canh"),
                                      ("23954", "2099-01-01", "commune", "Xã Pờ Tó Mới")):  # fmt: skip
            stream.write(f"{unit},{day},{kind},{name},,,,documented,made up\n")
    connection = duckdb.connect()
    know_units(connection, tmp_path / "reference", Path("no lake"))
    return connection


@pytest.mark.parametrize(
    ("written", "unit_code"),
    [
        ("UBND xã Vân Canh", "21994"),
        ("UBND phường Vân Canh", "21994"),
        ("UBND phường Vân Canh - thành phố Pleiku", "21994"),
        ("UBND xã Vân Canh - tỉnh Gia Lai", "21994"),
        ("UBND xã Vân Canh - TP. Pleiku", "21994"),
        ("UBND xã Albá", "23954"),
        ("UBND xã Pờ Tó Mới, thành phố Gia Lai", "23954"),
    ],
)
def test_the_names_of_before_and_after_lead_to_one_commune(
    renamed: duckdb.DuckDBPyConnection, written: str, unit_code: str
) -> None:
    query = """
        select distinct unit_code from known_commune
        inner join (
            select unit_name_key($name) as name_key union
            select without_province(unit_name_key($name), name_key) from province_name where agency_code = 'H21'
        ) using (name_key)
        where agency_code = 'H21'
    """
    assert renamed.execute(query, {"name": written}).fetchall() == [(unit_code,)]


def test_no_two_communes_of_a_province_have_one_key(known: duckdb.DuckDBPyConnection) -> None:
    query = "select count(*), count(distinct (agency_code, name_key)), count(distinct unit_code) from known_commune"
    ((names, keys, units),) = known.execute(query).fetchall()
    assert names == keys and units == 3321


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("petitions", {"agency_code": "agency_code"}),
        ("national_report_totals", {"agency_code": "agency_code"}),
        ("publication_decisions", {"agency_code": "agency_code"}),
        ("unit_catalogue", {"agency_code": "agency_code", "parent_agency_code": "parent_agency_code"}),
        ("dossiers", {"NoiNopHoSo": "received_place_code"}),
    ],
)
def test_every_source_reads_a_code_in_every_form(tmp_path: Path, source: str, fields: dict[str, str]) -> None:
    records = Records(tmp_path, source)
    sent = [
        good(source, number, **dict.fromkeys(fields, code)) for number, (code, _) in enumerate(CODES, start=1)
    ]
    records.deliver(as_lines(sent))
    found = records.rows(records.ingest(), ", ".join(fields.values()))
    assert found == [(today,) * len(fields) for _, today in CODES]


def test_a_dossier_of_an_agency_in_the_old_form_is_taken(tmp_path: Path) -> None:
    kept = {
        "000.00.95.H19-250701-0001": "H19.95",
        "000.01.95.h19-250701-0001": "H19.95.01",
        "000.00.00.H19-250701-0001": "H19",
        "h19.95-250701-0001": "H19.95",
    }
    records = Records(tmp_path)
    records.deliver(as_lines([good("dossiers", MaHoSo=code) for code in kept]))
    found = records.rows(records.ingest(), "dossier_code")
    assert found == [(code.upper(),) for code in kept]
    today = dbt_macro("records/agency_code_today.sql", "agency_code_today", code="split_part(v, '-', 1)")
    with duckdb.connect() as connection:
        assert [one(connection, today, code) for (code,) in found] == list(kept.values())

"""From what people write to what Great Expectations is given. Not here: what the suites say (`tests/unit/suites`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import builder
from expectations.gate import GateError, GateResult, run_gate
from validated_files import InvalidFileError

WITHOUT_TEXTS = "description: A suite\nparameters: [least]\nexpectations:\n"
HEAD = WITHOUT_TEXTS.replace("expectations", "texts: {low: 'score < {{ least }}'}\nexpectations")
ONE = """
  - id: scores
    description: No score below {{ least }} in {{ provinces }} provinces
    reason: The scale begins there
    date: 2026-11-27
    sql: select unit_code from batch where {{ low }}
"""


def expectation(**changed: str) -> str:
    keys = {
        "id": "one",
        "description": "It holds",
        "reason": "It is the rule",
        "date": "2026-11-27",
    } | changed
    return "  -\n" + "".join(f"    {key}: {value}\n" for key, value in keys.items() if value)


COUNT = expectation(expect="{type: ExpectTableRowCountToBeBetween, min_value: '{{ least }}'}")


@pytest.fixture(autouse=True)
def suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of suites of its own, beside what the project's have in common."""
    folder = tmp_path / "suites"
    folder.mkdir()
    monkeypatch.setattr(builder, "SUITES", folder)
    return folder


def judge(database: Path, text: str, **given: object) -> GateResult:
    (builder.SUITES / "release__scores.yml").write_text(text, encoding="utf-8")
    return run_gate(database, "marts", "scores", builder.load("release__scores", **given))


def test_parameters_texts_and_figures_of_the_reference_data_fill_what_is_written(database: Path) -> None:
    result = judge(database, HEAD + ONE, least=0.02)
    (check,) = result.failed()
    assert (result.suite, check.id) == ("release__scores", "scores")
    assert check.description == "No score below 0.02 in 34 provinces"
    assert check.reason == "The scale begins there (2026-11-27)"
    assert check.sample == ({"unit_code": 0}, {"unit_code": 1})
    assert judge(database, HEAD + ONE, least=0).success


def test_figures_are_those_of_the_reference_data(suites: Path) -> None:
    (suites / "release__scores.yml").write_text(HEAD + ONE, encoding="utf-8")
    known = builder.values("release__scores", least=0)
    assert {name: known[name] for name in ("provinces", "communes", "groups", "scored_metrics")} == {
        "provinces": 34, "communes": 3321, "groups": 6, "scored_metrics": 21,
    }  # fmt: skip


@pytest.mark.parametrize("text", [HEAD + ONE, WITHOUT_TEXTS + COUNT], ids=["in a text", "as an argument"])
@pytest.mark.parametrize("given", [{}, {"least": None}], ids=["absent", "none"])
def test_a_parameter_without_a_value_is_an_error_not_a_pass(
    database: Path, given: dict[str, Any], text: str
) -> None:
    with pytest.raises(GateError, match=r"release__scores.* has no value"):
        judge(database, text, **given)


def test_an_argument_that_is_no_number_is_an_error_not_a_pass(database: Path) -> None:
    with pytest.raises(GateError, match=r"release__scores.*one: .*min_value"):
        judge(database, HEAD + COUNT, least="many")


def test_a_bound_that_is_no_number_fails_its_check(database: Path) -> None:
    (check,) = judge(database, HEAD + ONE, least="many").failed()
    assert "could not be evaluated" in check.observed


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select b.unit_code from batch as b join batch as c using (unit_code) where c.unit_code = 3", [3]),
        ("with few as (from batch where unit_code < 2) select unit_code from few where unit_code in"
         " (select unit_code from batch)", [0, 1]),
        ("select unit_code from batch where unit_code = 3 -- and nothing after it", [3]),
        ("select {'code': unit_code}.code as unit_code from batch where regexp_matches(name_vi, '^unit 1{2}$')", [11]),
        (r"select unit_code from batch where regexp_matches(name_vi, ' :x$') and as_of::varchar <> ''", [7]),
        ("select unit_code from batch where unit_code < 3 order by unit_code desc", [2, 1, 0]),
    ],
    ids=["aliases and joins", "a query with parts", "a comment at its end", "braces", "colons", "an order"],
)  # fmt: skip
def test_a_query_is_written_as_duckdb_reads_it(database: Path, sql: str, found: list[int]) -> None:
    text = HEAD + expectation(sql="|\n      " + sql)
    (check,) = judge(database, text, least=0).failed()
    assert [row["unit_code"] for row in check.sample] == found
    assert check.failing_rows == len(found)


def test_an_expectation_of_great_expectations_takes_arguments_as_numbers(database: Path) -> None:
    assert judge(database, HEAD + COUNT, least=600).success
    (check,) = judge(database, HEAD + COUNT, least=601).failed()
    assert check.observed == "600"


def test_an_expectation_is_asked_only_when_it_says_so(database: Path) -> None:
    text = (
        HEAD
        + expectation(sql="from batch limit 0")
        + expectation(id="two", when="least > 1", sql="from batch limit 0")
    )
    assert [check.id for check in judge(database, text, least=1).checks] == ["one"]
    assert [check.id for check in judge(database, text, least=2).checks] == ["one", "two"]


def test_a_shared_expectation_takes_the_bounds_of_the_suite(database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute(
            "create or replace table marts.scores as select i as place, i as unit_code, 'x' as name_vi, i as total_score,"
            " 1 as rank, date '2026-01-01' as as_of, 1 as basis, 1 as regime, 1 as period_type, 1 as period_start,"
            " 1 as period_end from range(2) as t(i)"
        )
    text = HEAD + "  - {use: standard_competition_rank, bounds: {among: place}}\n"
    (check,) = judge(database, text, least=0).checks
    assert (check.id, check.success) == ("standard_competition_rank", True)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (expectation(sql="from batch", reason=""), r"6: found no 'reason'"),
        (expectation(sql="from batch", date=""), r"6: found no 'date'"),
        (expectation(sql="from batch", date="last week"), r"9: found 'last week' as date"),
        (expectation(sql="from batch where {{ least"), r"10: found .* expected a template"),
        (expectation(sql="from batch", bound="{most: 1}"), r"11: found key 'bound'"),
        (expectation(), r"6: .* expected either sql, or expect with a type"),
        (expectation(sql="from batch", id="Not a name"), r"6: found 'Not a name' as id"),
        ("  []\n", r"1: .* expected an expectation"),
        (expectation(sql="from batch") * 2, r"1: .* expected each id once, and not one again"),
    ],
    ids=["no reason", "no date", "a date that is none", "a template that is none", "a key that is none",
         "nothing asked", "an id that is none", "no expectation", "an id twice"],
)  # fmt: skip
def test_what_no_suite_says_is_told_with_its_line(database: Path, entry: str, said: str) -> None:
    with pytest.raises(InvalidFileError, match=r"release__scores\.yml:" + said):
        judge(database, HEAD + entry, least=0)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (expectation(sql="from batch where score > {{ mots }}"), "one: 'mots' is undefined"),
        (expectation(sql="from batch", when="mots"), "one: 'mots' is undefined"),
        (expectation(expect="{type: ExpectPeace}"), "one: found type 'ExpectPeace'"),
        (expectation(expect="{type: ExpectTableRowCountToBeBetween, minimum: 1}"), "one: .*minimum"),
        ("  - use: peace\n", "found use of peace"),
        ("  - {use: total_within_index, bounds: {most: 1}}\n", "found use of total_within_index with .*most"),
    ],
    ids=["a name", "a condition", "a type", "an argument", "a shared one", "a bound of a shared one"],
)  # fmt: skip
def test_what_is_nowhere_is_an_error_that_names_suite_and_expectation(
    database: Path, entry: str, said: str
) -> None:
    with pytest.raises(GateError, match=rf"release__scores.*{said}"):
        judge(database, HEAD + entry, least=0)


def test_a_parameter_that_a_suite_does_not_have_is_an_error(database: Path) -> None:
    with pytest.raises(GateError, match=r"found most, expected its parameters"):
        judge(database, HEAD + ONE, least=1, most=2)

"""JSON Lines are read by DuckDB's own reader where that gives exactly what the careful one does, and not elsewhere.

The careful reader takes line by line and says what is wrong with each; the fast one stops at the first thing it does
not expect. Here any file whatever is read both ways: where the fast one comes to an end with a record a line, both
must give the same fields.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestration.ingestion.formats.json_lines import STOPS_FAST_READER, lines_wire, plain_lines_wire
from orchestration.ingestion.formats.line_ends import count_lines

FIELDS = {"MaHoSo": None, "NgayTra": None, "TaiLieuNop": ["Id", "DuocSoHoa"], "DSKetNoiCSDL": ["MaCSDL"]}

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)
ELEMENTS = st.fixed_dictionaries({}, optional={"Id": SCALARS, "DuocSoHoa": SCALARS, "Khac": ANYTHING})
EXPECTED = st.fixed_dictionaries(
    {},
    optional={"MaHoSo": SCALARS, "NgayTra": SCALARS, "Khac": ANYTHING,
              "TaiLieuNop": st.none() | st.lists(ELEMENTS | st.none(), max_size=3),
              "DSKetNoiCSDL": st.lists(st.fixed_dictionaries({"MaCSDL": SCALARS}), max_size=2)},
)  # fmt: skip
ODD = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, ANYTHING))
OBJECTS = (EXPECTED | ODD).map(lambda value: json.dumps(value, ensure_ascii=False))
#: What is no record, or no whole one, or more than one.
BROKEN = [
    "", " ", "{", "}", "[]", "[{}]", "null", "1", '"a"', "{}{}", '{"MaHoSo": "a"} {"MaHoSo": "b"}', '{"MaHoSo": ',
    '{"TaiLieuNop":[', '{"Id":"1"}]}', '{"MaHoSo": "a",}', " {}", "\ufeff{}", '{"MaHoSo": "\x01"}', "{'MaHoSo': 1}",
    '{"MaHoSo": NaN}', '{"MaHoSo": "\\ud800"}', '{"MaHoSo": 1e999}', '{"MaHoSo": 12345678901234567890123}',
    '{"MaHoSo": "a", "MaHoSo": "b"}', '{"mahoso": "a", "MaHoSo": "b"}', '{"MaHoSo": "a"} // b', '{"MaHoSo": 1.0}',
]  # fmt: skip
LINES = st.lists(OBJECTS | st.sampled_from(BROKEN), min_size=1, max_size=6)
PLAIN = '{"MaHoSo": "H19-250701-1", "TaiLieuNop": [{"Id": "1", "DuocSoHoa": "1"}], "DSKetNoiCSDL": [{"MaCSDL": 7}]}'


def both(path: Path, lines: list[str]) -> tuple[list[Any] | None, list[Any]]:
    """What the fast reader gives, None where it stops or is not asked, and what the careful one does."""
    path.write_bytes("".join(line + "\n" for line in lines).encode("utf-8", "surrogatepass"))
    careful, fast = lines_wire(path, FIELDS), plain_lines_wire(FIELDS).of([path])
    with duckdb.connect(config={"threads": 1}) as connection:

        def rows(query: str) -> list[Any]:
            shown = "* exclude (text) replace (coalesce(bad_lists, []) as bad_lists, coalesce(twice, []) as twice)"
            return connection.execute(f"select {shown} from ({query}) order by record_no").fetchall()

        slowly = rows(careful)
        try:
            quickly = rows(fast)
        except STOPS_FAST_READER:
            return None, slowly
        return (quickly if len(quickly) == count_lines(path) else None), slowly


@given(lines=LINES)
@example(lines=[PLAIN])
@example(lines=['{"TaiLieuNop":[', '{"Id":"1"}]}'])
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_where_the_fast_reader_is_used_it_gives_what_the_careful_one_does(
    tmp_path: Path, lines: list[str]
) -> None:
    quickly, slowly = both(tmp_path / "a.jsonl", lines)
    if quickly is not None:
        assert quickly == slowly


@pytest.mark.parametrize("line", BROKEN)
def test_each_odd_line_alone_and_between_records(tmp_path: Path, line: str) -> None:
    for lines in ([line], [PLAIN, line, PLAIN]):
        quickly, slowly = both(tmp_path / "a.jsonl", lines)
        if quickly is not None:
            assert quickly == slowly


def test_records_as_they_should_be_are_read_fast(tmp_path: Path) -> None:
    quickly, slowly = both(tmp_path / "a.jsonl", [PLAIN] * 5)
    assert quickly == slowly
    assert len(slowly) == 5

"""How SQL is laid out in lines."""

from __future__ import annotations

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from orchestration.sql_text import LINE, filled, literal


def test_items_share_a_line_as_long_as_it_has_room() -> None:
    text = "    a,\n    b,\n        c,\n" + f"    {'d' * 110},\n    e,\n    ffff,\n"
    assert filled(text) == f"    a, b,\n        c,\n    {'d' * 110}, e,\n    ffff,\n"
    assert max(map(len, filled(text).splitlines())) <= LINE


@given(st.lists(st.text(alphabet="a'\" \n\r\u2028", max_size=12), min_size=1, max_size=6))
def test_what_a_literal_holds_is_left_as_it_is(values: list[str]) -> None:
    """Whatever it holds: line ends that look like those of the statement, quotes, ends of lines of other systems."""
    items = "".join(f"    {literal(value)},\n" for value in values)
    with duckdb.connect() as connection:
        assert connection.execute(f"select [\n{filled(items)}]").fetchone() == (values,)

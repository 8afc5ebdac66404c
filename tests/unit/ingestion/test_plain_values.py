"""Values of lists that are written plainly are read another way, for speed: it must come to the same.

Belongs here: that comparison, over whatever the plain shapes let through. Does not belong here: what is right
(`test_values`).
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.ingestion.personal import PERSONAL_SQL
from orchestration.ingestion.records.mapping import read_mapping
from orchestration.ingestion.records.mapping_macros import mapping_macros
from orchestration.ingestion.records.run import SAMPLE_KEY
from orchestration.ingestion.records.value_types import VALUE_TYPES, value_macros
from tests.unit.ingestion.record_workplace import MAPPINGS

pytestmark = pytest.mark.slow

PLAIN = [kind for kind, how in VALUE_TYPES.items() if how.plain]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        made.execute("set TimeZone = 'UTC'")
        mapping = read_mapping(MAPPINGS / "national_exchange.yml")
        made.execute(PERSONAL_SQL + mapping_macros(mapping, SAMPLE_KEY) + value_macros(["H19"]))
        yield made


@pytest.mark.parametrize("kind", PLAIN)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_has_a_plain_shape_is_read_as_all_else_is(
    kind: str, data: st.DataObject, connection: duckdb.DuckDBPyConnection
) -> None:
    how = VALUE_TYPES[kind]
    ((shape,),) = connection.execute(f"select {how.plain}").fetchall()
    fitting = st.from_regex(f"({shape})", fullmatch=True, alphabet=st.characters(max_codepoint=0x7E))
    values = data.draw(st.lists(fitting, min_size=1, max_size=60, unique=True))
    plain = how.plain_read.format("v")
    read = f"{how.reader}({how.first}(bare_text(v)))"
    differing = connection.execute(
        f"select v, {plain}, {read} from (select unnest($values) as v) where {plain} is distinct from {read}",
        {"values": values},
    ).fetchall()
    assert differing == []


@pytest.mark.parametrize(
    ("kind", "value", "is_plain"),
    [
        ("identifier", "5d41402abc4b2a76b9719d911017c592", True),  # MD5, as document stores name their files
        ("identifier", "5D41402A-BC4B-2A76-B971-9D911017C592", True),
        ("identifier", "da39a3ee5e6b4b0d3255bfef95601890afd80709", True),
        ("identifier", "079201000123", False),  # hashed
        ("identifier", "CCCD-079.201.000.123", False),
        ("identifier", "tep-079201000123.pdf", False),
        ("code", "KQ.G15.000123", True),
        ("code", "Null1", False),  # begins as words for nothing do
        ("code", "kq1", False),  # is made capital
        ("code", "CCCD079201000123", False),
    ],
)
def test_what_is_plain(kind: str, value: str, is_plain: bool, connection: duckdb.DuckDBPyConnection) -> None:
    query = f"select regexp_full_match($value, {VALUE_TYPES[kind].plain})"
    assert connection.execute(query, {"value": value}).fetchone() == (is_plain,)

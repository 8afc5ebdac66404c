"""Files that are not one readable JSON object: each is refused with a reason, none stops a run."""

from __future__ import annotations

import gzip
import json
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.ingestion.formats.json_document import read_json_object
from orchestration.ingestion.problems import Problem

TEXT = '{\n "a": "Đồng Nai",\n "b": [1, 2]\n}'
BROKEN = (
    ("empty", b"", "empty_file", "0 bytes"),
    ("blank", b" \n\t ", "empty_file", "4 bytes"),
    ("only_a_mark", b"\xef\xbb\xbf \n", "empty_file", "byte order mark"),
    ("utf16_with_mark", TEXT.encode("utf-16"), "not_utf8", "UTF-16"),
    ("utf16_little_endian", TEXT.encode("utf-16-le"), "not_utf8", "UTF-16"),
    ("utf16_big_endian", TEXT.encode("utf-16-be"), "not_utf8", "UTF-16"),
    ("utf32_with_mark", TEXT.encode("utf-32"), "not_utf8", "UTF-32"),
    ("utf32_big_endian", TEXT.encode("utf-32-be"), "not_utf8", "UTF-32"),
    ("windows_1258", '{"a": "Đô"}'.encode("cp1258"), "not_utf8", "0xd0 at offset 7"),
    ("html", b"<!DOCTYPE html><html><body>Login</body></html>", "html_instead_of_json", "HTML"),
    ("html_after_blanks", b"\n  <html>", "html_instead_of_json", "HTML"),
    ("gzip", gzip.compress(TEXT.encode(), mtime=0), "compressed_file", "compressed"),
    ("zip", b"PK\x03\x04rest", "compressed_file", "compressed"),
    ("cut_in_a_list", TEXT[:-4].encode(), "truncated_json", "line 3"),
    ("cut_in_a_text", TEXT[:15].encode(), "truncated_json", "line 2"),
    ("cut_after_a_key", b'{"a"', "truncated_json", "line 1 column 5"),
    ("comma_at_end", b'{"a": 1,\n}', "malformed_json", "line 2"),
    ("single_quotes", b"{'a': 1}", "malformed_json", "line 1 column 2"),
    ("two_documents", b"{}\n{}", "malformed_json", "line 2 column 1"),
    ("raw_line_break_in_text", b'{"a": "x\ny"}', "malformed_json", "line 1"),
    ("half_a_surrogate_pair", b'{"a": "\\ud800"}', "malformed_json", "surrogate"),
    ("key_twice", b'{"a": {"b": 1, "b": 2}}', "duplicate_key", ", b: found the key twice"),
    ("nan", b'{"NaN": "NaN",\n "a": NaN}', "not_a_number", "line 2 column 7"),
    ("infinity", b'{"a": -Infinity}', "not_a_number", "line 1 column 7: found -Infinity, expected"),
    ("list", b"[1]", "not_an_object", "list"),
    ("text", b'"abc"', "not_an_object", "text"),
    ("number", b"12", "not_an_object", "number"),
    ("null", b"null", "not_an_object", "null"),
    ("very_deep", b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested_too_deep", "levels"),
)


@pytest.mark.parametrize(("name", "data", "reason", "said"), BROKEN, ids=lambda v: str(v)[:30])
def test_a_file_that_is_no_json_object_says_why(name: str, data: bytes, reason: str, said: str) -> None:
    problem = read_json_object(f"{name}.json", data)
    assert isinstance(problem, Problem)
    assert problem.reason_code == reason
    assert f"{name}.json" in str(problem) and said in str(problem)


def test_a_byte_order_mark_is_taken_off() -> None:
    assert read_json_object("a.json", b"\xef\xbb\xbf" + TEXT.encode()) == TEXT


def test_long_digits_and_paired_surrogates_are_well_formed() -> None:
    for text in ('{"a": %s}' % ("9" * 5000), '{"a": "\\ud83d\\ude00"}'):
        assert read_json_object("a.json", text.encode()) == text


def test_unreadable_files_are_quarantined_and_the_others_go_on(workplace: Any, sample: Any) -> None:
    for name, data, _, _ in BROKEN:
        workplace.deliver(data, f"{name}.json")
    workplace.deliver(sample("provinces"), "good.json")
    outcomes = {file.source_file.rsplit("/")[-1]: file for file in workplace.ingest().files}
    good = outcomes.pop("good.json")
    assert (good.status, good.rows_accepted) == ("accepted", 34)
    for name, _, reason, _ in BROKEN:
        outcome = outcomes[f"{name}.json"]
        assert (outcome.status, outcome.reason_codes) == ("quarantined", (reason,))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(value=st.dictionaries(st.text(), JSON, max_size=4), is_ascii=st.booleans())
def test_whatever_is_passed_on_can_be_read_by_duckdb(value: Any, is_ascii: bool) -> None:
    data = json.dumps(value, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    text = read_json_object("a.json", data)
    if not isinstance(text, Problem):
        assert duckdb.execute("select json_valid(?)", [text]).fetchone() == (True,)

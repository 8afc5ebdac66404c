"""From the bytes of a landed file to JSON text that DuckDB can read, or a `Problem`.

Here: encodings, truncation, and everything else that makes a file not one well-formed JSON object.
Not here: what the object should hold, which belongs to the source (`portal.service_results`).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, NoReturn

from orchestration.ingestion.personal import masked
from orchestration.ingestion.problems import RESEND, Problem

#: A file is held in memory whole. All 3,321 communes with every metric are about 20 MB as the
#: portal indents them, so three times that is a mistake or an attack.
MAX_BYTES = 64 * 1024 * 1024

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_STRING_OR_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(-?Infinity|NaN)')
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89abAB]")


class _RefusedError(ValueError):
    """Why the bytes are not taken: the parts of a `Problem` but for the file."""

    def __init__(
        self, reason_code: str, found: str, expected: str, record: str = "$", field: str = ""
    ) -> None:
        super().__init__(reason_code)
        self.reason_code, self.found, self.expected = reason_code, found, expected
        self.record, self.field = record, masked(field)


#: What to do, where it is something other than asking the sender for a correction.
_ACTIONS = {
    "compressed_file": "unpack it and land the content as a new delivery",
    "html_instead_of_json": "fetch it again: this is likely a login or error page",
    "not_utf8": "save it as UTF-8 and land it as a new delivery",
}


def read_json_object(file: str, data: bytes) -> str | Problem:
    """The text of the JSON object in `data`, without a byte order mark, or what is wrong with it.

    `file` only names the file in the problem. Never raises on content.
    """
    try:
        text = _decode(data)
        _check_object(text)
    except _RefusedError as why:
        action = _ACTIONS.get(why.reason_code, RESEND)
        return Problem(file, why.reason_code, why.record, why.field, why.found, why.expected, action)
    return text


def _decode(data: bytes) -> str:
    if not data.strip():
        raise _RefusedError("empty_file", f"{len(data)} bytes without content", "a JSON object")
    if data.startswith((_GZIP, _ZIP)):
        raise _RefusedError("compressed_file", "a compressed file", "plain JSON text")
    encoding = json.detect_encoding(data[:4])
    if not encoding.startswith("utf-8"):
        raise _RefusedError("not_utf8", f"text in {encoding.upper()[:6]}", "UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte 0x{data[error.start]:02x} at offset {error.start}"
        raise _RefusedError("not_utf8", found, "UTF-8 (is it Windows-1258 or TCVN3?)") from None
    if not text.strip():
        raise _RefusedError("empty_file", "only a byte order mark and blanks", "a JSON object")
    return text


def _check_object(text: str) -> None:
    if text.lstrip().startswith("<"):
        raise _RefusedError("html_instead_of_json", "markup (HTML or XML)", "a JSON object")
    try:
        document = json.loads(
            text,
            object_pairs_hook=_object_without_duplicates,
            parse_constant=lambda name: _refuse_constant(name, text),
            parse_int=len,  # values are DuckDB's business; Python refuses 4,300 digits
        )
        if _SURROGATE_ESCAPE.search(text):
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            found = "the end of the file, or a text without its end"
            raise _RefusedError("truncated_json", found, "a whole JSON object", place) from None
        raise _RefusedError("malformed_json", error.msg, "well-formed JSON", place) from None
    except RecursionError:
        raise _RefusedError("nested_too_deep", "hundreds of nested levels", "under ten") from None
    except UnicodeEncodeError:
        found = "half of a surrogate pair (\\ud800 to \\udfff)"
        raise _RefusedError("malformed_json", found, "well-formed JSON") from None
    if not isinstance(document, dict):
        raise _RefusedError("not_an_object", f"a JSON {_json_name(document)}", "a JSON object")


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        found = "the key twice in one object"
        raise _RefusedError("duplicate_key", found, "each key once", field=twice)
    return result


def _refuse_constant(name: str, text: str) -> NoReturn:
    """NaN and Infinity are no JSON, though Python and DuckDB would take them."""
    at = next(m.start() for m in _STRING_OR_CONSTANT.finditer(text) if m.group(1))
    place = f"line {text.count(chr(10), 0, at) + 1} column {at - text.rfind(chr(10), 0, at)}"
    raise _RefusedError("not_a_number", name, "a number or null", place)


def _json_name(value: object) -> str:
    names = {list: "list", str: "text", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")

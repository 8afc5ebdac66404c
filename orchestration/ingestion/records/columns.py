"""Which column of a file is which field of the mapping, and what is said where one is none.

Here: comparing names as people write them, for CSV, sheets and Parquet alike, and for the keys of JSON, of which any
record may leave some out. Not here: finding the header (`formats.csv_file`, `workbook`).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from orchestration.ingestion.contracts import Contract
from orchestration.ingestion.personal import masked
from orchestration.ingestion.problems import Problem, UnreadableError
from orchestration.ingestion.records.mapping import FieldMapping, SourceMapping

Fields = Mapping[str, list[str] | None]
"""Field -> None, or, for a list, the fields of its elements."""

_NAMES_SHOWN = 12
#: A header is looked for in so many lines that hold something.
_LOOKED_AT = 30
#: What stands before a colon, in quotes: a key.
_KEY = re.compile(r'"((?:[^"\\\n]|\\.){1,100})"\s*:')
_QUOTES = "\"'`´‘’“”«»"


@dataclass(frozen=True)
class Wanted:
    """What a mapping reads of a source: its fields; those without which no row is accepted; those that are moments."""

    fields: Fields
    required: frozenset[str]
    moments: frozenset[str]


@dataclass(frozen=True)
class Columns:
    """The columns of a file: their names as they are written there, and the place, from 0, of each field found."""

    names: tuple[str, ...]
    places: Mapping[str, int]


def wanted(source: Contract, plan: SourceMapping) -> Wanted:
    """What `plan` reads of `source`."""
    fed = [(column, feed.wire) for column in source.values
           if isinstance(feed := plan.columns.get(column.name), FieldMapping) and feed.wire is not None]  # fmt: skip
    return Wanted(
        plan.fields,
        frozenset(wire for column, wire in fed if column.required),
        frozenset(wire for column, wire in fed if column.type in ("moment", "date")),
    )


@lru_cache(maxsize=4096)
def same(name: str) -> str:
    """What two names have in common that people take for one: whatever their capitals, blanks, line breaks, quotes
    around them, invisible characters, and whether accents are letters of their own.
    """
    seen = (c for c in unicodedata.normalize("NFKC", name) if not c.isspace() and _is_visible(c))
    return unicodedata.normalize("NFC", "".join(seen).strip(_QUOTES).casefold())


def find_columns(names: Sequence[str], wanted: Wanted) -> Columns:
    """The columns called `names`. A field is the column of its very name, else the only one that is named alike.

    Raises UnreadableError where no field is found, one twice, or a required one not.
    """
    alike: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        alike.setdefault(same(name), []).append(place)
    places, twice = {}, []
    for field in wanted.fields:
        found = alike.get(same(field), [])
        exact = [place for place in found if names[place] == field] or found
        if len(exact) > 1:
            twice.append(field)
        elif exact:
            places[field] = exact[0]
    if not places and not twice:
        some = ", ".join(list(wanted.fields)[:3])
        raise UnreadableError(
            "unknown_header", f"{len(names)} columns, none of them known", f"columns such as {some}"
        )
    if twice:
        raise UnreadableError("duplicate_column", f"{', '.join(map(masked, sorted(twice)))} twice in the header",
                              "each column once")  # fmt: skip
    columns = Columns(tuple(names), places)
    if missing := [field for field in wanted.fields if field in wanted.required and field not in places]:
        raise UnreadableError("missing_column", f"no column {', '.join(missing)}; the file has {_unknown(columns)}",
                              "each column without which no row is accepted, as the mapping names it")  # fmt: skip
    return columns


def header_after(rows: Iterable[tuple[int, Sequence[str]]], wanted: Wanted) -> int | None:
    """The number of the row that is a header, of numbered `rows` from the first that holds something, if it is not that
    one.
    """
    for number, names in islice(rows, 1, _LOOKED_AT):
        try:
            find_columns(names, wanted)
        except UnreadableError:
            continue
        return number
    return None


def line_before_header(place: str) -> UnreadableError:
    """What is wrong with a file that has its header in `place`."""
    return UnreadableError("line_before_header", f"the names of the columns in {place}, and something else before them",
                           "the names of the columns in the first line")  # fmt: skip


def note_missing(file: str, columns: Columns, wanted: Wanted) -> list[Problem]:
    """A note, where the mapping names columns that the file lacks."""
    missing = [field for field in wanted.fields if field not in columns.places]
    if not missing:
        return []
    return [Problem(file, "column_not_in_file", "$", ", ".join(missing), f"{len(missing)} mapped columns that are not in"
                    f" the file; not mapped are {_unknown(columns)}", "each column that the mapping names",
                    "compare the names with those of the mapping; rows are read without them")]  # fmt: skip


def note_alike(file: str, head: bytes, wanted: Wanted) -> list[Problem]:
    """A note, where `head`, the beginning of a file of JSON, has keys that are fields but for how they are written:
    they are not read. A key that is simply left out is no fault.
    """
    keys = {_unescaped(key) for key in _KEY.findall(head.decode("utf-8", "ignore"))}
    alike = {same(key): key for key in keys}
    parts = (part for inner in wanted.fields.values() for part in inner or ())
    found = {field: alike[same(field)] for field in (*wanted.fields, *parts)
             if field not in keys and same(field) in alike}  # fmt: skip
    if not found:
        return []
    written = ", ".join(ascii(masked(key)) for key in found.values())
    return [Problem(file, "column_not_in_file", "$", ", ".join(found), f"keys that are written otherwise: {written}",
                    "each key as the mapping names it",
                    "correct the key or the mapping; rows are read without it")]  # fmt: skip


def _unescaped(key: str) -> str:
    if "\\" not in key:
        return key
    try:
        return str(json.loads(f'"{key}"'))
    except ValueError:  # an escape that is none, which is the reader's matter
        return key


def _unknown(columns: Columns) -> str:
    """The names of columns that are no field, which may be one that is named otherwise."""
    known = set(columns.places.values())
    names = [name for place, name in enumerate(columns.names) if place not in known and name.strip()]
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    shown = (masked(" ".join(name.split())) for name in names[:_NAMES_SHOWN])
    return (", ".join(shown) + more) or "no other"


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in ("Cf", "Cc")

"""From opened files to a relation of their fields, one row a record, as `row_query` reads it.

A relation is of one file, or of several that are alike: it then has a column `filename`, and `each_numbered` numbers
the records of each.

Here: what all formats have in common. Not here: what each needs so that DuckDB reads it as texts and lists, and finds
out by itself where it is malformed (`json_lines`, `csv_file`, `parquet_file`); compression and disguise (`open_file`);
and the meaning of any field.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.ingestion.records.columns import (
    Fields,
)
from orchestration.ingestion.records.mapping import column_of_field
from orchestration.sql_text import identifier, literal

#: One record. The largest dossiers have some hundred attachments; 8 MiB would be 30,000.
MAX_LINE_BYTES = 8 * 1024 * 1024
#: Malformed lines are kept apart by the reader itself, in table reject_errors. Its buffers would hold sixteen of the
#: longest lines, which takes 200 MB more and is slower.
REJECTS = (
    f"store_rejects = true, max_line_size = {MAX_LINE_BYTES}, buffer_size = {2 * MAX_LINE_BYTES},"
    " auto_detect = false"
)


@dataclass(frozen=True)
class Wire:
    """How files become a relation of their fields. Those with an equal `kind` can be read together."""

    kind: str
    of: Callable[[Sequence[Path]], str]

    @classmethod
    def made(cls, of: Callable[[Sequence[Path]], str], *types: object) -> Wire:
        """Of files with columns of `types`, where their format has any."""
        return cls(" ".join([of([Path("of any")]), *map(str, types)]), of)


def each_numbered(wire: str) -> str:
    """The relation of several files, which has a column file_hash, each with records from 1.

    By content and not by name: rows then lie in the same order wherever the warehouse does.
    """
    number = "record_no - min(record_no) over (partition by file_hash) + 1"
    return f"select * replace ({number} as record_no) from ({wire})"


def listed_files(paths: Sequence[Path]) -> tuple[str, str, list[str]]:
    """What names `paths` to a function that reads files, the option that says of each row which it is of, and the
    columns that this gives."""
    listed = f"[{', '.join(literal(str(path)) for path in paths)}]"
    return (listed, ", filename = true", ["filename"]) if len(paths) > 1 else (listed, "", [])


def text_relation(
    rows: str,
    fields: Fields,
    texts: Mapping[str, str],
    native: Mapping[str, str] | None = None,
    more: Sequence[str] = (),
) -> str:
    """Fields from expressions over `rows`: values and lists as (JSON) texts, or lists that are lists already."""
    columns, tests = list(more), []
    names = column_of_field(fields)
    for field, parts in fields.items():
        if native and field in native:
            columns.append(f"{native[field]} as {names[field]}")
        elif parts is None:
            columns.append(f"{texts.get(field, 'null')}::varchar as {names[field]}")
        elif field not in texts:
            # Of a text that is always null, json_transform has no type.
            columns.append(f"null::{list_type(parts)} as {names[field]}")
        else:
            schema = json.dumps([dict.fromkeys(parts, "VARCHAR")])
            text = texts[field]
            read = f"try(json_transform(nullif(trim({text}), ''), {literal(schema)}))"
            columns.append(f"{read} as {names[field]}")
            tests.append(
                f"case when trim({text}) not in ('', 'null') and {read} is null then {literal(field)} end"
            )
    bad = f"list_filter([{', '.join(tests)}], lambda b: b is not null)" if tests else "null::varchar[]"
    return (
        f"select record_no, null::varchar as text, false as is_malformed, {bad} as bad_lists,"
        f" null::varchar[] as twice, {', '.join(columns)} from ({rows})"
    )


def list_type(parts: list[str]) -> str:
    """DuckDB's name of the type of a list: of structs of texts, or, without parts, of texts."""
    return f"struct({', '.join(f'{identifier(part)} varchar' for part in parts)})[]" if parts else "varchar[]"

"""A mapping, compiled: one SQL select from the fields of a source to typed rows, each of one kind.

Here: what `row_query.sql.jinja` is filled with. Not here: the statements themselves, how files become a relation of
fields (`formats.wire`), how one value is read (`value_types`), which columns there are (`contracts`).

The relation that the select reads has `record_no`; `text`, the record as it came, if it came as text;
`is_malformed`; `bad_lists`, the names of list fields that hold something else; `twice`, those of fields that it names
twice; and one column a field, texts or lists of structs of texts, with a name of ours (`mapping.column_of_field`):
a field may be called as any of these.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.ingestion.contracts import LINEAGE, Column, Contract, ListColumn
from orchestration.ingestion.records.mapping import FieldMapping, ListFeed, SourceMapping, column_of_field
from orchestration.sql_text import LINE, identifier, sql_template


@dataclass(frozen=True)
class MappedValue:
    """A column, and where its values come from; of a list, if it is a part of one."""

    column: Column
    feed: FieldMapping
    of_list: str = ""

    @property
    def name(self) -> str:
        """Of the column."""
        return self.column.name

    @property
    def path(self) -> str:
        """Its name, after that of its list: no other value has it."""
        return f"{self.of_list}__{self.name}" if self.of_list else self.name


@dataclass(frozen=True)
class MappedList:
    """A column of lists, where they come from, and what is known of their elements."""

    column: ListColumn
    feed: ListFeed
    parts: tuple[MappedValue, ...]

    @property
    def name(self) -> str:
        """Of the column."""
        return self.column.name

    @property
    def may_be_plain(self) -> bool:
        """Whether elements can be read fast: none of their values is decoded, and each has a shape."""
        return all(
            part.column.plain is not None and part.feed.wire is not None
            and not part.feed.values and part.feed.otherwise is None
            for part in self.parts
        )  # fmt: skip


class RowQuery:
    """The statements of one source of one mapping, compiled once for all of its files. They call macros of it, which
    `definitions` makes on a connection.
    """

    def __init__(self, source: Contract, mapping: SourceMapping) -> None:
        self._macros = _filled(source, mapping)
        self.definitions = str(self._macros.definitions())

    def classified(
        self,
        relation: str,
        lineage: Mapping[str, str],
        *,
        own: str | None = None,
        are_copies_marked: bool = True,
    ) -> str:
        """All rows of `relation` as the lake holds them: `lineage` (SQL expressions), record_no, the columns of the
        source; and `row_kind`: `valid`; `to_validate`, of which `source_file` holds the raw record (`validated`);
        `duplicate`, if copies are marked, where an earlier row says the same. `own`: what the codes of the agencies
        begin with for which the sender may deliver (`rights.Scope.pattern`).
        """
        texts = self._macros.text_rows(relation, lineage, are_copies_marked)
        return str(self._macros.classified_rows(texts, own))

    def validated(self, rows: str) -> str:
        """What is wrong with those of table `rows`, of kind `to_validate`: one row for each with problems, with
        file_hash, record_no, `problems`, `is_refused`, and `row_text` of refused rows.
        """
        return str(self._macros.validated_rows(rows))


def explained(source: Contract, mapping: SourceMapping, only: Collection[str] = ()) -> str:
    """The statements for a reader, of a file that is here called `fields`, and the macros that they call.

    `only`: as they would be of a mapping of these columns and the one that a row is about. Raises KeyError for one that
    is not mapped.
    """
    if only:
        names = {source.columns[0].name, *only}
        mapping = SourceMapping({name: mapping.columns[name] for name in sorted(names)})
        source = source.model_copy(update={
            "columns": tuple(column for column in source.columns if column.name in names),
            "agency_columns": tuple(column for column in source.agency_columns if column in names),
        })  # fmt: skip
    named = ", ".join(f"{field} is {column}" for field, column in column_of_field(mapping.fields).items())
    fields = f"From the fields of a file to texts. {named}."
    lineage = {name: f"${name}" for name in LINEAGE if name != "record_no"}
    macros = _filled(source, mapping)
    parts = {
        textwrap.fill(fields, LINE - 3): macros.text_rows(
            "select * from fields", lineage, are_copies_marked=True
        ),
        "From those texts to rows of each kind, in the same statement.": macros.classified_rows(None, None),
        "What is wrong with those to validate.": macros.validated_rows("to_validate"),
        "What the statements call. How one value is read: value_types.sql.jinja.": macros.definitions(),
    }
    return "\n\n".join(
        textwrap.indent(title, "-- ") + f"\n{str(sql).strip().removesuffix(';')};"
        for title, sql in parts.items()
    )


def _filled(source: Contract, mapping: SourceMapping) -> Any:
    """The macros of the template, filled for one source of one mapping."""
    values = [
        MappedValue(column, feed) for column in source.values
        if isinstance(feed := mapping.columns.get(column.name), FieldMapping)
    ]  # fmt: skip
    lists = [
        MappedList(column, feed, tuple(MappedValue(part, feed.columns[part.name], column.name)
                                       for part in column.columns if part.name in feed.columns))
        for column in source.lists if isinstance(feed := mapping.columns.get(column.name), ListFeed)
    ]  # fmt: skip
    all_values = [*values, *(part for one in lists for part in one.parts)]
    hashed = [one.name for one in values if one.column.type == "hash"]
    # What validating needs of a row, hashed numbers aside, and its types, as `json_transform` wants them.
    kept: dict[str, object] = {"text": "VARCHAR", "is_malformed": "BOOLEAN", "is_foreign": "BOOLEAN",
                               "bad_lists": ["VARCHAR"], "twice": ["VARCHAR"]}  # fmt: skip
    kept |= {f"raw_{one.name}": "VARCHAR" for one in values if one.name not in hashed}
    kept |= {
        f"sent_{one.name}": [dict.fromkeys(mapping.fields[one.feed.wire] or (), "VARCHAR")] for one in lists
    }
    # In lines that are literals of their own, which are longer by what is quoted and indented.
    kept_types = textwrap.wrap(json.dumps(kept), LINE - 20, drop_whitespace=False, break_on_hyphens=False)
    labelled = {
        one.feed.label: one for one in values if one.feed.label is not None and one.column.type != "hash"
    }
    columns = column_of_field(mapping.fields)
    return sql_template(Path(__file__).with_suffix(".sql.jinja")).make_module({
        "values": values, "lists": lists, "plain_lists": [one for one in lists if one.may_be_plain],
        "agencies": source.agency_columns,
        "absent": [column for column in source.columns if column.name not in mapping.columns],
        "names": [column.name for column in source.columns], "row_columns": source.row_columns,
        "coded": [one for one in all_values if one.column.codes],
        "worded": [one for one in all_values if one.feed.values or one.feed.otherwise is not None],
        "list_names": [column.name for column in source.lists], "hashed": hashed,
        "kept": kept, "kept_types": kept_types,
        "shown": labelled | {one.feed.wire: one for one in lists},
        "field": columns.__getitem__, "element": lambda wire: f"x.{identifier(wire)}",
    })  # fmt: skip

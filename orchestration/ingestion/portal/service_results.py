"""Source `service_results`: what the national portal publishes about the units of a level.

Here: the order in which its SQL is run. Not here: its columns (`contracts`), the rules (`rules`), what is done with
accepted and refused rows (`run`), and any judgement of scores.

The working tables, all temporary, key (file_hash, record_no): `document` is filled by the caller,
one row a readable file; `typed` gains one row a unit, good or bad; `problem` (`ingestion.run`)
gains what breaks a rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import duckdb

from orchestration.ingestion.lake import create_table
from orchestration.ingestion.personal import PERSONAL_SQL
from orchestration.ingestion.portal.contracts import SERVICE_RESULTS
from orchestration.ingestion.portal.rules import find_problems_sql
from orchestration.ingestion.rights import Scope
from orchestration.ingestion.run import make_tables
from orchestration.ingestion.unit_identity import know_units

#: Raised when the meaning of a column changes, so that each batch says how it was read.
MAPPING = "portal_service_results/3"

DOCUMENT_COLUMNS = {
    "file_hash": "varchar",
    "source_file": "varchar",
    "delivery_date": "date",
    "last_delivery_date": "date",
    "sender": "varchar",
    "body": "json",
    # Of an answer of the interface itself: all that lies beside it in its file.
    "question": "json",
}
#: How one JSON value is read: null unless it is exactly what is asked for. Numbers may come as JSON
#: numbers or as clean numeric texts; `12.0` is a count, `12.5`, `" 12"` and `true` are not. A count
#: has at most eight digits: the country has 25 million dossiers, and nine may be a person's number; of a number,
#: six after the point are kept. The portal's ids are UUIDs, in which some digits are no person's number.
_READING_SQL = """
create or replace temp macro text_of(j) as
    if(json_type(j) = 'VARCHAR' and trim(j ->> '$') <> '', j ->> '$', null);
create or replace temp macro plain_of(j) as
    if(json_type(j) in ('BIGINT', 'UBIGINT', 'DOUBLE', 'VARCHAR'), j ->> '$', null);
create or replace temp macro count_of(j) as
    if(regexp_full_match(plain_of(j), '-?[0-9]{1,8}([.]0+)?'),
        try_cast(split_part(plain_of(j), '.', 1) as bigint), null);
create or replace temp macro number_of(j) as
    if(regexp_full_match(plain_of(j), '-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?')
        and abs(try_cast(plain_of(j) as double)) < 1e8, round(try_cast(plain_of(j) as double), 6), null);
create or replace temp macro is_uuid(v) as regexp_full_match(v, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
    and regexp_matches(v, '[a-f]');
create or replace temp macro names_somebody(v) as names_person(v) and not is_uuid(v);
create or replace temp macro nobodys(v) as if(names_somebody(v), null, v);
create or replace temp macro moment_of(j) as
    if(regexp_full_match(text_of(j), '[0-9-]{10}T[0-9:.]{5,15}(Z|[+-][0-9]{2}:?[0-9]{2})'),
        try_cast(text_of(j) as timestamptz), null);
"""

#: One row a scope: where its units are listed.
_SCOPES_SQL = """
create or replace temp table known_scope as
from (values
    ('Provinces', 'provinces'), ('ProvincesDetail', 'provinces'),
    ('UnitsDetail', 'units'), ('Units', 'units'), ('Group', 'units')
) as scopes(scope, outer_key);
"""

_REFERENCE_SQL = {
    "known_agency": "select agency_code from read_csv(?, all_varchar = true)",
    # `keys`: the names under which the portal lists a group, its code first.
    "known_group": "select group_code, position::integer as position,"
    " [group_code] || coalesce(string_split(other_codes, ' '), []) as keys from read_csv(?, all_varchar = true)",
    # A share has a numerator that is part of its denominator; days over dossiers is none.
    "known_metric": "select metric_code, group_code, counted_unit <> 'day' as is_share "
    "from read_csv(?, all_varchar = true)",
    "scoring_rule": "select metric_code, max_score::double as max_score, "
    "year(valid_from::date) as first_year, coalesce(year(valid_to::date), 9999) as last_year "
    "from read_csv(?, all_varchar = true)",
}
_REFERENCE_FILES = {
    "known_agency": "provinces.csv",
    "known_group": "indicator_groups.csv",
    "known_metric": "indicators.csv",
    "scoring_rule": "scoring_rules.csv",
}
_GROUP_MAXIMUM_SQL = """
create or replace temp table group_maximum as
select group_code, year, sum(max_score) as max_score
from scoring_rule
inner join known_metric using (metric_code)
inner join range(2022, 2100) as years(year) on year between first_year and last_year
group by group_code, year;
"""


def prepare(
    connection: duckdb.DuckDBPyConnection, reference: Path, lake: Path, scopes: Iterable[Scope]
) -> None:
    """Make the macros, the reference tables, and the empty working tables.

    `lake` holds the unit catalogue, `scopes` are those of the senders. Raises duckdb.IOException if
    one of the reference files is not in folder `reference`.
    """
    connection.execute(PERSONAL_SQL + _READING_SQL + _SCOPES_SQL)
    for table, query in _REFERENCE_SQL.items():
        path = str(reference / _REFERENCE_FILES[table])
        connection.execute(f"create or replace temp table {table} as {query}", [path])
    connection.execute(_GROUP_MAXIMUM_SQL)
    know_units(connection, reference, lake)
    # One row a sender.
    columns = {"sender": "varchar", "is_national": "boolean", "pattern": "varchar", "precedence": "integer"}
    create_table(connection, "scope_of_sender", columns)
    for one in scopes:
        values = [one.sender, one.is_national, one.pattern, one.precedence]
        connection.execute("insert into scope_of_sender values (?, ?, ?, ?)", values)
    create_table(connection, "document", DOCUMENT_COLUMNS)
    create_table(connection, "typed", SERVICE_RESULTS.row_columns)
    connection.execute("create or replace temp view row_read as select file_hash, record_no from typed")
    make_tables(connection)


def read_documents(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the rows of all in `document` to `typed`, their faults to `problem`; empty `document`.

    A problem with a row gets the text of its row, if it is refused; one with an element carries its own.
    """
    for step in ("answers", "service_results", "typed_units"):
        connection.execute(_sql(step))
    connection.execute(find_problems_sql())
    connection.execute(
        "insert into moment select file_hash, extracted_at from envelope where extracted_at is not null"
    )
    connection.execute("""
        update problem set row_text = masked_json(item_text)
        from (
            select file_hash, record_no, item_text from unit
            where (file_hash, record_no) in (
                select (file_hash, record_no) from problem where severity = 'error' and record_no is not null)
        ) as refused
        where problem.file_hash = refused.file_hash and problem.record_no = refused.record_no
            and problem.row_text is null;
        delete from document;
    """)


@cache
def _sql(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")

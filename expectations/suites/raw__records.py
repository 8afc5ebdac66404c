"""The rows of a pending batch of records: are they what the contract of their dataset promises?

Belongs here: queries. Does not belong here: which columns and codes a dataset has; that is its contract's
(`seeds/agreements/contracts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from expectations.suites._rows import rows_arrive

if TYPE_CHECKING:
    import great_expectations as gx

_GAP = "[ ._/()-]{0,2}"
_BEFORE = "(^|[^0-9A-Z ._/()-]|[A-Z]{2}|[A-Z][ ._/()-])[ ._/()-]*"
_AFTER = "([.]0)?[ ._/()-]*($|[^0-9 ._/()-])"
#: In capitals: nine to twelve digits in a row; or apart, beginning or grouped as identity and telephone numbers are; and
#: addresses with an @. Not those of ingestion (`personal`), which this is to catch: written once more.
PERSONAL = "|".join((
    "@",
    "(^|[^0-9])[0-9]{9,12}($|[^0-9])",
    f"{_BEFORE}0({_GAP}0)?{_GAP}[1-9]({_GAP}[0-9]){{7,10}}{_AFTER}",
    f"{_BEFORE}84({_GAP}[0-9]){{9,10}}{_AFTER}",
    f"{_BEFORE}(0[1-9]|[1-9][0-9])({_GAP}[0-9]){{6}}[0-9]{_AFTER}",
    f"0[0-9]{{2,3}}([ ._/()-]{{1,2}}[0-9]{{3,4}}){{2,3}}{_AFTER}",
))  # fmt: skip
#: May hold any digits: hashes that ingestion put in the place of numbers, digests (one MD5 in fifty has nine in a row),
#: and UUIDs.
NOBODY = "HASH:[0-9A-F]{32}|[0-9A-F]{64}|[0-9A-F]{40}|[0-9A-F]{8}(-?[0-9A-F]{4}){3}-?[0-9A-F]{12}"
#: Of an agency's rows, how many may run backwards in time, and from how many rows on that is judged.
MOST_BACKWARDS, ENOUGH_ROWS = 0.3, 100


def suite(
    source: str,
    columns: Mapping[str, str],
    required: Sequence[str] = (),
    codes: Mapping[str, Sequence[object]] = MappingProxyType({}),
    texts: Sequence[str] = (),
    runs_backwards: str = "",
) -> gx.ExpectationSuite:
    """The suite of a dataset of records. `columns` are those of its rows (name and DuckDB type, in order), `required`
    those that are never null, `codes` the only values of some; `texts` are expressions that could hide personal
    data; `runs_backwards` is true of a row whose moments run backwards.
    """
    import great_expectations as gx

    expectations = [
        rows_arrive(),
        _columns(columns),
        *([_codes(required, codes)] if required or codes else []),
        *([_nothing_personal(texts)] if texts else []),
        *([_in_order(runs_backwards)] if runs_backwards else []),
    ]
    return gx.ExpectationSuite(name=f"raw__{source}", expectations=expectations)


def _columns(columns: Mapping[str, str]) -> Any:
    import great_expectations.expectations as gxe

    expected = ", ".join(f"({i}, '{name}', '{kind}')" for i, (name, kind) in enumerate(columns.items(), 1))
    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=(
            "select found.position, found.column_name, found.column_type, expected.column_name as expected_name,"
            " expected.column_type as expected_type from (select row_number() over () as position, column_name,"
            f" column_type from (describe from {{batch}})) as found full join (values {expected})"
            " as expected(position, column_name, column_type) on found.position = expected.position"
            " where found.column_name is distinct from expected.column_name"
            " or lower(found.column_type) is distinct from lower(expected.column_type)"
        ),
        description="The columns and their types are those of the lake's contract",
        meta={"reason": "dbt reads them by name and type: seeds/agreements/contracts (2026-11-25)"},
    )


def _codes(required: Sequence[str], codes: Mapping[str, Sequence[object]]) -> Any:
    import great_expectations.expectations as gxe

    wrong = [f"{column} is null" for column in required]
    wrong += [f"{column} not in ({', '.join(map(_literal, values))})" for column, values in codes.items()]
    shown = ", ".join(dict.fromkeys((*required, *codes)))
    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=f"select source_file, record_no, {shown} from {{batch}} where {' or '.join(wrong)}",
        description="What a row is about is there, and every code is one of the contract's",
        meta={
            "reason": "Ingestion refuses such rows: one that arrives all the same says that ingestion is broken"
            " (source contract, 2026-11-25)"
        },
    )


def _nothing_personal(texts: Sequence[str]) -> Any:
    """The row is named by file and number; what was found in it is not shown."""
    import great_expectations.expectations as gxe

    # Apart by what is between no digits of a number.
    joined = f"concat_ws('|', {', '.join(texts)})"
    pattern, nobody = (
        text.replace("{", "{{").replace("}", "}}") for text in (PERSONAL, NOBODY)
    )  # for {batch}
    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=(
            f"select source_file, record_no, length({joined}) as characters from {{batch}}"
            f" where regexp_matches(regexp_replace(upper({joined}), '{nobody}', '', 'g'), '{pattern}')"
        ),
        description="No text holds an identity number, a telephone number or an e-mail address",
        meta={
            "reason": "Personal data ends at ingestion: none may enter the lake, whatever the field (2026-11-25)"
        },
    )


def _in_order(backwards: str) -> Any:
    import great_expectations.expectations as gxe

    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=(
            f"select sender, count(*) as rows_delivered, count(*) filter ({backwards}) as rows_backwards,"
            f" any_value(source_file) filter ({backwards}) as a_file, any_value(record_no) filter ({backwards}) as"
            f" a_record from {{batch}} group by sender having count(*) >= {ENOUGH_ROWS}"
            f" and count(*) filter ({backwards}) > {MOST_BACKWARDS} * count(*)"
        ),
        description=f"At most {MOST_BACKWARDS:.0%} of an agency's rows run backwards in time",
        meta={
            "reason": "Single rows do in every real feed, and are repaired or counted later; a third of them means"
            " that a system exports days and months the wrong way round (2026-11-25)"
        },
    )


def _literal(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)

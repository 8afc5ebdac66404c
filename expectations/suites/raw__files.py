"""The files of a pending batch, of any source: was everything that came in understood?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import great_expectations as gx

#: How many earlier deliveries of a sender its size is held against, and what is unusual.
DELIVERIES_COMPARED, LEAST_SHARE, MOST_SHARE = 7, 0.2, 5.0
#: From how many rows on a single sender is judged: its share of refused rows, and whether a delivery is short.
ENOUGH_ROWS = 100
#: The reason by which ingestion refuses the units of one province together (`portal_rules`).
BELOW_PROVINCE_REFUSED = "too_many_units_refused"


def suite(source: str = "", most_refused: float = 0) -> gx.ExpectationSuite:
    """Suite on `files`, one row a file of the batch (columns: `orchestration.ingest.report.FILE_COLUMNS`), beside
    `history`, one row a sender and day of the lake (sender, delivery_date, rows_read).

    `source` goes into the suite's name; `most_refused` is the share of rows, 0 to 1, that may be quarantined.
    """
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="raw__files" + (f"__{source}" if source else ""),
        expectations=[
            gxe.ExpectTableRowCountToBeBetween(
                min_value=1,
                description="The batch names the files it was made of",
                meta={"reason": "A batch without a file cannot be traced to a delivery (2026-11-23)"},
            ),
            *(_few_refused(most_refused) if most_refused else _none_refused()),
            _volume(),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select source_file, rows_read, rows_accepted, rows_quarantined, rows_duplicate from {batch}"
                    " where rows_read is distinct from rows_accepted + rows_quarantined + rows_duplicate"
                ),
                description="Rows read = accepted + quarantined + duplicates, for every file",
                meta={"reason": "Nothing may be lost on the way (2026-11-23)"},
            ),
        ],
    )


def _volume() -> Any:
    """Files that could not be read count no rows: a delivery that shrinks because of them is short as well."""
    import great_expectations.expectations as gxe

    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=(
            "with delivered as (select sender, delivery_date, sum(rows_read) as rows_read from {batch}"
            " where status <> 'duplicate' group by sender, delivery_date),"
            " earlier as (select delivered.sender, delivered.delivery_date, delivered.rows_read, history.rows_read as"
            " before, row_number() over (partition by delivered.sender, delivered.delivery_date order by"
            " history.delivery_date desc) as back from delivered inner join history on delivered.sender ="
            " history.sender and history.delivery_date < delivered.delivery_date)"
            " select sender, delivery_date, rows_read, median(before) as usual_rows, count(*) as deliveries_compared"
            f" from earlier where back <= {DELIVERIES_COMPARED} group by sender, delivery_date, rows_read"
            f" having count(*) = {DELIVERIES_COMPARED} and (rows_read > {MOST_SHARE} * median(before)"
            f" or rows_read < {LEAST_SHARE} * median(before) and median(before) >= {ENOUGH_ROWS})"
        ),
        description="A delivery is about as large as its sender's last ones",
        meta={
            "reason": f"Below {LEAST_SHARE:.0%} or above {MOST_SHARE:.0%} of the median of the last"
            f" {DELIVERIES_COMPARED} deliveries a file is cut short or an export went wrong; weekends and feast days"
            " stay within. A sender with fewer deliveries is not judged: it begins with years at once (2026-11-25)."
            f" One of usually less than {ENOUGH_ROWS} rows may have none: an empty file says that there is no petition"
            " (2026-11-27)"
        },
    )


def _few_refused_of_any_sender(most: float) -> Any:
    import great_expectations.expectations as gxe

    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=(
            "select sender, sum(rows_quarantined) as rows_quarantined, sum(rows_read) as rows_read,"
            " arg_max(source_file, rows_quarantined) as worst_file,"
            " arg_max(problems[1], rows_quarantined) as first_problem from {batch} where status <> 'superseded'"
            f" group by sender having sum(rows_read) >= {ENOUGH_ROWS}"
            f" and sum(rows_quarantined) > {most} * sum(rows_read)"
        ),
        description=f"At most {most:.0%} of the rows of any sender are refused",
        meta={
            "reason": f"One agency's broken export must not hide behind 33 good ones: its figures would rest on a"
            f" biased rest. Below {ENOUGH_ROWS} rows a few bad ones are no sign (2026-11-25)"
        },
    )


def _none_refused() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "select source_file, status, rows_quarantined, problems from {batch}"
                " where status is null or status not in"
                " ('accepted', 'partly_quarantined', 'duplicate', 'superseded')"
                f" and not coalesce(list_contains(reason_codes, '{BELOW_PROVINCE_REFUSED}'), false)"
            ),
            description="No file is refused",
            meta={
                "reason": "What cannot be read may be the snapshot of the nation. Units of one province that are"
                " refused together are missing and warned of, and do not stop the others; bad rows of the nation are"
                " judged where its rows are (2026-11-26)"
            },
        )
    ]


def _few_refused(most: float) -> list[Any]:
    """Rows one by one, and unreadable files by their bytes, for nobody knows how many rows they held."""
    import great_expectations.expectations as gxe

    reason = (
        f"Above {most:.0%} a system's export is broken rather than careless; a bad row is kept in quarantine and"
        " leaves the others right (2026-11-23)"
    )
    return [
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "select sum(rows_quarantined) as rows_quarantined, sum(rows_read) as rows_read,"
                " arg_max(source_file, rows_quarantined) as worst_file,"
                " arg_max(problems[1], rows_quarantined) as first_problem from {batch}"
                " where status <> 'superseded'"
                f" having sum(rows_quarantined) > {most} * sum(rows_read)"
            ),
            description=f"At most {most:.0%} of the rows are refused",
            meta={"reason": reason},
        ),
        _few_refused_of_any_sender(2 * most),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "select sum(size_bytes) filter (rows_read = 0 and status = 'quarantined') as bytes_unreadable,"
                " sum(size_bytes) as bytes_delivered,"
                " arg_max(source_file, size_bytes) filter (rows_read = 0 and status = 'quarantined') as worst_file,"
                " arg_max(problems[1], size_bytes) filter (rows_read = 0 and status = 'quarantined') as its_problem"
                f" from {{batch}} having coalesce(bytes_unreadable, 0) > {most} * bytes_delivered"
            ),
            description=f"At most {most:.0%} of the bytes lie in files that cannot be read",
            meta={"reason": reason},
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "select source_file, status from {batch} where status is null or status not in"
                " ('accepted', 'partly_quarantined', 'quarantined', 'duplicate', 'superseded')"
            ),
            description="Each file has a known status",
            meta={"reason": "A status nobody knows was judged by nobody (2026-11-23)"},
        ),
    ]

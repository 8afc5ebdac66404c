"""The files of a pending batch, of any source: was everything that came in understood?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import great_expectations as gx

#: How many earlier deliveries of a sender its size is held against, and what is unusual.
DELIVERIES_COMPARED, LEAST_SHARE, MOST_SHARE = 7, 0.2, 5.0
#: From how many rows on a sender's delivery can be short.
ENOUGH_ROWS = 100
#: So many refused rows of a sender are no sign of a broken export, whatever their share.
FEW_ROWS = 5
#: The reasons by which ingestion refuses the units of one province together (`portal_rules`), and what was delivered for
#: somebody else (`rights`).
REFUSED_ALONE = "['too_many_units_refused', 'foreign_agency']"


def suite(source: str = "", most_refused: float = 0) -> gx.ExpectationSuite:
    """Suite on `files`, one row a file of the batch (columns: `orchestration.ingestion.report.FILE_COLUMNS`), beside
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


def _none_refused() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "select source_file, status, rows_quarantined, problems from {batch}"
                " where status is null or status not in"
                " ('accepted', 'partly_quarantined', 'duplicate', 'superseded')"
                f" and not coalesce(list_has_any(reason_codes, {REFUSED_ALONE}), false)"
            ),
            description="No file is refused",
            meta={
                "reason": "What cannot be read may be the snapshot of the nation. Units of one province that are"
                " refused together are missing and warned of, and so is what a sender may not deliver; bad rows of the"
                " nation are judged where its rows are (2026-11-27)"
            },
        )
    ]


def _few_refused(most: float) -> list[Any]:
    """Of each sender: rows one by one, and unreadable files by their bytes, for nobody knows how many rows they held.

    Rows of agencies for which the sender may not deliver leave its own right, whatever their number.
    """
    import great_expectations.expectations as gxe

    reason = (
        f"Above {most:.0%} a system's export is broken rather than careless, and its good rows are a biased choice; a bad"
        " row is kept in quarantine and leaves the others right (2026-11-23). Of each sender: one broken export must"
        " neither hide behind 33 good ones nor stop them (2026-11-27)"
    )
    unreadable = "rows_read = 0 and status = 'quarantined'"
    return [
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "select sender, sum(rows_quarantined - rows_foreign) as rows_refused,"
                " sum(rows_read - rows_foreign) as rows_of_its_own,"
                " arg_max(source_file, rows_quarantined) as worst_file,"
                " arg_max(problems[1], rows_quarantined) as first_problem from {batch}"
                " where status <> 'superseded' group by sender"
                f" having rows_refused > {most} * rows_of_its_own"
                f" and (rows_refused > {FEW_ROWS} or rows_refused = rows_of_its_own)"
            ),
            description=f"At most {most:.0%} of the rows of any sender are refused",
            meta={
                "reason": f"{reason}. Up to {FEW_ROWS} of a small delivery are no sign, unless they are all"
            },
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                f"select sender, sum(size_bytes) filter ({unreadable}) as bytes_unreadable,"
                " sum(size_bytes) as bytes_delivered,"
                f" arg_max(source_file, size_bytes) filter ({unreadable}) as worst_file,"
                f" arg_max(problems[1], size_bytes) filter ({unreadable}) as its_problem"
                " from {batch} group by sender"
                f" having count(*) filter ({unreadable}) > 0 and bytes_unreadable >= {most} * bytes_delivered"
            ),
            description=f"Less than {most:.0%} of the bytes of any sender lie in files that cannot be read",
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

"""The gate: one suite on one table gives one verdict, with the rows that speak against it.

Belongs here: running a suite, and the result that orchestration, reports and people read.
Does not belong here: the bounds (`suites/`), what DuckDB needs (`engine.py`), the page (`report_page.py`),
or what happens to a release that failed (orchestration).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.engine import GateError, OpenTable, literal, open_table, quoted

if TYPE_CHECKING:
    import great_expectations as gx
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

__all__ = ["CheckResult", "GateError", "GateResult", "plain", "run_gate"]

SAMPLE_ROWS = 20  # rows kept in a result; all of them go to `failing_rows_dir`
MESSAGE_ROWS = 5  # rows shown in a message
OBSERVED_LENGTH = 300
ROWS_QUERY = "unexpected_rows_query"  # the kwarg that marks GX's UnexpectedRowsExpectation
POSITION = "gate_position"  # GX answers in an order of its own; this key leads back to the suite's


@dataclass(frozen=True)
class CheckResult:
    """One expectation. `failing_rows` is 0 where GX counts none: success, totals, exceptions."""

    expectation: str
    description: str
    reason: str
    success: bool
    observed: str
    failing_rows: int
    sample: tuple[Mapping[str, object], ...]
    rows_file: str | None = None
    id: str = ""


@dataclass(frozen=True)
class GateResult:
    """One suite on one table (`schema.table`); checks stand in the order of the suite."""

    suite: str
    table: str
    success: bool
    checks: tuple[CheckResult, ...]

    def failed(self) -> tuple[CheckResult, ...]:
        """The checks that stop a release."""
        return tuple(check for check in self.checks if not check.success)

    def message(self) -> str:
        """The verdict as text: each failed check, what was found, and its first rows."""
        failed, total = self.failed(), len(self.checks)
        verdict = f"{len(failed)} of {total} checks failed" if failed else f"all {total} passed"
        lines = [f"{self.suite} on {self.table}: {verdict}"]
        return "\n".join([*lines, *(line for check in failed for line in _lines(check))])

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON knows it."""
        ready: dict[str, Any] = plain(asdict(self))
        return ready

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> GateResult:
        """A result as `to_dict` left it; values of sample rows stay as JSON knows them."""
        checks = (CheckResult(**{**check, "sample": tuple(check["sample"])}) for check in kept["checks"])
        return cls(kept["suite"], kept["table"], kept["success"], tuple(checks))


def run_gate(
    database: Path,
    schema: str,
    table: str,
    suite: gx.ExpectationSuite,
    failing_rows_dir: Path | None = None,
) -> GateResult:
    """Check a table against a suite.

    With `failing_rows_dir`, a directory of this run, all failing rows of each failed check are
    written there as Parquet, wherever GX tells how to find them; `rows_file` names the file.
    An expectation that cannot be evaluated is a failed check. Raises GateError when there is
    nothing to judge: no database, no table, no expectation.
    """
    if not suite.expectations:
        raise GateError(f"suite {suite.name!r} has no expectation; it would let anything pass")
    if failing_rows_dir is not None:
        failing_rows_dir.mkdir(parents=True, exist_ok=True)
    with open_table(database, schema, table) as opened:
        validation = opened.batch.validate(
            _numbered(suite),
            result_format={"result_format": "BASIC", "partial_unexpected_count": SAMPLE_ROWS},
        )
        answers = {c.meta[POSITION]: r for r in validation.results if (c := r.expectation_config)}
        if sorted(answers) != list(range(1, len(suite.expectations) + 1)):
            raise GateError(f"suite {suite.name!r}: GX did not answer each expectation once")
        stem = _slug(f"{suite.name} {schema} {table}")
        checks = []
        for number, answer in sorted(answers.items()):
            file = failing_rows_dir / f"{stem}_{number:02d}.parquet" if failing_rows_dir else None
            checks.append(_check(opened, answer, file))
    success = all(check.success for check in checks)
    return GateResult(suite.name, f"{schema}.{table}", success, tuple(checks))


def plain(value: Any) -> Any:
    """The value as JSON knows it: what JSON cannot hold exactly (dates, decimals, NaN) is text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return value.hex() if isinstance(value, bytes) else str(value)


def _numbered(suite: gx.ExpectationSuite) -> gx.ExpectationSuite:
    import great_expectations as gx

    copies = [
        expectation.copy(update={"meta": {**(expectation.meta or {}), POSITION: number}})
        for number, expectation in enumerate(suite.expectations, start=1)
    ]
    return gx.ExpectationSuite(name=suite.name, expectations=copies)


def _check(opened: OpenTable, result: ExpectationValidationResult, rows_file: Path | None) -> CheckResult:
    config, found = result.expectation_config, result.result or {}
    assert config is not None  # GX types it optional; a validation always carries it
    error = _error(result.exception_info or {})
    success = bool(result.success) and not error
    failing = 0 if success or error else _failing_rows(config, found)
    sample, written = _evidence(opened, config, found, failing, rows_file)
    return CheckResult(
        expectation=config.type,
        description=config.description or _rendered(config),
        reason=str(config.meta.get("reason", "")),
        success=success,
        observed=f"could not be evaluated: {error}" if error else _observed(config, found),
        failing_rows=failing,
        sample=sample,
        rows_file=written,
        id=str(config.meta.get("id", "")),
    )


def _failing_rows(config: ExpectationConfiguration, found: Mapping[str, Any]) -> int:
    if ROWS_QUERY in config.kwargs:
        return int(found["observed_value"])
    # Without `element_count`, GX counts values (those missing from a set, say), not rows.
    return int(found["unexpected_count"]) if "element_count" in found else 0


def _evidence(
    opened: OpenTable,
    config: ExpectationConfiguration,
    found: Mapping[str, Any],
    failing: int,
    rows_file: Path | None,
) -> tuple[tuple[Mapping[str, object], ...], str | None]:
    """The first failing rows, and the file that holds them all."""
    query = _rows_query(opened, config) if failing else None
    if not query or not _finds(opened, query, failing):
        values = found.get("partial_unexpected_list", ()) if failing else ()
        return tuple({"value": value} for value in values), None
    sample = tuple(opened.sql(f"select * from ({query}) limit {SAMPLE_ROWS}"))
    if rows_file is None:
        return sample, None
    opened.sql(f"copy (select * from ({query})) to {literal(rows_file)} (format parquet)")
    return sample, str(rows_file)


def _finds(opened: OpenTable, query: str, failing: int) -> bool:
    """Whether the query finds as many rows as GX counted; any other rows are no evidence.

    GX leaves a `row_condition` out of the query it offers.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return opened.sql(f"select count(*) as n from ({query})") == [{"n": failing}]
    except SQLAlchemyError:
        return False  # the verdict stands without its rows


def _rows_query(opened: OpenTable, config: ExpectationConfiguration) -> str | None:
    """SQL that finds the rows of a failed expectation again, whole and uncut."""
    if ROWS_QUERY in config.kwargs:
        # `subselect` is GX's own name for the batch. The text passes through SQLAlchemy on GX's
        # way, where a backslash shields a colon, but not on ours.
        own = config.kwargs[ROWS_QUERY].format(batch="subselect").replace("\\:", ":")
        return f"with subselect as (select * from {opened.name}) select * from (\n{own}\n)"
    again = opened.batch.validate(
        config.to_domain_obj(),
        result_format={
            "result_format": "BASIC",
            "return_unexpected_index_query": True,
            "unexpected_index_column_names": list(opened.columns),
        },
    )
    offered: str | None = (again.result or {}).get("unexpected_index_query")
    if not offered:
        return None
    # The query repeats the checked column at its end; naming the columns leaves it out.
    names = ", ".join(map(quoted, opened.columns))
    return f"select {names} from ({offered.rstrip().rstrip(';')}) as found({names})"


def _error(exception_info: Mapping[Any, Any]) -> str:
    """GX reports one exception flat, or one a metric keyed by metric; often the same text twice."""
    infos = [exception_info] if "raised_exception" in exception_info else exception_info.values()
    texts = [str(info["exception_message"]) for info in infos if info["raised_exception"]]
    # What follows is the statement and a link to SQLAlchemy's web page.
    return "; ".join(dict.fromkeys(text.split("\n[SQL:")[0].strip() for text in texts))


def _observed(config: ExpectationConfiguration, found: Mapping[str, Any]) -> str:
    if ROWS_QUERY in config.kwargs:
        count = found["observed_value"]
        return f"{count} row" if count == 1 else f"{count} rows"
    if "element_count" in found:
        # GX counts None of an empty table.
        return f"{found['unexpected_count'] or 0} of {found['element_count']} rows"
    if found.get("observed_value") is not None:
        shown = found["observed_value"]
    else:
        shown = {key: value for key, value in found.items() if value and "partial" in key}
    if shown == {}:
        return "no value"
    text = shown if isinstance(shown, str) else json.dumps(plain(shown), ensure_ascii=False)
    return text if len(text) <= OBSERVED_LENGTH else text[:OBSERVED_LENGTH] + " …"


def _rendered(config: ExpectationConfiguration) -> str:
    settings = {key: value for key, value in config.kwargs.items() if key != "batch_id"}
    listed = ", ".join(f"{key} = {plain(value)}" for key, value in settings.items())
    text = f"{config.type.removeprefix('expect_').replace('_', ' ')}: {listed}"
    return " ".join(text.split())


def _lines(check: CheckResult) -> Iterator[str]:
    yield f"- {check.description}"
    yield f"    found: {check.observed}"
    if check.reason:
        yield f"    why this bound: {check.reason}"
    for row in check.sample[:MESSAGE_ROWS]:
        # JSON keeps each row on one line, whatever line breaks or quotes its values hold.
        yield f"    row: {json.dumps(plain(row), ensure_ascii=False)}"
    if check.failing_rows > MESSAGE_ROWS:
        yield f"    and {check.failing_rows - MESSAGE_ROWS} more"
    if check.rows_file:
        yield f"    all rows: {check.rows_file}"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:60]

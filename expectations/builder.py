"""Makes suites of Great Expectations of what people write in `suites/*.yml`.

Belongs here: finding suites, the values that fill them, and what Great Expectations must be given. Does not belong here:
any bound or query (`suites/`), what a file may say (`suite_file.py`), and running a suite (`gate.py`).

`<stage>__<table>.yml` judges that table. Stages: `raw` judges a pending batch before the lake shows it; `release` judges
the marts of a build before they are published; `hold` asks a person. A new suite of stage `release` is picked up by
itself.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from expectations.engine import GateError
from expectations.suite_file import Bounds, Expectation, Suite
from expectations.templates import Values, argument, fill, holds
from validated_files import validated_yaml

if TYPE_CHECKING:
    import great_expectations as gx

SUITES = Path(__file__).parent / "suites"
SHARED = SUITES / "_shared.yml"
REFERENCE = Path(__file__).parents[1] / "seeds" / "reference"


def names(stage: str) -> list[str]:
    """The suites of a stage, by name."""
    return sorted(path.stem for path in SUITES.glob(f"{stage}__*.yml"))


def table_of(name: str) -> str:
    """The table a suite judges: what follows the stage in its name."""
    return name.split("__", 1)[1]


def load(name: str, **given: object) -> gx.ExpectationSuite:
    """The suite, filled with its parameters. Imports Great Expectations, which takes seconds.

    Raises InvalidFileError for a file that does not say what a suite says, GateError for what cannot be filled.
    """
    import great_expectations as gx

    known, made, part = values(name, **given), [], "name"
    try:
        called = fill(_read(name).name, known) or name
        for one in _expectations(name):
            part = one.id
            if not one.when or holds(one.when, known):
                made.append(_made(one, known))
    except (TemplateError, TypeError, ValueError) as error:
        raise GateError(f"suite {name!r}, {part}: {' '.join(str(error).split())}") from error
    return gx.ExpectationSuite(name=called, expectations=made)


def values(name: str, **given: object) -> dict[str, object]:
    """What every text of a suite may name: figures of the reference data, parameters, texts."""
    suite, shared = _read(name), validated_yaml(SHARED, Suite)
    if unknown := sorted(given.keys() - set(suite.parameters)):
        raise GateError(
            f"suite {name!r}: found {', '.join(unknown)}, expected its parameters {suite.parameters}"
        )
    known: dict[str, object] = {**_reference(), **dict.fromkeys(suite.parameters), **given}
    for text, template in {**shared.texts, **suite.texts}.items():
        try:
            known[text] = fill(template, known)
        except (TemplateError, TypeError) as error:
            raise GateError(f"suite {name!r}, {text}: {error}") from error
    return known


def bounds(name: str, expectation: str) -> Bounds:
    """The bounds of one expectation, for what is computed before its suite can judge it."""
    return next(one.bounds for one in _expectations(name) if one.id == expectation)


def _read(name: str) -> Suite:
    return validated_yaml(SUITES / f"{name}.yml", Suite)


def _reference() -> dict[str, object]:
    """What there is of what, by the reference data that dbt builds from."""
    return {
        "provinces": len(_seed("provinces")),
        "communes": len(_seed("communes")),
        "groups": len(_seed("indicator_groups")),
        "scored_metrics": sum(row["is_scored"] == "true" for row in _seed("indicators")),
    }


def _seed(name: str) -> list[dict[str, str]]:
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _expectations(name: str) -> Iterator[Expectation]:
    """Those of the suite, in order; those that it uses with its bounds in place of their own."""
    shared = {
        one.id: one for one in validated_yaml(SHARED, Suite).expectations if isinstance(one, Expectation)
    }
    for entry in _read(name).expectations:
        if isinstance(entry, Expectation):
            yield entry
        elif entry.use not in shared or entry.bounds.keys() - shared[entry.use].bounds.keys():
            found = f"found use of {entry.use} with bounds {list(entry.bounds)}"
            raise GateError(f"suite {name!r}: {found}, expected what {SHARED.name} has")
        else:
            own = shared[entry.use]
            yield own.model_copy(update={"bounds": {**own.bounds, **entry.bounds}})


def _made(expectation: Expectation, values: Values) -> Any:
    import great_expectations.expectations as gxe

    own = {
        name: fill(bound, values) if isinstance(bound, str) else bound
        for name, bound in expectation.bounds.items()
    }
    known = {**values, **own}
    arguments: dict[str, Any] = {
        key: argument(text, known) for key, text in expectation.expect.items() if key != "type"
    }
    if expectation.sql:
        arguments["unexpected_rows_query"] = _query(fill(expectation.sql, known))
    kind = expectation.expect.get("type", "UnexpectedRowsExpectation")
    if not hasattr(gxe, kind):
        raise ValueError(f"found type {kind!r}, expected a class of great_expectations.expectations")
    return getattr(gxe, kind)(
        **arguments,
        description=fill(expectation.description, known),
        meta={"id": expectation.id, "reason": f"{fill(expectation.reason, known)} ({expectation.date})"},
    )


def _query(sql: str) -> str:
    """The query for Great Expectations, which takes its braces for `str.format` and its colons for SQLAlchemy's, and puts
    a subquery in place of `{batch}` that has an alias or none. `not materialized`, as a batch may be millions of rows.
    """
    shielded = re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", sql).replace("{", "{{").replace("}", "}}")
    return f"with batch as not materialized (select * from {{batch}}) select * from (\n{shielded}\n)"

"""The page a person reads before (or after) a release: every check, its bound, what was found.

Belongs here: gate results turned into one HTML page. Does not belong here: running checks.
GX can write pages of its own, its data docs, but they load styles, fonts and scripts from CDNs,
which a closed government network does not reach. This page is one file without script, link or
external resource, so it works from a disk, an e-mail or an archive, and in print.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from expectations.gate import CheckResult, GateResult, plain

TEMPLATE = "report_page.html.jinja"


def render(results: Sequence[GateResult], title: str, facts: Mapping[str, str]) -> str:
    """One self-contained page: the verdict, the facts (release, inputs, revision), every check."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # values come from records that anyone may have written
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_seen,
    )
    environment.filters.update(cell=_cell, columns=_columns)
    failed = [(result, check) for result in results for check in result.failed()]
    total = sum(len(result.checks) for result in results)
    return environment.get_template(TEMPLATE).render(
        results=results, title=title, facts=facts, failed=failed, total=total
    )


def _seen(value: object) -> object:
    """Marks of direction, which show `gnp.exe` as `exe.png`, and what is no letter at all are to be seen."""
    if type(value) is not str:  # what is markup already is ours
        return value
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in value)


def _columns(check: CheckResult) -> list[str]:
    return list(dict.fromkeys(column for row in check.sample for column in row))


def _cell(value: object) -> str:
    ready = plain(value)
    return ready if isinstance(ready, str) else json.dumps(ready, ensure_ascii=False)

"""The period that was meant: the latest, that of a day, or one by its `period_id`.

Belongs here: finding it among those that have figures, and what is said where a word means none or several. Does not
belong here: figures (`ranking`, `movement`, `score_plan`).
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import duckdb

from orchestration.answers.answer import NotDoneError
from orchestration.answers.figures import words
from orchestration.publishing.marts import rows
from orchestration.which_unit import NOT_UNDERSTOOD

BASES = ("portal", "records")
#: Of the portal's figures there are no windows.
PERIOD_TYPES = ("year_to_date", "quarter", "month", "window")
LATEST = "latest"
#: Days and periods in one message.
_SUGGESTED = 3


def period_meant(
    connection: duckdb.DuckDBPyConnection, of: Mapping[str, str], whose: str, word: str, basis: str, kind: str
) -> dict[str, Any]:
    """The period with figures that `word` means; but for a `period_id` it is one of `basis` and of type `kind`.

    `of`: columns of `bi_ranking` and their values, which say whose figures; `whose` says so to people. Raises
    NotDoneError.
    """
    known = _periods(connection, of)
    if word in known:
        return known[word]
    of_kind = [
        period for period in known.values() if period["basis"] == basis and period["period_type"] == kind
    ]
    if not of_kind:
        raise NotDoneError(
            f"found no {words(kind)} on basis {basis} for {whose}, expected some in what is served{_other(known)}"
        )
    # In the order of `is_latest`, which is of provinces: what lies below them may have been observed on another day.
    of_kind.sort(key=lambda period: (period["period_end"], period["as_of"], period["period_start"]))
    if word == LATEST:
        return of_kind[-1]
    found = [period for period in of_kind if str(period["as_of"]) == word]
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(period["period_id"] for period in found)
        raise NotDoneError(
            f"found {len(found)} periods as of {word}, expected one; name it: {some}", NOT_UNDERSTOOD
        )
    days = [str(period["as_of"]) for period in of_kind]
    near = get_close_matches(word, [*days, *known], n=_SUGGESTED) or days[-_SUGGESTED:]
    raise NotDoneError(
        f"found no period {word!r} for {whose}, expected {LATEST}, a day with figures (YYYY-MM-DD) or a period_id;"
        f" did you mean {' or '.join(dict.fromkeys(near))}?",
        NOT_UNDERSTOOD,
    )


def _periods(connection: duckdb.DuckDBPyConnection, of: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    conditions = " and ".join(f"{name} = ${name}" for name in of)
    found = rows(
        connection,
        "select distinct period_id, basis, regime, period_type, period_start, period_end, as_of, period_vi, period_en,"
        f" contains_synthetic from marts.bi_ranking where {conditions} order by period_id",
        of,
    )
    return {period["period_id"]: period for period in found}


def _other(known: Mapping[str, Mapping[str, Any]]) -> str:
    kinds = dict.fromkeys((period["basis"], period["period_type"]) for period in known.values())
    some = " or ".join(f"--basis {basis} --period-type {kind}" for basis, kind in kinds)
    return f"; there are figures for {some}" if some else ""

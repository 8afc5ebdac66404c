"""What must hold of an answer before it is kept: that it is one, about what was asked for, and of one moment.

Here: the envelope, the department, pages, and what of a list of the nation shows that the portal is refreshing. Not here:
what else is wrong with figures, which ingestion judges.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.extraction.portal.questions import GROUPS, NothingYetError, Question, shown, stopped
from orchestration.ingestion.formats.json_document import read_json_object
from orchestration.ingestion.portal.rules import PROVINCES_APART, TOTAL_TOLERANCE
from orchestration.ingestion.problems import Problem
from orchestration.ingestion.unit_identity import AGENCY_CODE_SQL

#: Of one answer; 200 units are on a page, and no province has as many.
MOST_PAGES = 10
_GROUPS, _MOST_DIGITS = 6, 18
_OTHER_SHAPE = "see whether the interface has changed"


@dataclass(frozen=True)
class Answer:
    """An answer as far as a capture needs to know it. `rows` are the provinces, with their codes in today's form, or the
    units of a province.
    """

    rows: Sequence[Mapping[str, Any]]
    pages: int = 1

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(str(row.get("departmentId")) for row in self.rows)


def read(question: Question, text: str) -> Answer:
    """What `text` is as the answer to `question`. Raises CaptureError."""
    document = _object(question, text)
    data = document.get("data")
    if document.get("code") != "OK" or not isinstance(data, dict):
        raise stopped(question, f"code {shown(document.get('code'))} and data of type {type(data).__name__}",
                      "code 'OK' and an object", _OTHER_SHAPE)  # fmt: skip
    _check_department(question, data)
    name = GROUPS.get(question.path, "evaluation")
    rows = data.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise stopped(question, f"no list of objects {name!r}", "one", _OTHER_SHAPE)
    answer = Answer(rows, _pages(question, data))
    return answer if question.agency is not None else _provinces(question, answer)


def _object(question: Question, text: str) -> dict[str, Any]:
    """What ingestion will read, and nothing that it would refuse."""
    whole = read_json_object(question.name, text.encode())
    if isinstance(whole, Problem):
        at = "" if whole.record == "$" else f", {whole.record}"
        key = f", key {shown(whole.field)}" if whole.field else ""
        raise stopped(question, f"{whole.found}{at}{key}", whole.expected, _OTHER_SHAPE)
    if whole != text:
        raise stopped(question, "a byte order mark", "JSON alone", _OTHER_SHAPE)
    document: dict[str, Any] = json.loads(whole, parse_int=_whole_number)
    return document


def _whole_number(digits: str) -> float:
    """Python refuses 4,300 digits, and ingestion does not: so long a number is as good as infinite."""
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _check_department(question: Question, data: Mapping[str, Any]) -> None:
    """Nothing else in an answer says what it is about."""
    # Of the nation the code alone says so: it has none.
    ids = {} if question.department_id is None else {"departmentId": question.department_id}
    asked = {**ids, "departmentCode": question.agency}
    for place in ("overview", "parent"):
        about = data.get(place)
        for key, value in asked.items():
            found = about.get(key) if isinstance(about, dict) else None
            is_code = key == "departmentCode" and _is_code(found, value)
            if found not in (None, value) and not is_code:
                raise stopped(question, f"{place}.{key} {shown(found)}, another department",
                              f"that of {question.agency or 'the nation'}, as was asked")  # fmt: skip


def _is_code(found: Any, code: str | None) -> bool:
    """Whether `found` is `code`, however it is written."""
    return isinstance(found, str) and _codes_today([found]) == [code]


def _pages(question: Question, data: Mapping[str, Any]) -> int:
    said = data.get("pagination")
    if said is None:
        return 1
    pages, current = (
        said.get(key) if isinstance(said, dict) else None for key in ("totalPages", "currentPage")
    )
    # A list without units may have no page.
    if not isinstance(pages, int) or pages < 0 or current not in (None, question.page):
        raise stopped(
            question,
            f"page {shown(current)} of {shown(pages)}",
            f"page {question.page} of so many",
            _OTHER_SHAPE,
        )
    if pages > MOST_PAGES:
        raise stopped(question, f"{pages} pages", f"at most {MOST_PAGES}", _OTHER_SHAPE)
    return pages


def check_page(question: Question, answer: Answer, before: Collection[str], pages: int) -> None:
    """That a further page is another one, of as many as the first one said. Raises CaptureError."""
    if answer.pages != pages:
        raise stopped(question, f"{answer.pages} pages after {pages}", "the same on every page",
                      "the list changed meanwhile: capture again")  # fmt: skip
    if not answer.ids or not answer.ids.isdisjoint(before):
        raise stopped(question, "units of a page before once more", "others", _OTHER_SHAPE)


def _provinces(question: Question, answer: Answer) -> Answer:
    """Checked that all are there, and that each has what the other questions, and `apart`, are made of."""
    if answer.pages > 1:
        raise stopped(question, f"{answer.pages} pages", "all 34 provinces on one", _OTHER_SHAPE)
    if not answer.rows:
        raise NothingYetError(str(stopped(question, "no province", "34", _OTHER_SHAPE)))
    for row in answer.rows:
        texts = all(isinstance(row.get(key), str) for key in ("departmentId", "departmentCode"))
        groups = row.get("groupScores")
        if (
            not texts
            or not isinstance(groups, dict)
            or not all(map(_is_score, (row.get("totalScore"), *groups.values())))
        ):
            raise stopped(
                question, "a province without id, code, total or groups", "each of them", _OTHER_SHAPE
            )
    codes = _codes_today(row["departmentCode"] for row in answer.rows)
    rows = [{**row, "departmentCode": code} for row, code in zip(answer.rows, codes, strict=True)]
    return Answer(rows, answer.pages)


def _codes_today(written: Iterable[str]) -> list[str]:
    """As ingestion understands them: `000.00.00.H44` is H44."""
    with duckdb.connect() as connection:
        connection.execute(AGENCY_CODE_SQL)
        codes = connection.execute(
            "select list_transform($1, lambda code: agency_code_today(code))", [list(written)]
        )
        return list(codes.fetchall()[0][0])


def _is_score(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def department_ids(nation: Answer) -> dict[str, str]:
    """Of each province, by its agency code."""
    return {row["departmentCode"]: row["departmentId"] for row in nation.rows}


def figures(nation: Answer) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Total and groups of each province: what changes when the portal refreshes."""
    return {row["departmentCode"]: (row["totalScore"], row["groupScores"]) for row in nation.rows}


def provinces_apart(nation: Answer) -> int:
    """How many provinces have groups that do not sum to their total; ingestion has the same rule in SQL."""
    return sum(map(_is_apart, nation.rows))


def is_refreshing(nation: Answer) -> bool:
    """Whether the portal was changing its figures in this very moment (docs/adr/0047)."""
    return provinces_apart(nation) >= PROVINCES_APART


def _is_apart(row: Mapping[str, Any]) -> bool:
    given = [score for score in row["groupScores"].values() if score is not None]
    if row["totalScore"] is None or not given:
        return False
    more = float(sum(given) - row["totalScore"])
    # Without one of its groups a sum can only be too large.
    return round(abs(more) if len(row["groupScores"]) == _GROUPS else more, 4) > TOTAL_TOLERANCE

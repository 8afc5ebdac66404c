"""The portal's own answers as landing files: one answer each, as it came, with its question, moment, status and hash.

Here: the shape of such a file, and whether the answer in it is what was received. Not here: what an answer says, which is
SQL (`answers.sql`), and asking (`orchestration.extraction.portal`).
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from orchestration.ingestion.formats.json_document import read_json_object
from orchestration.ingestion.personal import masked
from orchestration.ingestion.problems import CAPTURE_AGAIN, RESEND, Problem

#: Success is 201; 200 is taken as well.
ANSWERED = (200, 201)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


def _moment(text: str) -> str:
    if not _MOMENT.fullmatch(text):
        raise ValueError("a moment such as 2026-10-10T07:00:40Z")
    datetime.fromisoformat(text).astimezone(UTC)
    return text


Moment = Annotated[str, AfterValidator(_moment)]
Day = Annotated[str, Field(pattern=r"^20\d{2}-\d{2}-\d{2}$")]
#: Also in capitals. What is none could be anything, a person's number among it.
Id = Annotated[str, Field(pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]


class Body(BaseModel):
    """What a request says. A key that is not here may narrow the question: its answer would be of something else."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    timeType: str | None = None  # noqa: N815  (keys of the interface)
    year: int | None = None
    quarter: int | None = None
    month: int | None = None
    fromDate: Day | None = None  # noqa: N815
    toDate: Day | None = None  # noqa: N815
    rootDepartmentId: Id | None = None  # noqa: N815
    departmentType: str | None = None  # noqa: N815
    formalityId: Id | None = None  # noqa: N815
    formalityID: Id | None = None  # noqa: N815
    currentPage: int | None = None  # noqa: N815
    pageSize: int | None = None  # noqa: N815


class Question(BaseModel):
    """What was asked. `agencyCode` is the code of the province that was asked for; null of the nation."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    path: str
    body: Body
    agencyCode: str | None  # noqa: N815  (a key of the file)


class LandedAnswer(BaseModel):
    """One landing file. `capture` is the moment at which the capture began, `capturedAt` that of this answer, both in
    UTC; `sha256` is of the text of `answer` in UTF-8.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    capture: Moment
    capturedAt: Moment  # noqa: N815
    request: Question
    status: int = Field(ge=100, le=599)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    answer: str


def is_answer(text: str) -> bool:
    """Whether a JSON object is a landed answer, whole or not: the transcribed files have none of its keys."""
    return '"answer"' in text and "answer" in json.loads(text, parse_int=len)


def opened(file: str, text: str) -> tuple[str, str] | Problem:
    """The answer in a landing file, a JSON object, and all that lies beside it, as JSON too; or what is wrong with them.

    `file` names it in the problem.
    """
    try:
        landed = LandedAnswer.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = masked(".".join(map(str, first["loc"])))
        return Problem(file, "malformed_answer", "$", field, first["msg"].lower(),
                       "the keys capture, capturedAt, request, status, sha256 and answer", RESEND)  # fmt: skip
    if hashlib.sha256(landed.answer.encode()).hexdigest() != landed.sha256:
        return Problem(file, "answer_changed", "$", "answer", "another text than was received",
                       "the text whose SHA-256 is in sha256", "put back the file as it was captured")  # fmt: skip
    if landed.status not in ANSWERED:
        return Problem(file, "not_answered", "$", "status", str(landed.status), "201", CAPTURE_AGAIN)
    within = read_json_object(file, landed.answer.encode())
    if isinstance(within, Problem):
        return within
    return within, landed.model_dump_json(exclude={"answer"}, exclude_unset=True)

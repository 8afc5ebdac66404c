"""The agreement on the portal: what a capture asks for, at which pace, and within which limits.

Here: what `seeds/agreements/portal.yml` may say, and under which name we ask. Not here: asking (`calls`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from orchestration.extraction.gateways import Positive, safe_address
from orchestration.extraction.portal.questions import CaptureError, PeriodKind
from validated_files import expected, validated_yaml

ALL = "all"
AN_AGENCY_CODE = "the agency code of a province, such as H19"
_AGENCY = re.compile(r"[A-Z][0-9]{2}")
#: Signs of an address of mail or of a page, and no blank: it becomes part of a header.
_CONTACT = re.compile(r"[A-Za-z0-9@:/._~%+-]{3,200}")
_Pause = Annotated[float, Field(ge=0)]
_Limit = Annotated[float, Field(gt=0)]


def is_agency_code(code: str) -> bool:
    """Whether `code` may be a province's."""
    return _AGENCY.fullmatch(code) is not None


def agency_code(code: str) -> str:
    """`code`, if it may be a province's. Raises ValueError."""
    if not is_agency_code(code):
        raise ValueError(AN_AGENCY_CODE)
    return code


def _folder(url: str) -> str:
    return url if url.endswith("/") else f"{url}/"


def _all_or_codes(given: Any, checked: ValidatorFunctionWrapHandler) -> Any:
    """One sentence for the two things it may be, where pydantic has one for each."""
    try:
        return checked(given)
    except ValidationError:
        raise expected("`all`, or a list of agency codes of provinces, such as [H19]") from None


def _some(periods: tuple[PeriodKind, ...]) -> tuple[PeriodKind, ...]:
    if not periods or len(set(periods)) < len(periods):
        raise expected("one or more of year, quarter and month, each once")
    return periods


class Agreement(BaseModel):
    """What one capture asks for, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[
        str,
        AfterValidator(safe_address),
        AfterValidator(_folder),
        Field(description="Where the reporting interface is, https alone."),
    ]
    provinces: Annotated[
        Literal["all"] | tuple[Annotated[str, AfterValidator(agency_code)], ...],
        WrapValidator(_all_or_codes),
        Field(description="Agency codes of the provinces that are captured in full, or `all`."),
    ]
    periods: Annotated[
        tuple[PeriodKind, ...],
        AfterValidator(_some),
        Field(description="Which periods that contain the day, or ended the day before, are asked for."),
    ] = (PeriodKind.YEAR,)
    pause_seconds: Annotated[_Pause, Field(description="Between an answer and the next request.")] = 4
    jitter_seconds: Annotated[_Pause, Field(description="Up to how much longer, by chance.")] = 3
    connect_seconds: Annotated[_Limit, Field(description="For the connection to be there.")] = 10
    read_seconds: Annotated[_Limit, Field(description="Without a byte of an answer.")] = 60
    most_answer_seconds: Annotated[_Limit, Field(description="For one whole answer.")] = 120
    most_answer_bytes: Annotated[Positive, Field(description="Of one answer, unpacked.")] = 16 * 1024**2
    most_requests: Annotated[Positive, Field(description="A day in Vietnam, tries included.")] = 60
    most_seconds: Annotated[_Limit, Field(description="A capture.")] = 5400
    reuse_minutes: Annotated[
        Positive, Field(description="How old a capture may be that goes on with the answers it has.")
    ] = 120


def read_agreement(file: Path) -> Agreement:
    """What `file` says. Raises InvalidFileError with every fault, each with its line."""
    return validated_yaml(file, Agreement)


def user_agent(contact: str) -> str:
    """The name under which the portal is asked: which program, and whom to tell. Raises CaptureError."""
    if not _CONTACT.fullmatch(contact):
        raise CaptureError(
            f"found {contact!r} in SERVICE_INDEX_CONTACT, expected an address of mail or of a page, by which the portal's"
            " people reach whoever captures; set it"
        )
    return f"service-index-warehouse/1 (+{contact})"

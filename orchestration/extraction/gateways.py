"""Gateways as data: where a province's records are fetched, and with which limits.

Here: what `seeds/agreements/gateways.yml` may say. Not here: fetching (`pull`). A token is never in the file: it names
the environment variable that holds it.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from orchestration.ingestion.landing import known_source
from validated_files import expected, validated_yaml

#: Tokens alone: the hash key is a variable too, and must go to no gateway.
_VARIABLE = re.compile(r"SERVICE_INDEX_TOKEN_[A-Z0-9_]+")
#: No path, and nothing that hides a folder.
_SENDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
Positive = Annotated[int, Field(gt=0)]


def _folder(sender: str) -> str:
    if not _SENDER.fullmatch(sender):
        raise ValueError("the name of a folder, of letters, digits and ._-")
    return sender


def safe_address(url: str) -> str:
    """`url`, if it is https; plain http to this very machine, for a gateway's own tunnel and for tests."""
    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    is_secret = parts.username or parts.password or parts.query or parts.fragment
    if not (parts.scheme == "https" or is_local) or not parts.hostname or is_secret:
        raise expected("an address as https://host/path, without a password or query in it")
    return url


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise expected(
            "the name of an environment variable that starts with SERVICE_INDEX_TOKEN_; the token itself must not be here"
        )
    return name


class Gateway(BaseModel):
    """One source of one sender. `token_from` names an environment variable. `first_day` is the first day that it was
    agreed to give: of the days from then on each has to land, also one whose night there was nobody to ask.

    A page is asked for with `page_size` rows, and may have fewer. More than `most_page_bytes` unpacked or
    `most_page_seconds` a page, tries and waits included, is an error, as is more than `most_pages`, `most_bytes` or
    `most_seconds` a day. `more_keys` are keys that its pages may have beside those of the contract, without rows too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sender: Annotated[str, AfterValidator(_folder)]
    source: Annotated[str, AfterValidator(known_source)]
    url: Annotated[str, AfterValidator(safe_address)]
    token_from: Annotated[str, AfterValidator(_variable)]
    first_day: date
    page_size: Positive = 1000
    more_keys: tuple[str, ...] = ()
    most_page_bytes: Positive = 64 * 1024**2
    most_pages: Positive = 100_000
    most_bytes: Positive = 1024**3
    most_page_seconds: Positive = 120
    most_seconds: Positive = 900

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.source} of {self.sender}"


class _Gateways(BaseModel):
    model_config = ConfigDict(extra="forbid")

    gateways: tuple[Gateway, ...] = ()

    @field_validator("gateways")
    @classmethod
    def _are_distinct(cls, listed: tuple[Gateway, ...]) -> tuple[Gateway, ...]:
        if again := [name for name, times in Counter(one.name for one in listed).items() if times > 1]:
            raise ValueError(f"each once, and not {', '.join(again)} again")
        return listed


def read_gateways(file: Path) -> tuple[Gateway, ...]:
    """Every gateway of `file`. Raises InvalidFileError with every fault, each with its line."""
    return validated_yaml(file, _Gateways).gateways

"""Gateways as data: where a province's records are fetched, and with which limits.

Here: reading `seeds/agreements/gateways.yml`, with errors that name the line. Not here: fetching (`pull`). A token is
never in the file: it names the environment variable that holds it.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from orchestration.ingestion.landing import SOURCES
from orchestration.ingestion.yaml_lines import Item, ValidationErrors, read_yaml

_TEXTS = ("sender", "source", "url", "token_from")
#: Tokens alone: the hash key is a variable too, and must go to no gateway.
_VARIABLE = re.compile(r"SERVICE_INDEX_TOKEN_[A-Z0-9_]+")
#: No path, and nothing that hides a folder.
_SENDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Gateway:
    """One source of one sender. `token_from` names an environment variable.

    A page is asked for with `page_size` rows, and may have fewer. More than `most_page_bytes` unpacked or
    `most_page_seconds` a page, tries and waits included, is an error, as is more than `most_pages`, `most_bytes` or
    `most_seconds` a day.
    """

    sender: str
    source: str
    url: str
    token_from: str
    page_size: int = 1000
    most_page_bytes: int = 64 * 1024**2
    most_pages: int = 100_000
    most_bytes: int = 1024**3
    most_page_seconds: int = 120
    most_seconds: int = 900

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.source} of {self.sender}"


_NUMBERS = {field.name: field.default for field in fields(Gateway) if field.default is not MISSING}


def read_gateways(file: Path) -> tuple[Gateway, ...]:
    """Every gateway of `file`. Raises YamlError with every fault, each with its line."""
    document, faults = read_yaml(file)
    top = faults.table(document, "the file")
    faults.only(top, {"gateways"}, "the file")
    listed = top["gateways"].value if "gateways" in top else []
    if not isinstance(listed, list):
        faults.add(top["gateways"].line, "found no list under gateways, expected one entry a gateway")
        listed = []
    found = [_gateway(faults, item) for item in listed]
    for number, gateway in enumerate(found):
        if any((gateway.sender, gateway.source) == (one.sender, one.source) for one in found[:number]):
            faults.add(listed[number].line, f"found {gateway.name} a second time, expected it once")
    faults.raise_if_any()
    return tuple(found)


def _gateway(faults: ValidationErrors, item: Item) -> Gateway:
    keys = faults.table(item, "a gateway")
    faults.only(keys, {*_TEXTS, *_NUMBERS}, "a gateway")
    texts = {key: faults.text(keys[key], key) if key in keys else "" for key in _TEXTS}
    for key in _TEXTS:
        if not texts[key]:
            faults.add(item.line, f"found no {key!r}, expected it in every gateway")
    line = {key: keys[key].line if key in keys else item.line for key in (*_TEXTS, *_NUMBERS)}
    if texts["source"] and texts["source"] not in SOURCES:
        faults.add(line["source"], f"found source {texts['source']!r}, expected one of {sorted(SOURCES)}")
    if texts["sender"] and not _SENDER.fullmatch(texts["sender"]):
        faults.add(line["sender"], f"found sender {texts['sender']!r}, expected the name of a folder, of"
                   " letters, digits and ._-")  # fmt: skip
    if texts["url"] and not _is_safe(texts["url"]):
        faults.add(line["url"], "found an address without https or with a password or query in it,"
                   " expected https://host/path")  # fmt: skip
    if texts["token_from"] and not _VARIABLE.fullmatch(texts["token_from"]):
        faults.add(line["token_from"], "found something else, expected the name of an environment variable that"
                   " starts with SERVICE_INDEX_TOKEN_; the token itself must not be here")  # fmt: skip
    numbers = {}
    for key, usual in _NUMBERS.items():
        text = faults.text(keys[key], key) if key in keys else str(usual)
        if not (text.isdecimal() and int(text) > 0):
            faults.add(line[key], f"found {key} {text!r}, expected a whole number from 1")
            text = str(usual)
        numbers[key] = int(text)
    return Gateway(texts["sender"], texts["source"], texts["url"], texts["token_from"], **numbers)


def _is_safe(url: str) -> bool:
    """https only; plain http to this very machine, for a gateway's own tunnel and for tests."""
    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    return (
        (parts.scheme == "https" or is_local)
        and bool(parts.hostname)
        and not (parts.username or parts.password or parts.query or parts.fragment)
    )

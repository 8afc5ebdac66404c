"""What senders chose (names of files and units, values that are wrong) is text wherever people see it.

Belongs here: what a terminal and Dagster's pages would act on, taken apart. Does not belong here: chat tools (`alerts`)
and the report page, whose template escapes by itself (`expectations.report_page`).
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO

from orchestration.ingestion.personal import masked
from orchestration.ingestion.problems import printable

#: Nobody sees it, and what holds it is no Markdown, HTML or address any more.
JOINER = "\u2060"
#: More of a text is not even looked at, for masking takes the longer the longer a word is.
_LOOKED_AT = 500
#: Pictures, which whoever looks at a run would fetch, links, tags and addresses.
_ACTED_ON = re.compile(r"!(?=\[)|\](?=[(\[:])|<(?=[A-Za-z/!?])|:(?=//)")


def as_description(text: str) -> str:
    """`text` for a description in Dagster, which may be read as Markdown: letter by letter what it was, on its lines."""
    return _ACTED_ON.sub(lambda sign: sign[0] + JOINER, printable(text.replace(JOINER, "")))


def quoted(text: str) -> str:
    """`text` of somebody else as a sentence may hold it: short, on one line, without what may be a person's."""
    return repr(printable(masked(text[:_LOOKED_AT])))


def for_terminal(text: str) -> str:
    """`text` on its lines without what a terminal would act on: escapes, marks of direction, returns, NUL."""
    return printable(text.replace(JOINER, "").replace("\t", " "))


class Terminal(io.TextIOBase):
    """A stream of text to `stream`, of which a terminal shows every letter."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write `text` as `for_terminal` makes it."""
        self.stream.write(for_terminal(text))
        return len(text)

    def flush(self) -> None:
        """Flush `stream`."""
        self.stream.flush()


@contextmanager
def on_terminal() -> Iterator[None]:
    """Whatever is printed meanwhile is shown letter by letter."""
    with redirect_stdout(Terminal(sys.stdout)), redirect_stderr(Terminal(sys.stderr)):
        yield

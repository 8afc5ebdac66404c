"""What is wrong with an input, said once and in one form.

Here: `Problem`, and its readable sentence. Not here: what counts as wrong, which is known by the readers and the rules,
and how personal data are kept out of it (`personal`).
"""

from __future__ import annotations

from dataclasses import dataclass

#: Said when only the sender can mend a file. Landing is immutable: a correction is a new delivery.
RESEND = "ask the sender for a corrected file and land it as a new delivery"
#: Of an answer of the portal that is none: nobody can correct it.
CAPTURE_AGAIN = "nothing: the next capture asks again"
#: Of a file that was read, and has other content since.
LANDED_FILE_CHANGED = "landed_file_changed"
#: Of a row of an agency for which its sender may not deliver: the reason, and what is said then.
FOREIGN_AGENCY = "foreign_agency"
NOT_AGREED = (
    "let its agency deliver it, or add the right to seeds/agreements/delivery_rights.csv, and land it again"
)


def printable(text: str) -> str:
    """`text` on its lines, with `?` for what is no letter to be seen: escapes, marks of direction, half characters."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


@dataclass(frozen=True)
class Problem:
    """One thing wrong: in which file, record and field, what was found, expected, and what to do.

    `file` is relative to the landing folder. `record` is a JSON path counted from 0 with the unit's
    code (`provinces[7] (H19)`), a place (`line 12 column 3`), or `$` for the whole file; `field` is
    empty where the record itself is wrong. `found` is already masked and short.
    """

    file: str
    reason_code: str
    record: str
    field: str
    found: str
    expected: str
    action: str

    def __str__(self) -> str:
        where = "" if self.record == "$" else f", {self.record}"
        where += f", {self.field}" if self.field else ""
        sentence = (
            f"{self.file}{where}: found {self.found}, expected {self.expected}; "
            f"{self.action} [{self.reason_code}]."
        )
        # A file name may hold line breaks: one problem stays one line.
        return printable(sentence.replace("\n", "?"))


class UnreadableError(Exception):
    """The file as such cannot be read: the parts of a `Problem` but for the file."""

    def __init__(self, reason_code: str, found: str, expected: str, action: str = RESEND) -> None:
        super().__init__(reason_code)
        self.parts = (reason_code, "$", "", found, expected, action)

    def problem(self, file: str) -> Problem:
        """What is wrong with `file`."""
        return Problem(file, *self.parts)

"""What is wrong with an input, said once and in one form, and how personal data are kept out of it.

Here: `Problem`, its readable sentence, and the masking shared by Python and SQL. Not here: what
counts as wrong, which is known by the readers and the rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Said when only the sender can mend a file. Landing is immutable: a correction is a new delivery.
RESEND = "ask the sender for a corrected file and land it as a new delivery"
#: Of a row of an agency for which its sender may not deliver: the reason, and what is said then.
FOREIGN_AGENCY = "foreign_agency"
NOT_AGREED = (
    "let its agency deliver it, or add the right to seeds/agreements/delivery_rights.csv, and land it again"
)

SHOWN_CHARACTERS = 60
#: Patterns that Python's re and DuckDB's RE2 read alike. Nine digits and more, also in groups, is
#: an identity or telephone number (the largest count of dossiers has eight).
DIGIT_RUN = r"[0-9](?:[ ._/():+-]{0,2}[0-9]){8,}"
E_MAIL = r"[^\s\"<>@]+@[^\s\"<>@]+"
LONG_JSON_TEXT = r'("(?:[^"\\]|\\.){60})(?:[^"\\]|\\.){61,}"'

#: The same masking for DuckDB: `masked` for short values, `masked_json` for the text of a record.
MASKING_SQL = f"""
create or replace temp macro masked(value) as
    left(regexp_replace(regexp_replace(value, '{E_MAIL}', '[e-mail]', 'g'),
        '{DIGIT_RUN}', '[digits]', 'g'), {SHOWN_CHARACTERS})
    || case when length(value) > {SHOWN_CHARACTERS} then '…' else '' end;
create or replace temp macro masked_json(value) as
    regexp_replace(regexp_replace(regexp_replace(value, '{E_MAIL}', '[e-mail]', 'g'),
        '{DIGIT_RUN}', '[digits]', 'g'), '{LONG_JSON_TEXT}', '\\1…"', 'g');
"""


def masked(value: str) -> str:
    """`value` without e-mail addresses and long digit runs, cut to `SHOWN_CHARACTERS`."""
    clean = re.sub(DIGIT_RUN, "[digits]", re.sub(E_MAIL, "[e-mail]", value))
    return clean[:SHOWN_CHARACTERS] + ("…" if len(value) > SHOWN_CHARACTERS else "")


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
        return "".join(c if c.isprintable() else "?" for c in sentence)


class UnreadableError(Exception):
    """The file as such cannot be read: the parts of a `Problem` but for the file."""

    def __init__(self, reason_code: str, found: str, expected: str) -> None:
        super().__init__(reason_code)
        self.parts = (reason_code, "$", "", found, expected, RESEND)

    def problem(self, file: str) -> Problem:
        """What is wrong with `file`."""
        return Problem(file, *self.parts)

"""Who gives a command, and how a command is written so that it can be given.

Belongs here: the operating system's word on who is at the keyboard, and commands as text for messages. Does not
belong here: what commands do (`cli`).
"""

from __future__ import annotations

import os
import pwd
import shlex

PROGRAM = "bin/service-index"


def os_user() -> str:
    """The user this process runs as, by the system's own list; the number of one without a name.

    Not `$USER` or `$LOGNAME`, which anyone sets.
    """
    uid = os.geteuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def signed(by: str, user: str) -> str:
    """The name given beside the system's; records made before the system's was kept lack it."""
    name = f"user {user or 'not recorded'}"
    return f"{by} ({name})" if by else name


def as_text(said: str) -> str:
    """`said` as a terminal shows it letter by letter: what is not printed is named (`\\x1b`). Lines stay lines."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in said)


def shell_word(text: str) -> str:
    """`text` as one word that a shell reads back as it is, and that can do nothing to a terminal."""
    if text.isprintable():
        return shlex.quote(text)
    written = "".join(
        f"\\{c}"
        if c in "\\'"
        else c
        if c.isprintable()
        else "".join(f"\\x{b:02x}" for b in c.encode(errors="surrogateescape"))
        for c in text
    )
    return f"$'{written}'"


def command(*words: str) -> str:
    """A command to paste into a shell. Words in capitals are for whoever reads it to replace."""
    return " ".join([PROGRAM, *map(shell_word, words)])

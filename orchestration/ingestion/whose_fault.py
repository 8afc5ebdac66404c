"""What is raised while a file is read: is the file at fault, the machine, or the warehouse (ADR 0020)?

Here: telling these apart, and the bounds of time and memory. Not here: what is then done with the file (`read_files`).
"""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import duckdb

from orchestration.ingestion.landing import LandedFile
from orchestration.ingestion.problems import Problem, UnreadableError

#: What reading a file may take, and validating its rows: in seconds, and in seconds for each megabyte as it landed. Rows
#: that are right take 1 to 2 s a megabyte, where they are packed twentyfold; all of them wrong, as long. Thirty times
#: that, so that no busy machine makes a file a bad one; three kilobytes of a million empty records took 36 s.
LEAST_SECONDS, SECONDS_A_MEGABYTE = 120, 60
OUR_DEFECT, NO_MEMORY = "our_defect", "not_enough_memory"
TOO_LARGE_AT_ONCE = UnreadableError(
    "decompression_bomb", "pages or rows that do not fit into the memory of a run, even alone", "ordinary ones",
    "ask the sender for a file with shorter texts, or in smaller pages and row groups (or as JSON Lines), and land it as"
    " a new delivery",
)  # fmt: skip
#: What the engine raises on content. In texts nothing is left to convert when they are read: what fails there besides
#: is ours. Messages that quote bytes of a file cannot be decoded.
_OF_BYTES = (duckdb.InvalidInputException, duckdb.IOException, duckdb.InternalException, UnicodeDecodeError)
_OF_PARQUET = (
    duckdb.ConversionException,
    duckdb.NotSupportedError,
    duckdb.OutOfRangeException,
    duckdb.SerializationException,
    duckdb.InvalidTypeException,
)
#: What may be gone when the file is read again.
PASSING = frozenset({"changed_while_reading", "vanished_file", "unreadable_file"})
#: What the system says, as DuckDB ends its messages with it: of a disk that is full, most of the time. No content brings
#: that about, and whatever is read next would fail too; but a file may be gone.
_SAID_BY_SYSTEM = tuple(f": {os.strerror(number)}" for number in errno.errorcode if number != errno.ENOENT)


class EngineLostError(Exception):
    """The engine gave up for good while it read the files with `hashes`, and with it all that was staged. Where they
    are one, `problem` is as in `Staged.unreadable` or `Staged.unread`; where they are none, it had given up before, at
    another file.
    """

    def __init__(self, hashes: Sequence[str], problem: Problem | None) -> None:
        super().__init__(str(problem or f"one of {len(hashes)} files read together"))
        self.hashes, self.problem = tuple(hashes), problem


def is_alive(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the engine goes on after an error: some end it for good."""
    try:
        connection.execute("select 1")
    except duckdb.Error:
        return False
    return True


def is_of_our_folders(error: Exception) -> bool:
    """Whether the machine failed: our folders cannot be written, whatever lies in the file."""
    if isinstance(error, OSError):
        return True  # those about the file itself are `held`'s
    return isinstance(error, duckdb.IOException) and str(error).endswith(_SAID_BY_SYSTEM)


def is_of_content(error: Exception, file_format: str) -> bool:
    """Whether it is raised by reading the bytes of a file. DuckDB gives what its Parquet reader meets no class."""
    if file_format == "parquet" and (isinstance(error, _OF_PARQUET) or type(error) is duckdb.Error):
        return True
    return isinstance(error, _OF_BYTES)


@contextmanager
def in_time(connection: duckdb.DuckDBPyConnection, files: Sequence[LandedFile]) -> Iterator[None]:
    """Interrupts the statements of what takes longer than `files` may: raises UnreadableError."""
    seconds = sum(LEAST_SECONDS + SECONDS_A_MEGABYTE * file.size_bytes / 1024**2 for file in files)
    done, is_late = Event(), Event()

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            is_late.set()
            connection.interrupt()
            wait = 1  # once more: between two statements there is nothing to interrupt

    with ThreadPoolExecutor(1) as watching:
        watching.submit(watch)
        try:
            yield
        except duckdb.InterruptException:
            if not is_late.is_set():
                raise
            raise UnreadableError(
                "decompression_bomb", f"rows that take longer than {seconds:.0f} seconds",
                "no more of them than a file of this size can hold",
                "ask the sender what it is; if it is right, have it landed as JSON Lines, unpacked",
            ) from None  # fmt: skip
        finally:
            done.set()


@contextmanager
def blaming(connection: duckdb.DuckDBPyConnection, file: LandedFile, file_format: str) -> Iterator[None]:
    """What DuckDB raises at the content of a file is that file's fault: raises UnreadableError instead."""
    try:
        yield
    except (duckdb.Error, UnicodeDecodeError) as error:
        if is_of_our_folders(error) or not is_of_content(error, file_format):
            raise
        found = f"something at which its reader gives up ({type(error).__name__})"
        why = UnreadableError(f"malformed_{file_format}", found, "a file that is whole")
        if not is_alive(connection):
            raise EngineLostError([file.sha256], why.problem(file.relative_path)) from None
        raise why from None


def unread(file: str, error: Exception) -> Problem:
    """What keeps `file` from being read, where neither the file nor the machine is known to be at fault.

    Raises `error` where the machine is. Shows no message of the error: it may quote the file.
    """
    if is_of_our_folders(error):
        raise error
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        found, expected = "more than fits into the memory of a run", "a file that can be read within it"
        action = "let the next run read it again, in case it lay beside large ones; else split it"
        return Problem(file, NO_MEMORY, "$", "", found, expected, action)
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if "orchestration" in frame.filename
    ]
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    found = f"a fault of the warehouse, {type(error).__name__}{place}"
    action = "do not ask the sender but report this line to the maintainers; the next run reads it again"
    return Problem(file, OUR_DEFECT, "$", "", found, "that every file is read or refused", action)

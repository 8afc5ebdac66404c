"""The landing folder: `<landing>/<source>/<delivery date>/<sender>/<file>`, immutable.

Here: putting files there and listing what is there, misplaced files included. Not here: what a file
holds, and which files are new (`new_files`).
"""

from __future__ import annotations

import errno
import filecmp
import fnmatch
import hashlib
import io
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from orchestration.atomic_files import replacing
from orchestration.ingestion.personal import is_in_name, masked
from orchestration.ingestion.problems import Problem, UnreadableError
from orchestration.settings import REPOSITORY

#: What provinces send as records: a contract a dataset, by the name of its file.
CONTRACTS = REPOSITORY / "seeds" / "agreements" / "contracts"
RECORD_DATASETS = tuple(sorted(path.stem for path in CONTRACTS.glob("*.yml")))
PORTAL = "portal_service_results"
SOURCES = frozenset({PORTAL, *RECORD_DATASETS})

LAYOUT = "<source>/<delivery date YYYY-MM-DD>/<sender>/<file>"
#: What pages of a gateway are called; where they landed, after the day that was asked for.
PAGES = "page-*.json"
#: How deep is looked. Python walks folders within each other by calls within each other, of which it allows a thousand.
MOST_FOLDERS = 16
_PUT_RIGHT = "put it in its place or remove it; landed files are otherwise never changed"
#: More is hashed for minutes; the nation's dossiers of a month are 4 GB.
MAX_LANDED_BYTES = 32 * 1024**3
#: Above a few bytes, no file has so much more of holes than of bytes: a transfer that was begun, or a name that costs
#: its sender nothing. What has fewer holes is hashed, and judged by what it says.
_HOLES_RATIO, _FEW_BYTES = 1000, 64 * 1024**2
#: What a process has open, by number: a path that leads to the open file, whatever its name leads to meanwhile.
_OPEN_FILES = Path("/proc/self/fd")
#: No file system's clock ticks more slowly: what changed longer ago shows each later change in its times.
_TICK_NS = 1_000_000_000


def known_source(name: str) -> str:
    """`name`, if it is a source's. Raises ValueError, which says which there are."""
    if name not in SOURCES:
        raise ValueError(f"one of {', '.join(sorted(SOURCES))}")
    return name


@dataclass(frozen=True, order=True)
class LandedFile:
    """One well-placed file. Sorts by source, delivery date, sender, path: the order of delivery.

    `sha256` is of the sender and the content (`delivery_hash`): what a file says depends on who says it. `state` is
    which file was hashed, and how it was then; `is_settled`, whether it had not changed for so long that any change
    since shows in it.
    """

    source: str
    delivery_date: date
    sender: str
    relative_path: str
    path: Path
    sha256: str
    size_bytes: int
    state: tuple[int, ...] = field(default=(), compare=False)
    is_settled: bool = field(default=False, compare=False)

    @property
    def name(self) -> str:
        """The file's own name."""
        return PurePosixPath(self.relative_path).name


@dataclass(frozen=True)
class Scan:
    """What lies in a landing folder: well-placed files, sorted, and problems with all others."""

    files: tuple[LandedFile, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Days:
    """Delivery dates from the first to the last, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


#: Whatever has landed.
ALL_DAYS = Days(date.min, date.max)


def scan(landing: Path, source: str, days: Days = ALL_DAYS) -> Scan:
    """The files of `source` delivered on `days`, and what is misplaced there or belongs to no known source.

    Ignores `LITTER`, files and folders; folders of other days are not even opened, for a landing
    folder of years is large. Raises FileNotFoundError if `landing` is none.
    """
    if not landing.is_dir():
        raise FileNotFoundError(f"no landing folder at {landing}")
    found = [examine(landing, path) for path in _walk(landing, source, days)]
    problems = (item for item in found if isinstance(item, Problem))
    return Scan(
        files=tuple(sorted(item for item in found if isinstance(item, LandedFile))),
        problems=tuple(sorted(problems, key=str)),
    )


def land_file(source_file: Path, landing: Path, source: str, delivery_date: date, sender: str) -> Path:
    """Copy `source_file` to its place, atomically, so that no reader sees half a file.

    Does nothing if the same content is there. Raises FileExistsError if other content is there, and
    ValueError for a source, sender or file name that a scan would not accept.
    """
    if source not in SOURCES or not sender or Path(sender).name != sender:
        raise ValueError(f"cannot land as source {source!r}, sender {sender!r}: expected {LAYOUT}")
    if is_in_name(sender) or is_in_name(source_file.name):
        raise ValueError(
            f"{_nobodys(source_file.name)!r} from {_nobodys(sender)!r}: a name with a person's number in it"
        )
    if is_litter(sender) or is_litter(source_file.name):
        raise ValueError(f"{source_file.name!r} from {sender!r} is hidden or temporary")
    target = landing / source / delivery_date.isoformat() / sender / source_file.name
    if target.exists():
        if filecmp.cmp(source_file, target, shallow=False):
            return target
        raise FileExistsError(f"{target} holds other content; land corrections as a new delivery")
    with replacing(target) as temporary:
        shutil.copyfile(source_file, temporary)
    return target


def delivery_files(landing: Path, source: str) -> Iterator[tuple[date, Path]]:
    """The delivery date and path of each file of `source` in its place; nothing is read but names.

    What a scan has something to say of (links that lead nowhere, folders, names that are not UTF-8) is no delivery.
    """
    senders = (sender for day in _folders(landing / source) for sender in _folders(day))
    for path in (Path(entry.path) for sender in senders for entry in _entries(sender)):
        parts = path.relative_to(landing).parts
        if any(map(is_litter, parts)):
            continue
        try:
            _, day, _ = _place(parts)
            _check_kind(landing, path)
        except (_MisplacedError, OSError):
            continue
        yield day, path


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder; nothing where it cannot be listed, or was taken away in this moment."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=attrgetter("name"))
    except OSError:
        return []


def _folders(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in _entries(folder) if entry.is_dir(follow_symlinks=False)]


def delivery_date_of(file: str) -> date | None:
    """Of a path below landing, the delivery date of the folder that it lies in, in its place there or not; None outside
    of all such folders.
    """
    source, _, below = file.partition("/")
    day, _, name = below.partition("/")
    return _date(day) if name and source in SOURCES else None


def delivery_days(landing: Path, source: str) -> set[tuple[date, str]]:
    """Which days of `source` hold a delivery, and of which sender."""
    return {(day, path.parent.name) for day, path in delivery_files(landing, source)}


def delivery_hash(sender: str, content: io.BufferedReader | io.BytesIO) -> str:
    """SHA-256 of the sender's name, a zero byte, and what is left of `content`, in hexadecimal.

    The same content of two senders is two deliveries: each may speak for other agencies (`rights`).
    """
    return hashlib.file_digest(content, lambda: hashlib.sha256(f"{sender}\0".encode())).hexdigest()


def read_landed(file: LandedFile, max_bytes: int) -> bytes | Problem:
    """The bytes that were scanned, or why not: too many, or what has happened to the file since."""
    if file.size_bytes > max_bytes:
        return Problem(file.relative_path, "file_too_large", "$", "", f"{file.size_bytes} bytes",
                       f"at most {max_bytes} bytes", "ask the sender to split it")  # fmt: skip
    try:
        return _as_scanned(file)
    except UnreadableError as why:
        return why.problem(file.relative_path)


def copied(file: LandedFile, folder: Path) -> LandedFile:
    """`file`, a small one, as a copy in `folder`, so that what is read there is what was hashed. Raises UnreadableError
    where it is no longer what it was, and OSError where `folder` cannot be written.
    """
    data = _as_scanned(file)
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / f"{file.sha256}.copy"
    copy.write_bytes(data)
    return replace(file, path=copy)


def _as_scanned(file: LandedFile) -> bytes:
    try:
        with _opened(file.path) as stream:
            data = stream.read(file.size_bytes + 1)  # one that has grown is not read in part
    except OSError as error:
        raise _cannot_be_read(error) from None
    if delivery_hash(file.sender, io.BytesIO(data)) != file.sha256:
        raise _changed()
    return data


@contextmanager
def held(file: LandedFile) -> Iterator[LandedFile]:
    """`file`, opened once: its `path` leads to the open file, so that what is read there is what was hashed, wherever
    the landed name leads meanwhile.

    Raises UnreadableError where that is not so, in place of what was found wrong with what was read.
    """
    try:
        stream = _opened(file.path)
    except OSError as error:
        raise _cannot_be_read(error) from None
    with stream:
        _refuse_changed(file, stream)
        by_number = _OPEN_FILES / str(stream.fileno())
        try:
            yield replace(file, path=by_number) if by_number.exists() else file
        except (UnreadableError, FileNotFoundError):
            _refuse_changed(file, stream)
            raise
        _refuse_changed(file, stream)
        if not file.is_settled and delivery_hash(file.sender, stream) != file.sha256:
            raise _changed()


def _refuse_changed(file: LandedFile, stream: BinaryIO) -> None:
    """Raises UnreadableError where what is open, or what the name leads to, is no longer what was hashed."""
    try:
        states = {_state(os.fstat(stream.fileno())), _state(file.path.stat())}
    except OSError as error:
        raise _cannot_be_read(error) from None
    if states != {file.state}:
        raise _changed()


def _state(found: os.stat_result) -> tuple[int, ...]:
    """Which file, and how it is. Its last moment is the system's own: whoever may write the file cannot set it."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _changed() -> UnreadableError:
    return UnreadableError("changed_while_reading", "other content than a moment before",
                           "a file that is complete when it is landed",
                           "run again, and land files under another name before renaming them")  # fmt: skip


def _cannot_be_read(error: OSError) -> UnreadableError:
    return UnreadableError(*_told(error))


def _opened(path: Path) -> io.BufferedReader:
    """For reading. Does not wait where a pipe has taken the place of the file."""
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))


def _walk(landing: Path, source: str, days: Days) -> Iterator[Path | OSError]:
    """Every entry that is not a real folder: files, links, unreadable folders as their error; and folders below so many
    others that nobody looks into them.
    """
    errors: list[OSError] = []
    for folder, folders, names in os.walk(landing, onerror=errors.append):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        folders[:] = [name for name in folders if not is_litter(name) and name not in links]
        if Path(folder) == landing:
            folders[:] = [name for name in folders if name == source or name not in SOURCES]
        if len(Path(folder).relative_to(landing).parts) == MOST_FOLDERS:
            yield from (Path(folder, name) for name in folders)
            folders.clear()
        if Path(folder) == landing / source:
            folders[:] = [name for name in folders if (_date(name) or days.first) in days]
        yield from (Path(folder, name) for name in names + links if not is_litter(name))
    yield from errors


class _MisplacedError(ValueError):
    """What a landed entry is instead of a file in its place: reason, found, expected."""


def examine(landing: Path, entry: Path | OSError) -> LandedFile | Problem:
    """What lies at a path below `landing`, its content hashed; or why it is no file in its place."""
    path = Path(entry.filename) if isinstance(entry, OSError) else entry
    parts = path.relative_to(landing).parts
    try:
        if isinstance(entry, OSError):
            raise entry
        source, delivery_date, sender = _place(parts)
        _check_kind(landing, path)
        with _opened(path) as stream:
            _check_place(landing, stream)
            begun, facts = time.time_ns(), os.fstat(stream.fileno())
            _check_written(stream, facts.st_size)
            digest = delivery_hash(sender, stream)
            size = stream.tell()
    except _MisplacedError as error:
        reason, found, expected = error.args
        return Problem(_shown(landing, path), reason, "$", "", found, expected, _PUT_RIGHT)
    except OSError as error:
        return _cannot_be_read(error).problem(_shown(landing, path))
    is_settled, below = begun - facts.st_ctime_ns > _TICK_NS, "/".join(parts)
    return LandedFile(
        source, delivery_date, sender, below, path, digest, size, _state(facts), is_settled=is_settled
    )


def _place(parts: tuple[str, ...]) -> tuple[str, date, str]:
    """Source, delivery date and sender of a path below the landing folder."""
    if len(parts) != len(LAYOUT.split("/")):
        raise _MisplacedError("misplaced_file", f"{len(parts) - 1} folders above the file", LAYOUT)
    source, day, sender, name = parts
    if source not in SOURCES:
        raise _MisplacedError("unknown_source", f"source {masked(source)}", f"one of {sorted(SOURCES)}")
    delivery_date = _date(day)
    if delivery_date is None:
        raise _MisplacedError("bad_delivery_date", f"folder {masked(day)}", "a delivery date YYYY-MM-DD")
    if not (sender + name).encode("utf-8", "replace").decode() == sender + name:
        raise _MisplacedError("bad_file_name", "a name that is not UTF-8", "a name in UTF-8")
    if is_in_name(sender) or is_in_name(name):
        raise _MisplacedError(
            "personal_number_in_name", "a number or an address of a person in a name", "names without"
        )
    return source, delivery_date, sender


def _check_kind(landing: Path, path: Path) -> None:
    try:  # not Path.resolve, which raises something else for links that lead to each other
        real = Path(os.path.realpath(path, strict=True))
    except OSError:
        if path.is_symlink():  # it will lead nowhere the next time as well
            raise _MisplacedError("link_leads_nowhere", "a link that leads to no file", "a file") from None
        raise
    if not real.is_relative_to(landing.resolve()):
        raise _MisplacedError("link_leaves_landing", "a link to a file elsewhere", "a file")
    if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for ever
        raise _MisplacedError("not_a_file", "a linked folder, pipe or device", "a file")


def _check_place(landing: Path, stream: BinaryIO) -> None:
    """That what was opened lies where its name was seen to lead: a link may lead elsewhere a moment later."""
    by_number = _OPEN_FILES / str(stream.fileno())
    if by_number.exists() and not Path(os.readlink(by_number)).is_relative_to(landing.resolve()):
        raise _MisplacedError("link_leaves_landing", "a link to a file elsewhere", "a file")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        raise _MisplacedError("not_a_file", "a linked folder, pipe or device", "a file")


def _check_written(stream: BinaryIO, size: int) -> None:
    """That there is a file to be hashed, and not the name of one: holes of terabytes, which take no disk, take hours."""
    if size > MAX_LANDED_BYTES:
        raise _MisplacedError("file_too_large", f"{size} bytes", f"at most {MAX_LANDED_BYTES}")
    if size <= _FEW_BYTES:
        return
    written = place = 0
    while place < size and written * _HOLES_RATIO < size:
        try:
            begin = os.lseek(stream.fileno(), place, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            break  # nothing but a hole from here on
        place = os.lseek(stream.fileno(), begin, os.SEEK_HOLE)
        written += place - begin
    stream.seek(0)
    if written * _HOLES_RATIO < size:
        raise _MisplacedError(
            "file_of_holes", f"{written} bytes written of {size}", "a file that is complete when it is landed"
        )


def _told(error: OSError) -> tuple[str, str, str, str]:
    gone = isinstance(error, FileNotFoundError)
    return (
        "vanished_file" if gone else "unreadable_file",
        (error.strerror or type(error).__name__).lower(),
        "a file that can be read",
        "land it again" if gone else "give the warehouse's user the right to read it",
    )


def _shown(landing: Path, path: Path) -> str:
    """The path below landing, as manifests, logs and pages have it: as it is, but where a name holds a person's number;
    such a file is refused, so that nobody has to find it by what is shown.
    """
    shown = os.fsencode(path.relative_to(landing)).decode("utf-8", "backslashreplace")
    return "/".join(map(_nobodys, shown.split("/")))


def _nobodys(name: str) -> str:
    if not is_in_name(name):
        return name
    shown = masked(name)
    return f"a name of {len(name)} characters" if is_in_name(shown) else shown


#: What desktops, office programs and transfers leave beside files, and files that are still on their way; no delivery.
#: Shell patterns, in small letters.
LITTER = (
    ".*", "~$*", "*~", "__macosx", "thumbs.db*", "ehthumbs*.db", "desktop.ini", "icon\r", "$recycle.bin", "#recycle",
    "system volume information", "lost+found", "@eadir", "*:zone.identifier", "*.lnk", "*.url",
    "*.tmp", "*.temp", "*.bak", "*.swp", "*.lock",
    "*.part", "*.partial", "*.filepart", "*.crdownload", "*.download", "*.opdownload", "*.aria2", "*.upload",
    "*.uploading", "*.incomplete", "*.inprogress", "*.writing",
)  # fmt: skip
_IS_LITTER = re.compile("|".join(fnmatch.translate(pattern) for pattern in LITTER))


def is_litter(name: str) -> bool:
    """Whether a file or folder of this name is no delivery."""
    return _IS_LITTER.match(name.lower()) is not None


def _date(text: str) -> date | None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

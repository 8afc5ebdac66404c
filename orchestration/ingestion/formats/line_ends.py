"""Lines of text files: how many there are, how they end, and a copy in which they end alike.

Here: bytes. Not here: what a line holds (`json_lines`, `csv_file`).
"""

from __future__ import annotations

from pathlib import Path

BLOCK = 1024 * 1024


def count_lines(path: Path) -> int:
    """Lines of a file; the last may have no end."""
    lines, last = 0, b"\n"
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            lines, last = lines + block.count(b"\n"), block[-1:]
    return lines + (last != b"\n")


def has_mixed_line_ends(path: Path) -> bool:
    """Whether lines end in CR LF, and breaks of another kind lie between them."""
    both = feeds = returns = 0
    held = b""
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            both += (held + block).count(b"\r\n")
            feeds, returns = feeds + block.count(b"\n"), returns + block.count(b"\r")
            held = b"\r" if block.endswith(b"\r") else b""
    return both > 0 and not both == feeds == returns


def with_unix_line_ends(path: Path) -> Path:
    """A copy of `path` without carriage returns before line feeds, which DuckDB takes only unmixed."""
    target = path.with_name(f"{path.stem}-unix{path.suffix}")
    with path.open("rb") as source, target.open("wb") as out:
        held = b""
        while block := source.read(BLOCK):
            data = held + block
            held = b"\r" if data.endswith(b"\r") else b""
            out.write(data[: len(data) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b" "))
    return target

"""Publishing that dies at a chosen step, and what readers then find.

Belongs here: counting steps, dying at one, builds and releases made of text. Does not belong here: anything a test
asserts.

A crash is an exception that no code catches, raised in place of one file operation or statement; what a kill does
to a half-written file is done to it. The number of steps is found by a run that is let through.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.publishing.marts import Column, Mart
from orchestration.publishing.release import Provenance, Release, publish

MOMENT = datetime(2026, 10, 10, 1, 30, tzinfo=UTC)
KEPT = 2


class Killed(BaseException):
    """Stands for the end of the process."""


ON_FILES = ("mkdir", "write", "fsync", "replace", "symlink", "unlink", "rmdir")
IN_DUCKDB = ("connect", "execute")


class Steps:
    """Counts the steps of what runs within `watch`, and ends it in place of step number `fatal`."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.fatal: int | None = None
        self.kinds: tuple[str, ...] = ()

    @contextmanager
    def watch(self, kinds: tuple[str, ...], fatal: int | None = None) -> Iterator[None]:
        self.seen, self.fatal, self.kinds = [], fatal, kinds
        try:
            yield
        finally:
            self.kinds = ()

    def dies_at(self, label: str) -> bool:
        if not label.startswith(self.kinds):
            return False
        self.seen.append(label)
        return len(self.seen) - 1 == self.fatal

    def before(self, label: str) -> None:
        if self.dies_at(label):
            raise Killed(label)


def watch_steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Every operation on names, every flush and every text written is a step."""
    counted = Steps()

    def watched(name: str) -> Callable[..., Any]:
        original = getattr(os, name)

        def call(*arguments: Any, **options: Any) -> Any:
            counted.before(f"{name} {arguments[0]}")
            # Nothing is lost here by a flush that does not happen; a step it is all the same.
            return None if name == "fsync" else original(*arguments, **options)

        return call

    for name in ("replace", "fsync", "symlink", "unlink", "mkdir", "rmdir"):
        monkeypatch.setattr(os, name, watched(name))
    write_text = Path.write_text

    def torn(path: Path, text: str, *arguments: Any, **options: Any) -> int:
        if counted.dies_at(f"write {path.name}"):
            write_text(path, text[: len(text) // 2], *arguments, **options)
            raise Killed(path.name)
        return write_text(path, text, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", torn)
    monkeypatch.setattr("orchestration.publishing.release.KEEP_RELEASES", KEPT)
    return counted


def publish_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds and releases are text: hundreds of crashes within a second or two."""

    def describe(build: Path) -> tuple[Mart, ...]:
        text = build.read_text(encoding="utf-8")
        return (Mart("t", (Column("a", "VARCHAR"),), 1, hashlib.sha256(text.encode()).hexdigest()),)

    def write(build: Path, marts: tuple[Mart, ...], manifest: Mapping[str, Any], target: Path) -> None:
        (target / "parquet").mkdir(parents=True)
        for path in (target / "warehouse.duckdb", target / "parquet" / "t.parquet"):
            path.write_text(
                f"{build.read_text(encoding='utf-8')} of {manifest['release_id']}", encoding="utf-8"
            )

    monkeypatch.setattr("orchestration.publishing.release.describe", describe)
    monkeypatch.setattr("orchestration.publishing.release.write", write)


def publish_text(data: str, serving: Path, seconds: int) -> Release:
    build = serving.parent / f"{data}.build"
    build.write_text(data, encoding="utf-8")
    evidence = Provenance([{"batch": "b1"}], [{"suite": "s", "success": True}], {}, {})
    return publish(build, serving, evidence, "report of {release_id}", MOMENT + timedelta(seconds=seconds))


def served(serving: Path) -> dict[str, str] | None:
    """What readers find under each served path; None where they find nothing at all."""
    paths = [
        serving / name for name in ("warehouse.duckdb", "parquet/t.parquet", "manifest.json", "report.html")
    ]
    found = {path.name: path.read_text(encoding="utf-8") for path in paths if path.exists()}
    return found or None


def is_whole(found: dict[str, str] | None, data: str) -> bool:
    """Whether all of it is there, from one release, and of this data."""
    if found is None or "manifest.json" not in found:
        return False
    release_id = json.loads(found["manifest.json"])["release_id"]
    return found == {
        "warehouse.duckdb": f"{data} of {release_id}",
        "t.parquet": f"{data} of {release_id}",
        "manifest.json": found["manifest.json"],
        "report.html": f"report of {release_id}",
    }

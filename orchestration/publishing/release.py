"""Releases: published atomically, the last few kept.

```
serving/releases/<release id>/{warehouse.duckdb, parquet/, manifest.json, report.html, scoreboard.html, dictionary.html}
serving/current -> releases/<release id>                 the one link that is swapped
serving/{warehouse.duckdb, parquet, manifest.json, report.html, scoreboard.html, dictionary.html} -> current/...
serving/rollbacks/                                       who rolled back, and holds (`rollback.py`)
```

Belongs here: naming, making, swapping and listing releases. Copying tables is in `marts.py`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from orchestration.atomic_files import point, sync_folder, sync_tree
from orchestration.commands import signed
from orchestration.publishing.closed_months import ClosedMonth, revisions
from orchestration.publishing.closed_schema import add_closed
from orchestration.publishing.manifest import DamagedReleaseError, read_manifest
from orchestration.publishing.marts import (
    RELEASE,
    RELEASE_ID,
    RELEASE_VI,
    Mart,
    PublishError,
    describe,
    write,
)
from orchestration.publishing.rollback import may_be_held, refuse_while_held
from orchestration.publishing.served_files import open_folder, protect_tree, serve

SERVED = ("warehouse.duckdb", "parquet", "manifest.json", "report.html")
#: Served too, by a release that has them: figures for people (`scoreboard`), what each column means (`dictionary`).
SCOREBOARD, DICTIONARY = "scoreboard.html", "dictionary.html"
PAGES = (SCOREBOARD, DICTIONARY)

#: Draws a page of a release from its folder and that of the release before it, where that one is kept.
Draw = Callable[[Path, Path | None], str]

# Enough to roll back over a bad week of nightly runs; each release of the portal's figures is a few MB.
KEEP_RELEASES = 7


@dataclass(frozen=True)
class Provenance:
    """What a release rests on: `inputs` an entry a batch, `gates` one a suite, `code` and `versions` to repeat it.

    `retracted` are the files taken back out of the lake, each with its reason; `inputs_fingerprint` is of all
    that the marts were made from, the gates judged by and the pages drawn from, so that a later run can tell that
    nothing is new. `approvals` are the holds that a person let pass, `rollbacks` the earlier releases that were served
    again, each with who and why. `keys` are the columns of each mart that no two of its rows share, `descriptions_vi`
    what each is, in Vietnamese, `parquet_by` the column of some by which their Parquet is divided.
    """

    inputs: Sequence[Mapping[str, Any]]
    gates: Sequence[Mapping[str, Any]]
    code: Mapping[str, str]
    versions: Mapping[str, str]
    retracted: Sequence[Mapping[str, Any]] = ()
    inputs_fingerprint: str = ""
    approvals: Sequence[Mapping[str, Any]] = ()
    rollbacks: Sequence[Mapping[str, Any]] = ()
    contains_synthetic: bool = False
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    descriptions_vi: Mapping[str, str] = field(default_factory=dict)
    parquet_by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Release:
    """A release that is served. `is_new` is false when the build held nothing that was not served already."""

    release_id: str
    folder: Path
    manifest: Mapping[str, Any]
    is_new: bool


def publish(
    build: Path,
    serving: Path,
    evidence: Provenance,
    report: str,
    now: datetime,
    closed: Path | None = None,
    pages: Mapping[str, Draw] | None = None,
) -> Release:
    """Serve the marts of `build`; a no-op when the same marts from the same inputs are served already. Other inputs are
    another release even where they move no figure: what is served must say what it is of, and its pages are drawn anew.

    `closed` is the folder of closed months (`closed_months.py`), served beside them. `report` is a page (HTML) about the
    gates with `{release_id}` where the id belongs. `now` carries a zone. `pages` draws each of `PAGES` by its name; where
    one fails, nothing is published: a page of another release must not stand beside these marts.
    Raises PublishError, ReleaseHeldError after a rollback; whatever fails, readers keep what they had.
    """
    failed = [str(gate["suite"]) for gate in evidence.gates if not gate["success"]]
    if failed or not evidence.gates:
        raise PublishError(
            f"gates {', '.join(failed) or '(none ran)'} did not pass; expected every gate to pass before"
            " publishing; look at the failed checks of this run"
        )
    tables = describe(build)
    months = revisions(closed) if closed else []
    fingerprint = _fingerprint(tables, evidence, months)
    try:
        served = current(serving)
    except DamagedReleaseError:  # what is published now takes its place
        served = None
    _refuse_folders(serving)
    releases = serving / "releases"
    open_folder(serving)
    open_folder(releases)
    previous = current_name(serving) or _last_of_several(serving)
    is_served = served is not None and served.manifest["fingerprint"] == fingerprint
    if not is_served:
        refuse_while_held(serving)
    # Who rolled back by mistake goes forward again: until something new is published, what was served is kept.
    if not may_be_held(serving):
        _prune_releases(releases, previous)
    if served is not None and is_served:
        _serve(serving, served.release_id)  # a crash may have left links half made
        return served

    release_id = _new_id(releases, fingerprint, now)
    temporary = releases / f".{release_id}"
    manifest = _manifest(release_id, previous, fingerprint, tables, evidence, now)
    manifest["closed"] = [
        f"{month.month} revision {month.revision}, {month.status}, closed by {signed('', month.os_user)}"
        for month in months
    ]
    write(build, tables, manifest, temporary)
    add_closed(temporary / "warehouse.duckdb", months)
    (temporary / "manifest.json").write_text(
        json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    (temporary / "report.html").write_text(report.replace("{release_id}", release_id), encoding="utf-8")
    before = releases / previous if previous else None
    for name, draw in (pages or {}).items():
        (temporary / name).write_text(draw(temporary, before), encoding="utf-8")
    protect_tree(temporary)
    sync_tree(temporary)
    os.replace(temporary, releases / release_id)
    sync_folder(releases)
    _serve(serving, release_id)
    _prune_releases(releases, release_id)
    return Release(release_id, releases / release_id, manifest, is_new=True)


def current(serving: Path) -> Release | None:
    """The release being served; None before the first, or where the link leads to none. Raises DamagedReleaseError."""
    link = serving / "current"
    if not link.is_symlink():
        return None
    folder = serving / os.readlink(link)
    if not folder.is_dir():
        return None
    return Release(folder.name, folder, read_manifest(folder), is_new=False)


def last_served(serving: Path) -> Release | None:
    """What is served, or, where that cannot be known any more, what most likely was: the newest that is whole."""
    try:
        served = current(serving)
    except DamagedReleaseError:
        served = None
    return served or next(iter(list_releases(serving)), None)


def served_folder(serving: Path) -> Path:
    """Where what BI tools read lies, or what they would read, were the link not lost."""
    last = last_served(serving) if current_name(serving) is None else None
    return last.folder if last else serving


def current_name(serving: Path) -> str | None:
    """The name of the release that is served, whole or damaged."""
    link = serving / "current"
    return Path(os.readlink(link)).name if link.is_symlink() and link.is_dir() else None


def refuse_if_replaced(serving: Path, seen: Release | None) -> None:
    """Raises PublishError if `seen` is no longer what is served: who asked did not see what is."""
    served = current(serving)
    if served is not None and (seen is None or served.release_id != seen.release_id):
        raise PublishError(
            f"while this waited, {served.release_id} took the place of {seen.release_id if seen else 'nothing'};"
            " expected what you saw to be served still; look at the new release and ask again"
        )


def _last_of_several(serving: Path) -> str | None:
    """Where the link is gone that says what is served, the newest release, so that none is lost for it.

    A single one was made by a run that was killed before anything was served: it was never seen.
    """
    found = list_releases(serving)
    return found[0].release_id if len(found) > 1 else None


def list_releases(serving: Path) -> list[Release]:
    """Every release that is kept and whole, the newest first."""
    found = []
    for folder in _kept(serving):
        try:
            found.append(Release(folder.name, folder, read_manifest(folder), is_new=False))
        except DamagedReleaseError:
            continue  # `damaged_releases` names it
    kept = {release.release_id: release for release in found}

    def age(release: Release) -> tuple[str, int]:
        """Later than of what it followed, whatever the clock said then."""
        line: dict[str, str] = {}
        before: Release | None = release
        while before is not None and before.release_id not in line:
            line[before.release_id] = str(before.manifest["created_at"])
            before = kept.get(str(before.manifest["previous"]))
        return max(line.values()), len(line)

    return sorted(found, key=age, reverse=True)


def damaged_releases(serving: Path) -> list[str]:
    """What is wrong with each release that is kept and not whole."""
    found = []
    for folder in _kept(serving):
        try:
            read_manifest(folder)
        except DamagedReleaseError as error:
            found.append(str(error))
    return found


def _kept(serving: Path) -> list[Path]:
    return sorted(path for path in (serving / "releases").glob("[!.]*") if path.is_dir())


def _serve(serving: Path, release_id: str) -> None:
    """The swap: one link, so that database, Parquet, manifest and report change together.

    The links through it come first: once `current` leads to a release, all of it is served.
    """
    folder = serving / "releases" / release_id
    for name in (*SERVED, *(page for page in PAGES if (folder / page).is_file())):
        point(serving / name, f"current/{name}")
    serve(serving, release_id)


def _refuse_folders(serving: Path) -> None:
    """A folder cannot be swapped for a link in one step; a copy that followed links (`cp -L`) holds some."""
    for path in (serving / name for name in ("current", *SERVED, *PAGES)):
        if path.is_dir() and not path.is_symlink():
            raise PublishError(f"{path}: is a folder; expected a link into `releases`; move it away")


def _new_id(releases: Path, fingerprint: str, now: datetime) -> str:
    """When and what; a second on where content comes back within one second."""
    moment = now.astimezone(UTC)
    while (releases / (release_id := f"{moment:%Y%m%dT%H%M%SZ}-{fingerprint[:8]}")).exists():
        moment += timedelta(seconds=1)
    return release_id


def _fingerprint(tables: tuple[Mart, ...], evidence: Provenance, months: Sequence[ClosedMonth]) -> str:
    content = [
        [[table.name, table.fingerprint] for table in tables],
        sorted(str(entry["batch"]) for entry in evidence.inputs),
        evidence.inputs_fingerprint,
        *([[month.month, month.revision] for month in months]),
        *([{name: [*key] for name, key in sorted(evidence.keys.items())}] if evidence.keys else []),
        *([dict(sorted(evidence.descriptions_vi.items()))] if evidence.descriptions_vi else []),
        *([dict(sorted(evidence.parquet_by.items()))] if evidence.parquet_by else []),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _manifest(
    release_id: str,
    previous: str | None,
    fingerprint: str,
    tables: tuple[Mart, ...],
    evidence: Provenance,
    now: datetime,
) -> dict[str, Any]:
    descriptions_vi = {RELEASE.name: RELEASE_VI, **evidence.descriptions_vi}
    return {
        "release_id": release_id,
        "previous": previous,
        "created_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "fingerprint": fingerprint,
        "contains_synthetic": evidence.contains_synthetic,
        "code": dict(evidence.code),
        "versions": dict(evidence.versions),
        "inputs_fingerprint": evidence.inputs_fingerprint,
        "inputs": [dict(entry) for entry in evidence.inputs],
        "retracted": [dict(entry) for entry in evidence.retracted],
        "approvals": [dict(entry) for entry in evidence.approvals],
        "rollbacks": [dict(entry) for entry in evidence.rollbacks],
        "tables": {
            table.name: {
                "rows": table.rows,
                "fingerprint": table.fingerprint,
                "columns": list(dict.fromkeys([*(column.name for column in table.columns), RELEASE_ID])),
                "key": [*evidence.keys.get(table.name, ())],
                "description_vi": descriptions_vi.get(table.name),
                **({"query": table.query} if table.rows is None else {}),
                **({"parquet_by": by} if (by := evidence.parquet_by.get(table.name)) else {}),
            }
            for table in (*tables, RELEASE)
        },
        "gates": [dict(gate) for gate in evidence.gates],
    }


def _prune_releases(releases: Path, served: str | None) -> None:
    """Keep the release served and those served before it, KEEP_RELEASES in all; remove every other folder.

    What a crash kept from being served goes too. Each manifest names the release before it: the moment in a name
    says little about order, because clocks go backwards.
    """
    kept = set(islice(_line(releases, served), KEEP_RELEASES))
    for path in sorted(releases.iterdir()):  # hidden ones first: they may have the name that another needs
        if path.name not in kept and path.is_dir() and not path.is_symlink():
            # Out of sight at once: half a release must not be one that a rollback could serve.
            hidden = path.with_name(f".{path.name.lstrip('.')}")
            os.replace(path, hidden)
            shutil.rmtree(hidden)


def _line(releases: Path, release_id: str | None) -> Iterator[str]:
    """A release, the one served before it, and so on back. One that cannot be read does not say which was before it:
    the others go on from the newest.
    """
    seen: list[str] = []
    while release_id is not None and release_id not in seen:
        yield release_id
        seen.append(release_id)
        try:
            before: str | None = read_manifest(releases / release_id).get("previous")
        except DamagedReleaseError:
            if not (releases / release_id).is_dir():  # tidied away before
                return
            others = (release.release_id for release in list_releases(releases.parent))
            before = next((other for other in others if other not in seen), None)
        release_id = before

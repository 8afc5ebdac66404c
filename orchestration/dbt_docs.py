"""dbt's own documentation as one page: models down to the sources, their SQL, their tests, and who rests on whom.

Belongs here: calling `dbt docs generate` on what is served, and mending its page so that it opens from a disk. Does not
belong here: what tables and columns mean (their models say so), nor the dictionary of a release.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from orchestration.answers.answer import NotDoneError
from orchestration.atomic_files import write_durably
from orchestration.commands import command
from orchestration.settings import Settings

#: What dbt needs to parse nothing again.
_PARSED = ("manifest.json", "partial_parse.msgpack", "semantic_manifest.json")
#: dbt's page asks for files beside it that there are not: its template is filled in too late, or never. As it stands each
#: is an error in the console of the browser (dbt 1.11.16). What does not occur any more is not replaced.
_MENDED = (
    ('xlink:href="{{ getIcon(', 'ng-attr-xlink:href="{{ getIcon('),
    ("${require('./assets/favicons/favicon.ico')}", "data:,"),
    ('<link rel="canonical" href="/overview/"/>', ""),
)
#: Nothing is asked of anybody, whatever its scripts try. Its templates are compiled by `Function`.
_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'"
    " 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; font-src data:\">"
)


def write_dbt_docs(settings: Settings) -> Path:
    """Write the page to `build/dbt_docs.html`, with types as they are served. Raises NotDoneError."""
    if not (settings.serving / "warehouse.duckdb").is_file():
        raise NotDoneError(
            f"not written: {settings.serving}: nothing is served; expected a release; run {command('refresh')}"
        )
    with tempfile.TemporaryDirectory(prefix="dbt-docs-") as place:
        page = _generated(settings, Path(place))
    target = settings.build / "dbt_docs.html"
    settings.build.mkdir(parents=True, exist_ok=True)
    write_durably(target, opens_from_a_disk(page, settings), mode=0o640)  # as all of the build
    return target


def opens_from_a_disk(page: str, settings: Settings) -> str:
    """The page of dbt without requests, and without the folders of the machine that made it."""
    page = page.replace("<head>", f"<head>{_POLICY}", 1)
    for found, instead in _MENDED:
        page = page.replace(found, instead)
    # As JSON writes them. Data may lie within the repository: it comes first.
    for folder, name in ((settings.data, "data"), (settings.repository, ".")):
        page = page.replace(json.dumps(str(folder))[1:-1], name)
    return page


def _generated(settings: Settings, place: Path) -> str:
    for name in _PARSED:
        shutil.copy(settings.dbt_manifest.with_name(name), place)
    # The target `release` is read-only, so that no run is waited for; compiling would need the build, and would write its
    # folders into the page.
    done = subprocess.run(
        [
            Path(sys.executable).with_name("dbt"), "--quiet", "--no-use-colors", "docs", "generate", "--static",
            "--no-compile", "--target", "release", "--profiles-dir", ".", "--target-path", place, "--log-path", place,
        ],
        cwd=settings.dbt_project,
        env={**os.environ, "SERVICE_INDEX_DATA": str(settings.data)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise NotDoneError(f"not written: {done.stdout.strip() or done.stderr.strip()}")
    return (place / "static_index.html").read_text(encoding="utf-8")

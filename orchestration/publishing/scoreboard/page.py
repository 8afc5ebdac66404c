"""The scoreboard of a release: one HTML file that needs no server, no network and no other file.

Belongs here: putting figures, words, charts and scripts together. Does not belong here: what the figures are (`data`),
and when the page is drawn (`publishing.release`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publishing.marts import PublishError
from orchestration.publishing.pages.template import filled, moment
from orchestration.publishing.pages.texts import IncompleteTextsError, read_texts
from orchestration.publishing.scoreboard import charts, data, workbooks

TEMPLATES = Path(__file__).parent / "templates"
TEXTS = Path(__file__).parent / "texts.yml"
PAGE = "page.html.jinja"


class ScoreboardError(PublishError):
    """The page of a release could not be drawn, so that the release is not published."""


def draw(release: Path, previous: Path | None, reference: Path) -> str:
    """The page of the release in the folder `release`, beside that before it where it is kept.

    `reference` is the folder of dbt's reference seeds: bounds of bands. Raises ScoreboardError.
    """
    try:
        manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
        with data.open_release(release, previous) as connection:
            return _page(connection, manifest, reference)
    except (duckdb.Error, OSError, IncompleteTextsError) as error:
        raise ScoreboardError(
            f"scoreboard of {release.name.lstrip('.')}: found {error}; expected the marts of a release as their models"
            " describe them; nothing was published: look at the query or table that it names, and run the job again"
        ) from error


def _page(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], reference: Path) -> str:
    texts, first = read_texts(TEXTS), data.opened_first(connection, reference)
    changes = data.changes(connection)
    facts = {
        "release": manifest["release_id"],
        "previous": manifest["previous"] if changes else None,
        "moment": moment(manifest["created_at"]),
        "created_at": manifest["created_at"],
        # Not the manifest's word, which is of all inputs together: what was refused makes nothing synthetic.
        "synthetic": data.synthetic_bases(connection),
    }
    groups = [
        dict(zip(first["group_names"], row, strict=True))
        for row in zip(*first["group_names"].values(), strict=True)
    ]
    of_release = {**data.of_the_release(connection), **(changes or {}), "gates": _gates(manifest)}
    blocks = {
        "first": data.packed({"facts": facts, "texts": texts, "tables": {**first, **of_release}}),
        "charts": data.packed(charts.specifications()),
        "bundle": data.packed_bytes(charts.bundle()),
        **{
            f"units-{province}": data.packed(data.units_of(connection, province))
            for province in sorted(set(first["ranking"]["u"]))
        },
        **{
            f"workbook-{number}": data.packed_bytes(book)
            for number, book in workbooks.workbooks(connection, groups, facts, texts)
        },
    }
    return filled(TEMPLATES, PAGE, texts=texts["vi"], facts=facts, blocks=blocks)


def _gates(manifest: Mapping[str, Any]) -> dict[str, list[Any]]:
    """One row a suite, as the manifest has them."""
    return {
        name: [gate[name] for gate in manifest["gates"]] for name in ("suite", "table", "checks", "success")
    }

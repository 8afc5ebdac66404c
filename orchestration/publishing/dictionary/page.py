"""The dictionary of a release: one HTML file that needs no server, no network and no other file.

Belongs here: putting contents and words into the template. Does not belong here: what is said of tables (`contents`),
and when the page is drawn (`publishing.release`). Everything is in the HTML: the script only hides, searches and links.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from orchestration.publishing.dictionary.contents import COLUMNS, JOINS, KINDS, Contents, Rule, contents
from orchestration.publishing.marts import PublishError
from orchestration.publishing.pages.template import environment, moment
from orchestration.publishing.pages.texts import LANGUAGES, IncompleteTextsError, read_texts

if TYPE_CHECKING:
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
TEXTS = Path(__file__).parent / "texts.yml"
PAGE = "dictionary.html.jinja"


class DictionaryError(PublishError):
    """The dictionary of a release could not be drawn, so that the release is not published."""


def draw(release: Path) -> str:
    """The page of the release in the folder `release`. Raises DictionaryError."""
    try:
        manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
        with duckdb.connect(str(release / "warehouse.duckdb"), read_only=True) as connection:
            found = contents(connection, manifest)
        return _page(found, manifest)
    except (duckdb.Error, OSError, IncompleteTextsError) as error:
        raise DictionaryError(
            f"dictionary of {release.name.lstrip('.')}: found {error}; expected the marts of a release as their models"
            f" describe them, and words in {TEXTS.name}, {COLUMNS.name} and {JOINS.name}; nothing was published: look at"
            " what it names, and run the job again"
        ) from error


def formula(rule: Rule, language: str) -> str:
    """How points come of a ratio, as the macro `score` does: `6 × min(1, ratio / 0.8)`; empty without points."""
    if not rule.max_score or rule.full_mark_ratio is None:
        return ""
    ratio = {"vi": "tỷ lệ", "en": "ratio"}[language]
    share = ratio if rule.full_mark_ratio == 1 else f"{ratio} / {shown(rule.full_mark_ratio, language)}"
    least = f"min(1; {share})" if language == "vi" else f"min(1, {share})"
    return f"{shown(rule.max_score, language)} × {share if share == ratio else least}"


def shown(value: float, language: str) -> str:
    """A number as people of the language write it."""
    text = f"{value:g}"
    return text.replace(".", ",") if language == "vi" else text


def counted(value: int, language: str) -> str:
    """A number of rows as people of the language write it."""
    return f"{value:,}".replace(",", "." if language == "vi" else ",")


def _page(found: Contents, manifest: dict[str, Any]) -> str:
    texts = read_texts(TEXTS)
    served = {table.name for table in found.tables}

    def marked_up(text: str) -> Markup:
        """Names in backticks as code; those of served tables lead there."""
        from markupsafe import Markup, escape

        parts = re.split(r"`([^`]+)`", text)
        return Markup("").join(
            escape(part) if at % 2 == 0
            else Markup('<a href="#table={0}" data-table="{0}"><code>{0}</code></a>').format(part) if part in served
            else Markup("<code>{}</code>").format(part)
            for at, part in enumerate(parts)
        )  # fmt: skip

    filling = environment(TEMPLATES)
    filling.filters["marked_up"] = marked_up
    filling.filters["shown"] = shown
    filling.filters["counted"] = counted
    filling.globals["formula"] = formula
    return filling.get_template(PAGE).render(
        texts=texts,
        languages=LANGUAGES,
        kinds=[kind for kind in KINDS if any(table.kind == kind for table in found.tables)],
        tables=found.tables,
        metrics=found.metrics,
        release=manifest["release_id"],
        moment=moment(manifest["created_at"]),
    )

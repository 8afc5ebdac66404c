"""The words of a page, in Vietnamese and English.

Belongs here: reading the `texts.yml` of a page. Does not belong here: any of the words.
"""

from __future__ import annotations

from pathlib import Path

LANGUAGES = ("vi", "en")


class IncompleteTextsError(ValueError):
    """Something on the page would have no words in one of its languages."""


def read_texts(path: Path) -> dict[str, dict[str, str]]:
    """Language, key, words. Raises IncompleteTextsError where a key lacks one of them."""
    import yaml

    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key, words in found.items():
        if (
            not isinstance(words, dict)
            or {*words} != {*LANGUAGES}
            or not all(isinstance(w, str) for w in words.values())
        ):
            raise IncompleteTextsError(
                f"{path.name}: {key}: found {words!r}, expected words for {' and '.join(LANGUAGES)};"
                " quote words that hold a comma or a colon"
            )
    return {language: {key: words[language] for key, words in found.items()} for language in LANGUAGES}

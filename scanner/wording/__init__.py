"""Reasons as sentences: one table a method, English and French side by side.

A table entry is named by the reason's code and holds ``en`` and ``fr``, both
format strings over the reason's values. Each says what was lost or seen, and
what to do where something can be done.
"""

from __future__ import annotations

import tomllib
from enum import StrEnum
from functools import cache
from importlib import resources

from scanner.evidence import Reason


class Language(StrEnum):
    """Languages that every sentence stands in."""

    EN = "en"
    FR = "fr"


LANGUAGES = tuple(language.value for language in Language)


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return every sentence by code and language.

    Raises
    ------
    ValueError : a code stands in two tables.
    """
    sentences: dict[str, dict[str, str]] = {}
    for table in sorted(resources.files(__name__).iterdir(), key=lambda entry: entry.name):
        if not table.name.endswith(".toml"):
            continue
        for code, texts in tomllib.loads(table.read_text(encoding="utf-8")).items():
            if code in sentences:
                raise ValueError(f"{code} stands in {table.name} and in another table")
            sentences[code] = texts
    return sentences


def sentence(reason: Reason, language: str = "en") -> str:
    """Return a reason as one sentence of the language."""
    return catalogue()[reason.code][language].format(**reason.values)

"""Reasons as sentences: one table a method, English and French side by side.

A table entry is named by the reason's code and holds ``en`` and ``fr``, both
format strings over the reason's values. Each says what was lost or seen, and
what to do where something can be done. ``names.toml`` holds what is called
differently in each language: a value named like one of its tables
(``{modality}``, ``{cargo}``, …) appears in a sentence by its name.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from scanner.evidence import Reason

NAMES_FILE = "names.toml"
NO_BREAK_SPACE = "\u00a0"


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
        if not table.name.endswith(".toml") or table.name == NAMES_FILE:
            continue
        for code, texts in tomllib.loads(table.read_text(encoding="utf-8")).items():
            if code in sentences:
                raise ValueError(f"{code} stands in {table.name} and in another table")
            sentences[code] = texts
    return sentences


@cache
def names() -> dict[str, dict[str, dict[str, str]]]:
    """Return what things are called, by table ("modality", "cargo", …), code and language."""
    return tomllib.loads(resources.files(__name__).joinpath(NAMES_FILE).read_text(encoding="utf-8"))


def name(table: str, code: str, language: str = "en") -> str:
    """Return what something is called; a code without a name stands for itself.

    Examples
    --------
    >>> name("modality", "heartbeat", "fr")
    'Battements de cœur'
    """
    return names()[table].get(code, {}).get(language, code)


class _Sentences(string.Formatter):
    """Fills in values as the language writes them: names for codes, numbers with its decimal sign."""

    def __init__(self, language: str) -> None:
        self.language = language

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        value = super().get_value(key, args, kwargs)
        if isinstance(value, str) and key in names():
            return name(str(key), value, self.language)
        return value

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(super().format_field(value, format_spec))
        if not isinstance(value, int | float) or isinstance(value, bool):
            return text
        if "e" in text:  # nobody reads powers of ten at a booth
            text = f"{float(text):,.0f}" if abs(value) >= 1 else f"{float(text):.9f}".rstrip("0")
        if self.language == Language.FR:
            return text.replace(",", NO_BREAK_SPACE).replace(".", ",")
        return text


_FORMATTERS = {language: _Sentences(language) for language in LANGUAGES}


def sentence(reason: Reason, language: str = "en") -> str:
    """Return a reason as one sentence of the language.

    Examples
    --------
    >>> sentence(Reason("evidence_for", {"modality": "co2", "times": 2.5}), "fr")
    'CO2\\xa0: 2,5 fois plus probable avec des personnes à l’intérieur que sans'
    """
    return _FORMATTERS[language].vformat(catalogue()[reason.code][language], (), reason.values)


def sentences(reason: Reason) -> dict[str, str]:
    """Return a reason's sentence in every language."""
    return {language: sentence(reason, language) for language in LANGUAGES}

"""The page's own words, read from its catalogues, and which of them give a language away."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from scanner.wording import catalogue

FOLDER = Path(__file__).resolve().parents[2] / "service" / "ui" / "src"
_ENTRY = re.compile(r"""^\s*(\w+):\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"),?\s*$""", re.MULTILINE)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_HOLE = re.compile(r"\{[^}]*\}")
_SPACES = re.compile(r"\s+")
SHORTEST = 12  # letters of a text that must not stand on a page of the other language


@cache
def page_words(language: str) -> dict[str, str]:
    """Return the page's texts by key."""
    texts: dict[str, str] = {}
    files = [FOLDER / "i18n" / f"{language}.ts", *sorted(FOLDER.glob(f"*/*.{language}.ts"))]
    for file in files:
        # a long text may begin on the line after its key
        joined = re.sub(r"^(\s*\w+:)\s*\n\s*", r"\1 ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for key, single, double in _ENTRY.findall(joined):
            texts[key] = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], single or double)
    return texts


def plain(text: str) -> str:
    """Return a text with every run of white space, no-break spaces too, as one space."""
    return _SPACES.sub(" ", text).strip()


@cache
def telltales(language: str) -> frozenset[str]:
    """Return pieces of text that stand in this language's catalogues only: page and reasons."""

    def pieces(name: str) -> set[str]:
        texts = [*page_words(name).values(), *(entry[name] for entry in catalogue().values())]
        found = (plain(piece) for text in texts for piece in _HOLE.split(text))
        return {piece for piece in found if len(piece) >= SHORTEST and " " in piece}

    other = "\n".join(pieces("fr" if language == "en" else "en")).casefold()
    return frozenset(p for p in pieces(language) if p.casefold() not in other)


def foreign(text: str, language: str) -> list[str]:
    """Return what of a page's visible text belongs to the other language."""
    shown = plain(text).casefold()
    return sorted(t for t in telltales("fr" if language == "en" else "en") if t.casefold() in shown)

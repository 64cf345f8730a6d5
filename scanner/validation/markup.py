"""Words and numbers of a page that holds two languages at once: the page's style shows one of them."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from scanner.evidence import Reason
from scanner.wording import LANGUAGES, NO_BREAK_SPACE, Language, name, sentences

NONE = "–"


def spans(texts: Mapping[str, str], tag: str = "span") -> str:
    """Return one text in every language; once, where they are the same.

    Examples
    --------
    >>> spans({"en": "cargo", "fr": "chargement"})
    '<span lang="en">cargo</span><span lang="fr">chargement</span>'
    """
    if len(set(texts.values())) == 1:
        return html.escape(next(iter(texts.values())))
    return "".join(
        f'<{tag} lang="{language}">{html.escape(texts[language])}</{tag}>' for language in LANGUAGES
    )


def say(code: str, tag: str = "span", /, **values: float | str) -> str:
    """Return a sentence of the wording in every language."""
    return spans(sentences(Reason(code, values)), tag)


def named(table: str, code: str, tag: str = "span") -> str:
    """Return what a code is called in every language."""
    return spans({language: name(table, code, language) for language in LANGUAGES}, tag)


def number(value: float | None, digits: int = 2, unit: str = "", tag: str = "span") -> str:
    """Return a number as each language writes it; a value that there is none of is a dash.

    Examples
    --------
    >>> number(0.5, 1)
    '<span lang="en">0.5</span><span lang="fr">0,5</span>'
    """
    if value is None:
        return NONE
    text = f"{value:.{digits}f}".replace("-", "\u2212")
    after = f"{NO_BREAK_SPACE}{unit}" if unit else ""
    written = {Language.EN.value: text + after, Language.FR.value: text.replace(".", ",") + after}
    return spans(written, tag)


def percent(share: float | None, tag: str = "span") -> str:
    """Return a share in percent, with as many digits as small ones need."""
    if share is None:
        return NONE
    digits = 0 if share in (0.0, 1.0) else 1 if share >= 0.0995 else 2
    return number(100 * share, digits, "%", tag)


def rate(told: Mapping[str, Any]) -> str:
    """Return a rate with its interval and counts, as a table's cell holds it."""
    if not told["of"]:
        return NONE
    ends = f"{percent(told['low'])} – {percent(told['high'])}"
    counts = f"{told['hits']}/{told['of']}" if "hits" in told else str(told["of"])
    return f"<b>{percent(told['value'])}</b> <small>{ends} · {counts}</small>"


def probability(p: float) -> str:
    """Return a p-value."""
    if p < 0.001:
        return spans({Language.EN.value: "< 0.001", Language.FR.value: "< 0,001"})
    return number(p, 3)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    """Return a table of cells that are markup already; the first column heads its row."""
    head = "".join(f"<th>{cell}</th>" for cell in headings)
    body = "".join(
        f"<tr><th>{row[0]}</th>{''.join(f'<td>{cell}</td>' for cell in row[1:])}</tr>" for row in rows
    )
    kinds = f' class="{kind}"' if kind else ""
    return (
        f'<div class="scroll"><table{kinds}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def section(anchor: str, title: str, *parts: str) -> str:
    """Return a part of the page under a heading."""
    return f'<section id="{anchor}"><h2>{title}</h2>{"".join(parts)}</section>'


def note(code: str, /, **values: float | str) -> str:
    """Return a sentence as a paragraph that explains a figure."""
    return f'<p class="note">{say(code, "span", **values)}</p>'

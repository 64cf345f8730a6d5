"""Every reason that the code can give has its sentence in both languages, and no sentence is orphaned."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from scanner.evidence import Reason
from scanner.wording import LANGUAGES, catalogue, sentence

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [*(ROOT / "scanner").rglob("*.py"), *(ROOT / "service").rglob("*.py")]


def literals() -> dict[str, Path]:
    """Return every text literal in the sources by where it stands."""
    return {
        node.value: path
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def reason_codes() -> dict[str, Path]:
    """Return the codes given literally to Reason, unavailable and pending."""
    found = {}
    position = {"Reason": 0, "CommandRefused": 0, "unavailable": 1, "pending": 1}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            at = position.get(name)
            if at is None or len(node.args) <= at:
                continue
            for code in ast.walk(node.args[at]):
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    found[code.value] = path
    return found


def test_every_code_has_a_sentence():
    missing = {code: str(path) for code, path in reason_codes().items() if code not in catalogue()}
    assert not missing


def patterns() -> list[re.Pattern[str]]:
    """Return what the f-strings of the sources can be, with anything in place of their values."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                parts = [
                    re.escape(str(v.value)) if isinstance(v, ast.Constant) else r"[a-z_]+"
                    for v in node.values
                ]
                if re.fullmatch(r"[a-z0-9_]{3,}", str(node.values[0].value)):
                    found.append(re.compile("".join(parts)))
    return found


def test_every_sentence_is_used():
    known, built = literals(), patterns()
    joined = {code for code in catalogue() if any(p.fullmatch(code) for p in built)}
    ends = {a + b for a in known for b in ("_cold", "_hot")}  # life risk adds these to a code
    assert not [code for code in catalogue() if code not in known and code not in joined | ends]


@pytest.mark.parametrize("code", catalogue())
def test_languages_need_the_same_values(code: str):
    texts = catalogue()[code]
    assert set(texts) == set(LANGUAGES)
    needs = [{field for _, field, _, _ in string.Formatter().parse(t) if field} for t in texts.values()]
    assert needs[0] == needs[1]


def test_a_sentence_is_filled_in():
    said = sentence(Reason("required_pending", {"modality": "co2"}), "fr")
    assert said == "CO2\u00a0: mesure exigée pour ce véhicule, encore en cours"

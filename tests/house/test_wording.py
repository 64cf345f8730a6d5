"""Every reason that the code can give has its sentence in both languages, and no sentence is orphaned."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from drivers.api import ConnectionState, Role
from models import familiarity
from scanner.evidence import EvidenceState, Reason, Recommendation
from scanner.policy import MODALITIES
from scanner.vehicle import CargoClass, VehicleClass
from scanner.wording import LANGUAGES, catalogue, names, sentence

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
            for code in whole_texts(node.args[at]):
                found[code] = path
    return found


def whole_texts(node: ast.expr) -> list[str]:
    """Return the texts that an expression may be; pieces of f-strings are none."""
    if isinstance(node, ast.JoinedStr):
        return []
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    return [
        text
        for child in ast.iter_child_nodes(node)
        if isinstance(child, ast.expr)
        for text in whole_texts(child)
    ]


def test_every_code_that_is_put_together_has_a_sentence():
    assert all(any(p.fullmatch(code) for code in catalogue()) for p in reason_patterns())


def reason_patterns() -> list[re.Pattern[str]]:
    """Return what the f-strings given to Reason can be."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reason" and node.args:
                code = node.args[0]
                if isinstance(code, ast.JoinedStr):
                    parts = [
                        re.escape(str(v.value)) if isinstance(v, ast.Constant) else r"[a-z_]+"
                        for v in code.values
                    ]
                    found.append(re.compile("".join(parts)))
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


def test_every_code_that_people_read_has_its_name():
    codes = {
        "modality": MODALITIES,
        "vehicle": VehicleClass,
        "cargo": CargoClass,
        "role": Role,
        "connection": ConnectionState,
        "evidence": EvidenceState,
        "recommendation": Recommendation,
        "picture_feature": familiarity.NAMES,
    }
    for table, wanted in codes.items():
        assert set(names()[table]) == {str(code) for code in wanted}
        for texts in names()[table].values():
            assert set(texts) == set(LANGUAGES)
            assert all(texts.values())


@pytest.mark.parametrize(
    ("times", "english", "french"),
    [
        (2.55, "2.55 times", "2,55 fois"),
        (12345.6, "12,300 times", "12\u00a0300 fois"),
        (0.00002, "0.00002 times", "0,00002 fois"),
    ],
)
def test_numbers_are_written_as_the_language_does(times, english, french):
    reason = Reason("evidence_for", {"modality": "heartbeat", "times": times})
    assert english in sentence(reason, "en")
    assert french in sentence(reason, "fr")
    assert sentence(reason, "en").startswith("Heartbeat: ")
    assert sentence(reason, "fr").startswith("Battements de cœur\u00a0: ")


def test_codes_inside_sentences_are_named():
    reason = Reason("xray_no_fit", {"cargo": "dry_ice"})
    assert "dry ice" in sentence(reason, "en")
    assert "neige carbonique" in sentence(reason, "fr")
    assert reason.values["cargo"] == "dry_ice"  # what digests count stays


def french() -> list[str]:
    return [texts["fr"] for texts in catalogue().values()]


def test_french_signs_stand_after_a_space_that_does_not_break():
    for text in french():
        shown = re.sub(r"\{[^}]*\}", "x", text)
        assert not re.search(r"[^\u00a0][:;?!]", shown), text
        assert "'" not in text

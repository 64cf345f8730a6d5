"""docs/security.md: every line of the ASVS table names a test that exists, or says who else sees to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\| (\d+\.\d+\.\d+) \|.*\| ([^|]+) \|$", PAGE, re.MULTILINE)
TESTS = {
    name
    for file in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
}


@pytest.mark.parametrize(("number", "seen_to_by"), LINES)
def test_line_names_a_test_or_who_sees_to_it(number: str, seen_to_by: str) -> None:
    if seen_to_by in ("*operator*", "*page*", "*none*", "*not met*"):
        return
    assert re.fullmatch(r"`test_\w+`", seen_to_by), number
    assert seen_to_by.strip("`") in TESTS, f"{number}: there is no {seen_to_by}"


def test_the_chapters_are_whole() -> None:
    """As many lines as ASVS 5.0 has at levels 1 and 2 in the sections that apply."""
    count = {chapter: sum(n.startswith(f"{chapter}.") for n, _ in LINES) for chapter in (6, 7, 8, 9, 16)}
    assert count == {6: 21, 7: 18, 8: 7, 9: 7, 16: 16}


def test_password_fields_hide_and_take_pasting() -> None:
    files = list((ROOT / "service" / "ui" / "src").rglob("*.svelte"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    asking = [text for text in texts if "current-password" in text]
    assert asking
    for text in asking:
        assert 'type="password"' in text
        assert "onpaste" not in text

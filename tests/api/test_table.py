"""Every cell of the table in docs/security.md: who may is answered, who may not gets 401 or 403."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from service.api.table import ACTORS, YES, operations, table
from service.resources import Role

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
LINE = re.compile(r"^\| `([A-Z]+) (/\S+)` \|(.*)\|[^|]*\|$", re.MULTILINE)
CELLS = [
    pytest.param(actor, method, path, cell.strip() == YES, id=f"{actor} {method} {path}")
    for method, path, cells in LINE.findall(PAGE.read_text(encoding="utf-8"))
    for actor, cell in zip(ACTORS, cells.split("|"), strict=True)
]


def test_page_has_the_table_as_the_code_has_it() -> None:
    assert table() in PAGE.read_text(encoding="utf-8"), "put in what `python -m service.api.table` prints"
    assert len(CELLS) == len(ACTORS) * len(list(operations()))


@pytest.fixture(scope="module")
def ask(running: Any) -> Any:
    """Give a function that asks as somebody and returns the status; streams are not read."""
    machines = {"lane": running.lane(), "gate": running.gate(), "nobody": running.client()}

    def status(actor: str, method: str, path: str) -> int:
        client = machines.get(actor) or running.booth(running.add(Role(actor)))
        client.headers["Origin"] = running.url
        filled = re.sub(r"\{\w+\}", "nothing", path)
        body = {"json": {}} if method not in ("GET", "HEAD") else {}
        with client.stream(method, filled, **body) as answer:
            code: int = answer.status_code
            return code

    return status


@pytest.mark.parametrize(("actor", "method", "path", "allowed"), CELLS)
def test_cell(ask: Any, actor: str, method: str, path: str, allowed: bool) -> None:
    status = ask(actor, method, path)
    if allowed:
        assert status in {200, 201, 202, 204, 400, 404, 409, 415, 422}, status
    else:
        assert status in {401, 403}, status

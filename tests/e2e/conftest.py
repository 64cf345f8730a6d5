"""The whole line for a browser test: service, lane and twins as they run at a border, and a page on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.line import Line

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.e2e.booth import Booth


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Give the system's browser, which reaches nothing but this machine.

    While it is open an event loop runs, in which no other test may run its own: so it ends with each file.
    """
    from tests.e2e.booth import launched

    with launched(chromium) as running:
        yield running


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """Give a running line whose devices are all ready; nobody stands in the lane."""
    with Line(tmp_path) as running:
        yield running


@pytest.fixture
def open_booth(
    browser: Browser, line: Line, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Booth]]:
    """Give a function that opens a page on the line, as one browser each.

    Pictures of the page go to the test's folder, or to the one that LORRYSCAN_PICTURES names.
    """
    from tests.e2e.booth import Booth

    pictures = Path(os.environ.get("LORRYSCAN_PICTURES") or tmp_path / "pictures")
    opened: list[Booth] = []

    def make(language: str = "en", name: str = "", touch: bool = False) -> Booth:
        called = name or request.node.name
        opened.append(Booth(browser, line.service.url, language, pictures, called, touch))
        return opened[-1]

    yield make
    for booth in opened:
        booth.close()

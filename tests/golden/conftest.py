"""``--update-refs REASON``: write the golden references anew; the reason goes into the changelog."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-refs",
        metavar="REASON",
        help="write the golden references anew and this reason into CHANGELOG.md",
    )

"""Shared fixtures: real recordings, and what must not be skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REQUIRED = {name for name in os.environ.get("LORRYSCAN_REQUIRE", "").split(",") if name}


def need(name: str, present: bool, reason: str) -> None:
    """Skip with the reason, or fail where `LORRYSCAN_REQUIRE` names this need."""
    if present:
        return
    if name in REQUIRED:
        pytest.fail(f"LORRYSCAN_REQUIRE names {name}: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings beside the checkout."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    need("shared", folder.is_dir(), f"no real recordings at {folder}")
    return folder

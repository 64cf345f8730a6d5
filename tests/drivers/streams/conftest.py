"""Shared by the stream devices' tests: twins that start when their driver listens."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.api import Link
from drivers.transport import PortLinks
from drivers.twins.twin import Twin


class StartOnOpen(PortLinks):
    """Starts a twin when the driver has opened its end, so that no datagram is sent to nobody."""

    def __init__(self, twin: Twin) -> None:
        super().__init__()
        self._twin = twin

    def open(self, url: str, **settings: Any) -> Link:
        link = super().open(url, **settings)
        self._twin.start()
        return link


@pytest.fixture
def start_on_open() -> type[StartOnOpen]:
    """Class of links that start a twin."""
    return StartOnOpen

"""Every law of the kit, a test each; and what the kit cannot know of this probe."""

from __future__ import annotations

import pytest
from acme_air.codec import LineDecoder, check
from acme_air.driver import AcmeAir, AcmeAirConfig
from acme_air.suite import AcmeAirSuite
from acme_air.twin import AcmeAirTwin

from drivers.api import ProtocolError
from drivers.conformance import TcpPort
from drivers.transport import PortLinks


class TestAcmeAir(AcmeAirSuite):
    """``pytest --device URL`` tries a real probe instead of the twin."""


def test_the_manuals_line() -> None:
    # as printed in the probe's manual, chapter 3
    assert LineDecoder().feed(b"ACME AIR-2,SN00417,1.08*57\r\n") == [b"ACME AIR-2,SN00417,1.08"]
    assert check(b"ACME AIR-2,SN00417,1.08") == b"57"


def test_self_calibration_that_stays_on_is_refused() -> None:
    class Stuck(AcmeAirTwin):
        def _answer(self, command: str) -> str:
            return "ABC 180" if command.startswith("ABC") else super()._answer(command)

    with Stuck(TcpPort(), lambda: 500.0, lambda: 20.0) as twin:
        probe = AcmeAir(AcmeAirConfig(twin.url), PortLinks())
        with pytest.raises(ProtocolError, match="self-calibration stays on"):
            probe.open()

"""Suite of the Spellman uX X-ray supply; its twin breaks when it is sent anything but a read request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.codecs.spellman_uxman import Framing
from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.ports import WirePort
from drivers.twins.spellman_uxman import SpellmanUxmanTwin, Supply
from drivers.twins.twin import Twin

RATED_KV, RATED_MA = 50.0, 2.0


class SpellmanUxmanSuite(DriverSuite):
    """A supply that is on and goes up and down between 40 and 50 kV; the wire rounds to 12.2 V."""

    driver = "spellman-uxman"
    tolerance = RATED_KV / 4095 * 0.51

    def config(self, url: str) -> Mapping[str, Any]:
        wanted = {"wanted_kv": 40.0, "wanted_ma": 1.0}
        return {
            "url": url, "framing": "checksum", "rated_kv": RATED_KV, "rated_ma": RATED_MA, "poll_s": 0.2
        } | wanted  # fmt: skip

    def twin(self, port: WirePort, told: Told) -> Twin:
        next_kv = told.zigzag(40.0, 50.0, 0.25)

        def source() -> Supply:
            said = told.supply("on", next_kv(), 1.5)
            return Supply(True, kv=said.kv, ma=said.ma)

        return SpellmanUxmanTwin(port, source, Framing.CHECKSUM, rated_kv=RATED_KV, rated_ma=RATED_MA)

"""Thresholds for judges whose scores are known."""

from __future__ import annotations

from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.cargo import Load
from tests.bench.xray_people_frozen import Frozen

HALF = Frozen(
    "known scores 1",
    {"model": "0" * 64},
    {b.value: {load.value: 0.5 for load in Load} for b in Beam},
    {},
)

"""Scans of simulated lorries without wires."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

import pytest

from drivers.api import Event, Item
from scanner.evidence import Assessment
from scanner.methods import MethodKit
from scanner.modality import Sensor
from scanner.pipeline import Scan
from scanner.policy import make_policy
from scanner.simulation.items import VisitTimes, lorry_items
from scanner.simulation.layout import DEMO_LAYOUT, SENSORS, LaneLayout
from scanner.simulation.stream import demo_stream


def scan_of(kit: MethodKit, sensors: Mapping[str, Sensor]) -> Scan:
    declaration = demo_stream()[0].spec.declaration
    return Scan("scan", declaration, sensors, kit.make(), kit.calibrations, make_policy({}), {})


def feed(scan: Scan, items: Iterable[Item]) -> Assessment:
    """Feed items and tick at the last one's time."""
    now_ns = 0
    for item in items:
        scan.feed(item)
        now_ns = max(now_ns, item.mono_ns if isinstance(item, Event) else item.stamp.mono_ns)
    return scan.tick(now_ns)


def layout_of(every_sensor: bool) -> LaneLayout:
    """Return the demonstration's lane, without imagers and ground digitiser unless they are asked for."""
    return DEMO_LAYOUT if every_sensor else DEMO_LAYOUT.without("xray", "thermal-doors", "shake")


@cache
def recorded(lost: frozenset[tuple[str, float]], every_sensor: bool) -> tuple[Item, ...]:
    """Return 95 s of the demonstration's empty reefer."""
    times = VisitTimes(lost=dict(lost))
    return tuple(lorry_items(demo_stream()[0].lorry(), layout_of(every_sensor), 95.0, times))


@pytest.fixture
def assess(kit_saying: Callable[[float], MethodKit]) -> Callable[..., Assessment]:
    """Give a function that scans the demonstration's empty reefer for 95 s and assesses it."""

    def run(
        llr: float = -3.0,
        lost: Mapping[str, float] | None = None,
        sensors: Mapping[str, Sensor] = SENSORS,
        keep: Callable[[Item], bool] = lambda _item: True,
        change: Callable[[Item], Item] = lambda item: item,
        every_sensor: bool = False,
    ) -> Assessment:
        there = layout_of(every_sensor).sensors
        scan = scan_of(kit_saying(llr), {name: s for name, s in sensors.items() if name in there})
        items = recorded(frozenset((lost or {}).items()), every_sensor)
        return feed(scan, (change(item) for item in items if keep(item)))

    return run

"""What CO2 evidence costs each second and over a whole series. ``python -m tests.bench.co2_speed``.

A visit of 120 s of the demonstration lane's probes is assessed each second, as a
lane does; then once at its end by a method that was never asked before. One core.
The priors are loaded before: a lane does that once.
"""

from __future__ import annotations

import time

import numpy as np
from rich.console import Console
from rich.table import Table

from drivers.api import DeviceState, Event, Item
from scanner.modalities.co2 import Co2Modality
from scanner.modality import ScanView
from scanner.simulation.items import UTC_NS, lorry_items
from scanner.simulation.layout import DEMO_LAYOUT
from scanner.simulation.lorry import SimulatedLorry, draw_lorry
from scanner.vehicle import CargoClass, VehicleClass

EACH_LIMIT_MS, WHOLE_LIMIT_MS = 5.0, 50.0
HOLD_S = 120.0
PROBES = DEMO_LAYOUT.without("xray", "thermal-doors", "geophones", "shake")
LORRIES = ((5, 0), (11, 1), (8, 1), (7, 4))
"""Seeds and people."""


def visit(seed: int, persons: int) -> tuple[list[Item], ScanView]:
    """Return what a lane records of one visit, and the view of its scan."""
    spec = draw_lorry(seed, VehicleClass.REEFER, CargoClass.FROZEN, persons=persons)
    items = list(lorry_items(SimulatedLorry(spec), PROBES, duration_s=HOLD_S + spec.probe_in_s))
    return items, ScanView(spec.declaration, PROBES.sensors)


def at(item: Item) -> int:
    """Time of an item, ns."""
    return item.mono_ns if isinstance(item, Event) else item.stamp.mono_ns


def ask(method: Co2Modality, view: ScanView, start_ns: int, now_ns: int) -> float:
    """Evaluate and return what it took, s."""
    view.elapsed_s, view.utc_ns = (now_ns - start_ns) / 1e9, UTC_NS + now_ns - start_ns
    began = time.perf_counter()
    method.evaluate(now_ns, view)
    return time.perf_counter() - began


def each_second(items: list[Item], view: ScanView) -> list[float]:
    """Time of each second's evidence once the tip is in, s."""
    method, took, start_ns = Co2Modality(None), [], at(items[0])
    next_ns = start_ns + 1_000_000_000
    for item in items:
        take(method, view, item)
        if at(item) >= next_ns:
            took.append(ask(method, view, start_ns, at(item)))
            next_ns += 1_000_000_000
    return took


def at_once(items: list[Item], view: ScanView) -> float:
    """Time of one answer after the whole series, from a method that was never asked, s."""
    method = Co2Modality(None)
    for item in items:
        take(method, view, item)
    return ask(method, view, at(items[0]), at(items[-1]))


def take(method: Co2Modality, view: ScanView, item: Item) -> None:
    """Feed an item, and note a device's state as the pipeline does."""
    if isinstance(item, DeviceState):
        view.states = {**view.states, item.stamp.sensor: item}
    method.feed(item)


def main() -> None:
    """Measure and print."""
    visits = [visit(seed, persons) for seed, persons in LORRIES]
    each_second(*visits[0])  # loads the priors
    seconds = np.concatenate([each_second(items, view) for items, view in visits]) * 1e3
    whole = np.array([at_once(items, view) for items, view in visits for _ in range(5)]) * 1e3
    table = Table(title=f"CO2 evidence, {len(visits)} visits of {HOLD_S:g} s, one core")
    for heading in ("what", "n", "mean ms", "median ms", "p95 ms", "max ms", "wanted"):
        table.add_column(heading)
    for name, took, limit in (
        ("each second's update", seconds, EACH_LIMIT_MS),
        ("120 s from nothing", whole, WHOLE_LIMIT_MS),
    ):
        figures = (took.mean(), np.median(took), np.quantile(took, 0.95), took.max())
        table.add_row(name, str(took.size), *(f"{f:.1f}" for f in figures), f"mean < {limit:g} ms")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()

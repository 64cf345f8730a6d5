"""Makes the golden recordings: ``python -m tests.golden.make_recordings``. They are made once and kept.

A recording that is made again is another one, whatever the seed: what devices would have sent depends on the
simulator. Make a new one beside the old ones instead, and its reference with
``pytest tests/golden --update-refs "why"``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.api import Event, EventKind
from scanner.methods import load_kit
from scanner.policy import make_policy, policy_tables
from scanner.recording.header import RecordingHeader
from scanner.recording.writer import RecordingWriter
from scanner.simulation.draw import draw_lorry
from scanner.simulation.items import VisitTimes, lorry_items
from scanner.simulation.layout import DEMO_LAYOUT
from scanner.simulation.lorry import SimulatedLorry
from scanner.vehicle import CargoClass, VehicleClass

FOLDER = Path(__file__).parent
TICK_NS = 1_000_000_000


@dataclass(frozen=True)
class Golden:
    """One recording.

    Parameters
    ----------
    lorry : arguments of `draw_lorry`.
    without : sensors that the lane has not.
    lost : when which sensor falls silent, s.
    """

    seed: int
    seconds: float
    lorry: Mapping[str, Any]
    without: tuple[str, ...] = ("xray",)
    lost: Mapping[str, float] = field(default_factory=dict)


RECORDINGS = {
    "reefer-boxed-three-inside": Golden(
        9_101,
        45.0,
        {
            "vehicle_class": VehicleClass.REEFER,
            "cargo": CargoClass.BOXED,
            "persons": 3,
            "closed_minutes": 120.0,
            "wind_m_s": 1.0,
            "unit_running": False,
        },
    ),
    "reefer-frozen-nobody": Golden(
        9_102,
        65.0,
        {
            "vehicle_class": VehicleClass.REEFER,
            "cargo": CargoClass.FROZEN,
            "persons": 0,
            "closed_minutes": 180.0,
            "wind_m_s": 0.5,
            "unit_running": False,
        },
    ),
    "tanker-liquid-probe-lost": Golden(
        9_103,
        40.0,
        {"vehicle_class": VehicleClass.TANKER, "cargo": CargoClass.LIQUID, "persons": 1, "wind_m_s": 6.0},
        lost={"co2-inside": 20.0},
    ),
    "reefer-empty-through-the-portal": Golden(
        9_104,
        14.0,
        {"vehicle_class": VehicleClass.REEFER, "cargo": CargoClass.EMPTY, "persons": 2},
        without=("geophones", "shake"),
    ),
}


def make(name: str, golden: Golden) -> Path:
    """Write one recording."""
    layout = DEMO_LAYOUT.without(*golden.without)
    spec = draw_lorry(golden.seed, **golden.lorry)
    kit, policy = load_kit(), make_policy({})
    path = FOLDER / f"{name}.mcap"
    header = RecordingHeader(
        scan_id=name,
        visit=1,
        lane="golden",
        declaration=spec.declaration,
        sensors=tuple(layout.sensors.values()),
        config={"lane": "golden", "policy": policy_tables(policy)},
        calibrations={"evidence": kit.calibrations.id},
        models=kit.model_hashes(),
    )
    writer = RecordingWriter(path, header)
    next_ns, now_ns = None, 0
    times = VisitTimes(name, xray_s=None if "xray" in golden.without else 2.0, lost=golden.lost)
    for item in lorry_items(SimulatedLorry(spec), layout, golden.seconds, times):
        writer.write(item)
        now_ns = item.mono_ns if isinstance(item, Event) else item.stamp.mono_ns
        next_ns = now_ns + TICK_NS if next_ns is None else next_ns
        if now_ns >= next_ns:
            writer.tick(now_ns)
            next_ns += TICK_NS
    writer.write(Event(EventKind.VISIT_END, now_ns, name, {"why": "golden"}))
    writer.close()
    return path


def main() -> None:
    """Write what is not there yet."""
    for name, golden in RECORDINGS.items():
        if (FOLDER / f"{name}.mcap").exists():
            print(f"{name}: there already, left as it is")
            continue
        path = make(name, golden)
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()

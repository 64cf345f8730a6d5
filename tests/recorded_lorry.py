"""A lorry's visit as a lane records it, assessments included, made by the simulator."""

from __future__ import annotations

from pathlib import Path

from drivers.api import Event
from scanner.canonical import assessment_json
from scanner.methods import load_kit
from scanner.pipeline import Scan
from scanner.policy import make_policy, policy_tables
from scanner.recording.header import RecordingHeader
from scanner.recording.writer import RecordingWriter
from scanner.simulation.draw import draw_lorry
from scanner.simulation.items import VisitTimes, lorry_items
from scanner.simulation.layout import DEMO_LAYOUT
from scanner.simulation.lorry import SimulatedLorry
from scanner.vehicle import CargoClass, VehicleClass

TICK_NS = 1_000_000_000


def record_lorry(
    path: Path,
    scan_id: str,
    *,
    seconds: float = 30.0,
    without: tuple[str, ...] = ("xray",),
    assessed: bool = True,
    visit: int = 1,
) -> None:
    """Write a recording of a boxed reefer with three people, who are found by their hearts.

    Parameters
    ----------
    assessed : with what the pipeline said at each tick.
    """
    layout = DEMO_LAYOUT.without(*without)
    spec = draw_lorry(
        9_101,
        VehicleClass.REEFER,
        CargoClass.BOXED,
        3,
        closed_minutes=120.0,
        wind_m_s=1.0,
        unit_running=False,
    )
    kit, policy = load_kit(), make_policy({})
    header = RecordingHeader(
        scan_id=scan_id,
        visit=visit,
        lane="quay",
        declaration=spec.declaration,
        sensors=tuple(layout.sensors.values()),
        config={"lane": "quay", "policy": policy_tables(policy)},
        calibrations={"evidence": kit.calibrations.id},
        models=kit.model_hashes(),
    )
    scan = Scan(
        scan_id, spec.declaration, layout.sensors, kit.make(), kit.calibrations, policy, kit.versions(policy)
    )
    times = VisitTimes(scan_id, xray_s=None if "xray" in without else 2.0, lost={"co2-outside": 12.0})
    with RecordingWriter(path, header) as writer:
        next_ns = None
        for item in lorry_items(SimulatedLorry(spec), layout, seconds, times):
            writer.write(item)
            now_ns = item.mono_ns if isinstance(item, Event) else item.stamp.mono_ns
            next_ns = now_ns + TICK_NS if next_ns is None else next_ns
            if assessed:
                scan.feed(item)
            if now_ns >= next_ns:
                writer.tick(now_ns)
                if assessed:
                    writer.assessment(assessment_json(scan.tick(now_ns)), now_ns)
                next_ns += TICK_NS

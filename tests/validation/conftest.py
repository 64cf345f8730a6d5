"""Short recorded scans: a door imager alone, whose calibration says what the test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from calibration.evidence import CalibrationSet
from calibration.store import save_calibrations
from scanner.policy import MODALITIES
from scanner.recording import RecordingHeader, RecordingWriter, mono_ns_of
from scanner.simulation.draw import draw_lorry
from scanner.simulation.items import START_NS, VisitTimes, lorry_items
from scanner.simulation.layout import DEMO_LAYOUT
from scanner.simulation.lorry import SimulatedLorry
from scanner.validation.pools import Pool
from scanner.vehicle import CargoClass, VehicleClass
from tests.conftest import constant

SECOND_NS = 1_000_000_000
IMAGER = DEMO_LAYOUT.without(*(name for name in DEMO_LAYOUT.sensors if name != "thermal-doors"))

Record = Callable[..., Path]


@contextmanager
def one_thread() -> Iterator[Pool]:
    """Do the work in this process."""
    with ThreadPoolExecutor(1) as executor:
        yield Pool(executor, 2)


@pytest.fixture
def recorded(tmp_path: Path) -> Record:
    """Give a function that records a visit with a tick each second."""

    def record(
        scan_id: str,
        visit: int = 1,
        seconds: int = 22,
        ticks: bool = True,
        folder: str = "recordings",
        seed: int = 5,
        demands: Mapping[str, float] | None = None,
    ) -> Path:
        spec = draw_lorry(seed, VehicleClass.REEFER, CargoClass.BOXED, 0, visit=visit)
        path = tmp_path / folder / scan_id / f"visit-{visit:02}.mcap"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        limits = {"search_llr": 4.0, "no_indication_llr": -2.0}
        config = {"policy": {"reefer": {**limits, **(demands or {})}}}
        header = RecordingHeader(
            scan_id, visit, "east", spec.declaration, tuple(IMAGER.sensors.values()), config
        )
        next_ns = START_NS + SECOND_NS
        with RecordingWriter(path, header) as writer:
            for item in lorry_items(SimulatedLorry(spec), IMAGER, seconds + 0.5, VisitTimes(scan_id)):
                while ticks and mono_ns_of(item) > next_ns:
                    writer.tick(next_ns)
                    next_ns += SECOND_NS
                writer.write(item)
        return path

    return record


@pytest.fixture
def evidence_saying(tmp_path: Path) -> Callable[[float], Path]:
    """Give a function that writes calibrations with which ready evidence always says the same."""

    def write(llr: float) -> Path:
        scores = tuple(constant(name, llr) for name in MODALITIES)
        path = tmp_path / f"evidence{llr:g}.json"
        save_calibrations(CalibrationSet(scores, dict.fromkeys(MODALITIES, 1.0), "by hand"), path)
        return path

    return write

"""Lines, frames and views as a lane would hand them to the image methods."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from calibration.certificates import Certificate
from drivers.api import (
    ConnectionState,
    DeviceState,
    Frame,
    LineBlock,
    LineKind,
    LineScanEnd,
    Role,
    Stamp,
)
from scanner.modality import ScanView, Sensor
from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.lane import declared_spec, lane_passage
from scanner.simulation.xray.lines import line_blocks
from scanner.simulation.xray.passage import Passage
from scanner.simulation.xray.ranges import Ranges
from scanner.vehicle import CargoClass, Declaration, VehicleClass

UTC_NS = int(dt.datetime(2026, 6, 1, tzinfo=dt.UTC).timestamp() * 1e9)
CERTIFICATE = Certificate("T-1", dt.date(2026, 1, 1), dt.date(2026, 12, 31), {"offset_c": 0.0})
END_NS = 10_000_000_000
BOXED = Declaration(VehicleClass.REEFER, CargoClass.BOXED, laden=True)


def passage_of(
    declaration: Declaration,
    persons: int,
    seed: int,
    beam: Beam = Beam.LINAC,
    shape: tuple[int, int] = (256, 512),
    ranges: Ranges | None = None,
) -> Passage:
    """Return a lorry's passage through a well-kept portal of so many pixels and lines."""
    return lane_passage(declared_spec(declaration, persons, seed, beam, *shape, ranges))


def blocks(passage: Passage, scan: int = 7, after: bool = True) -> list[LineBlock | LineScanEnd]:
    """Return what a line detector's driver would hand over for a passage, stamped.

    Parameters
    ----------
    after : with the air lines after the lorry.
    """
    items: list[LineBlock | LineScanEnd] = []
    data = False
    for block in line_blocks(passage, scan, block=100):
        data |= block.kind is LineKind.DATA
        if after or not data or block.kind is LineKind.DATA:
            items.append(replace(block, stamp=Stamp("portal", Role.PORTAL, END_NS - 1, 0)))
    numbers = np.concatenate([item.line_numbers for item in items if isinstance(item, LineBlock)])
    lost = int(numbers[-1]) - numbers.size
    stamp = Stamp("portal", Role.PORTAL, END_NS, 0)
    items.append(LineScanEnd(scan, numbers.size, lost, "", numbers.size, True, stamp=stamp))
    return items


def recounted(passage: Passage, **changes: np.ndarray) -> Passage:
    """Return a passage with some of its counts changed; ``encoder`` goes with them."""
    encoder = changes.pop("encoder", passage.encoder)
    return replace(passage, counted=replace(passage.counted, **changes), encoder=encoder)


def view_of(
    sensor: Sensor,
    declaration: Declaration = BOXED,
    state: ConnectionState | None = ConnectionState.READY,
    elapsed_s: float = 60.0,
) -> ScanView:
    """Return a view with one sensor in a state."""
    states = {} if state is None else {sensor.name: DeviceState(state)}
    return ScanView(declaration, {sensor.name: sensor}, states, elapsed_s, UTC_NS)


X_CERTIFICATE = replace(CERTIFICATE, parameters={"beam_kv": 6000.0})
PORTAL = Sensor("portal", Role.PORTAL, ("lines", "line_scan_end"), 0.0, certificate=X_CERTIFICATE)
DOORS = Sensor("doors", Role.DOORS, ("frame",), 0.25, certificate=CERTIFICATE)


def door_frames(images_c: list[np.ndarray], until_ns: int = END_NS) -> list[Frame]:
    """Return frames as the thermal driver would hand them over, 4 a second, the last at ``until_ns``."""
    frames = []
    for number, image in enumerate(images_c):
        at = until_ns - 250_000_000 * (len(images_c) - 1 - number)
        frame = Frame(np.rint(image * 100).astype(np.int16), unit="°C", scale=0.01)
        frames.append(replace(frame, stamp=Stamp("doors", Role.DOORS, at, number)))
    return frames

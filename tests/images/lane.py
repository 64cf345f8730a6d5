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
from scanner.vehicle import CargoClass, Declaration, VehicleClass
from tests.simulation.former.xray_scene import XrayPassage

UTC_NS = int(dt.datetime(2026, 6, 1, tzinfo=dt.UTC).timestamp() * 1e9)
CERTIFICATE = Certificate("T-1", dt.date(2026, 1, 1), dt.date(2026, 12, 31), {"offset_c": 0.0})
END_NS = 10_000_000_000
BOXED = Declaration(VehicleClass.REEFER, CargoClass.BOXED, laden=True)


def blocks(passage: XrayPassage, scan: int = 7) -> list[LineBlock | LineScanEnd]:
    """Return what a line detector's driver would hand over for a passage, stamped."""
    items: list[LineBlock | LineScanEnd] = []
    first = 1
    for kind, pixels, dose in (
        (LineKind.DARK, passage.dark, passage.dark_dose),
        (LineKind.AIR, passage.air, passage.air_dose),
        (LineKind.DATA, passage.data, passage.dose),
    ):
        n = pixels.shape[0]
        for start in range(0, n, 100):
            part = slice(start, min(start + 100, n))
            size = part.stop - part.start
            items.append(
                LineBlock(
                    pixels[part],
                    scan=scan,
                    line_numbers=np.arange(first, first + size, dtype=np.int64),
                    encoder=passage.encoder[part] if kind is LineKind.DATA else np.zeros(size, np.int64),
                    dose=dose[part],
                    line_flags=np.zeros(size, np.uint16),
                    kind=kind,
                    energy=0,
                    bits=passage.bits,
                    pixel_pitch_um=passage.pixel_pitch_um,
                    line_pitch_um=passage.line_pitch_um,
                    stamp=Stamp("portal", Role.PORTAL, END_NS - 1, 0),
                )
            )
            first += size
    items.append(
        LineScanEnd(scan, first - 1, 0, "", first - 1, True, stamp=Stamp("portal", Role.PORTAL, END_NS, 0))
    )
    return items


def view_of(
    sensor: Sensor,
    declaration: Declaration = BOXED,
    state: ConnectionState | None = ConnectionState.READY,
    elapsed_s: float = 60.0,
) -> ScanView:
    """Return a view with one sensor in a state."""
    states = {} if state is None else {sensor.name: DeviceState(state)}
    return ScanView(declaration, {sensor.name: sensor}, states, elapsed_s, UTC_NS)


PORTAL = Sensor("portal", Role.PORTAL, ("lines", "line_scan_end"), 0.0)
DOORS = Sensor("doors", Role.DOORS, ("frame",), 0.25, certificate=CERTIFICATE)


def door_frames(images_c: list[np.ndarray], until_ns: int = END_NS) -> list[Frame]:
    """Return frames as the thermal driver would hand them over, 4 a second, the last at ``until_ns``."""
    frames = []
    for number, image in enumerate(images_c):
        at = until_ns - 250_000_000 * (len(images_c) - 1 - number)
        frame = Frame(np.rint(image * 100).astype(np.int16), unit="°C", scale=0.01)
        frames.append(replace(frame, stamp=Stamp("doors", Role.DOORS, at, number)))
    return frames

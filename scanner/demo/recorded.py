"""Visits made of real recordings: hearts, CO2 series, thermal frames and seismic packets on the wires.

The vehicle between a recorded heart and the geophones is simulated, as is the
air outside: nobody has recorded a person in a lorry for everybody to use.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from drivers.twins.ports import UdpPort
from drivers.twins.twin import Twin
from scanner.simulation.draw import draw_lorry
from scanner.simulation.lorry import SimulatedLorry
from scanner.simulation.lorry_spec import LorrySpec
from scanner.simulation.recordings import (
    Co2Series,
    RecordingUnusable,
    co2_series,
    heart_force,
    mlx90640_frames,
    shake_packets,
)
from scanner.simulation.stream import AFTERNOON
from scanner.vehicle import CargoClass, VehicleClass

HEARTS = ("heartbeat/mscardio/npz/*.npz", "heartbeat/rwth_bcg/*.mat")
CO2 = "co2/uci_candanedo/*.txt"
THERMAL = "thermal/mlx90640_raw/*.raw"
SHAKE = "seismic_wire/rshake_udp/testdata"
HEARTS_OF_A_FOLDER = 2
STRETCH_S = 1800.0
"""A CO2 stretch begins where the room has been occupied, or empty, for so long."""


@dataclass(frozen=True, slots=True)
class RecordedVisit:
    """One visit and which file goes in by which wire (sensor name → file)."""

    name: str
    spec: LorrySpec
    files: dict[str, Path]
    co2_begin_s: float = 0.0
    inside_probe_fails_s: float | None = None
    passes_portal: bool = False

    def lorry(self) -> SimulatedLorry:
        """Read the files and return the lorry that plays them."""
        heart, co2, thermal = (self.files.get(s) for s in ("geophones", "co2-inside", "thermal-doors"))
        return SimulatedLorry(
            self.spec,
            heart_force=heart_force(heart) if heart else None,
            tip_ppm=co2_series(co2).tip(self.co2_begin_s) if co2 else None,
            door_frames_c=mlx90640_frames(thermal) if thermal else None,
        )


def recorded_visits(folder: Path) -> list[RecordedVisit]:
    """Combine the recordings below a folder into visits: one for each heart, and one without.

    Raises
    ------
    RecordingUnusable : there is no heart recording to play.
    """
    hearts = [path for p in HEARTS for path in _readable(folder, p, heart_force, HEARTS_OF_A_FOLDER)]
    if not hearts:
        raise RecordingUnusable(
            f"{folder}: no heart recordings ({' or '.join(HEARTS)}): give the folder that holds them"
        )
    series = [(path, co2_series(path)) for path in _readable(folder, CO2, co2_series)]
    thermal = _readable(folder, THERMAL, mlx90640_frames)
    shake = folder / SHAKE
    visits = []
    for number, heart in enumerate([*hearts, None]):
        files: dict[str, Path] = {}
        begin_s = 0.0
        if heart is not None:
            files["geophones"] = heart
        if series:
            path, co2 = series[number % len(series)]
            files["co2-inside"], begin_s = path, stretch_begin_s(co2, heart is not None)
        if thermal:
            files["thermal-doors"] = thermal[number % len(thermal)]
        if shake.exists():
            files["shake"] = shake
        name = heart.stem if heart else "nobody"
        visits.append(RecordedVisit(name, _spec(number, heart is not None, name), files, begin_s))
    return visits


def _readable(folder: Path, pattern: str, read: Callable[[Path], object], most: int = 100) -> list[Path]:
    """Return files that hold what is asked of them; folders hold other measurements and notes too."""
    readable: list[Path] = []
    for path in sorted(folder.glob(pattern)):
        if len(readable) == most:
            break
        try:
            read(path)
        except RecordingUnusable:
            continue
        readable.append(path)
    return readable


def stretch_begin_s(series: Co2Series, occupied: bool) -> float:
    """Return where the room has been occupied (or empty) for `STRETCH_S`, s from the first value.

    Raises
    ------
    RecordingUnusable : nowhere.
    """
    same = series.occupied == occupied
    since_s = series.t_s[0]
    for at_s, kept in zip(series.t_s, same, strict=True):
        if not kept:
            since_s = at_s
        elif at_s - since_s >= STRETCH_S:
            return float(at_s)
    raise RecordingUnusable(f"the CO2 series is never {'occupied' if occupied else 'empty'} for half an hour")


def _spec(number: int, occupied: bool, name: str) -> LorrySpec:
    spec = draw_lorry(
        3100 + number,
        VehicleClass.REEFER,
        CargoClass.BOXED,
        int(occupied),
        plate=f"REC {number + 1}",
        **AFTERNOON,
        closed_minutes=45.0,
        free_volume_m3=30.0,
        air_changes_per_h=0.3,
        inside_c=10.0,
        unit_running=False,
    )
    declaration = replace(spec.declaration, plate=name[:24])
    return replace(spec, declaration=declaration)


class ShakePlayer(Twin):
    """Sends recorded Raspberry Shake datagrams unchanged, at their own pace, again and again."""

    def __init__(self, port: UdpPort, path: Path) -> None:
        super().__init__(port, pace_s=0.01)
        self._packets = shake_packets(path)
        self._next = 0
        self._began = time.monotonic()

    def step(self, received: bytes) -> None:  # noqa: ARG002 - the datacast is one way
        """Send the datagrams that are due."""
        elapsed_s = time.monotonic() - self._began
        while self._next < len(self._packets) and self._packets[self._next][0] <= elapsed_s:
            self.send(self._packets[self._next][1])
            self._next += 1
        if self._next == len(self._packets):
            self._next, self._began = 0, time.monotonic()


def wire_of(sensor: str) -> str:
    """Return in words by which wire a sensor's bytes came."""
    return {
        "co2-inside": "Modbus RTU, pty (Vaisala GMP252)",
        "geophones": "waveform stream, TCP",
        "thermal-doors": "GY-MCU90640, pty",
        "shake": "Raspberry Shake datacast, UDP",
    }[sensor]


METHOD_OF = {
    "co2-inside": "co2",
    "geophones": "heartbeat",
    "thermal-doors": "thermal",
    "shake": "movement",
}

"""The sensors of the demonstration lane: names, roles, drivers, certificates, and how their twins err."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from calibration.certificates import Certificate
from drivers.api import Channel, Device, Role
from drivers.devices.gy_mcu90640 import GyMcu90640
from drivers.devices.line_scan import LineScan
from drivers.devices.raspberry_shake import RaspberryShake
from drivers.devices.senseair_s8 import SenseairS8
from drivers.devices.vaisala_gmp252 import VaisalaGmp252
from drivers.devices.wave_stream import WaveStream
from scanner.modality import Sensor
from scanner.simulation.chassis import Geophone
from scanner.simulation.co2 import ProbeModel
from scanner.simulation.seismic import SHAKE_COUNTS_PER_M_S
from scanner.simulation.xray.beam import BEAM_KV, Beam

DRIVERS: dict[str, type[Device[Any]]] = {
    "vaisala-gmp252": VaisalaGmp252,
    "senseair-s8": SenseairS8,
    "wave-stream": WaveStream,
    "raspberry-shake": RaspberryShake,
    "gy-mcu90640": GyMcu90640,
    "line-scan": LineScan,
}
"""The drivers of this lane by the names under which they are registered."""

PROBE_MODELS = {
    # noise of single reports is an assumption; steps and ranges are the makers'
    "vaisala-gmp252": ProbeModel(
        t90_s=VaisalaGmp252.capabilities.response_t90_s, noise_ppm=3.0, step_ppm=0.01, high_ppm=30_000.0
    ),
    "senseair-s8": ProbeModel(
        t90_s=SenseairS8.capabilities.response_t90_s, noise_ppm=4.0, step_ppm=1.0, high_ppm=10_000.0
    ),
}
"""How each CO2 probe of this lane answers; its offset is drawn with the lorry or the lane."""

SHAKE_CHANNEL = Channel("EHZ", Role.GROUND, SHAKE_COUNTS_PER_M_S, counts_per_volt=1.0)
TOP_MM = 4500.0
"""What the upper end of the X-ray detector looks at, as in ``xray/lane.toml``."""

ISSUED, EXPIRES = dt.date(2026, 1, 1), dt.date(2035, 12, 31)


@dataclass(frozen=True, slots=True)
class LaneLayout:
    """A lane of simulated or played devices.

    Parameters
    ----------
    drivers : registered driver name by sensor name.
    sensors : as the pipeline knows them.
    geophone : element and converter of every channel of the waveform board.
    fs_hz : of the waveform board.
    channels : of the waveform board, in the order of its samples.
    shake_channel : the ground digitiser's channel as its driver names it.
    shake_fs_hz : its rate.
    oxygen : name of the oxygen cell beside the inside probe's tip, "" = there is none.
    beam : of the X-ray portal; the detector's certificate says its voltage.
    """

    drivers: Mapping[str, str]
    sensors: Mapping[str, Sensor]
    geophone: Geophone = field(default_factory=Geophone)
    fs_hz: float = 500.0
    channels: tuple[Channel, ...] = ()
    shake_channel: Channel = SHAKE_CHANNEL
    shake_fs_hz: float = 100.0
    oxygen: str = ""
    beam: Beam = Beam.LINAC

    def named(self, role: Role, reads: str) -> str:
        """Return the name of the one sensor of a role that delivers a type of reading.

        Raises
        ------
        LookupError : none or several.
        """
        names = [
            s.name
            for s in self.sensors.values()
            if s.role is role and reads in s.reads and s.name != self.oxygen
        ]
        if len(names) != 1:
            raise LookupError(f"{len(names)} sensors look at {role} and deliver {reads}, one is wanted")
        return names[0]

    def probe_model(self, sensor: str) -> ProbeModel:
        """Return how a CO2 probe answers."""
        return PROBE_MODELS[self.drivers[sensor]]

    def without(self, *sensors: str) -> LaneLayout:
        """Return the lane with some sensors left out."""
        return replace(
            self,
            oxygen="" if self.oxygen in sensors else self.oxygen,
            drivers={name: driver for name, driver in self.drivers.items() if name not in sensors},
            sensors={name: sensor for name, sensor in self.sensors.items() if name not in sensors},
        )


def with_oxygen(layout: LaneLayout, name: str = "oxygen-inside") -> LaneLayout:
    """Return the lane with an oxygen cell beside the inside probe's tip.

    A reading every second, 90 % of a step in 20 s (assumption: an electrochemical cell). No driver
    stands behind it: only simulated visits carry its readings.

    Examples
    --------
    >>> with_oxygen(DEMO_LAYOUT).sensors["oxygen-inside"].response_t90_s
    20.0
    """
    cell = Sensor(
        name,
        Role.INSIDE,
        ("sample",),
        1.0,
        20.0,
        _certificate(name, {"offset_pct": 0.0, "uncertainty_pct": 0.2}),
    )
    return replace(layout, sensors={**layout.sensors, name: cell}, oxygen=name)


def _certificate(sensor: str, parameters: Mapping[str, float]) -> Certificate:
    return Certificate(f"SIM-{sensor}", ISSUED, EXPIRES, parameters, "simulated")


def demo_layout(
    outside_driver: str = "senseair-s8", geophone: Geophone | None = None, beam: Beam = Beam.LINAC
) -> LaneLayout:
    """Return the demonstration lane.

    Parameters
    ----------
    outside_driver : "senseair-s8", or "vaisala-gmp252" for a reference like the inside probe.
    geophone : element and converter of the waveform board.
    beam : of the X-ray portal.

    Examples
    --------
    >>> sorted(demo_layout().sensors)
    ['co2-inside', 'co2-outside', 'geophones', 'shake', 'thermal-doors', 'xray']
    """
    geophone = geophone or Geophone()
    # uncertainties are expanded ones, k = 2
    co2 = {"offset_ppm": 0.0, "gain": 1.0, "uncertainty_ppm": 30.0}
    response = {
        "sensitivity_v_per_m_s": geophone.sensitivity_v_per_m_s,
        "natural_frequency_hz": geophone.natural_frequency_hz,
        "damping": geophone.damping,
        "counts_per_volt": geophone.counts_per_volt,
    }
    lane: tuple[tuple[str, Role, str, Mapping[str, float] | None], ...] = (
        ("co2-inside", Role.INSIDE, "vaisala-gmp252", co2),
        ("co2-outside", Role.OUTSIDE, outside_driver, co2),
        ("geophones", Role.CHASSIS, "wave-stream", response),
        ("shake", Role.GROUND, "raspberry-shake", {"counts_per_m_s": SHAKE_COUNTS_PER_M_S}),
        ("thermal-doors", Role.DOORS, "gy-mcu90640", {"offset_c": 0.0, "uncertainty_c": 1.5}),
        ("xray", Role.PORTAL, "line-scan", {"beam_kv": BEAM_KV[beam], "top_mm": TOP_MM}),
    )
    sensors = {}
    for name, role, driver, parameters in lane:
        promised = DRIVERS[driver].capabilities
        certificate = None if parameters is None else _certificate(name, parameters)
        sensors[name] = Sensor(
            name, role, promised.reads, promised.period_s, promised.response_t90_s, certificate
        )
    roles = (Role.CHASSIS,) * 4 + (Role.GROUND,)
    return LaneLayout(
        drivers={name: driver for name, _, driver, _ in lane},
        sensors=sensors,
        geophone=geophone,
        channels=tuple(
            Channel(name, role, **response) for name, role in zip(CHANNEL_NAMES, roles, strict=True)
        ),
        beam=beam,
    )


CHANNEL_NAMES = ("c1", "c2", "c3", "c4", "g1")
DEMO_LAYOUT = demo_layout()
SENSORS = DEMO_LAYOUT.sensors
"""The demonstration lane's sensors by name."""

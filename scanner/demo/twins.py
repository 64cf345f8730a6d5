"""The far ends of the demonstration lane's wires, fed by one source of values."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from drivers.codecs.line_scan import LineHello
from drivers.codecs.wave_stream import WaveChannel, WaveHello
from drivers.twins.gy_mcu90640 import GyMcu90640Twin
from drivers.twins.line_scan import LineScanTwin
from drivers.twins.modbus_probe import Gmp252Twin, S8Twin
from drivers.twins.ports import PtyPort, TcpPort, UdpPort
from drivers.twins.raspberry_shake import RaspberryShakeTwin
from drivers.twins.twin import Twin
from drivers.twins.wave_stream import WaveStreamTwin
from scanner.demo.lane_file import lane_toml
from scanner.demo.recorded import ShakePlayer
from scanner.simulation.layout import DEMO_LAYOUT
from scanner.simulation.seismic import SHAKE_COUNTS_PER_M_S
from scanner.simulation.sources import LaneSource
from scanner.simulation.xray.lane import lane_pitch_um
from scanner.simulation.xray.passage import BITS, Passage

N_PIXELS, N_LINES = 512, 1024
PIXEL_PITCH_UM, LINE_PITCH_UM = lane_pitch_um(N_PIXELS, N_LINES)
PASSAGE_LINES_PER_S = 200.0
ROLE_CODES = {"chassis": 0, "ground": 1, "air": 2}


class DemoTwins:
    """Six devices: two CO2 probes and a thermal imager on ptys, geophones and X-ray on TCP, a Shake on UDP.

    Parameters
    ----------
    source : where values come from.
    folder : gets the ports' symbolic links.
    shake_file : recorded datagrams to send in place of the source's ground.
    """

    def __init__(self, source: LaneSource, folder: Path, shake_file: Path | None = None) -> None:
        self.source = source
        self.folder = folder
        ports = folder / "ports"
        ports.mkdir(parents=True, exist_ok=True)
        layout = DEMO_LAYOUT
        geophone = layout.geophone
        wave = WaveHello(
            fs_hz=layout.fs_hz,
            bits=geophone.bits,
            counts_per_volt=round(geophone.counts_per_volt),
            channels=tuple(
                WaveChannel(
                    ROLE_CODES[channel.role.value],
                    geophone.sensitivity_v_per_m_s,
                    geophone.natural_frequency_hz,
                    geophone.damping,
                )
                for channel in layout.channels
            ),
            device_id="DEMO-GEO",
        )
        self.inside = Gmp252Twin(PtyPort(ports / "co2-inside"), source.inside_ppm)
        self.outside = S8Twin(PtyPort(ports / "co2-outside"), source.outside_ppm)
        self.geophones = WaveStreamTwin(TcpPort(), wave, source.next_block)
        self.shake: Twin = (
            ShakePlayer(UdpPort(), shake_file)
            if shake_file
            else RaspberryShakeTwin(UdpPort(), source.next_shake)
        )
        self.doors = GyMcu90640Twin(PtyPort(ports / "thermal-doors"), source.door_frame)
        self.portal = LineScanTwin(
            TcpPort(),
            LineHello(N_PIXELS, BITS, 1, PIXEL_PITCH_UM, LINE_PITCH_UM, device_id="DEMO-XRAY"),
            line_rate_hz=PASSAGE_LINES_PER_S,
        )
        self.by_sensor: dict[str, Twin] = {
            "co2-inside": self.inside,
            "co2-outside": self.outside,
            "geophones": self.geophones,
            "shake": self.shake,
            "thermal-doors": self.doors,
            "xray": self.portal,
        }

    def lane_toml(self, lane_id: str, data_dir: Path, service: Mapping[str, str] | None = None) -> str:
        """Return the configuration of a lane that is wired to these twins; see `lane_file.lane_toml`."""
        configs: dict[str, dict[str, Any]] = {name: {"url": t.url} for name, t in self.by_sensor.items()}
        # twins are never switched off: no warm-up
        configs["co2-inside"]["warm_up_s"] = 0.0
        configs["co2-outside"]["warm_up_s"] = 0.0
        configs["geophones"]["channel_names"] = [channel.name for channel in DEMO_LAYOUT.channels]
        configs["shake"]["channels"] = {"EHZ": "ground"}
        configs["shake"]["counts_per_m_s"] = {"EHZ": SHAKE_COUNTS_PER_M_S}
        return lane_toml(lane_id, data_dir, DEMO_LAYOUT, configs, service)

    def pass_portal(self, scan: int) -> None:
        """Let the lorry at hand pass the X-ray portal."""
        play(self.portal, scan, self.source.xray())

    def __enter__(self) -> Self:
        for twin in self.by_sensor.values():
            twin.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for twin in self.by_sensor.values():
            twin.stop()


def play(portal: LineScanTwin, scan: int, passage: Passage) -> threading.Event:
    """Send a simulated passage; lines that its detector lost are lost on the wire."""
    counted = passage.counted
    n_lines = int(counted.line[-1]) + 1
    data = np.zeros((n_lines, counted.data.shape[1]), np.uint16)
    dose, encoder = np.zeros(n_lines, np.uint16), np.zeros(n_lines, np.int64)
    data[counted.line], dose[counted.line], encoder[counted.line] = (
        counted.data,
        counted.dose,
        passage.encoder,
    )
    before = 1 + len(counted.dark) + len(counted.air)
    lost = np.setdiff1d(np.arange(n_lines), counted.line)
    return portal.send_scan(
        scan,
        data,
        dark=counted.dark,
        air=counted.air,
        after=counted.air_after,
        encoder=encoder,
        dose=dose,
        air_dose=counted.air_dose,
        after_dose=counted.air_after_dose,
        lose=frozenset((before + lost).tolist()),
    )

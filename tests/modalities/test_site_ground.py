"""The separate ground digitiser: its level at the site, from counts of known velocity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from drivers.api import Channel, ConnectionState, DeviceState, Role, Stamp, WaveformBlock
from scanner.modalities.seismic_window import SeismicWindow
from scanner.modality import ScanView, Sensor
from scanner.simulation.layout import SENSORS
from scanner.simulation.stream import demo_stream

COUNTS_PER_M_S = 3.6e8


@pytest.fixture
def view() -> Callable[..., ScanView]:
    """Give a view of a lane whose Shake is in a state."""

    def make(sensor: Sensor = SENSORS["shake"], state: ConnectionState = ConnectionState.READY) -> ScanView:
        states = {"shake": DeviceState(state)}
        return ScanView(demo_stream()[0].spec.declaration, {"shake": sensor}, states)

    return make


def fed(seconds: float, amplitude_um_s: float, hz: float) -> SeismicWindow:
    """Return a window that heard a sine of ground velocity, packet by packet."""
    t = np.arange(round(seconds * 100)) / 100
    counts = np.rint(1e-6 * amplitude_um_s * COUNTS_PER_M_S * np.sin(2 * np.pi * hz * t)).astype(np.int32)
    channel = Channel("EHZ", Role.GROUND, COUNTS_PER_M_S, counts_per_volt=1.0)
    window = SeismicWindow()
    for k in range(0, len(t), 25):
        stamp = Stamp("shake", Role.GROUND, int(1e9 * (k + 25) / 100), k // 25)
        window.feed(WaveformBlock(counts[None, k : k + 25], 100.0, (channel,), stamp=stamp))
    return window


def test_a_sine_of_known_velocity(view):
    level = fed(40.0, 2.0, 10.0).site_ground_um_s(view())
    assert level == pytest.approx(2.0 / np.sqrt(2), rel=0.03)


def test_too_young_lost_or_unknown_says_nothing(view):
    assert fed(10.0, 2.0, 10.0).site_ground_um_s(view()) is None
    assert fed(40.0, 2.0, 10.0).site_ground_um_s(view(state=ConnectionState.LOST)) is None
    bare = Sensor("shake", Role.GROUND, ("waveform",), 0.5)
    assert fed(40.0, 2.0, 10.0).site_ground_um_s(view(bare)) is None


def test_the_real_datacast_of_a_quiet_room(view, shared_data):
    """Real packets, decoded; the level agrees with the miniSEED file's own samples, filtered by SciPy."""
    from scipy import signal

    from drivers.codecs.raspberry_shake import RaspberryShakeDecoder

    decoder = RaspberryShakeDecoder()
    packets = (shared_data / "seismic_wire" / "rshake_udp" / "testdata").read_bytes().splitlines()
    messages = [m for line in packets for m in decoder.feed(line) if m.channel == "EHZ"]
    channel = Channel("EHZ", Role.GROUND, COUNTS_PER_M_S, counts_per_volt=1.0)
    window = SeismicWindow()
    counts = [np.asarray(m.counts) for m in messages]
    for k, block in enumerate(counts):
        stamp = Stamp("shake", Role.GROUND, k * 250_000_000, k)
        window.feed(WaveformBlock(block[None].astype(np.int32), 100.0, (channel,), stamp=stamp))
    last_minute = np.concatenate(counts)[-6000:]
    sos = signal.butter(2, 0.5, "highpass", fs=100, output="sos")
    expected = 1e6 * signal.sosfiltfilt(sos, last_minute - last_minute.mean())[500:].std() / COUNTS_PER_M_S
    assert window.site_ground_um_s(view()) == pytest.approx(expected, rel=0.1)

"""The thermal module's driver against its twin on a pty, with real frames."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from drivers.api import ConfigError, DeviceLost, DeviceTimeout, Flag, Frame, ProtocolError
from drivers.codecs import gy_mcu90640 as wire
from drivers.devices.gy_mcu90640 import GyMcu90640, GyMcu90640Config
from drivers.transport import PortLinks
from drivers.twins.gy_mcu90640 import GyMcu90640Twin
from drivers.twins.ports import PtyPort
from drivers.twins.recorded import RecordedFrames

RAMP_C = np.linspace(-30, 200, 768).reshape(24, 32)


def celsius(frame: Frame) -> np.ndarray:
    return frame.pixels * frame.scale + frame.offset


@pytest.mark.usefixtures("patient_wire")
def test_real_frames_arrive_within_half_a_hundredth(shared_data: Path, opened, collect) -> None:
    files = sorted((shared_data / "thermal/mlx90640_raw").glob("*.raw"))
    assert len(files) == 4
    # The first frame of each file has every second pixel 0: the sensor had measured one subpage only.
    sent = np.concatenate([np.fromfile(file, "<f4").reshape(-1, 24, 32)[:12] for file in files])
    assert (sent[0] == 0).sum() == 384
    with GyMcu90640Twin(PtyPort(), RecordedFrames(sent), ambient_c=31.25, pace=20) as twin:
        driver = opened(GyMcu90640(GyMcu90640Config(twin.url), PortLinks()))
        frames = collect(driver, lambda got: len(got) == len(sent))
    for frame, image in zip(frames, sent, strict=True):
        assert frame.pixels.dtype == np.int16
        # Half a hundredth, and what float32 adds near 70 °C.
        assert np.abs(celsius(frame) - image).max() <= 0.005 + 1e-5
        assert frame.unit == "°C"
        assert frame.ambient_c == 31.25
        assert frame.flags == Flag.NONE


def test_the_module_is_put_into_automatic_mode_at_the_rate(opened, collect) -> None:
    source = RecordedFrames([RAMP_C], loop=True)
    with GyMcu90640Twin(PtyPort(), source, pace=10) as twin:
        config = GyMcu90640Config(twin.url, baudrate=460800, rate_hz=8.0, emissivity=0.9)
        driver = opened(GyMcu90640(config, PortLinks()))
        frames = collect(driver, lambda got: len(got) == 3)
        assert (twin.rate_hz, twin.emissivity) == (8.0, 0.9)
    np.testing.assert_allclose(celsius(frames[0]), RAMP_C, atol=0.00501)


def test_left_stays_left_through_twin_and_driver(opened, collect) -> None:
    image = np.full((24, 32), 20.0)
    image[3, 2] = 36.5
    with GyMcu90640Twin(PtyPort(), RecordedFrames([image], loop=True), pace=10) as twin:
        driver = opened(GyMcu90640(GyMcu90640Config(twin.url), PortLinks()))
        (frame, *_) = collect(driver, lambda got: len(got) >= 1)
    assert np.unravel_index(frame.pixels.argmax(), frame.pixels.shape) == (3, 2)


@pytest.mark.parametrize(("odd_c", "flag"), [(-41.0, 1), (301.0, 1), (-39.9, 0), (299.9, 0)])
def test_what_is_no_temperature_is_flagged(odd_c: float, flag: int, opened, collect) -> None:
    image = np.full((24, 32), 20.0)
    image[7, 7] = odd_c
    with GyMcu90640Twin(PtyPort(), RecordedFrames([image], loop=True), pace=10) as twin:
        driver = opened(GyMcu90640(GyMcu90640Config(twin.url), PortLinks()))
        (frame, *_) = collect(driver, lambda got: len(got) >= 1)
    assert bool(frame.flags & Flag.SATURATED) is bool(flag)


def test_a_damaged_frame_is_a_gap(opened, collect, scripted) -> None:
    whole = wire.encode(wire.ThermalFrame(np.full((24, 32), 2000, np.int16), 2500))
    damaged = bytearray(whole)
    damaged[700] ^= 1
    links = scripted(whole[500:], whole, bytes(damaged), whole, whole)
    driver = opened(GyMcu90640(GyMcu90640Config("scripted"), links))
    frames = collect(driver, lambda got: len(got) == 3)
    # Beginning in the middle of a frame is no loss.
    assert [bool(f.flags & Flag.GAP_BEFORE) for f in frames] == [False, True, False]


def test_the_gap_is_before_the_frame_after_it_however_much_one_read_brings(opened, collect, scripted) -> None:
    whole = wire.encode(wire.ThermalFrame(np.full((24, 32), 2000, np.int16), 2500))
    damaged = bytearray(whole)
    damaged[700] ^= 1
    links = scripted(whole, whole + bytes(damaged) + whole + whole[:100], whole[100:])
    driver = opened(GyMcu90640(GyMcu90640Config("scripted"), links))
    frames = collect(driver, lambda got: len(got) == 4)
    assert [bool(f.flags & Flag.GAP_BEFORE) for f in frames] == [False, False, True, False]


def test_a_pulled_plug_is_a_lost_device(opened, collect) -> None:
    with GyMcu90640Twin(PtyPort(), RecordedFrames([RAMP_C], loop=True)) as twin:
        driver = opened(GyMcu90640(GyMcu90640Config(twin.url), PortLinks()))
        collect(driver, lambda got: len(got) == 1)
        twin.unplug()
        pulled = time.monotonic()
        with pytest.raises(DeviceLost):
            collect(driver, lambda got: False, deadline_s=5)
        assert time.monotonic() - pulled < 2


def test_a_silent_module_is_a_timeout(scripted) -> None:
    with pytest.raises(DeviceTimeout, match="power and cable"):
        GyMcu90640(GyMcu90640Config("scripted", baudrate=460800, rate_hz=8.0), scripted()).open()


def test_another_device_is_a_protocol_error(scripted) -> None:
    links = scripted(b"BM\x00\x1c" * 30)
    with pytest.raises(ProtocolError, match="no thermal frame"):
        GyMcu90640(GyMcu90640Config("scripted", baudrate=460800, rate_hz=8.0), links).open()


@pytest.mark.parametrize(
    "keys",
    [
        {"rate_hz": 3.0},
        {"rate_hz": 1.0},
        {"rate_hz": 8.0},
        {"baudrate": 57600},
        {"baudrate": 9600, "rate_hz": 2.0},
        {"emissivity": 1.2},
    ],
)
def test_a_config_the_module_cannot_keep_is_refused(keys: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        GyMcu90640Config("/dev/ttyUSB0", **keys)


def test_query_mode_gives_one_frame_a_question(opened) -> None:
    with GyMcu90640Twin(PtyPort(), RecordedFrames([RAMP_C] * 2)) as twin:
        link = PortLinks().open(twin.url, baudrate=115200)
        decoder = wire.GyMcu90640Decoder()
        link.write(wire.encode_command(wire.ThermalCommand(wire.GET_EMISSIVITY, 1)))
        link.write(wire.encode_command(wire.ThermalCommand(wire.SET_MODE, wire.QUERY_ONCE)))
        got: list[wire.ThermalMessage] = []
        end = time.monotonic() + 10
        while len(got) < 2:
            assert time.monotonic() < end
            got += decoder.feed(link.read())
        link.close()
    assert got[0] == wire.Emissivity(0.95)
    assert isinstance(got[1], wire.ThermalFrame)
    assert not twin.finished.is_set()

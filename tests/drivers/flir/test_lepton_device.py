"""The Lepton's driver against its twin: real frames, settings that do not fit, repeats, slips, losses."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.api import ConfigError, DeviceLost, DeviceTimeout, Flag, Frame, ProtocolError
from drivers.codecs.lepton_vospi import LeptonFrame, Model, TelemetryPlace, encode
from drivers.devices.flir_lepton import FlirLepton, FlirLeptonConfig
from drivers.transport import PortLinks
from drivers.twins.flir_lepton import FlirLeptonTwin
from drivers.twins.ports import PtyPort, TcpPort
from drivers.twins.recorded import RecordedFrames
from tests.drivers.flir.cptv import cptv_frames
from tests.drivers.port_server import PtySerial

HEADER, FOOTER = TelemetryPlace.HEADER, TelemetryPlace.FOOTER
WARM = 29_815  # 25 °C in steps of 0.01 K


def lepton(url: str, links: Any = None, **keys: Any) -> FlirLepton:
    return FlirLepton(FlirLeptonConfig(url, **keys), links or PortLinks())


def noise(model: Model, middle: int, seed: int = 1) -> Any:
    """A source of images that differ."""
    rng = np.random.default_rng(seed)
    return lambda: rng.integers(middle - 200, middle + 200, model.shape).astype(np.uint16)


@pytest.mark.parametrize("place", TelemetryPlace)
def test_real_frames_come_through_unchanged(shared_data: Path, place, opened, collect, start_on_open) -> None:
    sent = list(cptv_frames(shared_data / "thermal/cptv_lepton/v2.cptv", 12))
    assert 2600 < sent[0].min() < sent[0].max() < 3100  # raw counts, as the camera gave them
    keys = {"place": place, "tlinear_kelvin": 0.0, "rate_hz": 12.0, "void_segments": 2, "discards": 2}
    twin = FlirLeptonTwin(TcpPort(), RecordedFrames(sent), **keys)
    driver = opened(lepton(twin.url, start_on_open(twin), telemetry=place, tlinear_kelvin=0.0))
    frames = collect(driver, 12)
    twin.stop()
    for frame, counts in zip(frames, sent, strict=True):
        np.testing.assert_array_equal(frame.pixels, counts)
    assert {(f.pixels.dtype.name, f.unit, f.scale, f.flags) for f in frames} == {
        ("uint16", "", 1.0, Flag.NONE)
    }


@pytest.mark.parametrize("model", Model)
def test_tlinear_pixels_are_degrees(model: Model, port, opened, collect) -> None:
    counts = np.full(model.shape, WARM, np.uint16)
    counts[3, 2] = 31_000
    with FlirLeptonTwin(port, RecordedFrames([counts, counts + 1], loop=True), model=model) as twin:
        driver = opened(lepton(twin.url, model=model))
        frame: Frame = collect(driver, 1)[0]
    celsius = frame.pixels * frame.scale + frame.offset
    assert frame.unit == "°C"
    assert celsius[0, 0] == pytest.approx(25.0)
    assert celsius[3, 2] == pytest.approx(310.0 - 273.15)


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
def test_over_rfc2217(port_server, opened, collect) -> None:
    port = PtyPort()
    source = noise(Model.LEPTON2, WARM)
    with FlirLeptonTwin(port, source, model=Model.LEPTON2, rate_hz=4.0):
        driver = opened(lepton(port_server(PtySerial(port.url, timeout=0)), model=Model.LEPTON2))
        frames = collect(driver, 3)
        driver.close()
    assert frames[1].pixels.shape == (60, 80)


@pytest.mark.parametrize("place", [HEADER, FOOTER])
@pytest.mark.parametrize("model", Model)
def test_telemetry_gives_the_sensors_temperature(model: Model, place, opened, collect) -> None:
    source = noise(model, WARM)
    with FlirLeptonTwin(TcpPort(), source, model=model, place=place, fpa_c=34.56) as twin:
        (frame,) = collect(opened(lepton(twin.url, model=model, telemetry=place)), 1)
    assert frame.ambient_c == pytest.approx(34.56)


@pytest.mark.parametrize(
    ("state", "words"),
    [({"ffc_state": 0}, "never corrected"), ({"overheating": True}, "shut itself off"), ({}, "")],
)
def test_what_telemetry_says_of_the_camera_is_a_complaint(state, words, opened, collect) -> None:
    twin = FlirLeptonTwin(TcpPort(), noise(Model.LEPTON3, WARM), place=FOOTER)
    for name, value in state.items():
        setattr(twin, name, value)
    with twin:
        driver = opened(lepton(twin.url, telemetry=FOOTER))
        collect(driver, 1)
        complaint = driver.complaint()
    assert (words in complaint) if words else complaint == ""


def test_an_image_sent_three_times_is_one_image(opened, collect) -> None:
    images = [np.full((60, 80), WARM + k, np.uint16) for k in range(20)]
    source = RecordedFrames(images, loop=True)
    with FlirLeptonTwin(TcpPort(), source, model=Model.LEPTON2, repeats=2, rate_hz=20) as twin:
        frames = collect(opened(lepton(twin.url, model="lepton2")), 8)
    values = [int(frame.pixels[0, 0]) for frame in frames]
    assert values == [images[(values[0] - WARM + k) % 20][0, 0] for k in range(8)]


def test_an_image_that_never_changes_is_passed_on_all_the_same(opened, collect) -> None:
    frozen = RecordedFrames([np.full((60, 80), WARM, np.uint16)], loop=True)
    with FlirLeptonTwin(TcpPort(), frozen, model=Model.LEPTON2, rate_hz=30) as twin:
        assert len(collect(opened(lepton(twin.url, model="lepton2")), 3)) == 3


@pytest.mark.parametrize("n_bytes", [1, 500])
def test_bytes_that_the_bridge_loses_are_a_gap(n_bytes: int, opened, collect) -> None:
    with FlirLeptonTwin(TcpPort(), noise(Model.LEPTON3, WARM), rate_hz=20) as twin:
        driver = opened(lepton(twin.url))
        collect(driver, 2)
        twin.slip(n_bytes)
        frames = collect(driver, 6)
        while not any(f.flags & Flag.GAP_BEFORE for f in frames):  # a busy reader is some images behind
            assert len(frames) < 60
            frames += collect(driver, 1)
        frames += collect(driver, 3)
    assert [bool(f.flags & Flag.GAP_BEFORE) for f in frames].count(True) == 1


def test_the_gap_is_before_the_image_after_it_however_much_one_read_brings(opened, collect, scripted) -> None:
    source = noise(Model.LEPTON2, WARM)
    images = [b"".join(encode(LeptonFrame(source()), Model.LEPTON2)[0]) for _ in range(5)]
    slipped = images[1][:3000] + images[1][3001:]
    links = scripted(images[0] + slipped[:5000], slipped[5000:] + images[2] + images[3], images[4])
    driver = opened(lepton("scripted", links, model="lepton2"))
    frames = collect(driver, 4)
    assert [bool(f.flags & Flag.GAP_BEFORE) for f in frames] == [False, True, False, False]


@pytest.mark.parametrize(
    ("values", "keys"),
    [((0, 5000), {"tlinear_kelvin": 0.0}), ((16383, 5000), {"tlinear_kelvin": 0.0}), ((65535, WARM), {})],
)
def test_a_pixel_at_the_end_of_its_range_is_flagged(values, keys, opened, collect) -> None:
    odd, usual = values
    counts = np.full((60, 80), usual, np.uint16)
    counts[5, 5] = odd
    with FlirLeptonTwin(
        TcpPort(), RecordedFrames([counts, counts + 0], loop=True), model=Model.LEPTON2
    ) as twin:
        (frame, *_) = collect(opened(lepton(twin.url, model="lepton2", **keys)), 1)
    assert frame.flags & Flag.SATURATED


@pytest.mark.parametrize(
    ("camera", "keys", "words"),
    [
        ({"model": Model.LEPTON3}, {"model": "lepton2"}, "Lepton 3"),
        ({"model": Model.LEPTON2}, {"model": "lepton3"}, 'model = "lepton2"'),
        ({"place": HEADER}, {}, "set telemetry"),
        ({}, {"telemetry": HEADER}, "check model and telemetry"),
        ({"place": FOOTER}, {"telemetry": HEADER}, "set telemetry"),
        ({"middle": 8000, "tlinear_kelvin": 0.0}, {}, "set tlinear_kelvin"),
        ({}, {"tlinear_kelvin": 0.0}, "more than 14 bits"),
        ({"place": FOOTER}, {"telemetry": FOOTER, "tlinear_kelvin": 0.1}, "set tlinear_kelvin = 0.01"),
    ],
    ids=["3 for 2", "2 for 3", "telemetry", "no telemetry", "other place", "raw", "tlinear", "step"],
)
def test_a_camera_that_is_set_otherwise_is_refused(camera, keys, words) -> None:
    settings = dict(camera)
    source = noise(settings.get("model", Model.LEPTON3), settings.pop("middle", WARM))
    with FlirLeptonTwin(TcpPort(), source, rate_hz=20.0, void_segments=1, **settings) as twin:
        driver = lepton(twin.url, **keys)
        with pytest.raises(ProtocolError, match=words):
            driver.open()


def test_a_pulled_plug_is_a_lost_device(port, opened, collect) -> None:
    with FlirLeptonTwin(port, noise(Model.LEPTON2, WARM), model=Model.LEPTON2) as twin:
        driver = opened(lepton(twin.url, model="lepton2"))
        twin.unplug()
        pulled = time.monotonic()
        with pytest.raises(DeviceLost):
            collect(driver, 100)
        assert time.monotonic() - pulled < 2


def test_a_silent_bridge_is_a_timeout(scripted) -> None:
    with pytest.raises(DeviceTimeout, match="power and cable"):
        lepton("scripted", scripted()).open()


def test_another_device_is_a_protocol_error(scripted) -> None:
    link = scripted(b"BM\x00\x1c" * 300)
    with pytest.raises(ProtocolError, match="no VoSPI packet"):
        lepton("scripted", link).open()
    assert link.closed


@pytest.mark.parametrize("keys", [{"tlinear_kelvin": 1.0}, {"baudrate": 0}])
def test_a_config_that_cannot_be_kept_is_refused(keys: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        FlirLeptonConfig("/dev/ttyACM0", **keys)

"""What the booth is shown of a lane now: devices in words, curves, pictures that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from ulid import ULID

from drivers.api import ConnectionState, WaveformBlock
from scanner.lane.commands import Probe, Start
from scanner.lane.traces import MOST_POINTS, Traces
from scanner.lane.wire import Live
from scanner.limits import limits_of
from scanner.policy import make_policy
from scanner.simulation.items import VisitTimes, lorry_items
from scanner.simulation.layout import SENSORS
from scanner.vehicle import VehicleClass
from tests.lane.short_lane import LORRY, UTC_NS, ShortLane
from tests.lane.small_service import SmallService, small_service, wait_for


@pytest.fixture
def service() -> Iterator[SmallService]:
    with small_service() as running:
        yield running


@pytest.fixture
def lane(service, kit_saying, tmp_path) -> Iterator[ShortLane]:
    """Play nine seconds of a lorry that passed the portal; the inside probe is lost after five."""
    running = ShortLane(
        tmp_path / "data", kit_saying(0.0), duration_s=9.0, url=service.url, lost={"co2-inside": 5.0}
    )
    running.start(Start(LORRY.spec.declaration), Probe(True))
    running.played()
    wait_for(lambda: service.lives)
    yield running
    running.stop()


def device(live: Live, name: str):
    return next(one for one in live.devices if one.name == name)


def test_a_lost_device_is_said_in_both_languages_with_what_to_do(service, lane):
    wait_for(lambda: device(service.lives[-1], "co2-inside").state == "lost")
    live = service.lives[-1]
    lost = device(live, "co2-inside")
    assert lost.text["en"] == (
        "CO2 probe co2-inside is lost, CO2 is not measured there: check its cable and power."
    )
    assert lost.text["fr"] == (
        "La sonde CO2 co2-inside ne répond plus, le CO2 n’y est plus mesuré\u00a0: "
        "vérifiez son câble et son alimentation."
    )
    assert lost.detail == "co2-inside does not answer: check its cable and power"
    assert lost.since_utc_ms == UTC_NS // 1_000_000 + 5000
    fine = device(live, "thermal-doors")
    assert (fine.state, fine.text) == ("ready", {"en": "", "fr": ""})
    assert re.fullmatch(r"\d+\.\d to \d+\.\d °C", fine.newest["en"])
    assert re.fullmatch(r"\d+,\d à \d+,\d\xa0°C", fine.newest["fr"])


def test_the_scan_is_shown_as_it_stands(service, lane):
    wait_for(lambda: service.lives and service.lives[-1].assessment and service.lives[-1].untold == 0)
    live = service.lives[-1]
    demands = make_policy({})[VehicleClass.REEFER]
    assert (live.time_limit_s, live.prior) == (demands.time_limit_s, demands.prior)
    limits = limits_of(demands, lane.agent.kit.calibrations, VehicleClass.REEFER)
    assert live.limits is not None
    assert (live.limits.search_llr, live.limits.no_indication_llr) == (
        limits.search_llr,
        limits.no_indication_llr,
    )
    assert live.declaration is not None
    assert live.declaration.plate == LORRY.spec.declaration.plate
    assert (live.visit, live.probe_in, live.waiting, live.faults) == (1, True, [], [])
    assert live.assessment is not None
    assert live.assessment.scan_id == live.scan_id
    sequences = [one.sequence for one in service.lives]
    assert sequences == sorted(set(sequences))
    assert {one.run for one in service.lives} == {live.run}


def curves(service) -> dict[tuple[str, str], list[tuple[int, float, float]]]:
    """Return what was told so far of each channel: time, lowest and highest value of each piece."""
    points: dict[tuple[str, str], list[tuple[int, float, float]]] = {}
    for live in list(service.lives):
        for trace in live.traces:
            new = list(zip(trace.t_utc_ms, trace.low, trace.high, strict=True))
            points.setdefault((trace.sensor, trace.channel), []).extend(new)
    return points


def test_curves_hold_what_was_measured_once(service, lane):
    wanted = round(9 / 0.05)
    wait_for(lambda: len(curves(service).get(("geophones", "c1"), ())) >= wanted - 4)
    points = curves(service)
    assert {key[0] for key in points} == {"co2-inside", "co2-outside", "geophones", "shake"}
    for curve in points.values():
        times = [t for t, _, _ in curve]
        assert times == sorted(set(times))
        assert all(low <= high for _, low, high in curve)
    assert len(points["geophones", "c1"]) == pytest.approx(wanted, abs=4)
    outside = [low for _, low, _ in points["co2-outside", ""]]
    assert all(300 < ppm < 700 for ppm in outside)


def test_a_service_that_began_anew_is_sent_the_last_minute_and_the_pictures_again(service, lane):
    wait_for(lambda: {p.sensor for p in service.lives[-1].pictures} == {"thermal-doors", "xray"})
    service.kill()
    wait_for(lambda: lane.link.status().code == "link_away")  # at once, it would not know of it
    seen = {(t.sensor, t.channel): t.t_utc_ms[0] for live in reversed(service.lives) for t in live.traces}
    service.lives.clear()
    service.pictures.clear()
    service.run = str(ULID())
    service.start()
    wait_for(lambda: service.lives and any(live.traces for live in service.lives))
    (first,) = [live for live in service.lives if live.traces][:1]
    assert {(t.sensor, t.channel): t.t_utc_ms[0] for t in first.traces} == seen
    assert not service.lives[0].pictures or service.lives[0] is not first
    wait_for(lambda: {p.sensor for p in service.lives[-1].pictures} == {"thermal-doors", "xray"})
    assert {sensor for sensor, _ in service.pictures} == {"thermal-doors", "xray"}


def test_a_picture_that_is_listed_is_there_with_the_size_that_is_told(service, lane):
    wait_for(lambda: {p.sensor for p in service.lives[-1].pictures} == {"thermal-doors", "xray"})
    for told in service.lives[-1].pictures:
        version, png = service.pictures[told.sensor, False]
        grey = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
        assert version >= told.version
        assert grey.dtype == np.uint16
        assert grey.shape == (told.height, told.width)
        if told.heat:
            assert service.pictures[told.sensor, True][0] >= told.version


def test_a_change_is_told_at_once(service, kit_saying, tmp_path, monkeypatch):
    monkeypatch.setattr("scanner.lane.live.BEAT_S", 30.0)
    lane = ShortLane(tmp_path / "data", kit_saying(0.0), duration_s=2.0, url=service.url)
    lane.start()
    lane.played()
    wait_for(lambda: service.lives and device(service.lives[-1], "shake").state == "ready")
    lane.agent.submit(Start(LORRY.spec.declaration)).result(60)
    wait_for(lambda: service.lives[-1].scan_id, within_s=1.0)  # the beat is 30 s away
    lane.stop()


def test_an_envelope_is_the_extremes_of_each_20th_of_a_second_in_um_s():
    blocks = [
        item
        for item in lorry_items(LORRY.lorry(), duration_s=20.0, times=VisitTimes(xray_s=None))
        if isinstance(item, WaveformBlock) and item.stamp.sensor == "geophones"
    ]
    traces = Traces(SENSORS)
    for block in blocks:
        traces.take(block, block.stamp.mono_ns // 1_000_000)
    (curve,) = [t for t in traces.untold() if t.channel == "c2" and not t.cancelled]
    assert curve.unit == "µm/s"
    roles = {t.channel: t.role for t in traces.untold()}
    assert roles == {"c1": "chassis", "c2": "chassis", "c3": "chassis", "c4": "chassis", "g1": "ground"}
    channel = blocks[0].channels[1]
    counts = np.hstack([b.counts[1] for b in blocks]).astype(float)
    um_s = (counts - counts.mean()) / (channel.sensitivity_v_per_m_s * channel.counts_per_volt) * 1e6
    wanted = um_s.reshape(-1, 25)
    slack = 0.2 * um_s.std()
    late = slice(-200, None)  # the followed mean has settled
    assert np.abs(np.array(curve.high)[late] - wanted.max(axis=1)[late]).max() < slack
    assert np.abs(np.array(curve.low)[late] - wanted.min(axis=1)[late]).max() < slack
    assert np.diff(curve.t_utc_ms).tolist() == [50] * (len(curve.t_utc_ms) - 1)


def test_curves_keep_a_minute_and_fit_into_a_post(monkeypatch):
    from drivers.api import Quantity, Role, Sample, Stamp

    traces = Traces({})
    for sensor in range(50):
        for second in range(0, 100_000, 200):
            stamp = Stamp(f"probe-{sensor}", Role.INSIDE, 0, 0)
            traces.take(Sample(Quantity.CO2_PPM, 400.0 + second, stamp=stamp), second)
    told = traces.untold()
    assert len(told) == 50
    assert sum(len(t.t_utc_ms) for t in told) <= MOST_POINTS
    assert {t.t_utc_ms[-1] for t in told} == {99_800}
    assert min(t.t_utc_ms[0] for t in told) >= 39_800
    traces.told(told)
    assert traces.untold() == []
    traces.take(Sample(Quantity.CO2_PPM, 1.0, stamp=Stamp("probe-0", Role.INSIDE, 0, 0)), 30_000)
    (set_back,) = traces.untold()  # the clock was set back by more than a minute
    assert set_back.t_utc_ms == [30_000]


def test_every_state_of_every_kind_of_device_has_its_sentence(kit_saying, tmp_path):
    from scanner.lane.snapshot import DeviceKind, DeviceView, device_kind
    from scanner.wording import catalogue

    kinds = {name: device_kind(sensor).value for name, sensor in SENSORS.items()}
    assert kinds == {
        "co2-inside": "probe",
        "co2-outside": "probe",
        "geophones": "geophones",
        "shake": "seismometer",
        "thermal-doors": "imager",
        "xray": "detector",
    }
    for kind in DeviceKind:
        for state in ConnectionState:
            view = DeviceView("d", SENSORS["xray"].role, _state(state), "", kind)
            assert (view.reason is None) == (state is ConnectionState.READY)
            assert view.reason is None or view.reason.code in catalogue()


def _state(state: ConnectionState):
    from drivers.api import DeviceState

    return DeviceState(state)

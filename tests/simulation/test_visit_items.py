"""A simulated visit as the lane records it."""

import hashlib
import itertools
from dataclasses import replace

import numpy as np
import pytest

from drivers.api import (
    ConnectionState,
    DeviceState,
    Event,
    EventKind,
    Flag,
    Frame,
    LineBlock,
    LineKind,
    LineScanEnd,
    Quality,
    Role,
    Sample,
    WaveformBlock,
)
from scanner.simulation.items import START_NS, VisitTimes, lorry_items
from scanner.simulation.layout import DEMO_LAYOUT, DRIVERS, SENSORS, demo_layout
from scanner.simulation.lorry import SimulatedLorry, draw_lorry
from scanner.simulation.stream import demo_stream
from scanner.vehicle import CargoClass, VehicleClass

QUICK = DEMO_LAYOUT.without("xray", "thermal-doors")


def _spec(persons=2, **overrides):
    return draw_lorry(31, VehicleClass.REEFER, CargoClass.BOXED, persons, **overrides)


def _when_s(item):
    mono_ns = item.mono_ns if isinstance(item, Event) else item.stamp.mono_ns
    return (mono_ns - START_NS) / 1e9


@pytest.fixture(scope="module")
def visit():
    return list(lorry_items(SimulatedLorry(_spec()), duration_s=20.0))


def test_items_come_in_time_order_and_are_all_stamped(visit):
    assert all(a <= b for a, b in itertools.pairwise(map(_when_s, visit)))
    for item in visit:
        if not isinstance(item, Event):
            assert item.stamp.sensor in SENSORS
            assert item.stamp.role is SENSORS[item.stamp.sensor].role


def test_sequences_count_each_sensor_without_a_gap(visit):
    for name in SENSORS:
        numbers = [i.stamp.sequence for i in visit if not isinstance(i, Event) and i.stamp.sensor == name]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) > 1


def test_a_visit_opens_as_a_lane_opens_it(visit):
    kinds = [i.kind for i in visit if isinstance(i, Event)]
    assert kinds == [EventKind.ANCHOR, EventKind.DECLARATION, EventKind.VISIT_START, EventKind.PROBE_IN]
    assert all(isinstance(i, Event) for i in visit[:3])
    ready = {i.stamp.sensor for i in visit if isinstance(i, DeviceState) and _when_s(i) == 0.0}
    assert ready == set(SENSORS)
    probe_in = next(i for i in visit if isinstance(i, Event) and i.kind is EventKind.PROBE_IN)
    assert _when_s(probe_in) == pytest.approx(_spec().probe_in_s, abs=1e-9)


def test_samples_come_at_the_rate_that_the_drivers_promise(visit):
    for name in ("co2-inside", "co2-outside"):
        times_s = [_when_s(i) for i in visit if isinstance(i, Sample) and i.stamp.sensor == name]
        assert np.unique(np.diff(times_s).round(6)).tolist() == [SENSORS[name].period_s]


def test_waveforms_carry_every_sample_of_the_lorry(visit):
    blocks = [i for i in visit if isinstance(i, WaveformBlock) and i.stamp.sensor == "geophones"]
    assert len(blocks) == 200
    assert [c.role for c in blocks[0].channels] == [Role.CHASSIS] * 4 + [Role.GROUND]
    joined = np.concatenate([b.counts for b in blocks], axis=1)
    np.testing.assert_array_equal(joined, SimulatedLorry(_spec()).seismic_counts(0, 10_000))
    shake = [i for i in visit if isinstance(i, WaveformBlock) and i.stamp.sensor == "shake"]
    assert len(shake) == 80
    assert {(b.counts.shape, b.fs_hz, b.channels[0].name) for b in shake} == {((1, 25), 100.0, "EHZ")}


def test_frames_are_the_thermal_module_s(visit):
    frames = [i for i in visit if isinstance(i, Frame)]
    assert len(frames) == 80
    assert {(f.pixels.shape, f.pixels.dtype.name, f.unit, f.scale) for f in frames} == {
        ((24, 32), "int16", "°C", 0.01)
    }
    assert -40 < np.mean(frames[0].pixels) * 0.01 < 60


def test_a_passage_is_whole(visit):
    blocks = [i for i in visit if isinstance(i, LineBlock)]
    end = next(i for i in visit if isinstance(i, LineScanEnd))
    numbers = np.concatenate([b.line_numbers for b in blocks])
    np.testing.assert_array_equal(numbers, np.arange(1, len(numbers) + 1))
    assert [kind for kind, _ in itertools.groupby(b.kind for b in blocks)] == [
        LineKind.DARK, LineKind.AIR, LineKind.DATA, LineKind.AIR,
    ]  # fmt: skip
    sha256 = hashlib.sha256(b"".join(b.pixels.astype("<u2").tobytes() for b in blocks)).hexdigest()
    assert (end.pixel_sha256, end.lines_sent, end.hash_matches) == (sha256, len(numbers), True)
    for block in blocks:
        assert len(block.encoder) == len(block.dose) == len(block.line_flags) == len(block.pixels)


def test_a_lorry_without_a_passage_sends_no_lines():
    items = lorry_items(SimulatedLorry(_spec()), duration_s=8.0, times=VisitTimes(xray_s=None))
    assert not [i for i in items if isinstance(i, LineBlock)]


def test_a_probe_that_fails_falls_silent_and_says_so():
    times = VisitTimes(lost={"co2-inside": 10.0})
    items = [
        i
        for i in lorry_items(SimulatedLorry(_spec()), QUICK, 20.0, times)
        if not isinstance(i, Event) and i.stamp.sensor == "co2-inside"
    ]
    assert isinstance(items[-1], DeviceState)
    assert items[-1].state is ConnectionState.LOST
    assert "check its cable" in items[-1].reason
    assert _when_s(items[-1]) == 10.0
    assert max(_when_s(i) for i in items if isinstance(i, Sample)) < 10.0


def test_the_probe_s_report_lags_behind_its_tip():
    spec = _spec(
        persons=5, closed_minutes=120.0, probe_in_s=3.0, air_changes_per_h=0.1, tip_fraction=0.8,
        tip_fluctuation=0.0, outside_fluctuation_ppm=0.0, exhaust_puffs_per_h=0.0,
        inside_offset_ppm=0.0, inside_gain=1.0,
    )  # fmt: skip
    lorry = SimulatedLorry(spec)
    inside = {
        _when_s(i): i.value
        for i in lorry_items(lorry, QUICK, 90.0)
        if isinstance(i, Sample) and i.stamp.sensor == "co2-inside"
    }
    step = float(lorry.co2_tip_ppm(10.0)) - spec.outside_co2_ppm
    t90_s = SENSORS["co2-inside"].response_t90_s
    assert inside[2.0] == pytest.approx(spec.outside_co2_ppm, abs=15)
    assert (inside[3.0 + t90_s] - spec.outside_co2_ppm) / step == pytest.approx(0.9, abs=0.04)


def test_a_tank_full_of_co2_is_over_range():
    spec = draw_lorry(2, cargo=CargoClass.INERT, initial_excess_ppm=300_000.0, closed_minutes=5.0)
    samples = [
        i
        for i in lorry_items(SimulatedLorry(spec), QUICK, 90.0)
        if isinstance(i, Sample) and i.stamp.sensor == "co2-inside"
    ]
    assert samples[0].quality is Quality.GOOD
    assert samples[-1].quality is Quality.OVER_RANGE


def test_a_clipping_unit_is_flagged_by_channel():
    spec = replace(_spec(), unit_running=True, unit_rms_um_s=5000.0, unit_cycle_s=0.0)
    blocks = [
        i
        for i in lorry_items(SimulatedLorry(spec), QUICK, 2.0)
        if isinstance(i, WaveformBlock) and i.stamp.sensor == "geophones"
    ]
    clipped = [b for b in blocks if b.clipped & 1]
    assert clipped
    assert all(b.flags & Flag.CLIPPED for b in clipped)
    assert not any(b.clipped & 16 for b in blocks)  # the ground channel is far from the unit


def test_a_visit_is_the_same_every_time():
    first, again = ([*lorry_items(SimulatedLorry(_spec()), QUICK, 5.0)] for _ in range(2))
    assert [i.value for i in first if isinstance(i, Sample)] == [
        i.value for i in again if isinstance(i, Sample)
    ]


def test_the_layout_promises_what_the_drivers_promise():
    for name, sensor in SENSORS.items():
        capabilities = DRIVERS[DEMO_LAYOUT.drivers[name]].capabilities
        assert sensor.reads == capabilities.reads
        assert sensor.period_s == capabilities.period_s
        assert sensor.certificate is not None
        assert sensor.certificate.method == "simulated"
    assert demo_layout("vaisala-gmp252").sensors["co2-outside"].response_t90_s == 60.0
    with pytest.raises(LookupError, match="0 sensors look at portal"):
        QUICK.named(Role.PORTAL, "lines")


def test_the_demonstration_shows_what_it_announces():
    stream = demo_stream()
    kinds = [(d.spec.declaration.vehicle_class, d.spec.declaration.cargo, d.spec.occupied) for d in stream]
    assert kinds == [
        (VehicleClass.REEFER, CargoClass.EMPTY, False),
        (VehicleClass.REEFER, CargoClass.BOXED, True),
        (VehicleClass.REEFER, CargoClass.PRODUCE, False),
        (VehicleClass.TANKER, CargoClass.EMPTY, True),
        (VehicleClass.REEFER, CargoClass.FROZEN, False),
    ]
    assert [d.inside_probe_fails_s is not None for d in stream] == [False] * 4 + [True]
    assert len({d.spec.declaration.plate for d in stream}) == 5
    excess = [float(d.lorry().co2_bulk_excess_ppm(60.0)) for d in stream]
    assert excess[0] < 100 < excess[1]
    assert excess[2] > 500  # fruit alone reaches what people reach
    assert excess[3] > 200
    assert demo_stream() == stream

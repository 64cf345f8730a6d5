"""Faults act on one sensor's readings as their names say, and on nothing else."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from drivers.api import (
    ConnectionState,
    DeviceState,
    Event,
    Flag,
    LineBlock,
    LineKind,
    LineScanEnd,
    Quality,
    WaveformBlock,
)
from scanner.campaign.faults import Fault, draw_fault, kinds_of, with_fault
from scanner.campaign.ranges import campaign_ranges
from scanner.simulation.draw import draw_lorry
from scanner.simulation.items import START_NS, lorry_items
from scanner.simulation.layout import SENSORS
from scanner.simulation.lorry import SimulatedLorry
from scanner.vehicle import CargoClass, VehicleClass

EVERY = [(sensor, kind) for sensor in SENSORS for kind in kinds_of(sensor)]
DURATION_S = 70.0


@pytest.fixture(scope="module")
def healthy():
    """A visit without a fault."""
    spec = draw_lorry(11, VehicleClass.REEFER, CargoClass.BOXED, 1)
    return list(lorry_items(SimulatedLorry(spec), duration_s=DURATION_S))


def _of(items, sensor, kind=None):
    return [
        item
        for item in items
        if not isinstance(item, Event)
        and item.stamp.sensor == sensor
        and not (kind is not DeviceState and isinstance(item, DeviceState))
        and (kind is None or isinstance(item, kind))
    ]


def _others(items, sensor):
    return [item for item in items if isinstance(item, Event) or item.stamp.sensor != sensor]


def _at_s(item):
    return ((item.mono_ns if isinstance(item, Event) else item.stamp.mono_ns) - START_NS) / 1e9


def _bytes(item):
    fields = (getattr(item, name) for name in item.__dataclass_fields__)
    return tuple(one.tobytes() if isinstance(one, np.ndarray) else repr(one) for one in fields)


@pytest.mark.parametrize(("sensor", "kind"), EVERY, ids=lambda part: part.replace(" ", "-"))
def test_a_fault_is_one_sensor_s(healthy, sensor, kind):
    before = [_bytes(item) for item in _of(healthy, sensor)]
    changed = 0
    for seed in (5, 6, 7):  # a rare spike or a rare loss may spare a visit
        faulty = list(with_fault(healthy, draw_fault(sensor, seed, kind=kind)))
        times = [_at_s(item) for item in faulty]
        assert times == sorted(times)
        assert [id(item) for item in _others(faulty, sensor)] == [
            id(item) for item in _others(healthy, sensor)
        ]
        numbers = [i.stamp.sequence for i in faulty if not isinstance(i, Event) and i.stamp.sensor == sensor]
        assert numbers == list(range(len(numbers)))
        changed += [_bytes(item) for item in _of(faulty, sensor)] != before
    assert changed >= 2


def test_no_fault_is_the_visit_itself(healthy):
    assert list(with_fault(iter(healthy), None)) == healthy


def test_every_range_of_a_fault_is_drawn_by_some_kind():
    drawn = {name for sensor, kind in EVERY for name in draw_fault(sensor, 5, kind=kind).values}
    named = {name.removeprefix("fault.") for name in campaign_ranges() if name.startswith("fault.")}
    assert drawn | {"passage_at_s"} == named


def test_all_kinds_of_a_sensor_come():
    kinds = Counter(draw_fault("geophones", seed).kind for seed in range(600))
    assert set(kinds) == set(kinds_of("geophones"))
    channels = {draw_fault("geophones", seed, kind="stuck").channel for seed in range(60)}
    assert channels == {"c1", "c2", "c3", "c4", "g1"}


def test_an_unknown_kind_is_refused():
    with pytest.raises(KeyError, match="xray has no fault called stuck"):
        draw_fault("xray", 1, kind="stuck")


@pytest.mark.parametrize("kind", ["falls silent", "lost"])
def test_silence_begins_when_it_should(healthy, kind):
    faulty = list(with_fault(healthy, Fault("co2-inside", kind, values={"at_s": 30.2})))
    came = [_at_s(item) for item in _of(faulty, "co2-inside")]
    assert 29.0 < max(came) < 30.2
    states = [(item.state, _at_s(item)) for item in _of(faulty, "co2-inside", DeviceState)]
    told = [(ConnectionState.LOST, 30.2)] if kind == "lost" else []
    assert states == [(ConnectionState.READY, 0.0), *told]


def test_late_readings_come_so_much_later_and_are_the_same(healthy):
    faulty = list(with_fault(healthy, Fault("geophones", "late", values={"late_s": 2.5})))
    before, after = _of(healthy, "geophones"), _of(faulty, "geophones")
    assert len(after) == pytest.approx(len(before) - 25, abs=1)
    for one, other in zip(before, after, strict=False):
        assert _at_s(other) == pytest.approx(_at_s(one) + 2.5)
        assert other.counts is one.counts


def test_what_was_held_comes_at_once_and_whole(healthy):
    fault = Fault("co2-outside", "held", values={"at_s": 20.0, "held_s": 15.0})
    before, after = (_of(items, "co2-outside") for items in (healthy, list(with_fault(healthy, fault))))
    assert not [item for item in after if 20.0 <= _at_s(item) < 35.0]
    assert [item.value for item in after] == [item.value for item in before]


def test_gaps_tell_how_many_samples_are_missing(healthy):
    values = {"gap_s": 1.0, "between_gaps_s": 4.0}
    blocks = _of(list(with_fault(healthy, Fault("geophones", "gaps", values=values, seed=3))), "geophones")
    assert sum(block.samples_lost > 0 for block in blocks) > 3
    for earlier, later in pairwise(blocks):
        missing = (later.device_ns - earlier.device_ns) / 1e9 * later.fs_hz - earlier.counts.shape[1]
        assert later.samples_lost == round(missing)
        assert bool(later.flags & Flag.GAP_BEFORE) == (later.samples_lost > 0)


@pytest.mark.parametrize("kind", ["stuck", "dead", "weak"])
def test_one_channel_fails_and_the_others_do_not(healthy, kind):
    values = {"at_s": 10.0, "dead_counts": 1.0, "channel_gain": 0.1}
    blocks = _of(list(with_fault(healthy, Fault("geophones", kind, "c3", values))), "geophones")
    counts, sound = (
        np.concatenate([b.counts for b in found if _at_s(b) > 12.0], axis=1)
        for found in (blocks, _of(healthy, "geophones", WaveformBlock))
    )
    np.testing.assert_array_equal(np.delete(counts, 2, axis=0), np.delete(sound, 2, axis=0))
    rms = counts[2].std()
    if kind == "stuck":
        assert rms == 0.0
    elif kind == "dead":  # noise of one count, rounded to whole counts
        assert rms == pytest.approx(np.hypot(1.0, 12**-0.5), rel=0.02)
    else:
        np.testing.assert_allclose(counts[2], 0.1 * sound[2], atol=0.5)


def test_a_frozen_probe_is_told_by_the_runner_s_own_judge(healthy):
    items = list(with_fault(healthy, Fault("co2-inside", "frozen", values={"at_s": 5.0})))
    readings = [item for item in _of(items, "co2-inside") if _at_s(item) > 5.0]
    assert len({item.value for item in readings}) == 1
    # the driver of a GMP252 promises a change within 60 s
    quality = {item.quality for item in readings if _at_s(item) > 66.0}
    assert quality == {Quality.FROZEN}
    states = [item.state for item in _of(items, "co2-inside", DeviceState)]
    assert states == [ConnectionState.READY, ConnectionState.DEGRADED]


def test_added_noise_has_the_size_that_was_drawn(healthy):
    items = list(with_fault(healthy, Fault("thermal-doors", "noisy", values={"noise_k": 4.0})))
    added = [
        (a.pixels.astype(float) - b.pixels) * a.scale
        for a, b in zip(_of(items, "thermal-doors"), _of(healthy, "thermal-doors"), strict=True)
    ]
    assert np.std(added) == pytest.approx(4.0, rel=0.02)


def test_lost_lines_are_counted_by_the_end(healthy):
    fault = Fault("xray", "lines lost", values={"lines_lost_share": 0.3}, seed=2)
    items = list(with_fault(healthy, fault))
    lines = sum(block.line_numbers.size for block in _of(items, "xray", LineBlock))
    (end,) = _of(items, "xray", LineScanEnd)
    assert end.lines_received == lines < end.lines_sent
    assert not end.hash_matches


def test_a_stopped_detector_says_that_all_is_well(healthy):
    items = list(with_fault(healthy, Fault("xray", "stopped", values={"at_s": 9.0})))
    lines = sum(block.line_numbers.size for block in _of(items, "xray", LineBlock))
    (end,) = _of(items, "xray", LineScanEnd)
    assert end.lines_sent == end.lines_received == lines
    assert end.hash_matches
    assert 8.5 < _at_s(end) < 9.6


@pytest.mark.parametrize("kind", ["beam off", "beam off untold"])
def test_without_a_beam_lines_are_dark(healthy, kind):
    items = list(with_fault(healthy, Fault("xray", kind, values={"at_s": 9.0})))
    blocks = _of(items, "xray", LineBlock)
    dark = np.concatenate([b.pixels for b in blocks if b.kind is LineKind.DARK]).mean(axis=0)
    off = [b for b in blocks if b.kind is LineKind.DATA and _at_s(b) >= 9.0]
    np.testing.assert_allclose(np.concatenate([b.pixels for b in off]).mean(axis=0), dark, rtol=0.02)
    assert all(bool(b.flags & Flag.BEAM_OFF) == (kind == "beam off") for b in off)


def test_reordered_datagrams_lose_nothing(healthy):
    fault = Fault("shake", "reordered", values={"reordered_share": 0.2}, seed=1)
    before, after = (
        [b.device_ns for b in _of(items, "shake")] for items in (healthy, list(with_fault(healthy, fault)))
    )
    assert after != before
    assert sorted(after)[: len(before) - 1] == before[: len(before) - 1]

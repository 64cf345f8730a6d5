"""Values for a lane's twins while lorries come and go."""

from dataclasses import replace

import numpy as np
import pytest

from scanner.simulation.sources import LaneSource
from scanner.simulation.stream import demo_stream


class Clock:
    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def source(clock):
    return LaneSource(replace(demo_stream()[0].spec, exhaust_puffs_per_h=0.0), clock=clock)


def _watch(source, clock, seconds):
    for _ in range(int(seconds / 0.5)):
        clock.now_s += 0.5
        inside, outside = source.inside_ppm(), source.outside_ppm()
    return inside, outside


def test_an_empty_lane_measures_free_air(source, clock):
    inside, outside = _watch(source, clock, 10)
    idle = demo_stream()[0].spec
    assert inside == pytest.approx(idle.outside_co2_ppm + idle.inside_offset_ppm, abs=20)
    assert outside == pytest.approx(idle.outside_co2_ppm + idle.outside_offset_ppm, abs=20)
    assert source.lorry is None
    with pytest.raises(LookupError, match="no lorry is in the lane"):
        source.xray()


def test_the_probe_rises_with_its_lag_and_falls_with_its_lag(source, clock):
    lorry = demo_stream()[1].lorry()
    free, _ = _watch(source, clock, 5)
    source.arrive(lorry)
    clock.now_s += 2.0
    assert source.inside_ppm() == pytest.approx(free, abs=15)  # not in yet
    rising, _ = _watch(source, clock, 20)
    high, _ = _watch(source, clock, 100)
    assert free + 100 < rising < high - 100
    source.leave()
    falling, _ = _watch(source, clock, 10)
    assert free + 100 < falling < high
    back, _ = _watch(source, clock, 240)
    assert back == pytest.approx(free, abs=20)


def test_settling_spares_the_wait(source, clock):
    free, _ = _watch(source, clock, 5)
    source.arrive(demo_stream()[1].lorry())
    _watch(source, clock, 100)
    source.leave()
    source.settle()
    clock.now_s += 0.5
    assert source.inside_ppm() == pytest.approx(free, abs=20)


def test_blocks_are_the_lorry_s_own_from_its_arrival_on(source):
    empty = source.next_block(1000)
    lorry = demo_stream()[3].lorry()
    source.arrive(lorry)
    joined = np.concatenate([source.next_block(50) for _ in range(20)], axis=1)
    np.testing.assert_array_equal(joined, demo_stream()[3].lorry().seismic_counts(0, 1000))
    assert empty[:4].std() < 0.2 * joined[:4].std()
    np.testing.assert_array_equal(source.next_shake(25), demo_stream()[3].lorry().shake_counts(0, 25))


def test_two_silences_are_not_the_same(source):
    first = source.next_block(500)
    source.leave()
    assert (source.next_block(500) != first).any()


def test_the_door_imager_sees_the_lorry_and_the_empty_lane(source, clock):
    lorry = demo_stream()[1].lorry()
    outside_c = demo_stream()[0].spec.outside_c
    assert source.door_frame().mean() == pytest.approx(outside_c, abs=0.1)
    source.arrive(lorry)
    clock.now_s += 1.0
    np.testing.assert_array_equal(source.door_frame(), demo_stream()[1].lorry().thermal_c(1.0))


def test_the_present_lorry_passes_the_portal(source):
    source.arrive(demo_stream()[1].lorry())
    assert source.xray().people_m.any()


def test_lane_time_runs_at_the_pace_of_the_twins(clock):
    source = LaneSource(demo_stream()[0].spec, clock=clock, pace=10.0)
    source.arrive(demo_stream()[1].lorry())
    clock.now_s += 3.0
    assert source.elapsed_s == pytest.approx(30.0)

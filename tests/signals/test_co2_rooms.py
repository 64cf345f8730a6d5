"""Rooms: windows against closed forms, the filter against a simulated room and a recorded one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from scanner.signals.co2_room_course import occupancy_course
from scanner.signals.co2_rooms import (
    RoomPrior,
    baseline_ppm,
    log_nodes,
    room_windows,
    unevenness_ppm,
    window_log_ratio,
)
from tests.bench.co2_rooms import course, level, over_days, rise
from tests.bench.co2_rooms_data import counted_room, office, ventilated_room

Array = npt.NDArray[np.float64]


def simulated(
    leakage_per_h: float, person_ppm_h: float, outside_ppm: float, digit_ppm: float, seed: int
) -> tuple[Array, Array, Array]:
    """Return s, ppm, people of three days, one person from 9 to 12, two from 13 to 17, each minute."""
    rng = np.random.default_rng(seed)
    t = np.arange(0.0, 3 * 86400.0, 60.0)
    hour = t / 3600.0 % 24.0
    people = np.where((hour >= 9) & (hour < 12), 1.0, np.where((hour >= 13) & (hour < 17), 2.0, 0.0))
    excess, left = np.zeros(t.size), np.exp(-leakage_per_h / 60.0)
    for i in range(1, t.size):
        source = people[i - 1] * person_ppm_h * (1 + 0.3 * rng.standard_normal())
        excess[i] = excess[i - 1] * left + source / leakage_per_h * (1 - left)
    ppm = outside_ppm + excess + 3.0 * rng.standard_normal(t.size)
    return t, np.round(ppm / digit_ppm) * digit_ppm if digit_ppm else ppm, people


def test_window_of_a_straight_line_has_its_mean_and_slope():
    t = np.arange(0.0, 600.0, 30.0)
    windows = room_windows(t, 400.0 + 0.05 * t)
    assert windows.slope_ppm_h == pytest.approx([180.0, 180.0])


def test_slope_is_numpys_least_squares():
    rng = np.random.default_rng(1)
    t = np.sort(rng.uniform(0.0, 299.0, 8))
    ppm = 500.0 + rng.standard_normal(8)
    fitted = 3600.0 * np.polyfit(t, ppm, 1)[0]
    assert room_windows(t, ppm).slope_ppm_h[0] == pytest.approx(fitted)


def test_blank_readings_are_left_out():
    t = np.arange(0.0, 300.0, 60.0)
    windows = room_windows(t, [400.0, np.nan, 410.0, np.nan, 420.0])
    assert windows.level_ppm[0] == pytest.approx(410.0)


def test_too_few_readings_are_no_window():
    assert np.isnan(room_windows([0.0, 60.0, 400.0, 460.0, 520.0], [1.0] * 5).level_ppm[0])


def test_gap_leaves_windows_in_their_place():
    t = np.r_[np.arange(0.0, 300.0, 60.0), np.arange(1200.0, 1500.0, 60.0)]
    assert np.isfinite(room_windows(t, np.full(10, 400.0)).level_ppm).tolist() == [True, *[False] * 3, True]


def test_no_readings_make_no_windows():
    assert room_windows([], []).level_ppm.size == 0


def test_nodes_have_the_lognormal_mean():
    nodes = log_nodes(2.0, 0.5, 4001)
    assert nodes.mean() == pytest.approx(2.0 * np.exp(0.125), rel=1e-3)


def test_ratio_of_a_window_is_that_of_two_normals_where_nothing_is_unknown():
    prior = replace(
        RoomPrior(),
        leakage_log_sigma=0.0,
        person_log_sigma=0.0,
        most_people=1,
        odd_share=0.0,
        slope_source_share=0.0,
        slope_excess_share_per_h=0.0,
    )
    level_ppm, slope = 830.0, 30.0
    off = slope + prior.leakage_per_h * (level_ppm - 430.0)
    expected = (off**2 - (off - prior.person_ppm_h) ** 2) / 2 / prior.slope_ppm_h**2
    found = window_log_ratio([level_ppm], [slope], [430.0], prior, outside_sigma_ppm=0.0)
    assert found[0] == pytest.approx(expected)


def test_baseline_does_not_look_ahead():
    t, ppm, _ = simulated(0.6, 200.0, 430.0, 0.0, 2)
    whole, begun = room_windows(t, ppm), room_windows(t[:2000], ppm[:2000])
    n = begun.level_ppm.size - 1
    assert baseline_ppm(whole, RoomPrior())[0][:n] == pytest.approx(baseline_ppm(begun, RoomPrior())[0][:n])


def test_baseline_finds_an_empty_level_far_from_the_prior():
    t, ppm, _ = simulated(1.0, 200.0, 350.0, 5.0, 3)
    assert baseline_ppm(room_windows(t, ppm), RoomPrior())[0][-1] == pytest.approx(350.0, abs=10.0)


def test_unevenness_is_the_step_of_a_random_walk():
    rng = np.random.default_rng(4)
    walk = 450.0 + np.cumsum(rng.normal(0.0, 8.0, 600))
    windows = replace(room_windows([0.0, 1.0, 2.0], [1.0] * 3), level_ppm=walk)
    assert unevenness_ppm(windows, RoomPrior(), 0.0)[-1] == pytest.approx(8.0, rel=0.2)


def test_a_steady_fall_is_not_uneven():
    windows = replace(room_windows([0.0, 1.0, 2.0], [1.0] * 3), level_ppm=2000.0 - 3.0 * np.arange(400.0))
    assert unevenness_ppm(windows, RoomPrior(), 1.7)[-1] == RoomPrior().eddy_ppm


def test_filter_does_not_look_ahead():
    t, ppm, _ = simulated(0.6, 200.0, 430.0, 0.0, 5)
    whole = occupancy_course(room_windows(t[:900], ppm[:900])).log_ratio
    begun = occupancy_course(room_windows(t[:600], ppm[:600])).log_ratio
    assert whole[: begun.size] == pytest.approx(begun)


@pytest.mark.parametrize(
    "room",
    [(0.5, 200.0, 430.0, 0.0), (1.0, 200.0, 350.0, 5.0), (2.0, 100.0, 480.0, 1.0)],
    ids=["office", "coarse low sensor", "large well-aired"],
)
def test_filter_finds_people_in_rooms_it_was_not_fitted_on(room):
    t, ppm, people = simulated(*room, seed=6)
    found = occupancy_course(room_windows(t, ppm), resolution_ppm=room[3])
    there = people[::5] > 0
    assert np.mean(found.log_ratio[there] > 0) > 0.9


def test_filter_calls_an_empty_room_empty_after_the_air_has_changed():
    t, ppm, _ = simulated(0.5, 200.0, 430.0, 0.0, 7)
    found = occupancy_course(room_windows(t, ppm))
    hour = t[::5] / 3600.0 % 24.0
    assert np.mean(found.log_ratio[(hour < 8) | (hour > 22)] > 0) < 0.01


def test_filter_counts_people_in_a_room_of_the_prior_s_size():
    t, ppm, people = simulated(0.5, 200.0, 430.0, 0.0, 8)
    mean = occupancy_course(room_windows(t, ppm)).people @ np.arange(5.0)
    assert np.mean(np.abs(mean - people[::5])) < 0.4


def test_filter_goes_on_over_a_gap():
    t, ppm, _ = simulated(0.5, 200.0, 430.0, 0.0, 9)
    kept = (t < 86400.0) | (t >= 2 * 86400.0)
    found = occupancy_course(room_windows(t[kept], ppm[kept]))
    assert np.isfinite(found.log_ratio).sum() == kept.sum() / 5


def test_filter_held_to_truth_knows_nobody():
    t, ppm, _ = simulated(0.5, 200.0, 430.0, 0.0, 10)
    windows = room_windows(t[:600], ppm[:600])
    found = occupancy_course(windows, occupied=np.zeros(windows.level_ppm.size))
    assert found.people[:, 0] == pytest.approx(1.0)


def test_share_over_days_is_that_of_all_windows():
    alarm = np.array([True, False, True, True])
    share = over_days(alarm, np.ones(4, bool), np.array([1, 1, 2, 2]))
    assert (share.value, share.low, share.high) == (0.75, 0.5, 1.0)


@pytest.fixture(scope="module")
def co2_data(shared_data: Path) -> Path:
    return shared_data / "co2"


def test_recorded_office_is_found_occupied_at_the_registered_threshold(co2_data):
    room = office(co2_data / "uci_candanedo/datatest.txt", "datatest")
    assert np.mean(course(room).log_ratio[room.occupied] > -0.380) > 0.9


def test_recorded_office_gives_the_published_figures_of_plain_detectors(co2_data):
    room = office(co2_data / "uci_candanedo/datatest.txt", "datatest")
    found = [
        np.mean(score(room)[room.occupied] > limit) for score, limit in ((level, 1253.678), (rise, 168.0))
    ]
    assert found == pytest.approx([0.18, 0.49], abs=0.05)


def test_blank_cells_of_a_recorded_room_are_survived(co2_data):
    room = counted_room(co2_data / "uci_room_occupancy_estimation/Occupancy_Estimation.csv")
    assert int(room.occupied.sum() + room.empty.sum()) == 1045


def test_counter_lines_of_a_recorded_room_meet_its_air(co2_data):
    room = ventilated_room(co2_data / "windesheim_b4b/room_999169.csv.gz")
    assert int(room.occupied.sum()) == 311

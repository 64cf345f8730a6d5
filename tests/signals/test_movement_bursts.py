"""Movement: bursts that last are counted; ticks, slow gusts and what references share are not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scanner.signals.movement import Movement, excess_p_value, find_movement, follow_movement, movement_state
from scanner.signals.whitening import Innovations

N = 3000
T_S = np.arange(N) / 50.0


def weighed(size: np.ndarray, heard: np.ndarray | None = None, usable: np.ndarray | None = None) -> Movement:
    """White innovations of two chassis channels and a reference, of the given amplitudes over time."""
    rng = np.random.default_rng(5)
    own = rng.normal(size=(3, N))
    own[:2] *= size
    own[2] *= 1.0 if heard is None else heard
    good = np.ones(N, bool) if usable is None else usable
    found = find_movement(follow_movement(Innovations(own[:2], own, good), movement_state(2, 1)))
    assert found is not None
    return found


def burst(at_s: float, length_s: float, height: float) -> np.ndarray:
    return np.where((at_s <= T_S) & (at_s + length_s > T_S), height, 1.0)


def test_a_burst_of_two_seconds_is_found_with_its_power() -> None:
    found = weighed(burst(20, 2, 5.0))
    assert found.p_value < 1e-3
    assert math.log(found.times) == pytest.approx(math.log(25.0), abs=0.6)
    assert found.busy_frames == 4


def test_steady_noise_of_any_level_shows_little() -> None:
    assert weighed(np.full(N, 1e-6)).p_value > 0.01
    assert weighed(np.full(N, 1e6)).p_value > 0.01


def test_ticks_are_no_movement() -> None:
    ticks = np.where(np.arange(N) % 40 < 2, 30.0, 1.0)
    assert weighed(ticks).p_value > 0.01


def test_what_a_reference_shares_is_no_movement() -> None:
    size = burst(20, 2, 5.0)
    assert weighed(size, heard=size).p_value > 0.01


def test_a_gust_weighs_less_than_a_shift_of_the_same_height() -> None:
    gust = np.exp(math.log(5.0) * np.sin(np.pi * T_S / 60) ** 2)
    assert weighed(gust).excess < 0.3 * weighed(burst(20, 2, 5.0)).excess


def test_no_single_burst_decides_more_than_its_frames() -> None:
    assert weighed(burst(20, 2, 1e4)).excess == pytest.approx(weighed(burst(20, 2, 20.0)).excess)


def test_unusable_frames_are_not_weighed() -> None:
    usable = (T_S < 19) | (T_S > 23)
    found = weighed(burst(20, 2, 5.0), usable=usable)
    assert found.p_value > 0.01
    assert found.seconds == pytest.approx(56, abs=1)


def test_too_little_or_no_motion_cannot_be_weighed() -> None:
    own = np.random.default_rng(1).normal(size=(2, 400))
    short = follow_movement(Innovations(own[:1], own, np.ones(400, bool)), movement_state(1, 1))
    assert find_movement(short) is None
    still = np.zeros((2, N))
    dead = follow_movement(Innovations(still[:1], still, np.ones(N, bool)), movement_state(1, 1))
    assert find_movement(dead) is None


def test_p_values_fall_with_the_excess() -> None:
    p = [excess_p_value(x, 120) for x in (0.0, 1.0, 5.0, 20.0)]
    assert p == sorted(p, reverse=True)
    assert p[0] == 1.0

"""Movement: bursts of known size over steady motion have their log ratio."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scanner.signals.movement import BUSY_SHARE, measure_movement

FS_HZ = 100.0
T_S = np.arange(6000) / FS_HZ


def steady(hz: float = 3.0) -> np.ndarray:
    return np.sin(2 * np.pi * hz * T_S)[None]


def test_bursts_have_the_ratio_of_their_power() -> None:
    size = np.ones(6000)
    for at in range(5, 60, 10):  # a second each: 6 of 60 s, the busiest tenth
        size[at * 100 : (at + 1) * 100] = 10.0
    movement = measure_movement(steady() * size, 1e-9 * steady(), FS_HZ)
    assert movement is not None
    assert BUSY_SHARE == 0.1
    assert movement.log_ratio == pytest.approx(math.log(100.0), abs=0.5)


def test_steady_motion_has_none_whatever_its_level() -> None:
    for level in (1e-8, 1e-4):
        movement = measure_movement(level * steady(), 1e-12 * steady(), FS_HZ)
        assert movement is not None
        assert abs(movement.log_ratio) < 0.7


def test_what_the_ground_explains_does_not_count() -> None:
    size = np.ones(6000)
    size[2000:2500] = 10.0
    alone = measure_movement(steady() * size, 1e-9 * steady(), FS_HZ)
    with_train = measure_movement(steady() * size, 10 * steady() * size, FS_HZ)
    assert alone is not None
    assert with_train is not None
    assert with_train.log_ratio < alone.log_ratio - 3


def test_slow_gusts_weigh_less_than_shifts_of_the_same_size() -> None:
    gust = np.exp(1.15 * np.sin(2 * np.pi * T_S / 40))  # a factor of ten between calm and gust
    shift = np.where((T_S % 15) < 1, 10.0, 1.0)
    slow = measure_movement(steady() * gust, 1e-9 * steady(), FS_HZ)
    quick = measure_movement(steady() * shift, 1e-9 * steady(), FS_HZ)
    assert slow is not None
    assert quick is not None
    assert quick.log_ratio > slow.log_ratio + 1


def test_no_motion_and_too_little_time_cannot_be_measured() -> None:
    assert measure_movement(np.zeros((2, 6000)), np.zeros((2, 6000)), FS_HZ) is None
    assert measure_movement(steady()[:, :500], steady()[:, :500], FS_HZ) is None
    assert measure_movement(steady(), steady(), FS_HZ, np.zeros(6000, bool)) is None

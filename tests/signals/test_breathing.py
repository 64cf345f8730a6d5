"""Breathing: a broad line in the force is found at its rate; smooth noise of any colour is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal, stats

from scanner.signals.breathing import (
    Breathing,
    breathing_state,
    find_breathing,
    follow_breathing,
    line_p_value,
    weigh_line,
)
from scanner.signals.motion import find_motion, follow_motion, motion_state
from scanner.simulation.vibration import record_vibration
from scanner.simulation.vibration_spec import Condition, draw_vibration

RATE_HZ = 5.0


def coloured(seed: int, slope: float) -> np.ndarray:
    """Four channels whose spectrum falls as the frequency to minus ``slope``."""
    white = np.random.default_rng(seed).normal(size=(4, 300))
    spectrum = np.fft.rfft(white, axis=1)
    f_hz = np.maximum(np.fft.rfftfreq(300, 1 / RATE_HZ), 0.02)
    return np.fft.irfft(spectrum * f_hz**-slope, 300, axis=1)


def wandering_breath(rate_hz: float, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rates = rate_hz * (1 + 0.1 * signal.lfilter([0.25], [1, -0.97], rng.normal(size=300)))
    phase = 2 * np.pi * np.cumsum(rates) / RATE_HZ
    return np.sin(phase) + 0.3 * np.sin(2 * phase)


def said(x: np.ndarray) -> Breathing:
    found = weigh_line(x, 4, RATE_HZ, force=False)
    assert found is not None
    return found


@pytest.mark.parametrize("rate_hz", [0.18, 0.25, 0.36])
def test_a_wandering_breath_is_found_at_its_rate(rate_hz: float) -> None:
    found = said(coloured(1, 1.0) + np.outer([12.0, -8.0, 6.0, 2.0], wandering_breath(rate_hz)))
    assert found.p_value < 0.01
    assert found.per_min == pytest.approx(60 * rate_hz, rel=0.15)


@pytest.mark.parametrize("slope", [-1.0, 0.0, 2.0])
def test_p_values_of_coloured_noise_are_no_smaller_than_uniform(slope: float) -> None:
    p = np.array([said(coloured(seed, slope)).p_value for seed in range(40)])
    assert stats.binomtest(int((p < 0.1).sum()), p.size, 0.1, alternative="greater").pvalue > 0.01


def test_the_unit_of_each_channel_does_not_matter() -> None:
    x = coloured(2, 1.0) + np.outer([3.0, 2.0, 1.0, 1.0], wandering_breath(0.25))
    assert said(1e6 * x).llr == pytest.approx(said(x).llr, rel=1e-6)


def test_the_floor_is_the_noise_within_a_tenth_of_a_hertz() -> None:
    # white noise of unit variance at 5 Hz has 0.4 a hertz: 0.04 within a tenth
    floors = [said(np.random.default_rng(seed).normal(size=(4, 300))).floor for seed in range(20)]
    assert np.median(floors) == pytest.approx(0.2, rel=0.25)


def test_more_likelihood_is_never_more_by_chance() -> None:
    p = [line_p_value(x, 4, 30.0) for x in (0.0, 5.0, 20.0, 1e6)]
    assert p == sorted(p, reverse=True)


def test_channels_that_do_not_move_say_nothing() -> None:
    assert weigh_line(np.zeros((4, 300)), 4, RATE_HZ) is None


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    return record_vibration(draw_vibration(11, Condition.CALM, 1), 40.0).counts.astype(float)


@pytest.mark.parametrize("piece", [33, 1000])
def test_any_split_gives_the_same(counts: np.ndarray, piece: int) -> None:
    whole = follow_motion(counts[:, :2500], np.ones(2500, bool), motion_state(4, 2, 100.0))
    state = motion_state(4, 2, 100.0)
    for at in range(0, 2500, piece):
        part = counts[:, at : min(at + piece, 2500)]
        state = follow_motion(part, np.ones(part.shape[1], bool), state)
    (moved, breath), (moved_whole, breath_whole) = find_motion(state), find_motion(whole)
    assert moved.excess == pytest.approx(moved_whole.excess, rel=1e-6)
    assert moved.course == pytest.approx(moved_whole.course, rel=1e-6)
    assert breath.llr == pytest.approx(breath_whole.llr, rel=1e-6)


def test_a_gap_leaves_the_longer_stretch(counts: np.ndarray) -> None:
    usable = np.ones(4000, bool)
    usable[1000:1100] = False
    state = follow_breathing(counts, usable, breathing_state(4, 2, 100.0))
    found = find_breathing(state)
    assert found is not None
    assert found.seconds == pytest.approx(40 - 11 - 2.5, abs=0.5)


def test_too_little_is_no_breath(counts: np.ndarray) -> None:
    state = follow_breathing(counts[:, :1200], np.ones(1200, bool), breathing_state(4, 2, 100.0))
    assert find_breathing(state) is None

"""What is left for eyes is what the heart's listener hears, in time, and split as you like."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.signals.beat_track import beat_track
from scanner.signals.cancelling import cancel, cancel_state
from scanner.signals.heart import heart_state, listen
from scanner.signals.heart_display import BEATS_LATE_S, left_over
from scanner.signals.rhythm import GRID_HZ
from scanner.simulation.vibration import record_vibration
from scanner.simulation.vibration_spec import Condition, draw_vibration

FS_HZ = 100.0
SECONDS = 40.0


@pytest.fixture(scope="module", params=[2, 8])
def record(request):
    """Give a calm vehicle with one person."""
    return record_vibration(draw_vibration(request.param, Condition.CALM, 1), SECONDS)


def in_parts(counts, size):
    state = cancel_state(4, 2, FS_HZ)
    assert state is not None
    parts = []
    for at in range(0, counts.shape[1], size):
        part = counts[:, at : at + size]
        left, state = cancel(part, np.ones(part.shape, bool), FS_HZ, state)
        parts.append(left.counts)
    return np.hstack(parts), left


def heard(counts):
    state = heart_state(4, 2, FS_HZ)
    for at in range(0, counts.shape[1], 100):
        part = counts[:, at : at + 100]
        state = listen(part, np.ones(part.shape, bool), state)
    return state


def test_any_split_gives_the_same(record):
    counts = record.counts.astype(float)
    one, last = in_parts(counts, counts.shape[1])
    other, _ = in_parts(counts, 37)
    n = min(one.shape[1], other.shape[1])
    np.testing.assert_allclose(one[:, :n], other[:, :n], rtol=1e-6, atol=1e-6 * one.std())
    assert 0 < last.newest_ago < 0.5 * FS_HZ


def test_it_is_what_the_listener_hears(record):
    counts = record.counts.astype(float)
    left, _ = in_parts(counts, 100)
    theirs = left_over(heard(counts))
    n = theirs.shape[1]
    best = max(np.corrcoef(left[0, s : s + n], theirs[0])[0, 1] for s in range(left.shape[1] - n + 1))
    assert best > 0.98


def test_a_knock_stands_where_it_fell():
    rng = np.random.default_rng(2)
    counts = 100 * rng.normal(size=(6, 4000))
    counts[0, 2500:2504] += 20_000
    left, last = in_parts(counts, 100)
    ago = last.newest_ago + (left.shape[1] - 1 - np.abs(left[0]).argmax()) * last.factor
    assert 4000 - 1 - ago == pytest.approx(2502, abs=6)


def test_beats_are_as_late_as_is_said(record):
    counts = record.counts.astype(float)
    state = heard(counts)
    chance = beat_track(state.moments).posterior
    t_s = SECONDS - BEATS_LATE_S - (chance.size - 1 - np.arange(chance.size)) / GRID_HZ
    felt = (record.heart[:4] / record.heart[:4].std(axis=1, keepdims=True)) ** 2
    energy = np.convolve(felt.mean(axis=0), np.ones(9) / 9, "same")
    lags_s = np.arange(-0.6, 0.61, 0.02)
    there = [np.interp(t_s + lag, np.arange(energy.size) / FS_HZ, energy) @ chance for lag in lags_s]
    assert abs(lags_s[int(np.argmax(there))]) <= 0.15


def test_a_rate_that_no_integer_brings_near_has_none():
    assert cancel_state(4, 0, 30.0) is None
    assert cancel_state(0, 2, 100.0) is None

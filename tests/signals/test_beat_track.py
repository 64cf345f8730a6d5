"""Beats in time and their rate: against counting all trains one by one, and against given beats."""

import itertools
import math

import numpy as np
import pytest

from scanner.signals import rhythm
from scanner.signals.beat_track import _forwards, beat_track
from scanner.signals.rhythm import GRID_HZ, LAGS, follow_rhythm, rhythm_llr, rhythm_state


def counted(llr):
    """Probability of a beat at each moment: every set of beats, weighed by the chain's own definition."""
    interval = rhythm._interval_chances()
    waiting = rhythm.still_waiting()
    _, move, first = rhythm.chain()
    n, total, at = llr.size, first[llr.size :].sum(), np.zeros(llr.size)
    for size in range(1, 4):
        for beats in itertools.combinations(range(n), size):
            gaps = np.diff(beats)
            if (gaps < LAGS[0]).any() or (gaps > LAGS[-1]).any():
                continue
            weight = first[beats[0]] * math.exp(llr[beats[0]])
            for gap, beat in zip(gaps, beats[1:], strict=True):
                weight = move @ (weight * interval[:, gap - LAGS[0]]) * math.exp(llr[beat])
            whole = float((weight * waiting[n - 1 - beats[-1]]).sum())
            total += whole
            at[list(beats)] += whole
    return at / total


def test_the_probability_of_a_beat_equals_counting():
    llr = np.random.default_rng(2).normal(size=22)  # at most three beats fit
    assert beat_track(llr).posterior == pytest.approx(counted(llr), abs=1e-9)


def test_over_pauses_it_is_the_derivative_of_the_likelihood():
    llr = np.random.default_rng(3).normal(scale=2.0, size=150)
    llr[60:110] = -8.0  # no beat in two seconds

    def total(series):
        return rhythm_llr(follow_rhythm(series[np.newaxis], rhythm_state(1)))[0]

    step = 1e-5 * np.eye(150)
    slope = [(total(llr + one) - total(llr - one)) / 2e-5 for one in step]
    assert beat_track(llr).posterior == pytest.approx(np.array(slope), abs=1e-6)


def test_long_and_loud_series_stay_finite():
    llr = np.random.default_rng(5).normal(scale=30.0, size=1500)
    posterior = beat_track(llr).posterior
    assert np.isfinite(posterior).all()
    assert posterior.max() <= 1 + 1e-6


def test_the_rate_follows_the_beats_that_were_put_in():
    bpm = np.interp(np.arange(90), [0, 89], [60.0, 100.0])
    beats = np.cumsum(60 / bpm)
    n = round(beats[-1] * GRID_HZ)
    llr = np.full(n, -1.0)
    llr[np.round(beats[:-1] * GRID_HZ).astype(int)] = 3.0
    track = beat_track(llr)
    true = np.interp(track.rate_s, beats, bpm)
    inner = (track.rate_s > 3) & (track.rate_s < beats[-1] - 3)
    assert np.abs(track.bpm - true)[inner].max() < 6
    assert (np.abs(track.bpm - true) < 2 * track.bpm_sd)[inner].mean() > 0.9


@pytest.mark.parametrize("n", [5, 40, 203])
def test_the_sum_of_all_trains_is_the_rhythms(n):
    llr = np.random.default_rng(n).normal(-1, 3, n)
    whole = rhythm_llr(follow_rhythm(llr[np.newaxis], rhythm_state(1)))[0]
    _, scale, ahead = _forwards(llr)
    assert ahead == pytest.approx(whole, abs=1e-9)
    assert scale.shape == (n,)


def test_nothing_known_gives_no_rate():
    track = beat_track(np.zeros(750))
    assert track.posterior.max() < 0.2
    assert track.bpm_sd.min() > 25

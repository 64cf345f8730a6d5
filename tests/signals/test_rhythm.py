"""The sum over all trains of beats, against counting them one by one."""

import itertools
import math

import numpy as np
import pytest

from scanner.signals import rhythm
from scanner.signals.rhythm import LAGS, MEAN_S, follow_rhythm, rate_posterior, rhythm_llr, rhythm_state


def counted(llr):
    """ln of the sum over all sets of beats, each by the chain's own definition."""
    interval = rhythm._interval_chances()
    waiting = rhythm.still_waiting()
    _, move, first = rhythm.chain()
    n, total = llr.size, 0.0
    for size in range(4):
        for beats in itertools.combinations(range(n), size):
            gaps = np.diff(beats)
            if any(gap < LAGS[0] or gap > LAGS[-1] for gap in gaps):
                continue
            if not beats:
                total += first[n:].sum()
                continue
            weight = first[beats[0]] * math.exp(llr[beats[0]])
            for gap, beat in zip(gaps, beats[1:], strict=True):
                weight = move @ (weight * interval[:, gap - LAGS[0]]) * math.exp(llr[beat])
            left = n - 1 - beats[-1]
            total += (weight * waiting[left]).sum() if left < waiting.shape[0] else 0.0
    return math.log(total)


def test_the_sum_equals_counting():
    llr = np.random.default_rng(2).normal(size=22)  # at most three beats fit
    state = follow_rhythm(llr[np.newaxis], rhythm_state(1))
    assert rhythm_llr(state)[0] == pytest.approx(counted(llr), abs=1e-9)


def test_a_likelihood_ratio_averages_one_without_beats():
    rng = np.random.default_rng(7)
    x = rng.standard_normal((20_000, 30))
    size = 0.5
    ratio = np.exp(rhythm_llr(follow_rhythm(size * x - size**2 / 2, rhythm_state(20_000))))
    assert ratio.mean() == pytest.approx(1.0, abs=4 * ratio.std() / math.sqrt(ratio.size))


def test_any_split_gives_the_same():
    llr = np.random.default_rng(3).normal(size=(3, 400))
    whole = follow_rhythm(llr, rhythm_state(3))
    state = rhythm_state(3)
    for at in range(0, 400, 23):
        state = follow_rhythm(llr[:, at : at + 23], state)
    assert np.allclose(rhythm_llr(state), rhythm_llr(whole))


@pytest.mark.parametrize("bpm", [50, 75, 110, 160])
def test_the_rate_is_that_of_the_beats(bpm):
    llr = np.full(750, -1.0)
    llr[np.round(np.arange(3, 749, 25 * 60 / bpm)).astype(int)] = 3.0
    state = follow_rhythm(llr[np.newaxis], rhythm_state(1))
    found, spread = rhythm.bpm_of(rate_posterior(state)[0])
    assert found == pytest.approx(bpm, rel=0.05)
    assert spread < 0.1 * bpm


def test_the_same_moments_out_of_order_are_less_likely():
    rng = np.random.default_rng(4)
    llr = np.full(750, -1.0)
    llr[np.arange(5, 750, 20)] = 2.0
    order = rng.permutation(30).repeat(25) * 25 + np.tile(np.arange(25), 30)
    both = np.stack([llr, llr[order]])
    in_order, shuffled = rhythm_llr(follow_rhythm(both, rhythm_state(2)))
    assert in_order > shuffled + 5


def test_nothing_known_is_no_evidence():
    state = follow_rhythm(np.zeros((1, 500)), rhythm_state(1))
    assert rhythm_llr(state)[0] == pytest.approx(0.0, abs=1e-6)
    assert rate_posterior(state)[0] == pytest.approx(np.full(MEAN_S.size, 1 / MEAN_S.size), abs=0.03)

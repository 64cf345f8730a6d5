"""Do moments that look like beats follow each other as a heart's do?

The likelihood of a train of beats, summed over all trains: each interval is drawn
around a mean that drifts slowly between 40 and 180 a minute (a semi-Markov
chain, its forward algorithm). Many series are summed side by side, so that
shuffled ones show what irregular moments would have come to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

GRID_HZ = 25.0
LAGS = np.arange(8, 40)
"""Intervals between two beats, in samples: 0.32 to 1.56 s."""

MEAN_S: Array = np.geomspace(60 / 175, 60 / 41, 24)
JITTER = 0.055
"""Standard deviation of an interval over the mean, DOMAIN: 3-8 %."""

STRAY = 0.015
"""Share of intervals of any length: a beat missed, a beat too many."""

PAUSE = 0.02
"""Share of intervals longer than the longest lag: a movement or a gust covers the beats."""

RESUME = 1 / 40
"""Chance, at each sample, that a pause ends with a beat: after 1.6 s on average."""

DRIFT = 0.05
"""Chance, at each beat, that the mean moves to the next place in `MEAN_S` on one side."""

_STEP = int(LAGS[0])
_LONGEST = int(LAGS[-1])


@dataclass(frozen=True, slots=True)
class RhythmState:
    """Sums over all trains so far: weight of those whose last beat was so long ago, by mean interval.

    ``newest`` is ``(n_means, _LONGEST, n_series)``, oldest first; ``paused``
    ``(n_means, n_series)`` those whose last beat is longer ago; ``log_scale``
    ``(n_series,)`` what they have to be multiplied by.
    """

    newest: Array
    paused: Array
    log_scale: Array
    taken: int


def rhythm_state(n_series: int) -> RhythmState:
    """Return the state before the first sample."""
    nothing = np.zeros((MEAN_S.size, _LONGEST, n_series))
    return RhythmState(nothing, nothing[:, 0], np.zeros(n_series), 0)


def follow_rhythm(llr: Array, state: RhythmState) -> RhythmState:
    """Carry the sums on.

    Parameters
    ----------
    llr : float ``(n_series, n)`` at `GRID_HZ`: how much likelier each sample is as a beat's moment than
        as any other, natural logarithm; 0 where nothing is known.

    References
    ----------
    Rabiner, Proc. IEEE 77 (1989) 257, section IV.D (explicit durations).
    """
    reach, move, first = chain()
    past, paused, scale, taken = state.newest, state.paused, state.log_scale, state.taken
    likely = np.exp(llr).T
    for at in range(0, llr.shape[1], _STEP):
        here = likely[at : at + _STEP]
        n = here.shape[0]
        # the shortest interval is a step, so a step needs only what is past
        came = np.matmul(reach[:, :n], past)
        still, waits = _pauses(n)
        pausing = still[:, np.newaxis] * paused[:, np.newaxis] + np.matmul(waits, PAUSE * past[:, :n])
        came += RESUME * pausing[:, :n]
        paused = pausing[:, n]
        came = (move @ came.reshape(MEAN_S.size, -1)).reshape(came.shape)
        opening = first[taken : taken + n]
        if opening.size:
            came[:, : len(opening)] += opening.T[:, :, np.newaxis] * np.exp(-scale)
        past = np.concatenate([past[:, n:], came * here], axis=1)
        taken += n
        total = past.sum(axis=(0, 1)) + paused.sum(axis=0)
        factor = np.where(total > 0, total, 1.0)
        past, paused = past / factor, paused / factor
        scale = scale + np.log(factor)
    return replace(state, newest=past, paused=paused, log_scale=scale, taken=taken)


def rhythm_llr(state: RhythmState) -> Array:
    """Return ln of the likelihood of all trains over that of none, ``(n_series,)``."""
    return np.asarray(np.log(np.maximum(_open_trains(state).sum(axis=1), 1e-300)) + state.log_scale)


def rate_posterior(state: RhythmState) -> Array:
    """Return the probability of each mean interval now, ``(n_series, n_means)``."""
    weight = _open_trains(state)
    return np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300))


def _open_trains(state: RhythmState) -> Array:
    """Weight of all trains by series and mean interval, ``(n_series, n_means)``."""
    waiting = still_waiting()[:_LONGEST][::-1].T
    open_now = ((state.newest * waiting[:, :, np.newaxis]).sum(axis=1) + state.paused).T
    # no beat yet, only possible while the first interval may still be open
    none = chain()[2][state.taken :].sum(axis=0)
    return np.asarray(open_now + none * np.exp(-state.log_scale)[:, np.newaxis])


@cache
def _interval_chances() -> Array:
    """Chance of each lag for each mean, ``(n_means, n_lags)``."""
    mean = MEAN_S[:, np.newaxis] * GRID_HZ
    # half a sample's rounding adds to the jitter
    chance = np.exp(-0.5 * (LAGS - mean) ** 2 / ((JITTER * mean) ** 2 + 0.25))
    chance /= chance.sum(axis=1, keepdims=True)
    return np.asarray((1 - PAUSE) * ((1 - STRAY) * chance + STRAY / LAGS.size))


@cache
def still_waiting() -> Array:
    """Chance that an interval is longer than 0, 1, … samples, ``(_LONGEST + 1, n_means)``."""
    chance = _interval_chances()
    longer = np.cumsum(chance[:, ::-1], axis=1)[:, ::-1] + PAUSE
    return np.concatenate([np.ones((LAGS[0] - 1, MEAN_S.size)), longer.T, np.full((1, MEAN_S.size), PAUSE)])


@cache
def _pauses(n: int) -> tuple[Array, Array]:
    """How pauses last over a step: those open at its start, ``(n + 1,)``, and those whose last beat leaves
    the lags within it, ``(n + 1, n)``."""
    sample = np.arange(n + 1)
    still = np.asarray((1 - RESUME) ** sample, dtype=float)
    since = sample[:, np.newaxis] - sample[np.newaxis, :n]
    # the beat of lag _LONGEST has just been reached by the longest interval; a pause begins after it
    return still, np.where(since > 0, (1 - RESUME) ** (since - 1.0), 0.0)


@cache
def chain() -> tuple[Array, Array, Array]:
    """What reaches a step's samples from the past, ``(n_means, _STEP, _LONGEST)``; moves of the mean; the
    first beat's place, ``(_LONGEST + 1, n_means)``."""
    size = MEAN_S.size
    reach = np.zeros((size, _STEP, _LONGEST))
    for sample in range(_STEP):
        reach[:, sample, sample : sample + LAGS.size] = _interval_chances()[:, ::-1]
    move = np.eye(size) * (1 - 2 * DRIFT) + DRIFT * (np.eye(size, k=1) + np.eye(size, k=-1))
    move /= move.sum(axis=0, keepdims=True)
    waiting = still_waiting()
    return reach, move, waiting / waiting.sum(axis=0) / size


def bpm_of(posterior: Array) -> tuple[float, float]:
    """Return mean and standard deviation of the rate, beats a minute, of one posterior ``(n_means,)``."""
    bpm = 60 / MEAN_S
    mean = float(np.exp((posterior * np.log(bpm)).sum()))
    spread = float(np.sqrt((posterior * (bpm - mean) ** 2).sum()))
    return mean, spread

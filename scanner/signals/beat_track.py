"""Where in time the beats are that a train would be made of, and its rate from second to second.

The same chain as in `rhythm`, run forwards and backwards: each moment is weighed
by what came before and by what came after it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from scanner.signals.rhythm import (
    GRID_HZ,
    LAGS,
    MEAN_S,
    PAUSE,
    RESUME,
    RhythmState,
    chain,
    rhythm_llr,
    still_waiting,
)

Array = npt.NDArray[np.float64]

RATE_EVERY_S = 1.0
RATE_WIDTH_S = 2.0
"""The rate at a moment is that of the beats so near to it, weighed by a Gaussian."""

_STEP = int(LAGS[0])
_LONGEST = int(LAGS[-1])


@dataclass(frozen=True, slots=True)
class BeatTrack:
    """The train, given that there is one.

    ``posterior`` ``(n,)`` is the probability of a beat at each moment; its sum is
    the expected number of beats. ``rate_s`` ``(n_rates,)`` are seconds after the
    first moment; ``bpm`` and ``bpm_sd`` the rate there and its standard deviation.
    """

    posterior: Array
    rate_s: Array
    bpm: Array
    bpm_sd: Array


def beat_track(llr: Array) -> BeatTrack:
    """Return where the beats are and how fast they follow each other.

    Parameters
    ----------
    llr : float ``(n,)`` at `GRID_HZ`, as for `rhythm.follow_rhythm`; 0 where nothing is known.

    References
    ----------
    Rabiner, Proc. IEEE 77 (1989) 257, sections III.B and IV.D (forward-backward, explicit durations).

    Examples
    --------
    >>> llr = np.full(750, -2.0); llr[10::20] = 5.0  # every 0.8 s
    >>> track = beat_track(llr)
    >>> bool(track.posterior[10::20].min() > 0.95), round(float(track.posterior.sum()))
    (True, 37)
    """
    ahead, ahead_scale, total = _forwards(llr)
    behind, behind_scale = _backwards(llr)
    by_mean = ahead * behind * np.exp(ahead_scale + behind_scale - total)
    return _with_rates(by_mean)


def _forwards(llr: Array) -> tuple[Array, Array, float]:
    """Weight of all trains up to a beat at each moment, ``(n_means, n)``, its log scale; ln of all."""
    _, move, first = chain()
    n_all, likely = llr.size, np.exp(llr)
    # of each mean: the trains by their last beat, `_LONGEST` moments, then those that pause
    past, scale = np.zeros((MEAN_S.size, _LONGEST + 1, 1)), 0.0
    out, scales = np.empty((MEAN_S.size, n_all)), np.empty(n_all)
    for at in range(0, n_all, _STEP):
        here = slice(at, min(at + _STEP, n_all))
        n = here.stop - at
        came = (_ahead(n) @ past)[:, :, 0]
        beats = move @ came[:, :n]
        opening = first[here]
        if opening.size:
            beats[:, : len(opening)] += opening.T * np.exp(-scale)
        beats *= likely[here]
        past[:, : _LONGEST - n] = past[:, n:_LONGEST]
        past[:, _LONGEST - n : _LONGEST, 0] = beats
        past[:, _LONGEST, 0] = came[:, n]
        total = float(past.sum())
        if total > 0:
            past /= total
            scale += math.log(total)
        out[:, here], scales[here] = past[:, _LONGEST - n : _LONGEST, 0], scale
    state = RhythmState(past[:, :_LONGEST], past[:, _LONGEST], np.array([scale]), n_all)
    return out, scales, float(rhythm_llr(state)[0])


def _backwards(llr: Array) -> tuple[Array, Array]:
    """Weight of all that may follow a beat at each moment, ``(n_means, n)``, and its log scale ``(n,)``."""
    move = np.ascontiguousarray(chain()[1].T)
    n_all, likely = llr.size, np.exp(llr)
    waiting = _waiting(n_all)
    # of each mean: trains that go on at a sample up to one after the longest lag, then at any later one
    future, scale = np.zeros((MEAN_S.size, _LONGEST + 2, 1)), 0.0
    out, scales = np.empty((MEAN_S.size, n_all)), np.empty(n_all)
    for stop in range(n_all, 0, -_STEP):
        here = slice(max(stop - _STEP, 0), stop)
        n = stop - here.start
        came = (_behind(n) @ future)[:, :, 0]
        after = came[:, :n] + waiting[:, here] * np.exp(-scale)
        out[:, here], scales[here] = after, scale
        future[:, n:-1] = future[:, : _LONGEST + 1 - n]
        future[:, :n, 0] = move @ (likely[here] * after)
        future[:, -1, 0] = came[:, n]
        total = float(future.sum())
        if total > 0:
            future /= total
            scale += math.log(total)
    return out, scales


@cache
def _ahead(n: int) -> Array:
    """Beats at ``n`` moments and what still pauses then, of the past, ``(n_means, n + 1, _LONGEST + 1)``."""
    out = np.zeros((MEAN_S.size, n + 1, _LONGEST + 1))
    out[:, :n, :_LONGEST] = chain()[0][:, :n]
    since = np.arange(n + 1)[:, np.newaxis] - np.arange(n)
    begun = np.where(since > 0, PAUSE * (1 - RESUME) ** (since - 1.0), 0.0)
    lasting = (1 - RESUME) ** np.arange(n + 1.0)
    out[:, :n, :n] += RESUME * begun[:n]
    out[:, :n, _LONGEST] = RESUME * lasting[:n]
    out[:, n, :n], out[:, n, _LONGEST] = begun[n], lasting[n]
    return out


@cache
def _behind(n: int) -> Array:
    """What goes on after ``n`` moments, what resumes, of the future, ``(n_means, n + 1, _LONGEST + 2)``."""
    out = np.zeros((MEAN_S.size, n + 1, _LONGEST + 2))
    # the last sample of a step is the nearest to what follows: the same lags, mirrored
    out[:, :n, :_LONGEST] = chain()[0][:, ::-1, ::-1][:, _STEP - n :]
    resumed = np.zeros(_LONGEST + 2)
    resumed[-1] = 1.0
    for back in range(1, n + 1):
        resumed = (1 - RESUME) * resumed
        resumed[_LONGEST + 1 - back] += 1.0
        out[:, n - back] += PAUSE * RESUME * resumed
    out[:, n] = resumed
    return out


def _waiting(n: int) -> Array:
    """Chance that no beat follows one at each of ``n`` moments, ``(n_means, n)``."""
    left = n - 1 - np.arange(n)
    known = still_waiting()[np.minimum(left, _LONGEST)].T
    return np.asarray(known * (1 - RESUME) ** np.maximum(left - _LONGEST, 0))


def _with_rates(by_mean: Array) -> BeatTrack:
    """Average the means of the beats around each second."""
    rate_s, near = _nearness(by_mean.shape[1])
    weight = near @ by_mean.T
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    of_mean = 60 / MEAN_S
    bpm = np.exp(weight @ np.log(of_mean))
    bpm_sd = np.sqrt((weight * (of_mean - bpm[:, np.newaxis]) ** 2).sum(axis=1))
    return BeatTrack(by_mean.sum(axis=0), rate_s, bpm, bpm_sd)


@lru_cache(maxsize=2)
def _nearness(n: int) -> tuple[Array, Array]:
    """Seconds of the rates of ``n`` moments, and how near each moment is to each, ``(n_rates, n)``."""
    rate_s = np.arange(0.5 * RATE_EVERY_S, n / GRID_HZ, RATE_EVERY_S)
    apart_s = np.arange(n) / GRID_HZ - rate_s[:, np.newaxis]
    return rate_s, np.exp(-0.5 * (apart_s / RATE_WIDTH_S) ** 2)

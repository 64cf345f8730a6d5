"""Where in time the beats are that a train would be made of, and its rate from second to second.

The same chain as in `rhythm`, run forwards and backwards: each moment is weighed
by what came before and by what came after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.signals.rhythm import (
    GRID_HZ,
    LAGS,
    MEAN_S,
    PAUSE,
    RESUME,
    bpm_of,
    chain,
    follow_rhythm,
    rhythm_llr,
    rhythm_state,
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
    state = rhythm_state(1)
    parts, scales = [], []
    for at in range(0, llr.size, _STEP):
        piece = llr[np.newaxis, at : at + _STEP]
        state = follow_rhythm(piece, state)
        parts.append(state.newest[:, -piece.shape[1] :, 0])
        scales.append(np.repeat(state.log_scale, piece.shape[1]))
    return np.hstack(parts), np.concatenate(scales), float(rhythm_llr(state)[0])


def _backwards(llr: Array) -> tuple[Array, Array]:
    """Weight of all that may follow a beat at each moment, ``(n_means, n)``, and its log scale ``(n,)``."""
    reach, move, _ = chain()
    # the last sample of a step is the nearest to what follows: the same lags, mirrored
    reach = np.ascontiguousarray(reach[:, ::-1, ::-1])
    n_all, likely = llr.size, np.exp(llr)
    waiting = _waiting(n_all)
    # trains that go on at a sample after the longest lag, or at any later one
    future, resumed, scale = np.zeros((MEAN_S.size, _LONGEST + 1)), np.zeros(MEAN_S.size), 0.0
    out, scales = np.empty((MEAN_S.size, n_all)), np.empty(n_all)
    for stop in range(n_all, 0, -_STEP):
        here = slice(max(stop - _STEP, 0), stop)
        n = stop - here.start
        after = (reach[:, _STEP - n :] @ future[:, :_LONGEST, np.newaxis])[:, :, 0]
        for back in range(1, n + 1):
            resumed = future[:, _LONGEST + 1 - back] + (1 - RESUME) * resumed
            after[:, n - back] += PAUSE * RESUME * resumed
        after += waiting[:, here] * np.exp(-scale)
        out[:, here], scales[here] = after, scale
        future = np.hstack([move.T @ (likely[here] * after), future[:, : _LONGEST + 1 - n]])
        total = float(future.sum() + resumed.sum())
        if total > 0:
            future, resumed, scale = future / total, resumed / total, scale + float(np.log(total))
    return out, scales


def _waiting(n: int) -> Array:
    """Chance that no beat follows one at each of ``n`` moments, ``(n_means, n)``."""
    left = n - 1 - np.arange(n)
    known = still_waiting()[np.minimum(left, _LONGEST)].T
    return np.asarray(known * (1 - RESUME) ** np.maximum(left - _LONGEST, 0))


def _with_rates(by_mean: Array) -> BeatTrack:
    """Average the means of the beats around each second."""
    n = by_mean.shape[1]
    rate_s = np.arange(0.5 * RATE_EVERY_S, n / GRID_HZ, RATE_EVERY_S)
    apart_s = np.arange(n) / GRID_HZ - rate_s[:, np.newaxis]
    near = np.exp(-0.5 * (apart_s / RATE_WIDTH_S) ** 2) @ by_mean.T
    rates = [bpm_of(row / max(float(row.sum()), 1e-300)) for row in near]
    bpm, bpm_sd = (np.array([rate[k] for rate in rates]) for k in (0, 1))
    return BeatTrack(by_mean.sum(axis=0), rate_s, bpm, bpm_sd)

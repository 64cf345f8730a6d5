"""What is left of the chassis' motion without what can be foretold of it: for eyes, as `heart` hears it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import signal

from scanner.signals.heart import HIGHPASS_HZ, RATE_HZ, RATES_HZ
from scanner.signals.seismic import DecimatorState, bridge, decimate, decimator_state, highpass_sos
from scanner.signals.whitening import Fit, WhitenerState, whiten_stream, whitener_state

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

LATE = 8
"""Samples of the lower rate by which the decimation filter is late."""


@dataclass(frozen=True, slots=True)
class CancelState:
    """What the next samples need; ``heard`` counts samples that came, ``told`` those that are out."""

    factor: int
    decimator: DecimatorState
    highpass: Array | None
    whitener: WhitenerState
    heard: int = 0
    told: int = 0


@dataclass(frozen=True, slots=True)
class LeftOver:
    """What nothing foretold, in counts.

    ``counts`` ``(n_chassis, n)`` at the board's rate over ``factor``; ``usable`` ``(n,)``;
    ``newest_ago`` is how many of the board's samples its last one lies before the newest.
    """

    counts: Array
    usable: Mask
    factor: int
    newest_ago: int


def cancel_state(n_chassis: int, n_references: int, fs_hz: float) -> CancelState | None:
    """Return the state that has heard nothing; None where no integer brings the rate near `heart.RATE_HZ`."""
    nearest = max(1, round(fs_hz / RATE_HZ))
    fits = [f for f in (nearest, nearest + 1) if RATES_HZ[0] <= fs_hz / f <= RATES_HZ[1]]
    if not fits or not n_chassis:
        return None
    whitener = whitener_state(n_chassis, n_references)
    return CancelState(fits[0], decimator_state(n_chassis + n_references, fits[0]), None, whitener)


def cancel(counts: Array, usable: Mask, fs_hz: float, state: CancelState) -> tuple[LeftOver, CancelState]:
    """Take away what the past of all channels and the references foretell.

    Parameters
    ----------
    counts : float ``(n_chassis + n_references, n_samples)``, chassis channels first.
    usable : bool, same shape.
    state : from `cancel_state` or the call before. Any split gives the same.

    Returns
    -------
    left : nothing for the first ten seconds, then all of them at once.
    state : for the next samples.
    """
    good = usable & np.isfinite(counts)
    x = bridge(np.where(np.isfinite(counts), counts, 0.0), good)
    decimator, highpass = state.decimator, state.highpass
    sos = highpass_sos(4, HIGHPASS_HZ, fs_hz / state.factor)
    if highpass is None and x.shape[1]:  # as if the first value had always been there
        held = np.repeat(x[:, :1], 20 * state.factor, axis=1)
        decimator = replace(decimate(held, np.ones(held.shape, bool), state.factor, decimator)[2], phase=0)
        highpass = signal.sosfilt_zi(sos)[:, np.newaxis, :] * x[np.newaxis, :, :1]
    slow, whole, decimator = decimate(x, good, state.factor, decimator)
    if highpass is not None and slow.shape[1]:
        slow, highpass = signal.sosfilt(sos, slow, axis=1, zi=highpass)
    left, sound, whitener = _left(slow, np.asarray(whole.all(axis=0)), state.whitener)
    heard, told = state.heard + counts.shape[1], state.told + left.shape[1]
    ago = heard - 1 - (told - 1 - LATE) * state.factor
    return (
        LeftOver(left, sound, state.factor, ago),
        CancelState(state.factor, decimator, highpass, whitener, heard, told),
    )


def _left(x: Array, usable: Mask, state: WhitenerState) -> tuple[Array, Mask, WhitenerState]:
    """Whiten, and take the whitening of the channels among each other back by the model that did it."""
    parts, sound = [np.zeros((state.n_chassis, 0))], [np.zeros(0, bool)]
    while True:
        # no call goes beyond the end of a block: there the model changes
        started, reach = state.fits[0].solution is not None, state.reach
        block = reach.block if started else reach.first
        some = max(1, block - (state.x.shape[1] - reach.past - reach.around))
        before = state.fits[0]
        new, state = whiten_stream(x[:, :some], usable[:some], state)
        if new.joint.shape[1]:
            parts.append(_unmixed(new.joint, before if started else state.fits[0]))
            sound.append(new.usable)
        x, usable = x[:, some:], usable[some:]
        if not x.shape[1]:
            return np.hstack(parts), np.concatenate(sound), state


def _unmixed(joint: Array, fit: Fit) -> Array:
    assert fit.whitener is not None
    return np.asarray(np.linalg.solve(fit.whitener, joint))

"""Movement and breathing from the counts of a waveform board, second by second, in one state."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import signal

from scanner.signals.breathing import (
    Breathing,
    BreathingState,
    breathing_state,
    find_breathing,
    follow_breathing,
)
from scanner.signals.movement import (
    RATE_HZ,
    Movement,
    MovementState,
    find_movement,
    follow_movement,
    movement_state,
)
from scanner.signals.seismic import DecimatorState, bridge, decimate, decimator_state, highpass_sos
from scanner.signals.whitening import WhitenerState, whiten_stream, whitener_state

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

HIGHPASS_HZ = 0.6


@dataclass(frozen=True, slots=True)
class MotionState:
    """Everything that the next samples need."""

    factor: int
    decimator: DecimatorState
    highpass: Array | None
    whitener: WhitenerState
    movement: MovementState
    breathing: BreathingState


def motion_state(n_chassis: int, n_references: int, fs_hz: float) -> MotionState:
    """Return the state of a listener that has heard nothing; chassis channels come first.

    Examples
    --------
    >>> from scanner.simulation.vibration import record_vibration
    >>> from scanner.simulation.vibration_spec import Condition, draw_vibration
    >>> counts = record_vibration(draw_vibration(1, Condition.CALM, 1), 30.0).counts.astype(float)
    >>> state = follow_motion(counts, np.ones(3000, bool), motion_state(4, 2, 100.0))
    >>> movement, breathing = find_motion(state)
    >>> movement.seconds > 25, breathing.seconds > 25
    (True, True)
    """
    n, factor = n_chassis + n_references, max(1, round(fs_hz / RATE_HZ))
    return MotionState(
        factor,
        decimator_state(n, factor),
        None,
        whitener_state(n_chassis, n_references),
        movement_state(n_chassis, n_references),
        breathing_state(n_chassis, n_references, fs_hz),
    )


def follow_motion(counts: Array, usable: Mask, state: MotionState) -> MotionState:
    """Hear the next samples.

    Parameters
    ----------
    counts : float ``(n_channels, n_samples)``; what is not finite is unusable.
    usable : bool ``(n_samples,)``.
    state : from `motion_state` or the call before. Any split gives the same.
    """
    if not counts.shape[1]:
        return state
    good = usable & np.isfinite(counts).all(axis=0)
    everywhere = np.broadcast_to(good, counts.shape)
    x = bridge(counts, everywhere)
    fs_hz = state.breathing.fs_hz / state.factor
    sos = highpass_sos(4, HIGHPASS_HZ, fs_hz)
    decimator, highpass = state.decimator, state.highpass
    if highpass is None:  # as if the first value had always been there
        held = np.repeat(x[:, :1], 20 * state.factor, axis=1)
        decimator = replace(decimate(held, np.ones(held.shape, bool), state.factor, decimator)[2], phase=0)
        highpass = signal.sosfilt_zi(sos)[:, np.newaxis, :] * x[np.newaxis, :, :1]
    slow, whole, decimator = decimate(x, everywhere, state.factor, decimator)
    whitener, movement = state.whitener, state.movement
    if slow.shape[1]:
        slow, highpass = signal.sosfilt(sos, slow, axis=1, zi=highpass)
        new, whitener = whiten_stream(slow, np.logical_and.reduce(whole, axis=0), whitener)
        movement = follow_movement(new, movement)
    breathing = follow_breathing(counts, usable, state.breathing)
    return MotionState(state.factor, decimator, highpass, whitener, movement, breathing)


def find_motion(state: MotionState) -> tuple[Movement | None, Breathing | None]:
    """Return what has been heard so far of either; None where it is too little."""
    return find_movement(state.movement), find_breathing(state.breathing)

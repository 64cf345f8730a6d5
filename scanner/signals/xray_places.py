"""Where each X-ray line was taken, by an encoder that may stop, roll back, slip or jump."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

JUMP = 8.0
"""Times the usual step: what no lorry does from one line to the next, so the encoder did."""

STEPS_KEPT, STEPS_NEEDED = 32, 8
"""Steps that the usual one is the median of, and how many say anything."""


@dataclass(frozen=True, slots=True)
class PlacesState:
    """What the next lines need.

    Parameters
    ----------
    scale_mm : of one encoder count, with the sign of the direction.
    encoder, number : of the last line, None before the first.
    place_mm : of the last line; ``reached_mm`` the farthest so far.
    steps : the last steps forward, mm.
    """

    scale_mm: float
    encoder: int | None = None
    number: int = 0
    place_mm: float = 0.0
    reached_mm: float = -np.inf
    steps: tuple[float, ...] = ()
    number_step: int = 1


@dataclass(frozen=True, slots=True)
class Places:
    """Where lines were taken.

    Parameters
    ----------
    place_mm : float64 ``(n,)``, never falling.
    fresh : bool ``(n,)``: farther than any line before; the others add nothing.
    slipped : bool ``(n,)``: the encoder jumped or stood while the lorry moved; the usual step was taken.
    back : bool ``(n,)``: the lorry had rolled back.
    dropped : int64 ``(n,)``, lines missing just before, by their numbers.
    usual_mm : float64 ``(n,)``, usual step at each line, 0 while unknown.
    """

    place_mm: npt.NDArray[np.float64]
    fresh: npt.NDArray[np.bool_]
    slipped: npt.NDArray[np.bool_]
    back: npt.NDArray[np.bool_]
    dropped: npt.NDArray[np.int64]
    usual_mm: npt.NDArray[np.float64]


def encoder_scale_mm(
    encoder: npt.NDArray[np.int64], line_pitch_um: float, encoder_um_per_count: float | None = None
) -> float:
    """Return mm per encoder count, negative when the lorry drives towards lower counts; 0 = it stood.

    Without the encoder's scale the median step is taken as one line pitch.

    Examples
    --------
    >>> encoder_scale_mm(np.array([0, -10, -20, -30]), 5000)
    -0.5
    """
    steps = np.diff(np.asarray(encoder, np.int64))
    moving = steps[steps != 0]
    if moving.size == 0:
        return 0.0
    usual = float(np.median(np.abs(moving)))
    # a single jump must not turn the direction
    forward = float(np.clip(moving, -4 * usual, 4 * usual).sum())
    scale_um = encoder_um_per_count or line_pitch_um / usual
    return (1.0 if forward >= 0 else -1.0) * float(scale_um) / 1000.0


def place_lines(
    encoder: npt.NDArray[np.int64],
    line_numbers: npt.NDArray[np.int64],
    moving: npt.NDArray[np.bool_],
    state: PlacesState,
) -> tuple[Places, PlacesState]:
    """Place some lines; any split gives the same.

    A step of more than `JUMP` times the usual one is the encoder's, unless lines are missing
    that would explain it: the usual step is taken. So it is while the encoder stands and the
    picture changes. A lorry that rolls back passes the same place twice: what comes again adds
    no width.

    Parameters
    ----------
    moving : bool ``(n,)``: the picture changes, whatever the encoder says.
    state : of the lines before; the first line is at place 0.

    Examples
    --------
    >>> encoder, still = np.array([0, 10, 20, 15, 30]), np.zeros(5, bool)
    >>> places, _ = place_lines(encoder, np.arange(5), still, PlacesState(0.5))
    >>> places.place_mm
    array([ 0.,  5., 10., 10., 15.])
    """
    n = encoder.size
    place, usual_mm = np.zeros(n), np.zeros(n)
    fresh, slipped, back = np.zeros(n, bool), np.zeros(n, bool), np.zeros(n, bool)
    dropped = np.zeros(n, np.int64)
    last, number, at, reached = state.encoder, state.number, state.place_mm, state.reached_mm
    steps = deque(state.steps, STEPS_KEPT)
    usual = sorted(steps)[len(steps) // 2] if len(steps) >= STEPS_NEEDED else 0.0
    for i in range(n):
        now = int(encoder[i])
        if last is not None:
            between = max((int(line_numbers[i]) - number) // state.number_step, 1)
            dropped[i] = between - 1
            step = (now - last) * state.scale_mm
            if usual and abs(step) > JUMP * usual * between:
                step, slipped[i] = usual * between, True
            elif usual and step == 0 and moving[i]:
                step, slipped[i] = usual, True
            elif step > 0 and between == 1:
                steps.append(step)
                if len(steps) >= STEPS_NEEDED:
                    usual = sorted(steps)[len(steps) // 2]
            at += step
        last, number = now, int(line_numbers[i])
        fresh[i] = at > reached
        back[i] = at < reached
        reached = max(reached, at)
        place[i], usual_mm[i] = reached, usual
    after = PlacesState(state.scale_mm, last, number, at, reached, tuple(steps), state.number_step)
    return Places(place, fresh, slipped, back, dropped, usual_mm), after

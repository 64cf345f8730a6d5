"""When there is no power to hear a heart: how large the reference beat must stand, for how long."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from calibration.geophone import GeophoneResponse
from calibration.geophone_spectra import response_at
from scanner.signals.heart_power import REFERENCE_T, reference_beat_m_s

Array = npt.NDArray[np.float64]

EMPTY_T, LADEN_T = 15.0, 30.0
"""What a vehicle is taken to weigh, by its declaration."""

SECONDS = (15.0, 20.0, 30.0, 45.0, 60.0)
INDEX_TENTH = (0.49, 0.44, 0.44, 0.42, 0.42)
INDEX_HALF = (2.14, 1.96, 1.87, 1.71, 1.71)
"""Index of the reference beat at which a tenth and half of the hearts are found at 1 % false alarms, by
seconds of listening: ``python -m tests.bench.heart_power``."""

STEPS_SCORE = 3.0
"""A ground with a clearer rhythm than this is walked on, or stamped by a machine: none of 3 200 simulated
vehicles without steps reaches it, but one to four in a hundred near trains and ships: bogies beat as well."""

KNOCK_LLR = 1.65
"""Trains whose beats are likelier knocks than this are not told from them (`knocks.knock_llr`): of hearts
that would be found less than one in a hundred."""

KNOCK_SCORE = 0.4
"""Only what might be told as a heart is asked whether it is knocks; one in ten empty vehicles might."""

CLEAR_P = 0.001
"""What comes so rarely without a heart is told whatever the index."""


def reference_counts(responses: Sequence[GeophoneResponse], rate_hz: float, mass_t: float) -> Array:
    """Return the reference beat on a body of ``mass_t`` as each channel sends it, counts ``(n_channels, n)``.

    Examples
    --------
    >>> flat, geophone = GeophoneResponse(1e9, 0.0, 1.0, ""), GeophoneResponse(1e9, 4.5, 0.7, "")
    >>> x = reference_counts([flat, geophone], 50.0, 30.0)
    >>> [round(float(np.abs(row).max())) for row in x]  # some 0.8 µm/s; a geophone hears less of 2 to 5 Hz
    [772, 633]
    """
    velocity = reference_beat_m_s(rate_hz) * REFERENCE_T / mass_t
    n = 4 * velocity.size
    spectrum, f_hz = np.fft.rfft(velocity, n), np.asarray(np.fft.rfftfreq(n, 1 / rate_hz), dtype=float)
    # the channel's swing dies out within the second that follows
    length = velocity.size + round(rate_hz)
    heard = [np.fft.irfft(spectrum * response_at(r, f_hz), n)[:length] for r in responses]
    return np.array([r.counts_per_m_s * row for r, row in zip(responses, heard, strict=True)])


def no_power(index: float, seconds: float) -> bool:
    """Tell whether the reference beat of ``index`` (`heart_power.beat_index`) is hardly ever found."""
    return index < _at(INDEX_TENTH, seconds)


def stepped(ground_score: float) -> bool:
    """Tell whether the ground beats: what the chassis then feels of it passes for a heart."""
    return ground_score > STEPS_SCORE


def knocked(score: float, knock_llr: float) -> bool:
    """Tell whether what would be told as a heart looks like drops or ticks."""
    return score > KNOCK_SCORE and knock_llr > KNOCK_LLR


def refused(p_value: float, index: float, seconds: float) -> bool:
    """Tell whether nothing is said: a small heart would hardly be heard, and nothing clear is.

    >>> refused(0.5, 0.01, 30.0), refused(0.0001, 0.01, 30.0), refused(0.5, 100.0, 30.0)
    (True, False, False)
    """
    return p_value > CLEAR_P and no_power(index, seconds)


def seconds_for_half(index: float) -> float | None:
    """Return after how many seconds in all half of such hearts are found; None = not within `SECONDS`.

    Examples
    --------
    >>> seconds_for_half(100.0) == SECONDS[0], seconds_for_half(0.01) is None
    (True, True)
    """
    if index >= INDEX_HALF[0]:
        return SECONDS[0]
    if index < INDEX_HALF[-1]:
        return None
    return math.exp(float(np.interp(-index, [-i for i in INDEX_HALF], [math.log(s) for s in SECONDS])))


def _at(table: tuple[float, ...], seconds: float) -> float:
    return float(np.interp(math.log(max(seconds, 1.0)), [math.log(s) for s in SECONDS], table))

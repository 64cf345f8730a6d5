"""Breathing: is there a line of 8 to 25 breaths a minute in the force on the body, over a smooth spectrum?

At these rates a body on its springs answers a force without delay, so counts over
the cube of the frequency are force but for a factor: nothing of the geophone or
the vehicle has to be known. Nobody breathes like a clock, so the line is broad;
its second harmonic comes with it. How much likelier the spectrum is with such a
line than without is the statistic; what noise without any line makes of it is
known from simulated noise, since each channel's own smooth spectrum is fitted in place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import signal

from scanner.signals.seismic import bridge

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Spectrum = npt.NDArray[np.complex128]

RATE_HZ = 5.0
KEPT_S = 60.0
LEAST_S = 12.0
"""Two to five breaths: less is no rhythm."""

CUTOFF_HZ = 1.0
SETTLING_S = 2.5
BAND_HZ = (0.06, 0.85)
RATES_HZ: Array = np.arange(0.14, 0.425, 0.015)
WIDTH = 0.09
"""Half width of the line over its rate: breath-to-breath times vary by a tenth and more (Tobin 1988)."""

POWERS = 4
"""Terms of the smooth spectrum: a cubic of its logarithm over that of the frequency."""

FEWEST_BINS = 25
"""With fewer, references are only taken with a constant gain, not with one that follows frequency."""

SIDE_HZ = 0.1
MOST_LINE = 1e6

NULL_S = (15.0, 20.0, 30.0, 45.0, 60.0)
NULL: dict[int, tuple[tuple[float, float], ...]] = {
    1: ((1.35, 0.98), (1.78, 1.26), (2.46, 2.13), (2.74, 2.11), (2.7, 1.75)),
    2: ((2.1, 1.31), (2.51, 1.37), (3.23, 1.72), (3.69, 2.28), (3.77, 2.02)),
    3: ((2.68, 1.35), (3.26, 1.47), (3.74, 2.13), (4.49, 1.97), (5.2, 2.67)),
    4: ((3.17, 1.43), (3.63, 1.54), (5.14, 2.44), (5.64, 2.44), (6.09, 2.82)),
    5: ((3.7, 1.53), (4.21, 1.69), (5.33, 2.38), (6.18, 2.35), (6.52, 2.47)),
    6: ((4.31, 1.83), (4.67, 1.7), (5.82, 2.19), (7.16, 2.96), (7.67, 3.12)),
}
"""Mean and standard deviation of ``llr`` in white noise, by chassis channels, at `NULL_S`."""

SPREAD = (1.0, 1.05, 1.15, 1.35, 1.5)
"""Coloured noise under gusts spreads so much wider than white noise (tuning seeds of
tests/bench/motion_detection.py)."""


@dataclass(frozen=True, slots=True)
class BreathingState:
    """What the next samples need: filter, phase, samples since the last unusable one; and what is kept.

    ``slow`` is ``(n_channels, n_kept)``, ``usable`` ``(n_kept,)``, at ``rate_hz``.
    """

    n_chassis: int
    fs_hz: float
    step: int
    memory: Array | None
    phase: int
    since: int
    slow: Array
    usable: Mask

    @property
    def rate_hz(self) -> float:
        """Rate of what is kept, about `RATE_HZ`."""
        return self.fs_hz / self.step


@dataclass(frozen=True, slots=True)
class Breathing:
    """The clearest line.

    ``llr`` = log-likelihood ratio of the line at ``per_min`` against none, all
    channels; ``p_value`` = how often noise without any gives as much;
    ``floor`` = rms of the smooth spectrum within `SIDE_HZ` around that rate, median
    channel, in the unit of the counts; ``line_db`` = the line over it in the
    channel that shows it best; ``seconds`` heard. ``frequency_hz`` and ``level_db``
    draw the best channel's spectrum over its smooth part.
    """

    llr: float
    p_value: float
    per_min: float
    floor: float
    line_db: float
    seconds: float
    frequency_hz: Array
    level_db: Array


def breathing_state(n_chassis: int, n_references: int, fs_hz: float) -> BreathingState:
    """Return the state of a listener that has heard nothing; chassis channels come first."""
    n = n_chassis + n_references
    step = max(1, round(fs_hz / RATE_HZ))
    return BreathingState(n_chassis, fs_hz, step, None, 0, 0, np.zeros((n, 0)), np.zeros(0, bool))


def follow_breathing(counts: Array, usable: Mask, state: BreathingState) -> BreathingState:
    """Hear the next samples.

    Parameters
    ----------
    counts : float ``(n_channels, n_samples)``, as the board gives them; not velocity: the
        geophone's fall at low frequency is part of the method.
    usable : bool ``(n_samples,)``.
    state : from `breathing_state` or the call before. Any split gives the same.
    """
    if not counts.shape[1]:
        return state
    good = usable & np.isfinite(counts).all(axis=0)
    x = bridge(counts, np.broadcast_to(good, counts.shape))
    sos = _lowpass(state.fs_hz)
    memory = state.memory
    if memory is None:  # as if the first value had always been there
        memory = signal.sosfilt_zi(sos)[:, np.newaxis, :] * x[np.newaxis, :, :1]
    smooth, memory = signal.sosfilt(sos, x, axis=1, zi=memory)
    index = np.arange(good.size)
    last_bad = np.maximum.accumulate(np.where(good, -state.since - 1, index))
    since = index - last_bad
    first = -state.phase % state.step
    keep = round(KEPT_S * state.rate_hz)
    settled = since > SETTLING_S * state.fs_hz
    return replace(
        state,
        memory=memory,
        phase=(state.phase + good.size) % state.step,
        since=int(since[-1]) if good[-1] else 0,
        slow=np.hstack([state.slow, smooth[:, first :: state.step]])[:, -keep:],
        usable=np.concatenate([state.usable, settled[first :: state.step]])[-keep:],
    )


def find_breathing(state: BreathingState) -> Breathing | None:
    """Return the clearest breath in the longest usable stretch; None with less than `LEAST_S`."""
    start, stop = _longest(state.usable)
    x = state.slow[:, start:stop]
    if x.shape[1] < LEAST_S * state.rate_hz:
        return None
    return weigh_line(x, state.n_chassis, state.rate_hz)


def weigh_line(x: Array, n_chassis: int, rate_hz: float, *, force: bool = True) -> Breathing | None:
    """Return the clearest breath in a stretch.

    Parameters
    ----------
    x : float ``(n_channels, n_samples)`` at about `RATE_HZ`, chassis channels first.
    force : False = take the spectrum as it is (for white noise, of which `NULL` is made).

    Returns
    -------
    Breathing, or None where no chassis channel moves.

    References
    ----------
    Whittle, Ark. Mat. 2 (1953) 423 (likelihood of a spectrum); McCullagh & Nelder, Generalized Linear
    Models (1989), ch. 8 (gamma errors, logarithmic link).

    Examples
    --------
    >>> t_s = np.arange(300) / 5.0
    >>> noise = np.random.default_rng(1).normal(size=(4, 300))
    >>> breath = np.outer([1.0, 0.7, 0.4, 0.2], np.sin(2 * np.pi * 0.25 * t_s))
    >>> still, with_breath = (weigh_line(noise + a * breath, 4, 5.0, force=False) for a in (0.0, 1.0))
    >>> still.p_value > 0.05, with_breath.p_value < 1e-3, 14 < with_breath.per_min < 17
    (True, True, True)
    """
    n = x.shape[1]
    window = signal.windows.hann(n, sym=False)
    f_hz: Array = np.arange(n // 2 + 1) * (rate_hz / n)
    band = (f_hz >= BAND_HZ[0]) & (f_hz <= BAND_HZ[1])
    raw = np.fft.rfft(signal.detrend(x, axis=1) * window, axis=1)[:, band]
    f_hz = f_hz[band]
    moving = np.abs(raw).max(axis=1) > 1e-9 * np.abs(raw).max()
    chassis = moving[:n_chassis]
    if not chassis.any():
        return None
    force_f = (raw / f_hz**3 if force else raw)[moving]
    log_f = np.log(f_hz / 0.3)
    terms = np.stack([log_f**k for k in range(POWERS)])
    project = np.linalg.pinv(terms) @ terms
    eta = _smooth(np.abs(force_f) ** 2, np.ones_like(f_hz), project, 6)
    flat = force_f * np.exp(-eta / 2)
    rows = int(chassis.sum())
    parts = _independent(_without(flat[:rows], flat[rows:], log_f))
    gain, smooth, line = _lines(np.abs(parts) ** 2, f_hz, project, n / rate_hz)
    total = gain.sum(axis=0)
    at = int(total.argmax())
    best = int(gain[:, at].argmax())
    near = np.abs(f_hz - RATES_HZ[at]) <= SIDE_HZ / 2
    # the window's own loss of power, and one-sided bins
    level = np.abs(raw[:n_chassis][chassis]) ** 2
    strange = np.abs(flat[:rows]) ** 2
    quiet = (level / np.maximum(strange, 1e-12))[:, near] * 2 / (n * (window**2).sum())
    floor = float(np.sqrt(np.median(quiet.sum(axis=1))))
    llr, seconds = float(total[at]), n / rate_hz
    return Breathing(
        llr=llr,
        p_value=line_p_value(llr, rows, seconds),
        per_min=60 * float(RATES_HZ[at]),
        floor=floor,
        line_db=float(10 * np.log10(1 + line[best, at])),
        seconds=seconds,
        frequency_hz=f_hz,
        level_db=10 * np.log10(np.maximum(np.abs(parts[best]) ** 2, 1e-12)) - 4.343 * smooth[best, at],
    )


def line_p_value(llr: float, n_chassis: int, seconds: float) -> float:
    """Return how often noise without a line has such an ``llr``: a Gumbel tail around `NULL`.

    >>> line_p_value(60.0, 4, 60.0) < 1e-3 < line_p_value(5.0, 4, 60.0)
    True
    """
    table = np.array(NULL[min(max(n_chassis, 1), max(NULL))])
    columns = (*table.T, SPREAD)
    mean, deviation, spread = (float(np.interp(seconds, NULL_S, column)) for column in columns)
    scale = spread * deviation * math.sqrt(6) / math.pi
    z = (llr - mean) / scale + 0.5772
    return float(-np.expm1(-math.exp(-max(z, -20.0))))


@lru_cache(maxsize=8)
def _lowpass(fs_hz: float) -> Array:
    return np.asarray(signal.butter(8, CUTOFF_HZ, fs=fs_hz, output="sos"))


def _longest(usable: Mask) -> tuple[int, int]:
    """Start and stop of the longest usable stretch (the newest of equals)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], usable, [False]]).astype(int)))
    if not edges.size:
        return 0, 0
    lengths = edges[1::2] - edges[::2]
    at = lengths.size - 1 - int(lengths[::-1].argmax())
    return int(edges[2 * at]), int(edges[2 * at + 1])


def _smooth(power: Array, line: Array, project: Array, steps: int, eta: Array | None = None) -> Array:
    """Log of the smooth spectrum that goes with ``line`` times it: a gamma regression, ``power``'s shape.

    ``project`` ``(n_f, n_f)`` takes a curve to the terms of the smooth spectrum.

    Examples
    --------
    >>> terms = np.stack([np.ones(40), np.linspace(-1, 1, 40)])
    >>> power = np.exp(2 + 3 * terms[1])[np.newaxis]
    >>> project = np.linalg.pinv(terms) @ terms
    >>> bool(np.allclose(_smooth(power, np.ones(40), project, 12), np.log(power), atol=0.01))
    True
    """
    if eta is None:
        # the mean of a log of exponentially distributed power lies Euler's constant low
        eta = (np.log(power / line + np.finfo(float).tiny) + 0.5772) @ project
    for _ in range(steps):
        eta = (eta + np.clip(power / (line * np.exp(eta)) - 1, -1.0, 4.0)) @ project
    return np.asarray(eta)


def _without(chassis: Spectrum, references: Spectrum, log_f: Array) -> Spectrum:
    """Take out what the references foretell, loud bins counting less."""
    if not references.shape[0]:
        return chassis
    z = references
    if log_f.size >= FEWEST_BINS:
        z = np.concatenate([z, z * (log_f - log_f.mean())])
    weight = 1 / np.sqrt(1 + (np.abs(chassis) ** 2).mean(axis=0) / 3)
    heard = z * weight
    power = heard @ heard.conj().T
    power += 0.02 * np.trace(power).real / power.shape[0] * np.eye(power.shape[0])
    return np.asarray(chassis - (chassis * weight) @ heard.conj().T @ np.linalg.inv(power) @ z)


def _independent(x: Spectrum) -> Spectrum:
    """Turn the channels into uncorrelated ones, so that their likelihoods add up."""
    _, turn = np.linalg.eigh((x @ x.conj().T).real)
    return np.asarray(turn.T @ x)


def _lines(power: Array, f_hz: Array, project: Array, seconds: float) -> tuple[Array, Array, Array]:
    """Log-likelihood gain of a line at each of `RATES_HZ`, ``(n_channels, n_rates)``.

    And the smooth spectra under the lines, ``(n_channels, n_rates, n_f)`` natural log, and
    the lines' heights over them ``(n_channels, n_rates)``.
    """
    plain = _smooth(power, np.ones_like(f_hz), project, 8)
    without = -(power / np.exp(plain) + plain).sum(axis=1)
    rate = RATES_HZ[:, np.newaxis]
    first = _shape(f_hz, rate, np.hypot(WIDTH * rate, 0.8 / seconds))
    second = _shape(f_hz, 2 * rate, np.hypot(2 * WIDTH * rate, 0.8 / seconds))
    shapes = np.stack([first, second])
    shape = (power.shape[0], RATES_HZ.size, 1)
    a, b = np.full(shape, 3.0), np.full(shape, 1.0)
    p = power[:, np.newaxis]
    eta = np.repeat(plain[:, np.newaxis], RATES_HZ.size, axis=1)
    for _ in range(12):
        over = p * np.exp(-eta)
        for _ in range(3):  # heights by multiplicative steps that never lower the likelihood
            inverse = 1 / (1 + a * first + b * second)
            grown = _sums(shapes, over * inverse**2) / _sums(shapes, inverse)
            a = np.minimum(a * grown[0], MOST_LINE)
            b = np.minimum(b * grown[1], a)
        eta = _smooth(p, 1 + a * first + b * second, project, 2, eta)
    m = 1 + a * first + b * second
    having = -(p / (m * np.exp(eta)) + eta + np.log(m)).sum(axis=2)
    return having - without[:, np.newaxis], eta, a[:, :, 0]


def _shape(f_hz: Array, at: Array, width: Array) -> Array:
    return np.asarray(1 / (1 + ((f_hz - at) / width) ** 2) ** 2)


def _sums(shapes: Array, x: Array) -> Array:
    """Sum over frequency of each shape times ``x`` ``(n_channels, n_rates, n_f)``, one place kept for it."""
    return np.asarray(np.einsum("krf,crf->kcr", shapes, x)[..., np.newaxis])

"""Heartbeat: is there a rhythm of 40 to 180 beats a minute in the envelopes of several channels?

Each beat shakes the chassis for some tenths of a second; what repeats is the
energy, not the wave, because beats jitter by several per cent. So: whiten, take
the envelope, correlate it with itself, and look for a lag whose double also
correlates and whose half does not. How large that value must be depends on the
bursts that are in the data whether or not they have a rhythm; the yardstick is
therefore the same envelope with its pieces shuffled within some seconds, which
keeps bursts and gusts and destroys the rhythm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from scanner.signals.seismic import whiten

Array = npt.NDArray[np.float64]

BANDS_HZ = ((2.0, 12.0), (4.0, 20.0))
"""The push of the blood through a chassis lives in the lower, the valves' sounds on a body in the upper."""

ENVELOPE_HZ = 20.0
MODULATION_HZ = (0.5, 5.0)
BPM = (40.0, 180.0)
LAG_S: Array = np.geomspace(60 / BPM[1], 60 / BPM[0], 60)

COMB = ((1.0, 1.0), (2.0, 0.5), (0.5, -0.5), (1.5, -0.25))
"""Multiples of the lag and their weights; tuned on half of the subjects of tests/bench/heartbeat.py."""

NORMALISE_S = 6.0
SHUFFLES = 40
PIECE_SAMPLES = (5, 12)
SPREAD_PIECES = 10.0
"""Pieces of 0.25 to 0.55 s change places within about ten pieces: half of it lasts longer than a beat."""

_LONGEST_LAG = math.ceil(2.0 * LAG_S[-1] * ENVELOPE_HZ) + 2


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Result of a search for a rhythm.

    ``z`` is the comb's peak in standard deviations of the shuffled envelopes'
    peaks over their mean; ``bpm`` where the peak lies; ``peak`` its raw value;
    ``curve_bpm``, ``curve`` the comb over the searched rates, for drawing.
    """

    z: float
    bpm: float
    peak: float
    curve_bpm: Array
    curve: Array


def search_bands(x: Array, fs_hz: float, usable: npt.NDArray[np.bool_] | None = None) -> Rhythm:
    """Return the strongest rhythm that `find_rhythm` finds in any of `BANDS_HZ`.

    Parameters
    ----------
    x : float ``(n_channels, n_samples)``, 15 s or more.
    usable : bool ``(n_samples,)``, None = all.
    """
    return max((find_rhythm(envelopes(x, fs_hz, band, usable)) for band in BANDS_HZ), key=lambda r: r.z)


def envelopes(
    x: Array, fs_hz: float, band_hz: tuple[float, float], usable: npt.NDArray[np.bool_] | None = None
) -> Array:
    """Return centred envelopes of the whitened band at `ENVELOPE_HZ`.

    Parameters
    ----------
    x : float ``(n_channels, n_samples)`` at ``fs_hz``, at least 45 Hz.
    band_hz : lowest and highest frequency.
    usable : bool ``(n_samples,)``; the envelope is 0 (its mean) elsewhere.

    Returns
    -------
    float ``(n_channels, n_envelope)``, divided by its level over `NORMALISE_S`
    so that a gust weighs no more than a calm.
    """
    n = x.shape[1]
    white = whiten(x, fs_hz, *band_hz)
    f_hz = np.fft.rfftfreq(n, 1 / fs_hz)
    edges = np.clip(f_hz - band_hz[0] + 0.5, 0, 1) * np.clip((band_hz[1] - f_hz) / 2 + 0.5, 0, 1)
    analytic = np.zeros(x.shape, dtype=np.complex128)
    analytic[:, : f_hz.size] = 2 * white * edges
    envelope = np.abs(np.fft.ifft(analytic, axis=1))
    if usable is not None and not usable.all() and usable.any():
        envelope = np.where(usable, envelope, np.median(envelope[:, usable], axis=1, keepdims=True))
    # mean over each envelope sample's time, whatever the ratio of the rates
    grid = np.round(np.arange(0, n / fs_hz + 1e-9, 1 / ENVELOPE_HZ) * fs_hz).astype(int)
    grid = grid[grid <= n]
    total = np.concatenate([np.zeros((x.shape[0], 1)), np.cumsum(envelope, axis=1)], axis=1)
    slow = np.diff(total[:, grid], axis=1) / np.diff(grid)
    level = ndimage.uniform_filter1d(slow, round(NORMALISE_S * ENVELOPE_HZ), axis=1, mode="reflect")
    slow = slow / np.maximum(level, np.finfo(float).tiny)
    centred: Array = slow - slow.mean(axis=1, keepdims=True)
    if usable is not None and not usable.all():
        good = np.concatenate([[0], np.cumsum(usable)])
        centred[:, np.diff(good[grid]) < np.diff(grid)] = 0.0
    return centred


def find_rhythm(envelope: Array) -> Rhythm:
    """Search envelopes for a common rhythm and weigh it against their own shuffled pieces.

    Parameters
    ----------
    envelope : float ``(n_channels, n_envelope)`` from `envelopes`, 15 s or more.

    Returns
    -------
    Rhythm; the shuffles are the same for each length, so the same envelopes
    give the same rhythm. ``z`` is 0 where nothing varies.

    References
    ----------
    Theiler et al., Testing for nonlinearity in time series: the method of
    surrogate data, Physica D 58 (1992) 77-94.

    Examples
    --------
    >>> beats = np.zeros(1200); beats[::15] = 1.0  # every 0.75 s
    >>> noise = np.random.default_rng(1).normal(size=(2, 1200))
    >>> rhythm = find_rhythm(beats + 0.3 * noise)
    >>> rhythm.z > 6, 76 < rhythm.bpm < 84
    (True, True)
    """
    peaks = _comb(_autocorrelation(envelope))
    shuffled = _comb(_autocorrelation(envelope[:, _shuffles(envelope.shape[1])]))
    null = shuffled.max(axis=1)
    spread = float(null.std())
    best = int(peaks.argmax())
    z = (float(peaks[best]) - float(null.mean())) / spread if spread > 0 else 0.0
    bpm = 60 / LAG_S
    return Rhythm(z, float(bpm[best]), float(peaks[best]), bpm, peaks)


def rhythm_score(z: float) -> float:
    """Return asinh(z): a strong heart must not outweigh all weak ones in the fit.

    >>> round(rhythm_score(2.0), 3), round(rhythm_score(20.0), 3)
    (1.444, 3.69)
    """
    return math.asinh(z)


def _autocorrelation(envelope: Array) -> Array:
    """Sum over channels of the normalised autocorrelation, ``(…, lags)``; channels are the first axis."""
    n = envelope.shape[-1]
    size = 1 << (n + _LONGEST_LAG - 1).bit_length()
    # the band-pass is a weight on the power, so that shuffled pieces pass the same one
    power = np.abs(np.fft.rfft(envelope, size, axis=-1)) ** 2 * _modulation_gain(size)
    correlation = np.fft.irfft(power, size, axis=-1)[..., : min(_LONGEST_LAG, n)]
    pairs = n - np.arange(correlation.shape[-1])
    correlation = correlation * (n / pairs)
    zero = correlation[..., :1]
    normalised = np.divide(correlation, zero, out=np.zeros_like(correlation), where=zero > 0)
    summed: Array = normalised.sum(axis=0) / math.sqrt(envelope.shape[0])
    return summed


@lru_cache(maxsize=4)
def _modulation_gain(size: int) -> Array:
    """Power gain at the frequencies at which beats follow each other, second order at both ends."""
    f_hz = np.fft.rfftfreq(size, 1 / ENVELOPE_HZ)
    low, high = MODULATION_HZ
    gain: Array = (f_hz / low) ** 4 / (1 + (f_hz / low) ** 4) / (1 + (f_hz / high) ** 4)
    return gain


@lru_cache(maxsize=4)
def _comb_matrix(n_lags: int) -> Array:
    matrix = np.zeros((n_lags, LAG_S.size))
    for multiple, weight in COMB:
        place = np.minimum(LAG_S * multiple * ENVELOPE_HZ, n_lags - 1.001)
        whole = place.astype(int)
        rest = place - whole
        matrix[whole, np.arange(LAG_S.size)] += weight * (1 - rest)
        matrix[whole + 1, np.arange(LAG_S.size)] += weight * rest
    return matrix


def _comb(correlation: Array) -> Array:
    combined: Array = correlation @ _comb_matrix(correlation.shape[-1])
    return combined


@lru_cache(maxsize=128)
def _shuffles(n: int) -> npt.NDArray[np.int64]:
    """Index ``(SHUFFLES, n)``: pieces of random length, each moved by up to `SPREAD_PIECES` pieces."""
    rng = np.random.default_rng(n)
    rows = []
    for _ in range(SHUFFLES):
        lengths = rng.integers(*PIECE_SAMPLES, size=n // PIECE_SAMPLES[0] + 1)
        piece = np.repeat(np.arange(lengths.size), lengths)[:n]
        key = np.arange(lengths.size) + rng.uniform(0, SPREAD_PIECES, lengths.size)
        rows.append(np.argsort(key[piece], kind="stable"))
    return np.stack(rows)

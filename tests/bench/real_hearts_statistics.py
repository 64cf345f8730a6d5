"""Statistics of the bench on recorded hearts, by name: a record to scores (bigger = heart) and a rate.

rhythm, burstiness  the product: `scanner.signals.heart`, its score and its bursts; and both together
autocorrelation     highest peak of the envelope's autocorrelation at 40-180 a minute
envelope spectrum   the envelope's highest spectral line there, over the median line
harmonic product    sum of the envelope's log spectrum at a rate and its harmonics
raw spectrum        the record's own line and harmonics over what lies beside them
std/mean, kurtosis  how bursty the 2-20 Hz band is: no rhythm at all
neurokit2           regularity of the pulse waves it finds in the envelope
obspy STA/LTA       regularity of its triggers

Autocorrelation, spectra and burstiness are averaged over the channels, the last two
take the best channel. A statistic is one more entry of `METHODS`; a method may give several.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal, stats

from scanner.signals import (
    beat_features,
    beat_network,
    beat_rate,
    beat_track,
    heart,
    rhythm,
    seismic,
    trains,
    whitening,
)
from tests.bench import heart_baselines
from tests.bench.heart_baselines import BAND_HZ, RATE_HZ, envelope, regularity

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SLOW_HZ = (0.5, 5.0)
HARMONICS = 4
LEVEL_HZ = 1.0
BURSTS_WEIGHT = 2.0


@dataclass(frozen=True, slots=True)
class Found:
    """A statistic of one record: ``score`` (NaN = unavailable) and the rate it saw (NaN = none)."""

    score: float
    bpm: float = math.nan


Method = Callable[[Array, float, Mask], dict[str, Found]]


def product(x: Array, fs_hz: float, usable: Mask) -> dict[str, Found]:
    state = heart.heart_state(x.shape[0], 0, fs_hz)
    state = heart.listen(x, np.broadcast_to(usable, x.shape), state)
    found = heart.find_heart(state)
    if found is None:
        return {name: Found(math.nan) for name in ("rhythm", "burstiness", "rhythm and bursts")}
    both = found.score + BURSTS_WEIGHT * found.burstiness
    bpm = beat_rate.finer_bpm(beat_track.beat_track(state.moments).posterior, found.bpm)
    return {
        "rhythm": Found(found.score, bpm),
        "burstiness": Found(found.burstiness),
        "rhythm and bursts": Found(both, bpm),
    }


def slow_envelope(x: Array, fs_hz: float) -> Array:
    """Return the envelope's course at the pace of beats, ``(n_channels, n)``."""
    sos = signal.butter(2, SLOW_HZ, "bandpass", fs=fs_hz, output="sos")
    return np.asarray(signal.sosfiltfilt(sos, envelope(x, fs_hz), axis=1))


def autocorrelation(x: Array, fs_hz: float, usable: Mask) -> dict[str, Found]:
    """Mean over channels.

    >>> beats = np.zeros(3000); beats[::80] = 1.0
    >>> x = np.convolve(beats, np.sin(2 * np.pi * 8 * np.arange(20) / 100), "same")[np.newaxis]
    >>> found = autocorrelation(x, 100.0, np.ones(3000, bool))["autocorrelation"]
    >>> found.score > 0.9, found.bpm
    (True, 75.0)
    """
    slow = slow_envelope(x, fs_hz)
    n = slow.shape[1]
    correlation = np.fft.irfft(np.abs(np.fft.rfft(slow, 2 * n, axis=1)) ** 2, axis=1)[:, :n]
    correlation *= n / (n - np.arange(n)) / np.maximum(correlation[:, :1], np.finfo(float).tiny)
    first, last = (round(fs_hz / rate) for rate in reversed(RATE_HZ))
    mean = correlation[:, first - 1 : last + 2].mean(axis=0)
    best = highest_peak(mean)
    return {"autocorrelation": Found(float(mean[best]), 60 * fs_hz / (first - 1 + best))}


def highest_peak(x: Array) -> int:
    """Return the place of the highest local maximum, of the highest value where there is none.

    >>> highest_peak(np.array([9.0, 1.0, 3.0, 2.0, 8.0]))
    2
    """
    peaks, _ = signal.find_peaks(x)
    return int(peaks[x[peaks].argmax()]) if peaks.size else int(x.argmax())


def spectra(x: Array, fs_hz: float, usable: Mask) -> dict[str, Found]:
    """Both statistics of the envelope's spectrum, which is averaged over channels.

    For the harmonics it is divided by its course over `LEVEL_HZ`.
    """
    course = envelope(x, fs_hz)
    n = course.shape[1]
    size = 8 * n
    step = fs_hz / size
    course = (course - course.mean(axis=1, keepdims=True)) / course.std(axis=1, keepdims=True)
    mean = (np.abs(np.fft.rfft(course * np.hanning(n), size, axis=1)) ** 2).mean(axis=0)
    first, last = (round(rate / step) for rate in RATE_HZ)
    line = mean[first : last + 1]
    best = highest_peak(line)
    white = np.log(mean / ndimage.uniform_filter1d(mean, round(LEVEL_HZ / step)))
    rates = np.arange(first, last + 1)
    total = np.mean([white[k * rates] for k in range(1, HARMONICS + 1)], axis=0)
    comb = int(total.argmax())
    return {
        "envelope spectrum": Found(float(line[best] / np.median(line)), 60 * step * (first + best)),
        "harmonic product": Found(float(total[comb]), 60 * step * (first + comb)),
    }


def raw_spectrum(x: Array, fs_hz: float, usable: Mask) -> dict[str, Found]:
    return {"raw spectrum": Found(heart_baselines.spectral_peak(x, fs_hz))}


def burstiness(x: Array, fs_hz: float, usable: Mask) -> dict[str, Found]:
    """How bursty the band is.

    >>> x = np.random.default_rng(1).normal(size=(1, 3000))
    >>> found = burstiness(x, 100.0, np.ones(3000, bool))
    >>> abs(found["kurtosis"].score) < 0.3
    True
    """
    course = envelope(x, fs_hz)
    sos = signal.butter(4, BAND_HZ, "bandpass", fs=fs_hz, output="sos")
    filtered = signal.sosfiltfilt(sos, x, axis=1)
    return {
        "std/mean": Found(float((course.std(axis=1) / course.mean(axis=1)).mean())),
        "kurtosis": Found(float(stats.kurtosis(filtered, axis=1).mean())),
    }


def regular(times: list[Array], duration_s: float) -> Found:
    """Return the most regular channel's score and its median rate."""
    scores = [regularity(each, duration_s) for each in times]
    best = int(np.argmax(scores))
    intervals = np.diff(times[best])
    return Found(scores[best], 60 / float(np.median(intervals)) if intervals.size else math.nan)


def pulses(x: Array, fs_hz: float, usable: Mask) -> dict[str, Found]:
    return {"neurokit2": regular(heart_baselines.pulse_times(x, fs_hz), x.shape[1] / fs_hz)}


def triggers(x: Array, fs_hz: float, usable: Mask) -> dict[str, Found]:
    return {"obspy STA/LTA": regular(heart_baselines.trigger_times(x, fs_hz), x.shape[1] / fs_hz)}


PRODUCT = (seismic, whitening, beat_features, beat_network, rhythm, trains, heart, beat_track, beat_rate)

METHODS: dict[str, tuple[Method, tuple[ModuleType, ...]]] = {
    "product": (product, PRODUCT),
    "autocorrelation": (autocorrelation, (heart_baselines,)),
    "spectra": (spectra, (heart_baselines,)),
    "raw-spectrum": (raw_spectrum, (heart_baselines,)),
    "burstiness": (burstiness, (heart_baselines,)),
    "triggers": (triggers, (heart_baselines,)),
    "pulses": (pulses, (heart_baselines,)),
}
"""By method: what it is, and the modules whose change makes its stored answers void (this one aside)."""

RHYTHMLESS = ("std/mean", "kurtosis")


def methods() -> dict[str, Method]:
    """Return the methods that can run here: neurokit2's only where ``make`` has installed it."""
    missing = () if importlib.util.find_spec("neurokit2") else ("pulses",)
    return {name: method for name, (method, _) in METHODS.items() if name not in missing}

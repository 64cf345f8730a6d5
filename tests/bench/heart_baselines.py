"""What the heart bench compares with: usual methods on the chassis channels, as their users run them.

a       autocorrelation of the 2-20 Hz envelope, peak at 40-180 a minute: the first
        channel ("a"), and the largest of the four ("a best")
b       the raw spectrum's 0.7-3 Hz peak with its harmonics, over what lies around it
        (Welch's average over the four channels)
c1      neurokit2: peaks of the smoothed envelope as those of a pulse wave, and how
        regular the intervals are, the best channel
c2      obspy: recursive STA/LTA, and how regular the triggers are, the best channel

All take velocity's raw counts with the mean and trend removed.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from obspy.signal.trigger import recursive_sta_lta, trigger_onset
from scipy import signal

Array = npt.NDArray[np.float64]

BAND_HZ = (2.0, 20.0)
RATE_HZ = (40 / 60, 180 / 60)
LOW_RATE_HZ = 0.7
HARMONICS = 4


def envelope(x: Array, fs_hz: float) -> Array:
    """Envelope of the 2-20 Hz band, ``(n_channels, n)``."""
    sos = signal.butter(4, BAND_HZ, "bandpass", fs=fs_hz, output="sos")
    filtered = signal.sosfiltfilt(sos, signal.detrend(x, axis=1), axis=1)
    return np.asarray(np.abs(signal.hilbert(filtered, axis=1)))


def autocorrelation_peaks(x: Array, fs_hz: float) -> Array:
    """Largest autocorrelation of each channel's envelope at the lags of 40-180 a minute, ``(n_channels,)``.

    >>> beats = np.zeros((1, 3000)); beats[0, ::80] = 1.0
    >>> ring = np.sin(2 * np.pi * 8 * np.arange(20) / 100)
    >>> x = np.stack([np.convolve(beats[0], ring, "same")])
    >>> bool(autocorrelation_peaks(x, 100.0)[0] > 0.9)
    True
    """
    sos = signal.butter(2, (0.5, 5.0), "bandpass", fs=fs_hz, output="sos")
    slow = signal.sosfiltfilt(sos, envelope(x, fs_hz), axis=1)
    n = slow.shape[1]
    correlation = np.fft.irfft(np.abs(np.fft.rfft(slow, 2 * n, axis=1)) ** 2, axis=1)[:, :n]
    correlation *= n / (n - np.arange(n)) / correlation[:, :1]
    first, last = (round(fs_hz / rate) for rate in reversed(RATE_HZ))
    return np.asarray(correlation[:, first : last + 1].max(axis=1))


def spectral_peak(x: Array, fs_hz: float) -> float:
    """Largest mean log power at a rate and its harmonics over the surroundings, all channels averaged."""
    flat = signal.detrend(x, axis=1)
    length = min(flat.shape[1], round(20.0 * fs_hz))
    f_hz, power = signal.welch(flat, fs_hz, nperseg=length, axis=1, nfft=8 * length)
    level = np.log(power / power.mean(axis=1, keepdims=True)).mean(axis=0)
    step = f_hz[1]
    rates = np.arange(LOW_RATE_HZ, RATE_HZ[1], step / 2)
    score = np.zeros(rates.size)
    for harmonic in range(1, HARMONICS + 1):
        at = np.rint(harmonic * rates / step).astype(int)
        # what lies half a rate beside a harmonic is its own yardstick
        beside = [np.rint((harmonic + side) * rates / step).astype(int) for side in (-0.5, 0.5)]
        score += level[at] - 0.5 * (level[beside[0]] + level[beside[1]])
    return float(score.max() / HARMONICS)


def regularity(times_s: Array, duration_s: float) -> float:
    """How regular events are and whether they cover the record: -(spread of log intervals) + covered share.

    Only intervals of 40-180 a minute count as covering. -10 with fewer than five events.

    >>> regularity(np.arange(0.0, 30.0, 0.8), 30.0) > regularity(np.cumsum([0.5, 1.2] * 17), 30.0)
    True
    """
    if times_s.size < 5:
        return -10.0
    intervals = np.diff(times_s)
    good = (intervals > 1 / RATE_HZ[1]) & (intervals < 1 / RATE_HZ[0])
    if good.sum() < 4:
        return -10.0
    spread = float(np.std(np.log(intervals[good])))
    return float(intervals[good].sum()) / duration_s - spread


def pulse_times(x: Array, fs_hz: float) -> list[Array]:
    """Return the times, s, at which neurokit2 finds pulse waves in each channel's smoothed envelope."""
    import neurokit2

    out = []
    for row in envelope(x, fs_hz):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library divides by empty sets of peaks
            try:
                cleaned = neurokit2.ppg_clean(row, sampling_rate=fs_hz, method="elgendi")
                peaks = neurokit2.ppg_findpeaks(cleaned, sampling_rate=fs_hz, method="elgendi")["PPG_Peaks"]
            except IndexError:  # no wave at all
                peaks = []
        out.append(np.asarray(peaks, float) / fs_hz)
    return out


def pulse_regularity(x: Array, fs_hz: float) -> float:
    """neurokit2's pulse-wave pipeline on the smoothed envelope, best channel."""
    return max(regularity(times, x.shape[1] / fs_hz) for times in pulse_times(x, fs_hz))


def trigger_times(x: Array, fs_hz: float) -> list[Array]:
    """Return the times, s, of each channel's triggers: recursive STA/LTA (0.1 s over 2 s) of 2-20 Hz."""
    sos = signal.butter(4, BAND_HZ, "bandpass", fs=fs_hz, output="sos")
    filtered = signal.sosfilt(sos, signal.detrend(x, axis=1), axis=1)
    out = []
    for row in filtered:
        ratio = recursive_sta_lta(np.ascontiguousarray(row), round(0.1 * fs_hz), round(2.0 * fs_hz))
        onsets = np.asarray(trigger_onset(ratio, 1.5, 1.0), float).reshape(-1, 2)[:, 0] / fs_hz
        apart = np.diff(onsets, prepend=-np.inf) > 1 / RATE_HZ[1]
        out.append(onsets[apart])
    return out


def trigger_regularity(x: Array, fs_hz: float) -> float:
    """obspy's STA/LTA pipeline: its triggers' regularity, best channel."""
    return max(regularity(times, x.shape[1] / fs_hz) for times in trigger_times(x, fs_hz))


def baselines() -> dict[str, Callable[[Array, float], float]]:
    """Return the methods by name; neurokit2's only where it is installed."""
    found: dict[str, Callable[[Array, float], float]] = {
        "a": lambda x, fs_hz: float(autocorrelation_peaks(x[:1], fs_hz)[0]),
        "a best": lambda x, fs_hz: float(autocorrelation_peaks(x, fs_hz).max()),
        "b": spectral_peak,
        "c2": trigger_regularity,
    }
    if importlib.util.find_spec("neurokit2"):
        found["c1"] = pulse_regularity
    return found

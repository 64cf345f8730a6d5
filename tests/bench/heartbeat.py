"""Detection of recorded hearts in noise: the product's rhythm search against plain envelope autocorrelation.

Hearts: phone-on-chest recordings (mscardio), three axes as three channels, 30 s
windows. Noise: Gaussian with each window's own spectrum smoothed over 3 Hz, at
a given power ratio within 1-20 Hz. Empty trials are of five kinds, so that a
threshold that holds for one can be tried on the others:

smooth   that noise alone;
bursts   that noise in bursts at random times;
beats    one beat of the recording repeated at random times, in that noise;
modes    narrow suspension resonances;
gusts    the same, rising and falling.

Subjects are split: even places of their sorted list tune (the comb's weights,
the bands and the shuffle were chosen on them), odd places test.

    python tests/bench/heartbeat.py --data FOLDER [--subjects tune|test]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import signal

from scanner.signals.heartbeat import search_bands

FS_HZ, WINDOW_S, FALSE_ALARM = 100.0, 30.0, 0.01
N = round(FS_HZ * WINDOW_S)
BAND = signal.butter(4, [1, 20], "bandpass", fs=FS_HZ, output="sos")
KINDS = ("smooth", "bursts", "beats", "modes", "gusts")


def hearts(folder: Path, odd: bool) -> list[np.ndarray]:
    """Windows of unit power ``(3, N)`` of every second subject."""
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.npz")):
        files.setdefault(path.name.split("_")[1], []).append(path)
    windows = []
    for subject in sorted(files)[int(odd) :: 2]:
        for path in files[subject]:
            record = np.load(path)
            t = record["t"] - record["t"][0]
            even = np.arange(0, t[-1], 1 / FS_HZ)
            x = np.stack([np.interp(even, t, axis) for axis in record["xyz"].T.astype(float)])
            x = signal.sosfiltfilt(BAND, x, axis=1)
            # ten seconds at the start and five at the end are handling
            for at in range(1000, x.shape[1] - N - 500, N):
                windows.append(unit(x[:, at : at + N]))
    return windows


def unit(x: np.ndarray) -> np.ndarray:
    return x / x.std(axis=1, keepdims=True)


def noise_like(heart: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    power = np.abs(np.fft.rfft(heart)) ** 2
    width = round(3.0 * WINDOW_S)
    taper = np.hanning(width) / np.hanning(width).sum()
    smooth = np.stack([np.convolve(row, taper, "same") for row in power])
    return unit(np.fft.irfft(np.fft.rfft(rng.normal(size=heart.shape)) * np.sqrt(smooth), N))


def empty(kind: str, heart: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise = noise_like(heart, rng)
    times = (np.sort(rng.uniform(0, WINDOW_S - 1, rng.poisson(WINDOW_S))) * FS_HZ).astype(int)
    if kind == "bursts":
        gain = np.full(N, 0.5)
        for at in times:
            gain[at : at + 20] += rng.exponential(2.0)
        return noise * gain
    if kind == "beats":
        centre = 100 + int(np.argmax((heart[:, 100:-100] ** 2).sum(axis=0)))
        beat = heart[:, centre - 30 : centre + 30] * np.hanning(60)
        train = np.zeros(heart.shape)
        for at in times:
            train[:, at : at + 60] += rng.uniform(0.5, 1.5) * beat
        return unit(train) + noise
    if kind in ("modes", "gusts"):
        modes = np.zeros(heart.shape)
        for low, high, level in ((1.2, 2.2, 4.0), (1.5, 3.0, 3.0), (7.0, 12.0, 1.5)):
            f = rng.uniform(low, high)
            sos = signal.butter(1, [0.9 * f, 1.1 * f], "bandpass", fs=FS_HZ, output="sos")
            modes += level * signal.sosfilt(sos, rng.normal(size=heart.shape), axis=1)
        x = unit(modes) + 0.1 * noise
        if kind == "gusts":
            slow = np.convolve(rng.normal(size=N + 600), np.ones(300) / 300, "same")[300:-300]
            x = x * np.exp(13.0 * slow)
        return x
    return noise


def plain_autocorrelation(x: np.ndarray) -> float:
    """The method compared with: summed autocorrelation of band-passed envelopes, its peak at 40-180 bpm."""
    envelope = np.abs(signal.hilbert(signal.sosfiltfilt(BAND, x, axis=1)))
    slow = signal.butter(2, [0.5, 5], "bandpass", fs=FS_HZ, output="sos")
    envelope = signal.sosfiltfilt(slow, envelope, axis=1)
    power = np.abs(np.fft.rfft(envelope, 2 * N)) ** 2
    correlation = np.fft.irfft(power)[:, : int(60 / 40 * FS_HZ)]
    summed = (correlation / correlation[:, :1]).sum(axis=0)
    return float(summed[int(60 / 180 * FS_HZ) :].max())


def product(x: np.ndarray) -> float:
    return search_bands(x, FS_HZ).z


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson, JASA 22 (1927) 209)."""
    z, p = 1.96, hits / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return centre - half, centre + half


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of mscardio's .npz files")
    parser.add_argument("--subjects", choices=("tune", "test"), default="test")
    parser.add_argument("--empties", type=int, default=3, help="empty trials of a kind for each window")
    chosen = parser.parse_args()
    windows = hearts(chosen.data, odd=chosen.subjects == "test")
    rng = np.random.default_rng(2026)
    occupied: dict[str, list[np.ndarray]] = {"clean": windows}
    for snr_db in (0, -5):
        level = 10 ** (-snr_db / 20)
        occupied[f"{snr_db} dB"] = [h + level * noise_like(h, rng) for h in windows]
    occupied["0 dB in modes"] = [h + unit(empty("modes", h, rng)) for h in windows]
    empties = {k: [empty(k, h, rng) for h in windows for _ in range(chosen.empties)] for k in KINDS}
    print(f"{len(windows)} windows, {chosen.empties * len(windows)} empties of each kind, {chosen.subjects}")
    methods: dict[str, Callable[[np.ndarray], float]] = {"plain": plain_autocorrelation, "product": product}
    for name, method in methods.items():
        scores = {k: np.array([method(x) for x in v]) for k, v in occupied.items()}
        null = {k: np.array([method(x) for x in v]) for k, v in empties.items()}
        pooled = np.concatenate(list(null.values()))
        own = float(np.quantile(null["smooth"], 1 - FALSE_ALARM))
        for label, threshold in (("smooth", own), ("all kinds", float(np.quantile(pooled, 1 - FALSE_ALARM)))):
            print(f"\n{name}, threshold {threshold:.2f} = {FALSE_ALARM:.0%} false alarms on {label}")
            for k, v in scores.items():
                hits = int((v > threshold).sum())
                low, high = wilson(hits, len(v))
                print(f"  Pd {k:14s} {hits / len(v):.2f} [{low:.2f}, {high:.2f}] n={len(v)}")
            alarms = ", ".join(f"{k} {np.mean(v > threshold):.1%}" for k, v in null.items())
            print(f"  false alarms: {alarms}")


if __name__ == "__main__":
    main()

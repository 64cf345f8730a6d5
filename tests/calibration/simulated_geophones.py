"""Geophones of known response on a plate, under taps and after a release: the truth of calibrations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import signal

NOISE_V, NOISE_CORNER_HZ, NOISE_FLOOR_V = 27e-9, 5.3, 3e-9
COUNTS_PER_VOLT = 53_687_091.0

Array = np.ndarray


@dataclass(frozen=True)
class Element:
    """A geophone as its maker would have it, V/(m/s), Hz."""

    sensitivity: float = 28.8
    f0_hz: float = 4.5
    damping: float = 0.7
    sign: int = 1

    def counts_at(self, f_hz: Array) -> Array:
        """Counts per m/s by frequency, from the analogue poles and zeros."""
        w = 2 * np.pi * self.f0_hz
        gain = self.sign * self.sensitivity * COUNTS_PER_VOLT
        return signal.freqs([gain, 0, 0], [1, 2 * self.damping * w, w**2], 2 * np.pi * f_hz)[1]


def draw_element(rng: np.random.Generator) -> Element:
    """One off the shelf: 5 % of sensitivity and natural frequency, 8 % of damping, all k = 1."""
    gain, f0, damping = np.exp(np.array([0.05, 0.05, 0.08]) * rng.standard_normal(3))
    return Element(28.8 * gain, 4.5 * f0, 0.7 * damping)


def self_noise_v(f_hz: Array) -> Array:
    """Density of element and converter, V/sqrt(Hz)."""
    return NOISE_V / np.sqrt(1 + (f_hz / NOISE_CORNER_HZ) ** 4) + NOISE_FLOOR_V


def record(
    motion_m_s: Array, elements: list[Element], fs_hz: float, rng: np.random.Generator, noise: float = 1.0
) -> Array:
    """Counts ``(n_channels, n_samples)`` of velocity ``(n_samples,)`` or ``(n_channels, n_samples)``."""
    motion = np.broadcast_to(motion_m_s, (len(elements), motion_m_s.shape[-1]))
    n = motion.shape[1]
    f_hz = np.fft.rfftfreq(n, 1 / fs_hz)
    moved = np.fft.rfft(motion, axis=1) * np.stack([e.counts_at(f_hz) for e in elements])
    white = np.fft.rfft(rng.standard_normal(motion.shape), axis=1) * np.sqrt(fs_hz / 2)
    own = white * self_noise_v(f_hz) * COUNTS_PER_VOLT * noise
    return np.rint(np.fft.irfft(moved + own, n, axis=1))


def plate_m_s(seconds: float, fs_hz: float, um_s: float, rng: np.random.Generator) -> Array:
    """Ground noise of ``um_s`` rms over 1 to 10 Hz, falling as the root of the frequency."""
    n = round(seconds * fs_hz)
    f_hz = np.fft.rfftfreq(n, 1 / fs_hz)
    colour = np.maximum(f_hz, 0.1) ** -0.5 / (1 + (f_hz / 30.0) ** 2)
    band = (f_hz > 1) & (f_hz < 10)
    colour *= um_s * 1e-6 / np.sqrt(np.sum(colour[band] ** 2) * f_hz[1])
    return np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * np.sqrt(fs_hz / 2) * colour, n)


def tapped(
    n_channels: int, fs_hz: float, rng: np.random.Generator, each: int = 3, um_s: float = 1.0
) -> tuple[Array, Array]:
    """Velocity ``(n_channels, n_samples)`` under taps beside each in turn, and the taps' times, s.

    A tap makes the frame beside the sensor leap down and ring at 15 to 40 Hz; the
    others feel a twentieth to a third of it up to 5 ms later.
    """
    times = 2.0 + 1.5 * np.arange(n_channels * each) + rng.uniform(-0.2, 0.2, n_channels * each)
    n = round((times[-1] + 2.0) * fs_hz)
    t_s = np.arange(n) / fs_hz
    ground = plate_m_s(n / fs_hz, fs_hz, um_s, rng)[:n]
    moved = np.tile(ground, (n_channels, 1))
    ring_hz, damping = rng.uniform(15.0, 40.0, n_channels), rng.uniform(0.04, 0.12, n_channels)
    for k, at in enumerate(times):
        strength = 300e-6 * np.exp(0.4 * rng.standard_normal())
        for row in range(n_channels):
            near = row == k // each
            size, late = (1.0, 0.0) if near else (rng.uniform(0.05, 0.33), rng.uniform(0.001, 0.005))
            x = np.maximum(t_s - at - late, 0.0)
            w = 2 * np.pi * ring_hz[row]
            # the frame's velocity after a blow: at once down, softened by the hammer's 3 ms
            moved[row] -= (
                strength * size * np.exp(-damping[row] * w * x) * np.sin(w * x + 0.6) * -np.expm1(-x / 0.003)
            )
    return moved, times

"""The diesel refrigeration unit on the front wall: a comb of engine orders that drifts and cycles."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from scanner.simulation.priors import stream

Array = npt.NDArray[np.float64]


class ReeferUnit:
    """Velocity that the unit gives the four corners.

    A four-stroke engine repeats every second turn, so half orders of the shaft
    stand beside the firing order (cylinders / 2) and its multiples.

    Parameters
    ----------
    rpm : mean speed of the shaft.
    cylinders : 2, 3 or 4.
    rms_um_s : velocity at the front corners while it runs.
    cycle_s : period of start-stop operation, 0 = it runs on.
    seed, fs_hz : of this visit; rate of all pieces.
    """

    ORDERS = np.arange(0.5, 6.5, 0.5)
    RUNS_SHARE = 0.6

    def __init__(
        self, rpm: float, cylinders: int, rms_um_s: float, cycle_s: float, seed: int, fs_hz: float
    ) -> None:
        rng = stream(seed, "unit")
        self._shaft_hz, self._cycle_s, self._fs_hz = rpm / 60.0, cycle_s, fs_hz
        height = 0.06 * np.exp(0.5 * rng.standard_normal(len(self.ORDERS)))
        for order, share in ((0.5, 0.15), (1.0, 0.3), (cylinders / 2, 1.0), (cylinders, 0.4)):
            height[round(2 * order) - 1] += share
        self._height = height * rms_um_s * 1e-6 / math.sqrt(0.5 * float(np.sum(height**2)))
        # each corner hears each order with its own phase; the rear hears less
        self._phase = rng.uniform(0, 2 * np.pi, (4, len(self.ORDERS)))
        self._gain = np.array([1.0, rng.uniform(0.6, 1.2), rng.uniform(0.2, 0.7), rng.uniform(0.2, 0.7)])
        # governor hunting: three slow swings of 0.2 % of the speed
        self._swing_hz = 1.0 / np.exp(rng.uniform(math.log(3.0), math.log(60.0), 3))
        self._swing_phase = rng.uniform(0, 2 * np.pi, 3)
        self._cycle_start = rng.random()

    def velocity_m_s(self, start: int, n_samples: int) -> Array:
        """Return the corners' velocity of samples ``start`` onwards, m/s ``(4, n_samples)``."""
        t_s = (start + np.arange(n_samples)) / self._fs_hz
        swings = np.sin(2 * np.pi * t_s[:, np.newaxis] * self._swing_hz + self._swing_phase)
        shaft = 2 * np.pi * self._shaft_hz * t_s + swings @ (0.002 * self._shaft_hz / self._swing_hz)
        half = np.exp(0.5j * shaft)
        out = np.zeros((4, n_samples))
        turn = np.ones(n_samples, dtype=complex)
        for k, height in enumerate(self._height):
            turn = turn * half  # order (k + 1) / 2
            out += height * (np.exp(1j * self._phase[:, k])[:, np.newaxis] * turn).imag
        return np.asarray(self._gain[:, np.newaxis] * out * self._running(t_s))

    def _running(self, t_s: Array) -> Array:
        """Envelope 0..1 of start and stop, with ramps of two seconds."""
        if not self._cycle_s:
            return np.ones_like(t_s)
        into_s = ((t_s / self._cycle_s + self._cycle_start) % 1.0) * self._cycle_s
        rise = np.clip(into_s / 2.0, 0.0, 1.0)
        fall = np.clip((self.RUNS_SHARE * self._cycle_s - into_s) / 2.0, 0.0, 1.0)
        return rise * fall

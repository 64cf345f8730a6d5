"""A vehicle on its springs and a geophone on its frame, as digital filters.

Rigid-body modes (bounce, pitch, roll, with the twist that a soft frame allows)
carry forces and ground motion to the four corners; one frame mode answers
impacts and wind. All filters are second-order sections made by the bilinear
transform, exact at their own natural frequency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import signal

Array = npt.NDArray[np.float64]

# corners in the order of the channels c1..c4: front left, front right, rear left, rear right
ALONG = np.array([1.0, 1.0, -1.0, -1.0])
ACROSS = np.array([-1.0, 1.0, -1.0, 1.0])
# bounce, pitch, roll and twist seen at the corners, (4 modes, 4 corners)
PATTERNS = np.stack([np.ones(4), ALONG, ACROSS, ALONG * ACROSS])
# squared gyration radii over squared half length or half width: pitch 0.6^2 of a loaded box, roll wider
PITCH_INERTIA, ROLL_INERTIA, FRAME_MASS = 0.45, 0.6, 0.5


@dataclass(frozen=True, slots=True)
class Modes:
    """Natural frequencies, Hz, and the share of critical damping of the suspension."""

    bounce_hz: float
    pitch_hz: float
    roll_hz: float
    axle_hop_hz: float
    frame_hz: float
    damping: float


@dataclass(frozen=True, slots=True)
class Geophone:
    """Response of a geophone and the converter behind it.

    The defaults are a 4.5 Hz element of 28.8 V/(m/s), damped to 0.7, and a
    24-bit converter of +-2.5 V behind a gain of 16 (53 687 091 counts/V: one
    count is 0.65 nm/s, full scale 5.4 mm/s).
    """

    natural_frequency_hz: float = 4.5
    damping: float = 0.7
    sensitivity_v_per_m_s: float = 28.8
    counts_per_volt: float = 53_687_091.0
    bits: int = 24

    @property
    def counts_per_m_s(self) -> float:
        """Counts for a velocity of 1 m/s far above the natural frequency."""
        return self.sensitivity_v_per_m_s * self.counts_per_volt

    @property
    def full_scale(self) -> int:
        """Largest positive count."""
        return (1 << (self.bits - 1)) - 1


def resonator_sos(numerator: tuple[float, float, float], f_hz: float, damping: float, fs_hz: float) -> Array:
    """Return ``(1, 6)`` sections of (b2 s^2 + b1 s + b0) / (s^2 + 2 d w s + w^2), w = 2 pi ``f_hz``."""
    omega = 2 * math.pi * f_hz
    warped = omega / (2 * math.tan(math.pi * f_hz / fs_hz))
    b, a = signal.bilinear(numerator, (1.0, 2 * damping * omega, omega**2), fs=warped)
    return np.concatenate([b, a])[np.newaxis, :]


def geophone_sos(geophone: Geophone, fs_hz: float) -> Array:
    """Return the response of a geophone, velocity in, share of its sensitivity out.

    References
    ----------
    Havskov & Alguacil, Instrumentation in Earthquake Seismology, 2nd ed. (2016), 2.3.
    """
    return resonator_sos((1.0, 0.0, 0.0), geophone.natural_frequency_hz, geophone.damping, fs_hz)


def mobility_sos(f_hz: float, damping: float, mass_kg: float, fs_hz: float) -> Array:
    """Return force to velocity, m/s per N, of a mass on a spring: s / (m (s^2 + 2 d w s + w^2))."""
    return resonator_sos((0.0, 1.0 / mass_kg, 0.0), f_hz, damping, fs_hz)


def transmissibility_sos(f_hz: float, damping: float, fs_hz: float) -> Array:
    """Return base motion to body motion of a mass on a spring and a damper."""
    omega = 2 * math.pi * f_hz
    return resonator_sos((0.0, 2 * damping * omega, omega**2), f_hz, damping, fs_hz)


def band_power(sos: Array, low_hz: float, high_hz: float, fs_hz: float, white_psd: float = 1.0) -> float:
    """Return the power that white noise of a one-sided density leaves in a band after a filter."""
    f_hz = np.linspace(low_hz, high_hz, 4000)
    _, response = signal.sosfreqz(sos, worN=f_hz, fs=fs_hz)
    return float(np.trapezoid(np.abs(response) ** 2, f_hz) * white_psd)


class Filter:
    """Second-order sections with their state, for pieces of several channels.

    Parameters
    ----------
    sos : ``(n_sections, 6)``.
    n_channels : each has its own state.
    """

    def __init__(self, sos: Array, n_channels: int) -> None:
        self._sos = sos
        self._state = np.zeros((len(sos), n_channels, 2))

    def __call__(self, x: Array) -> Array:
        """Filter the next piece, ``(n_channels, n_samples)``."""
        y, self._state = signal.sosfilt(self._sos, x, axis=-1, zi=self._state)
        return np.asarray(y)


class Body:
    """A vehicle's body: forces and ground motion in, velocity of the four corners out.

    Parameters
    ----------
    mass_t : mass on the springs, t.
    modes : its natural frequencies.
    fs_hz : rate of all pieces.
    """

    def __init__(self, mass_t: float, modes: Modes, fs_hz: float) -> None:
        m_kg, d = 1000.0 * mass_t, modes.damping
        inertia = (1.0, PITCH_INERTIA, ROLL_INERTIA)
        rigid_hz = (modes.bounce_hz, modes.pitch_hz, modes.roll_hz)
        self._rigid = [
            Filter(mobility_sos(f, d, m_kg * share, fs_hz), 1)
            for f, share in zip(rigid_hz, inertia, strict=True)
        ]
        self._frame = Filter(mobility_sos(modes.frame_hz, 0.04, m_kg * FRAME_MASS, fs_hz), 1)
        axle = transmissibility_sos(modes.axle_hop_hz, 0.15, fs_hz)
        # the twist goes with the roll springs
        self._base = [
            Filter(np.concatenate([transmissibility_sos(f, d, fs_hz), axle]), 1)
            for f in (*rigid_hz, modes.roll_hz * 1.5)
        ]

    @staticmethod
    def modal_shapes(along: float, across: float) -> Array:
        """Return bounce, pitch, roll and frame at a place on the floor, ``(4,)``."""
        # first bending of a free beam, near enough: 1 at the ends, -0.6 in the middle
        return np.array([1.0, along, across, 1.6 * along**2 - 0.6])

    def answer_forces(self, modal_n: Array) -> Array:
        """Return the corners' velocity, m/s ``(4, n)``, to modal forces ``(4, n)``, N."""
        out = sum(
            PATTERNS[mode][:, np.newaxis] * self._rigid[mode](modal_n[mode : mode + 1]) for mode in range(3)
        )
        return np.asarray(out + self._frame(modal_n[3:4]))

    def answer_ground(self, wheels_m_s: Array) -> Array:
        """Return the corners' velocity to the velocity of the ground under each, both ``(4, n)``."""
        modal = PATTERNS @ wheels_m_s / 4
        answers = np.concatenate([self._base[mode](modal[mode : mode + 1]) for mode in range(4)])
        return np.asarray(PATTERNS.T @ answers)

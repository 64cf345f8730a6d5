"""Where the lane stands: what the ground does under the wheels and what the wind does to a body."""

from __future__ import annotations

import math
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import signal

from scanner.simulation.chassis import (
    FRAME_MASS,
    PITCH_INERTIA,
    ROLL_INERTIA,
    Filter,
    Modes,
    band_power,
    mobility_sos,
    resonator_sos,
)
from scanner.simulation.co2 import SlowFluctuation
from scanner.simulation.priors import stream

Array = npt.NDArray[np.float64]


class Site(StrEnum):
    """Kinds of place by what disturbs geophones there."""

    SHED = "shed"
    OPEN = "open"
    PORT = "port"
    PORT_WITH_TRAINS = "port with trains"


class GroundNoise:
    """Velocity of the ground under four wheels and at the reference sensors.

    Parameters
    ----------
    site : ports add machines, "port with trains" adds trains.
    rms_um_s : root mean square over 1-10 Hz between trains.
    coherence : share of the power that all sensors have in common.
    resonance_hz, machine_hz, train_gain : colour of the site.
    n_references : number of ground sensors.
    seed, fs_hz : of this visit; rate of all pieces.
    """

    SLOT_S = 120.0

    def __init__(
        self,
        site: Site,
        rms_um_s: float,
        coherence: float,
        resonance_hz: float,
        machine_hz: float,
        train_gain: float,
        n_references: int,
        seed: int,
        fs_hz: float,
    ) -> None:
        self._site, self._fs_hz, self._seed = site, fs_hz, seed
        self._rms_m_s, self._coherence = rms_um_s * 1e-6, coherence
        self._machine_hz, self._train_gain = machine_hz, train_gain
        self._n_sensors = 4 + n_references
        omega = 2 * math.pi * resonance_hz
        sos = np.concatenate(
            [
                signal.butter(1, 0.4, "highpass", fs=fs_hz, output="sos"),
                signal.butter(1, 12.0, "lowpass", fs=fs_hz, output="sos"),
                # a soft layer lifts its own frequency by 2.5 in amplitude
                resonator_sos((1.0, 2 * 0.75 * omega, omega**2), resonance_hz, 0.3, fs_hz),
            ]
        )
        self._colour = Filter(sos, 1 + self._n_sensors)
        self._scale = 1.0 / math.sqrt(band_power(sos, 1.0, 10.0, fs_hz, 2.0 / fs_hz))
        self._rng = stream(seed, "ground")
        self._wander = SlowFluctuation(stream(seed, "machine"), 5.0, 60.0)

    def next_m_s(self, start: int, n_samples: int) -> Array:
        """Return the next piece, m/s ``(4 + n_references, n_samples)``; ``start`` is its first sample."""
        noise = self._colour(self._rng.standard_normal((1 + self._n_sensors, n_samples))) * self._scale
        t_s = (start + np.arange(n_samples)) / self._fs_hz
        common, own = noise[:1], noise[1:]
        if self._site in (Site.PORT, Site.PORT_WITH_TRAINS):
            phase = 2 * np.pi * self._machine_hz * t_s + 1.5 * self._wander(t_s)
            common = common + 0.35 * math.sqrt(2) * (np.sin(phase) + 0.4 * np.sin(2 * phase + 1.0))
        out = math.sqrt(self._coherence) * common + math.sqrt(1.0 - self._coherence) * own
        if self._site is Site.PORT_WITH_TRAINS:
            out = out * (1.0 + (self._train_gain - 1.0) * self._trains(t_s))
        return np.asarray(self._rms_m_s * out)

    def _trains(self, t_s: Array) -> Array:
        """Envelope 0..1 of trains passing, about one in eight minutes."""
        envelope = np.zeros_like(t_s)
        first, last = (math.floor(t / self.SLOT_S) for t in (t_s[0], t_s[-1]))
        for slot in range(first - 1, last + 1):
            rng = stream(self._seed, "train", slot)
            if rng.random() < 0.25:
                at_s, length_s = (slot + rng.random()) * self.SLOT_S, rng.uniform(25.0, 70.0)
                x = (t_s - at_s) / length_s
                envelope += np.where((x > 0) & (x < 1), np.sin(np.pi * np.clip(x, 0, 1)) ** 2, 0.0)
        return np.minimum(envelope, 1.0)


class Wind:
    """Forces of wind on a body, by its modes.

    Slow turbulence pushes the rigid modes, mostly roll; its fast end rattles the
    frame. The level is set for a body of 15 t, so that heavier ones move less.

    Parameters
    ----------
    wind_m_s : mean wind.
    um_s3_per_m2 : body velocity (rms over 0.5-10 Hz, um/s) per wind speed squared, at 15 t.
    modes : of the body.
    seed, fs_hz : of this visit; rate of all pieces.
    """

    SHARES = (0.3, 0.3, 1.0)  # bounce, pitch, roll
    FRAME_SHARE = 0.05
    CORNER_HZ = 0.3

    def __init__(self, wind_m_s: float, um_s3_per_m2: float, modes: Modes, seed: int, fs_hz: float) -> None:
        level_m_s = um_s3_per_m2 * 1e-6 * wind_m_s**2
        colour = signal.butter(1, self.CORNER_HZ, "lowpass", fs=fs_hz, output="sos")
        rigid = zip(
            self.SHARES,
            (modes.bounce_hz, modes.pitch_hz, modes.roll_hz),
            (1.0, PITCH_INERTIA, ROLL_INERTIA),
            strict=True,
        )
        density, d, m_kg = 2.0 / fs_hz, modes.damping, 15_000.0
        power = sum(
            share**2
            * band_power(
                np.concatenate([colour, mobility_sos(f, d, m_kg * inertia, fs_hz)]), 0.5, 10.0, fs_hz, density
            )
            for share, f, inertia in rigid
        )
        frame = mobility_sos(modes.frame_hz, 0.04, m_kg * FRAME_MASS, fs_hz)
        frame_power = band_power(frame, 0.5, 200.0, fs_hz, density)
        self._force_n = np.append(
            np.array(self.SHARES) * level_m_s / math.sqrt(power),
            self.FRAME_SHARE * level_m_s / math.sqrt(frame_power),
        )
        self._colour = Filter(colour, 3)
        self._rng = stream(seed, "wind")
        self._gusts = SlowFluctuation(stream(seed, "gusts"), 8.0, 120.0)
        self._fs_hz = fs_hz

    def next_n(self, start: int, n_samples: int) -> Array:
        """Return the next piece of modal forces (bounce, pitch, roll, frame), N ``(4, n_samples)``."""
        white = self._rng.standard_normal((4, n_samples))
        t_s = (start + np.arange(n_samples)) / self._fs_hz
        # gust factor of unit mean square: the level holds on average, lulls and gusts differ several times
        gust = np.exp(0.5 * self._gusts(t_s) - 0.25)
        force = np.concatenate([self._colour(white[:3]), white[3:]])
        return np.asarray(self._force_n[:, np.newaxis] * gust * force)

"""One record of a parked vehicle's geophones, its parts kept apart: heart, other motion of people, noise.

All is made at once in the frequency domain, so that thousands of vehicles can be
drawn; the parts pass the same linear chain, so that a detector that knows the
truth can be made from them. The converter comes last, with its noise, its steps
and its limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from drivers.api import Role
from scanner.simulation.chassis import Geophone
from scanner.simulation.priors import stream
from scanner.simulation.vibration_forces import HeartCourse, heart_n, person_n
from scanner.simulation.vibration_noise import ground_m_s, knocks_n, unit_m_s, wind_n
from scanner.simulation.vibration_spec import VibrationSpec

Array = npt.NDArray[np.float64]
Spectrum = npt.NDArray[np.complex128]

ROLES = (Role.CHASSIS, Role.CHASSIS, Role.CHASSIS, Role.CHASSIS, Role.GROUND, Role.AIR)
LEAD_S = 6.0
"""Made before and after a record and cut off: filters and pulses that wrap around end in it."""

NOISE_V, NOISE_CORNER_HZ, NOISE_FLOOR_V = 27e-9, 5.3, 3e-9
"""Self-noise, V/sqrt(Hz) at low frequency, its corner, and the floor above (DOMAIN: 19 to 0.27 nm/s)."""

AIR_COUNTS = 20_000.0


@dataclass(frozen=True, slots=True)
class VibrationRecord:
    """What four chassis geophones, one ground geophone and one air channel bring.

    ``heart``, ``people`` and ``noise`` are float counts ``(6, n_samples)`` that
    add up to what the converter met; ``counts`` int32 what it made of it.
    """

    fs_hz: float
    heart: Array
    people: Array
    noise: Array
    counts: npt.NDArray[np.int32]
    beats_s: Array


def record_vibration(
    spec: VibrationSpec,
    duration_s: float,
    fs_hz: float = 100.0,
    course: HeartCourse | None = None,
    take: int = 0,
    geophone: Geophone | None = None,
) -> VibrationRecord:
    """Make one record.

    Parameters
    ----------
    course : the first person's beats, recorded; None = simulated from the spec.
    take : number of the noise's realisation; the vehicle, its levels and its
        gusts' envelopes stay.

    Examples
    --------
    >>> from scanner.simulation.vibration_spec import Condition, draw_vibration
    >>> record = record_vibration(draw_vibration(1, Condition.CALM, 1), 15.0)
    >>> record.counts.shape, bool(np.ptp(record.heart[0]) > 0), bool(np.ptp(record.heart[4]) > 0)
    ((6, 1500), True, False)
    """
    geophone = geophone or Geophone()
    n = fft.next_fast_len(round((duration_s + 2 * LEAD_S) * fs_hz), real=True)
    f_hz = fft.rfftfreq(n, 1 / fs_hz)
    chain = _Chain(spec, f_hz, geophone)
    start, stop = round(LEAD_S * fs_hz), round(LEAD_S * fs_hz) + round(duration_s * fs_hz)

    def out(chassis: Spectrum, ground: Spectrum | None = None, air: Spectrum | None = None) -> Array:
        rows = np.zeros((6, f_hz.size), complex)
        rows[:4] = chassis
        if ground is not None:
            rows[4] = ground
        rows[:5] *= chain.volts * geophone.counts_per_volt
        if air is not None:
            rows[5] = air * AIR_COUNTS
        return np.asarray(fft.irfft(rows, n, axis=1)[:, start:stop])

    rng = stream(spec.seed, "noise", take)
    wheels, reference = ground_m_s(spec, f_hz, n, fs_hz, rng)
    wind, heard = wind_n(spec, f_hz, n, fs_hz, rng, chain.rigid_at_15_t)
    moved = chain.from_ground(wheels) + chain.from_modal(wind) + unit_m_s(spec, f_hz, n, fs_hz, rng)
    moved = moved + chain.from_modal(knocks_n(spec, n, fs_hz))
    noise = out(moved, reference, heard)
    noise[:5] += _self_noise(rng, (5, noise.shape[1]), fs_hz) * geophone.counts_per_volt
    noise[5] += 0.02 * AIR_COUNTS * rng.standard_normal(noise.shape[1])

    heart, people, beats_s = np.zeros_like(noise), np.zeros_like(noise), np.empty(0)
    for index, person in enumerate(spec.persons):
        shapes = spec.body.at(person.along, person.across)[:, np.newaxis]
        force_n, times_s = heart_n(spec, index, n, fs_hz, course if index == 0 else None)
        heart = heart + out(chain.from_modal(shapes * fft.rfft(force_n)))
        other_n = person_n(spec, index, n, fs_hz, stream(spec.seed, "movement", take, index))
        people = people + out(chain.from_modal(shapes * fft.rfft(other_n)))
        if index == 0:
            beats_s = times_s - LEAD_S
            beats_s = beats_s[(beats_s >= 0) & (beats_s < duration_s)]
    top = geophone.full_scale
    counts = np.clip(np.rint(heart + people + noise), -top - 1, top).astype(np.int32)
    return VibrationRecord(fs_hz, heart, people, noise, counts, beats_s)


class _Chain:
    """The linear way from forces and ground to the converter's voltage, by frequency."""

    def __init__(self, spec: VibrationSpec, f_hz: Array, geophone: Geophone) -> None:
        body = spec.body
        self._body = body
        s = 2j * np.pi * f_hz
        w = 2 * np.pi * body.f_hz[:, np.newaxis]
        bottom = w**2 + 2 * body.damping[:, np.newaxis] * w * s + s**2
        self._mobility = s / (body.mass_kg[:, np.newaxis] * bottom)
        axle = 2 * math.pi * body.axle_hop_hz
        drag = 2 * body.axle_damping * axle * s
        hop = (axle**2 + drag) / (axle**2 + drag + s**2)
        rigid = (w[:4] ** 2 + 2 * body.damping[:4, np.newaxis] * w[:4] * s) / bottom[:4] * hop
        frame = -body.base[:, np.newaxis] * s**2 / bottom[4:] * hop
        self._base = np.concatenate([rigid, frame])
        w_g = 2 * math.pi * geophone.natural_frequency_hz
        self.volts = geophone.sensitivity_v_per_m_s * s**2 / (s**2 + 2 * geophone.damping * w_g * s + w_g**2)
        # the rigid modes' mobility as if the body weighed 15 t, and where it counts: sets the wind's force
        band = (f_hz >= 0.5) & (f_hz <= 10.0)
        at_15_t = self._mobility[:4, band] * (body.mass_kg[0] / 15_000.0)
        self.rigid_at_15_t = np.abs(at_15_t), band

    def from_modal(self, modal_n: Spectrum) -> Spectrum:
        """Corners' velocity, ``(4, n_f)``, of modal forces ``(n_modes, n_f)``."""
        return np.asarray(self._body.sensors.T @ (self._mobility * modal_n))

    def from_ground(self, wheels: Spectrum) -> Spectrum:
        """Corners' velocity of the ground under the wheels, both ``(4, n_f)``."""
        share = self._body.wheels / (self._body.wheels**2).sum(axis=1, keepdims=True)
        base = share @ wheels
        base[4:] = base[0]
        return np.asarray(self._body.sensors.T @ (self._base * base))


def _self_noise(rng: np.random.Generator, shape: tuple[int, int], fs_hz: float) -> Array:
    """Voltage noise of element and converter, V."""
    n = shape[1]
    f_hz = fft.rfftfreq(n, 1 / fs_hz)
    density = NOISE_V / (1 + (f_hz / NOISE_CORNER_HZ) ** 4) ** 0.5 + NOISE_FLOOR_V
    white = fft.rfft(rng.standard_normal(shape), axis=1) * math.sqrt(fs_hz / 2)
    return np.asarray(fft.irfft(white * density, n, axis=1))

"""What geophones under and beside one lorry write: counts by blocks, the same however they are cut.

The course is made in fixed segments with filters that keep their state, ahead
of what is asked for; the newest ten minutes stay in memory, older ones are made
again from the start.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import numpy.typing as npt
from scipy import signal

from scanner.simulation.chassis import PATTERNS, Body, Filter, Geophone, geophone_sos
from scanner.simulation.hearts import HeartForce, MovementForce, RecordedForce
from scanner.simulation.lorry_spec import LorrySpec
from scanner.simulation.priors import stream
from scanner.simulation.reefer_unit import ReeferUnit
from scanner.simulation.site import GroundNoise, Wind

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int32]

SEGMENT = 2000  # samples
SETTLE_SEGMENTS = 3  # made and thrown away, so that filters have settled at t = 0
KEPT_SEGMENTS = 152
SHAKE_DECIMATION = 5
# self-noise as voltage: 27 nV/sqrt(Hz) below 5 Hz, 3 above: 19, 4.8, 0.8 and 0.3 nm/s at 1, 2, 5 and 10 Hz
NOISE_V, NOISE_CORNER_HZ, NOISE_FLOOR_V = 27e-9, 5.3, 3e-9
# Raspberry Shake, vertical: maker's nominal sensitivity, flat from 0.5 Hz up; not verified on a unit
SHAKE_COUNTS_PER_M_S = 3.6e8
SHAKE_CORNER_HZ = 0.5
SHAKE_NOISE_COUNTS = 1.5


class Seismic:
    """Counts of four chassis geophones, one ground geophone and a ground digitiser.

    Parameters
    ----------
    spec : the lorry, or what the site does while the lane is empty.
    geophone : response of every element and converter.
    fs_hz : of the waveform board; the ground digitiser runs at a fifth of it.
    heart_force : recorded forces instead of the first persons' hearts.
    vehicle : False = nobody stands in the lane: the chassis elements hang on
        their brackets and hear a little of the ground.
    """

    def __init__(
        self,
        spec: LorrySpec,
        geophone: Geophone | None = None,
        fs_hz: float = 500.0,
        heart_force: tuple[RecordedForce, ...] = (),
        vehicle: bool = True,
    ) -> None:
        self.spec, self.geophone, self.fs_hz, self.vehicle = spec, geophone or Geophone(), fs_hz, vehicle
        self.n_channels = 5
        self._recorded = heart_force
        self._restart()

    def counts(self, start: int, n_samples: int) -> Counts:
        """Return samples ``start`` onwards of c1..c4 and g1, int32 ``(5, n_samples)``.

        Raises
        ------
        ValueError : ``start`` is before the visit began.
        """
        return self._cut(0, start, n_samples, SEGMENT)

    def shake_counts(self, start: int, n_samples: int) -> Counts:
        """Return samples of the ground digitiser at ``fs_hz / 5``, int32 ``(1, n_samples)``."""
        return self._cut(1, start, n_samples, SEGMENT // SHAKE_DECIMATION)

    def _cut(self, which: int, start: int, n_samples: int, segment: int) -> Counts:
        if start < 0:
            raise ValueError("a visit's samples are counted from 0")
        first, last = start // segment, (start + max(n_samples, 1) - 1) // segment
        if first < self._first_kept:
            self._restart()
        pieces = []
        for wanted in range(first, last + 1):
            while wanted >= self._first_kept + len(self._kept):
                self._extend()
            pieces.append(self._kept[wanted - self._first_kept][which])
        whole = pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)
        offset = start - first * segment
        return whole[:, offset : offset + n_samples].copy()

    def _restart(self) -> None:
        spec, fs = self.spec, self.fs_hz
        seed = spec.visit_seed
        self._kept: deque[tuple[Counts, Counts]] = deque()
        self._first_kept = 0
        self._ground = GroundNoise(
            spec.site,
            spec.ground_rms_um_s,
            spec.ground_coherence,
            spec.site_resonance_hz,
            spec.machine_hz,
            spec.train_gain,
            2,
            seed,
            fs,
        )
        self._body = Body(spec.mass_t, spec.modes, fs)
        self._wind = Wind(spec.wind_m_s, spec.wind_um_s3_per_m2, spec.modes, seed, fs)
        self._unit = (
            ReeferUnit(spec.unit_rpm, spec.unit_cylinders, spec.unit_rms_um_s, spec.unit_cycle_s, seed, fs)
            if spec.unit_running and self.vehicle
            else None
        )
        self._forces = self._people() if self.vehicle else []
        self._response = Filter(geophone_sos(self.geophone, fs), self.n_channels)
        self._self_noise = Filter(
            signal.butter(2, NOISE_CORNER_HZ, "lowpass", fs=fs, output="sos"), self.n_channels
        )
        self._noise_rng = stream(seed, "self-noise")
        self._shake = Filter(
            np.concatenate(
                [
                    signal.cheby2(8, 60, 0.5 * fs / SHAKE_DECIMATION, "lowpass", fs=fs, output="sos"),
                    signal.butter(2, SHAKE_CORNER_HZ, "highpass", fs=fs, output="sos"),
                ]
            ),
            1,
        )
        self._shake_rng = stream(seed, "shake noise")
        self._slosh_phase = 2 * math.pi * stream(seed, "slosh").random()
        self._next_sample = -SETTLE_SEGMENTS * SEGMENT
        for _ in range(SETTLE_SEGMENTS):
            self._make()

    def _people(self) -> list[tuple[Array, HeartForce | MovementForce | RecordedForce]]:
        """Every person's forces with the modal shapes of the place they act at."""
        spec = self.spec
        forces: list[tuple[Array, HeartForce | MovementForce | RecordedForce]] = []
        for index, heart in enumerate(spec.hearts):
            shapes = Body.modal_shapes(heart.along, heart.across)
            seed = spec.visit_seed * 100 + index
            recorded = index < len(self._recorded)
            forces.append((shapes, self._recorded[index] if recorded else HeartForce(heart, seed)))
            if not recorded:  # a recording brings its own movements
                forces.append((shapes, MovementForce(spec.movements_per_min, spec.movement_force_n, seed)))
        if spec.driver is not None:
            shapes = Body.modal_shapes(spec.driver.along, spec.driver.across)
            forces.append((shapes, HeartForce(spec.driver, spec.visit_seed * 100 + 99)))
        return forces

    def _extend(self) -> None:
        self._kept.append(self._make())
        if len(self._kept) > KEPT_SEGMENTS:
            self._kept.popleft()
            self._first_kept += 1

    def _make(self) -> tuple[Counts, Counts]:
        start, n, fs = self._next_sample, SEGMENT, self.fs_hz
        self._next_sample += n
        ground = self._ground.next_m_s(start, n)
        wheels, references = ground[:4], ground[4:]
        corners = self._corners(start, n, wheels) if self.vehicle else 0.05 * wheels
        elements = self._response(np.concatenate([corners, references[:1]]))
        white = self._noise_rng.standard_normal((self.n_channels, n)) * math.sqrt(fs / 2)
        noise_v = NOISE_V * self._self_noise(white) + NOISE_FLOOR_V * white
        volts = self.geophone.sensitivity_v_per_m_s * elements + noise_v
        top = self.geophone.full_scale
        counts = np.clip(np.rint(volts * self.geophone.counts_per_volt), -top - 1, top).astype(np.int32)
        slow = self._shake(references[1:])[:, ::SHAKE_DECIMATION]
        noise = SHAKE_NOISE_COUNTS * self._shake_rng.standard_normal(slow.shape)
        return counts, np.rint(slow * SHAKE_COUNTS_PER_M_S + noise).astype(np.int32)

    def _corners(self, start: int, n: int, wheels_m_s: Array) -> Array:
        spec, fs = self.spec, self.fs_hz
        modal_n = self._wind.next_n(start, n)
        for shapes, source in self._forces:
            modal_n = modal_n + shapes[:, np.newaxis] * source.force_n(start, n, fs)
        corners = self._body.answer_ground(wheels_m_s) + self._body.answer_forces(modal_n)
        if self._unit is not None:
            corners = corners + self._unit.velocity_m_s(start, n)
        if spec.slosh_um_s:
            t_s = (start + np.arange(n)) / fs
            phase = 2 * np.pi * spec.slosh_hz * t_s + self._slosh_phase
            # it dies away within minutes of the stop; steep waves bring harmonics
            sway = np.exp(-np.maximum(t_s, 0) / 180.0) * (np.sin(phase) + 0.3 * np.sin(2 * phase + 0.7))
            corners = corners + spec.slosh_um_s * 1e-6 * PATTERNS[1][:, np.newaxis] * sway
        return np.asarray(corners)

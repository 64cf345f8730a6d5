"""Carbon dioxide in a closed body: mass balance, what the probe's tip meets, what the probe reports.

V dC/dt = G - Q (C - C0). Amounts of CO2 are litres at 0 degC and 1013 hPa, as
physiology gives them; at the temperature inside they take more room.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.simulation.priors import stream

Array = npt.NDArray[np.float64]

CO2_G_PER_L = 44.01 / 22.414  # at 0 degC and 1013 hPa
ZERO_C_K = 273.15

PUFF_WIDTH_S, PUFF_LOG_PPM = (5.0, 40.0), (3.5, 0.8)
"""A puff of exhaust in the lane: its length, and the natural logarithm of its height (assumptions)."""

GUST_WIDTH_S = (2.0, 12.0)
"""A gust at a vent or seal (assumption)."""


def produce_co2_l_s(cargo_kg: float, respiration_mg_kg_h: float) -> float:
    """Return what fruit or vegetables breathe out, L/s at 0 degC.

    Examples
    --------
    >>> broccoli = produce_co2_l_s(20_000, 21)
    >>> round(broccoli / 0.0043)  # in adults at rest
    14
    """
    return cargo_kg * respiration_mg_kg_h / 1000.0 / CO2_G_PER_L / 3600.0


def dry_ice_co2_l_s(dry_ice_kg: float, loss_per_h: float) -> float:
    """Return what subliming dry ice gives off, L/s at 0 degC; ``loss_per_h`` is its share lost an hour."""
    return dry_ice_kg * loss_per_h * 1000.0 / CO2_G_PER_L / 3600.0


def bulk_excess_ppm(
    closed_s: npt.ArrayLike,
    generation_l_s: float,
    volume_m3: float,
    air_changes_per_h: float,
    inside_c: float = 20.0,
    initial_ppm: float = 0.0,
) -> Array:
    """Return the well-mixed excess over outside air, ppm, the closed form of the mass balance.

    Parameters
    ----------
    closed_s : time since the doors were shut, s, any shape.
    generation_l_s : all sources together, L/s at 0 degC.
    volume_m3 : free volume.
    air_changes_per_h : Q / V.
    inside_c : temperature of the air inside.
    initial_ppm : excess at the time of closing.

    References
    ----------
    Persily & de Jonge, Carbon dioxide generation rates for building occupants,
    Indoor Air 27 (2017) 868-879.

    Examples
    --------
    >>> float(bulk_excess_ppm(60.0, 0.0044, 33.0, 0.0, inside_c=20.0).round(1))
    8.6
    """
    t_s = np.asarray(closed_s, dtype=float)
    rate_per_s = air_changes_per_h / 3600.0
    ppm_s = generation_l_s * 1000.0 / volume_m3 * (ZERO_C_K + inside_c) / ZERO_C_K
    # -expm1(-x)/x stays exact when the leak vanishes
    x = rate_per_s * t_s
    grown = np.where(x > 1e-12, -np.expm1(-x) / np.where(x > 1e-12, x, 1.0), 1.0)
    return ppm_s * t_s * grown + initial_ppm * np.exp(-x)


class SlowFluctuation:
    """A smooth random course of unit variance that can be asked for at any time.

    A sum of sinusoids with periods from ``shortest_s`` to ``longest_s``, power
    growing with the period.
    """

    def __init__(
        self, rng: np.random.Generator, shortest_s: float, longest_s: float, terms: int = 16
    ) -> None:
        edges = np.linspace(math.log(shortest_s), math.log(longest_s), terms + 1)
        periods_s = np.exp(rng.uniform(edges[:-1], edges[1:]))
        self._omega = 2 * np.pi / periods_s
        self._phase = rng.uniform(0, 2 * np.pi, terms)
        power = periods_s**0.7
        self._height = np.sqrt(2 * power / power.sum())

    def __call__(self, t_s: npt.ArrayLike) -> Array:
        """Return the course at ``t_s``, the shape of ``t_s``."""
        t = np.asarray(t_s, dtype=float)
        return np.asarray(np.sin(t[..., np.newaxis] * self._omega + self._phase) @ self._height)


class Bursts:
    """Smooth bumps that come at random and can be asked for at any time.

    Parameters
    ----------
    seed, name : of their random course.
    per_h : mean number an hour.
    width_s : range of their widths (standard deviation of a Gaussian).
    log_height : mean and standard deviation of the natural logarithm of their heights.
    """

    SLOT_S = 300.0

    def __init__(
        self,
        seed: int,
        name: str,
        per_h: float,
        width_s: tuple[float, float],
        log_height: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self._seed, self._name = seed, name
        self._per_slot = per_h * self.SLOT_S / 3600.0
        self._width_s, self._log_height = width_s, log_height

    def __call__(self, t_s: npt.ArrayLike) -> Array:
        """Return all bumps added up at ``t_s``, the shape of ``t_s``."""
        t = np.asarray(t_s, dtype=float)
        out = np.zeros(t.shape)
        if self._per_slot == 0.0 or t.size == 0:
            return out
        first, last = math.floor(t.min() / self.SLOT_S) - 1, math.floor(t.max() / self.SLOT_S) + 1
        for slot in range(first, last + 1):
            rng = stream(self._seed, self._name, slot)
            for _ in range(rng.poisson(self._per_slot)):
                at_s, width_s = (slot + rng.random()) * self.SLOT_S, rng.uniform(*self._width_s)
                height = math.exp(rng.normal(*self._log_height))
                out = out + height * np.exp(-0.5 * ((t - at_s) / width_s) ** 2)
        return out


class OutsideAir:
    """CO2 in the free air beside the lane: level, slow fluctuation, puffs of exhaust.

    Parameters
    ----------
    level_ppm, fluctuation_ppm : mean and standard deviation of the slow part.
    puffs_per_h : mean number of exhaust puffs an hour.
    seed : of this visit.
    """

    def __init__(self, level_ppm: float, fluctuation_ppm: float, puffs_per_h: float, seed: int) -> None:
        self._level_ppm, self._fluctuation_ppm = level_ppm, fluctuation_ppm
        self._puffs = Bursts(seed, "exhaust", puffs_per_h, PUFF_WIDTH_S, PUFF_LOG_PPM)
        self._slow = SlowFluctuation(stream(seed, "outside air"), 8.0, 600.0)

    def ppm(self, t_s: npt.ArrayLike) -> Array:
        """Return the concentration at ``t_s`` (from the start of the visit), ppm."""
        t = np.asarray(t_s, dtype=float)
        return np.asarray(self._level_ppm + self._fluctuation_ppm * self._slow(t) + self._puffs(t))


@dataclass(frozen=True, slots=True)
class ProbeModel:
    """A CO2 probe: first-order lag, gain, offset, noise and the step of its output.

    Parameters
    ----------
    t90_s : time to 90 % of a step, s.
    offset_ppm, gain : reported = gain * lagged + offset.
    noise_ppm : standard deviation of each report.
    step_ppm : smallest step of the output, 0 = none.
    low_ppm, high_ppm : the ends of its range, where the report stays.
    """

    t90_s: float
    offset_ppm: float = 0.0
    gain: float = 1.0
    noise_ppm: float = 3.0
    step_ppm: float = 0.0
    low_ppm: float = 0.0
    high_ppm: float = 10_000.0

    @property
    def time_constant_s(self) -> float:
        """Time to 63 % of a step, s."""
        return self.t90_s / math.log(10.0)


class Probe:
    """A probe in use: keeps its lag and noise between reports.

    Parameters
    ----------
    model : what it is.
    start_ppm : concentration in which it has settled.
    seed : of its noise.

    Examples
    --------
    >>> probe = Probe(ProbeModel(t90_s=60.0, noise_ppm=0.0), start_ppm=400.0, seed=1)
    >>> _ = probe.report(0.0, 400.0)
    >>> [round(probe.report(t, 1400.0)) for t in (30.0, 60.0)]  # 90 % of the step after T90
    [1084, 1300]
    """

    def __init__(self, model: ProbeModel, start_ppm: float, seed: int) -> None:
        self.model = model
        self._lagged_ppm = start_ppm
        self._t_s: float | None = None
        self._rng = stream(seed, "probe")

    def report(self, t_s: float, concentration_ppm: float, drift_ppm: float = 0.0) -> float:
        """Return the report at ``t_s``, given the concentration since the report before.

        ``drift_ppm`` is what the optics add for the time being (condensation).
        """
        elapsed_s = 0.0 if self._t_s is None else max(0.0, t_s - self._t_s)
        self._t_s = t_s
        share = -math.expm1(-elapsed_s / self.model.time_constant_s)
        self._lagged_ppm += share * (concentration_ppm - self._lagged_ppm)
        noise_ppm = self.model.noise_ppm * self._rng.standard_normal()
        return float(_output(self.model, np.asarray(self._lagged_ppm), noise_ppm + drift_ppm))

    def reports(
        self, t_s: npt.ArrayLike, concentration_ppm: npt.ArrayLike, drift_ppm: npt.ArrayLike = 0.0
    ) -> Array:
        """Return the reports at ascending times ``(n,)``: the same values as one by one."""
        times = np.asarray(t_s, dtype=float)
        drift = np.broadcast_to(np.asarray(drift_ppm, dtype=float), times.shape)
        values = zip(times, np.asarray(concentration_ppm, dtype=float), drift, strict=True)
        return np.array([self.report(float(t), float(c), float(d)) for t, c, d in values])


def _output(model: ProbeModel, lagged_ppm: Array, added_ppm: npt.ArrayLike) -> Array:
    value = model.gain * lagged_ppm + model.offset_ppm + np.asarray(added_ppm)
    if model.step_ppm:
        value = np.round(value / model.step_ppm) * model.step_ppm
    return np.asarray(np.clip(value, model.low_ppm, model.high_ppm))

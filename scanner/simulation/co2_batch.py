"""What two probes report while one of them is dipped into each lorry of a batch, once or several times."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.simulation.co2 import GUST_WIDTH_S, PUFF_LOG_PPM, PUFF_WIDTH_S
from scanner.simulation.co2_quirks import quirked
from scanner.simulation.co2_transients import (
    AIR_POWERS,
    AIR_TIMES_S,
    EDDY_POWERS,
    EDDY_TIMES_S,
    breath_ppm,
    bumps,
    fluctuation,
)
from scanner.simulation.co2_truth import minutes_to, true_bulk, true_oxygen_excess
from scanner.simulation.co2_world import LorryBatch
from scanner.simulation.priors import stream

__all__ = [
    "BEFORE_S",
    "GUST_WIDTH_S",
    "PUFF_LOG_PPM",
    "PUFF_WIDTH_S",
    "STEP_S",
    "DipSeries",
    "Procedure",
    "minutes_to",
    "simulate_dips",
    "true_bulk",
]

Array = npt.NDArray[np.float64]

BEFORE_S = 60.0
"""How long both probes hang in free air before each dip, s."""

STEP_S = 2.0
"""Between two reports, s."""

OXYGEN_T90_S = 20.0
"""Of an oxygen cell (assumption)."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """How the officer probes: seconds of holding, one entry a dip, and the pause between two dips."""

    hold_s: tuple[float, ...]
    gap_s: float = 900.0

    @property
    def insertion_s(self) -> Array:
        """When each dip begins, s from the first, ``(n_dips,)``."""
        return np.concatenate([[0.0], np.cumsum(np.array(self.hold_s[:-1]) + self.gap_s)])

    @property
    def t_s(self) -> Array:
        """Times of the reports, s from a dip's insertion, ``(n_t,)``."""
        return np.arange(-BEFORE_S, max(self.hold_s) + STEP_S / 2, STEP_S)


@dataclass(frozen=True, slots=True)
class DipSeries:
    """Reports of both probes for n lorries, and what is true of the air.

    Parameters
    ----------
    t_s : float ``(n_t,)``, s relative to a dip's insertion.
    inside_ppm, outside_ppm : float ``(n, n_dips, n_t)``; NaN after that dip's hold, or lost.
    insertion_s : float ``(n_dips,)``, s from the first insertion.
    outside_true_ppm : float ``(n, n_dips)``, free air at insertion, without puffs.
    bulk_excess_ppm, bulk_slope_ppm_per_min : float ``(n, n_dips)``, of the mean, at insertion.
    oxygen_pct : float ``(n, n_dips, n_t)`` at the tip, or None.
    """

    t_s: Array
    inside_ppm: Array
    outside_ppm: Array
    insertion_s: Array
    outside_true_ppm: Array
    bulk_excess_ppm: Array
    bulk_slope_ppm_per_min: Array
    oxygen_pct: Array | None


def simulate_dips(
    lorries: LorryBatch,
    procedure: Procedure,
    rng: np.random.Generator,
    *,
    transients: bool = True,
    noise: bool = True,
    oxygen: bool = False,
) -> DipSeries:
    """Return what the probes report.

    Parameters
    ----------
    lorries : n of them.
    procedure : when and how long.
    rng : one number is taken from it; generators in the same state give the same noise and
        transients whatever is inside.
    transients : without them the same lorries and the same white noise, but no puffs, eddies, gusts,
        breath, or fluctuation outside.
    noise : without it the expected reports: no white noise, no rounding, no quirks.
    oxygen : whether an oxygen cell sits beside the tip.

    Examples
    --------
    >>> from scanner.simulation.co2_world import Condition, draw_lorries, draw_world
    >>> from scanner.vehicle import CargoClass, VehicleClass
    >>> rng = np.random.default_rng(1)
    >>> boxed = Condition(VehicleClass.REEFER, CargoClass.BOXED, closed_minutes=240.0)
    >>> series = simulate_dips(draw_lorries(draw_world(1), boxed, 5, 4, rng), Procedure((60.0, 60.0)), rng)
    >>> series.inside_ppm.shape, series.insertion_s.tolist()
    ((5, 2, 61), [0.0, 960.0])
    """
    n, t, key = len(lorries), procedure.t_s, int(rng.integers(2**62))
    insertion, n_dips = procedure.insertion_s, len(procedure.hold_s)
    all_s = (insertion[:, np.newaxis] + t).ravel()
    shape = (n, n_dips, t.size)

    free_in, free_out, steady = _free_air(lorries, all_s, t, insertion, key, transients)
    bulk = true_bulk(lorries, all_s).reshape(shape)
    seen = np.ones(shape)
    seen[:, 1:] *= np.exp(lorries.tip_change)[:, np.newaxis, np.newaxis]
    seen *= lorries.tip_of_mean[:, np.newaxis, np.newaxis]
    extra = np.zeros(shape)
    if transients:
        eddies = fluctuation(
            all_s, EDDY_TIMES_S, EDDY_POWERS, n, stream(key, "eddies"), lorries.eddy_time
        ).reshape(shape)
        seen *= np.maximum(1.0 + lorries.tip_fluctuation[:, np.newaxis, np.newaxis] * eddies, 0.0)
        for dip in range(n_dips):
            gusts = bumps(t, lorries.gusts_per_h, GUST_WIDTH_S, stream(key, "gusts", dip))
            seen[:, dip] *= 1.0 - lorries.gust_depth[:, np.newaxis] * np.minimum(gusts, 1.0)
            held = t[t <= procedure.hold_s[dip]]
            blown = breath_ppm(held, lorries.breath_chance, stream(key, "breath", dip))
            extra[:, dip, : held.size] = blown
    level = lorries.outside_ppm[:, np.newaxis, np.newaxis]
    tip = np.maximum(level + seen * bulk, 0.0) + extra

    lagged = _dipped(lorries.t90_true_s, t, procedure, free_in, tip, lorries.outside_ppm)
    outside = _dipped(lorries.outside_t90_true_s, t, procedure, free_out, free_out, lorries.outside_ppm)
    inside = lagged * lorries.inside_gain[:, np.newaxis, np.newaxis]
    inside *= 1.0 + lorries.cold_cell_gain[:, np.newaxis, np.newaxis] * _chilled(lorries, t, procedure)
    inside += lorries.inside_offset_ppm[:, np.newaxis, np.newaxis]
    inside += lorries.condensation_ppm_per_min[:, np.newaxis, np.newaxis] * np.maximum(t, 0.0) / 60.0
    outside *= lorries.outside_gain[:, np.newaxis, np.newaxis]
    outside += lorries.outside_offset_ppm[:, np.newaxis, np.newaxis]
    if noise:
        inside = _reported(inside, lorries.noise_ppm, lorries.step_ppm, stream(key, "white inside"))
        outside = _reported(
            outside, lorries.outside_noise_ppm, lorries.outside_step_ppm, stream(key, "white outside")
        )
        flat = quirked(all_s, inside.reshape(n, -1), lorries.quirk, stream(key, "quirks"))
        inside = np.where((lorries.quirk > 0)[:, np.newaxis, np.newaxis], flat.reshape(shape), inside)
    odd = (lorries.quirk > 0)[:, np.newaxis, np.newaxis]
    top = lorries.high_ppm[:, np.newaxis, np.newaxis]
    inside = np.where(odd, inside, np.clip(inside, 0.0, top))

    over = t > np.array(procedure.hold_s)[:, np.newaxis] + 1e-9
    inside[:, over], outside[:, over] = np.nan, np.nan
    at_insertion = true_bulk(lorries, insertion)
    return DipSeries(
        t_s=t,
        inside_ppm=inside,
        outside_ppm=outside,
        insertion_s=insertion,
        outside_true_ppm=steady,
        bulk_excess_ppm=at_insertion,
        bulk_slope_ppm_per_min=(true_bulk(lorries, insertion + 30.0) - at_insertion) * 2.0,
        oxygen_pct=_oxygen(lorries, procedure, all_s, seen, over, key, noise) if oxygen else None,
    )


def _free_air(
    lorries: LorryBatch, all_s: Array, t: Array, insertion: Array, key: int, transients: bool
) -> tuple[Array, Array, Array]:
    """Air at the inside probe before it goes in, air at the outside probe, and its slow part at insertion."""
    n, shape = len(lorries), (len(lorries), insertion.size, t.size)
    level = lorries.outside_ppm[:, np.newaxis, np.newaxis]
    if not transients:
        still = np.broadcast_to(level, shape).copy()
        return still, still.copy(), still[..., 0].copy()
    common, own_in, own_out = (
        fluctuation(all_s, AIR_TIMES_S, AIR_POWERS, n, stream(key, "air", which)).reshape(shape)
        for which in ("common", "inside", "outside")
    )
    swing = lorries.outside_fluctuation_ppm[:, np.newaxis, np.newaxis]
    uneven = lorries.outside_unevenness[:, np.newaxis, np.newaxis]
    shared = level + swing * np.sqrt(1.0 - uneven) * common
    free_in = shared + swing * np.sqrt(uneven) * own_in
    free_out = shared + swing * np.sqrt(uneven) * own_out
    steady = shared[..., int(np.argmin(np.abs(t)))].copy()
    for dip in range(insertion.size):
        puffs = bumps(t, lorries.puffs_per_h, PUFF_WIDTH_S, stream(key, "puffs", dip), PUFF_LOG_PPM)
        # a puff passes the two probes some metres apart, nearer to the one or to the other
        near = stream(key, "puff side", dip).uniform(0.3, 1.0, (2, n, 1))
        free_in[:, dip] += near[0] * puffs
        free_out[:, dip] += near[1] * puffs
    return free_in, free_out, steady


def _dipped(
    t90_s: Array, t: Array, procedure: Procedure, free: Array, within: Array, settled: Array
) -> Array:
    """First-order lag through all dips: free air before, the tip's air from t = 0; float (n, n_dips, n_t)."""
    tau = t90_s / math.log(10.0)
    out = np.empty_like(free)
    state = free[:, 0, 0].copy()
    kept = np.exp(-STEP_S / tau)
    # air that changes in a straight line between two reports is lagged exactly
    ramp = 1.0 - (1.0 - kept) * tau / STEP_S
    for dip in range(free.shape[1]):
        last = int(np.flatnonzero(t <= procedure.hold_s[dip] + 1e-9)[-1])
        if dip:
            away_s = procedure.gap_s - BEFORE_S
            state = settled + (state - settled) * np.exp(-max(away_s, 0.0) / tau)
        out[:, dip, 0] = state
        for k in range(1, t.size):
            air = free if t[k] <= 0.0 else within
            before, now = air[:, dip, k - 1], air[:, dip, k]
            state = kept * state + (1.0 - kept) * before + ramp * (now - before)
            out[:, dip, k] = state
        state = out[:, dip, last]
    return out


def _chilled(lorries: LorryBatch, t: Array, procedure: Procedure) -> Array:
    """Share of the way from outside's to inside's temperature that the cell has gone, (n, n_dips, n_t)."""
    cools = lorries.cell_cools_s[:, np.newaxis]
    out = np.empty((len(lorries), len(procedure.hold_s), t.size))
    left = np.zeros((len(lorries), 1))
    for dip, hold_s in enumerate(procedure.hold_s):
        at_zero = left * np.exp(-procedure.gap_s / cools)
        before = np.minimum(at_zero * np.exp(-np.minimum(t, 0.0) / cools), 1.0)
        within = 1.0 - (1.0 - at_zero) * np.exp(-np.maximum(t, 0.0) / cools)
        out[:, dip] = np.where(t < 0.0, before, within)
        left = 1.0 - (1.0 - at_zero) * np.exp(-hold_s / cools)
    return out


def _reported(expected: Array, noise_ppm: Array, step_ppm: Array, rng: np.random.Generator) -> Array:
    out = expected + noise_ppm[:, np.newaxis, np.newaxis] * rng.standard_normal(expected.shape)
    step = step_ppm[:, np.newaxis, np.newaxis]
    return np.where(step > 0.0, np.round(out / np.where(step > 0.0, step, 1.0)) * step, out)


def _oxygen(
    lorries: LorryBatch,
    procedure: Procedure,
    all_s: Array,
    seen: Array,
    over: npt.NDArray[np.bool_],
    key: int,
    noise: bool,
) -> Array:
    t = procedure.t_s
    level = np.full(seen.shape, 20.95)
    within = level + 1e-4 * seen * true_oxygen_excess(lorries, all_s).reshape(seen.shape)
    lag = np.full(len(lorries), OXYGEN_T90_S)
    out = _dipped(lag, t, procedure, level, within, level[:, 0, 0])
    out += lorries.oxygen_offset_pct[:, np.newaxis, np.newaxis]
    if noise:
        white = stream(key, "white oxygen").standard_normal(out.shape)
        out += lorries.oxygen_noise_pct[:, np.newaxis, np.newaxis] * white
    out[:, over] = np.nan
    return np.clip(out, 0.0, 100.0)

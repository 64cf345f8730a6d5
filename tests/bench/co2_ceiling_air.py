"""What dips look like in a few dozen block means: lag, free air, eddies, puffs and breaths as covariances.

For the ceilings only. Reports are averaged over blocks of a dip; everything
Gaussian becomes a covariance of the block means, and everything that comes and
goes (exhaust puffs, an officer's breath) becomes classes with a mean and a
covariance each, taken from many drawn ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from scanner.simulation.co2_batch import BEFORE_S, GUST_WIDTH_S, PUFF_LOG_PPM, PUFF_WIDTH_S, STEP_S, Procedure
from scanner.simulation.co2_transients import (
    AIR_POWERS,
    AIR_TIMES_S,
    EDDY_POWERS,
    EDDY_TIMES_S,
    breath_ppm,
    bumps,
    covariance,
)
from scanner.simulation.worlds import World

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Moments = tuple[float, Array, Array]

BEFORE_EDGES_S = (-BEFORE_S - 1.0, -45.0, -30.0, -15.0, 0.0)
INSIDE_EDGES_S = (0.0, 6.0, 12.0, 20.0, 30.0, 40.0, 50.0, 60.0, 75.0, 90.0, 105.0, 120.0)
OUTSIDE_EDGES_S = (0.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0)
"""Ends of the blocks, s from insertion; a report at insertion still belongs to the air before."""

PUFFS_DRAWN, BREATHS_DRAWN, GUSTS_DRAWN = 12_000, 4_000, 12_000
SMALL_PPM, LARGE_PPM, BREATH_LARGE_PPM = 1.5, 15.0, 500.0
SMALL_GUST, LARGE_GUST = 0.004, 0.15
LEAST_IN_CLASS, RARE = 40, 10**6
CLASS_S = 30.0
"""How transients are sorted: by the block mean that they change most, and by how much."""


@dataclass(frozen=True)
class Blocks:
    """Block means of one procedure.

    Rows are blocks, dip by dip, inside before outside; columns are reports of all
    dips in a row. ``inside`` and ``outside`` are ``(r, n_dips n_t)``.
    """

    procedure: Procedure

    @cached_property
    def t_s(self) -> Array:
        return self.procedure.t_s

    @cached_property
    def all_s(self) -> Array:
        return np.asarray((self.procedure.insertion_s[:, np.newaxis] + self.t_s).ravel())

    @cached_property
    def _means(self) -> tuple[Array, Array, Array]:
        inside, outside, centres = [], [], []
        n_t, n_dips = self.t_s.size, len(self.procedure.hold_s)
        for dip, hold_s in enumerate(self.procedure.hold_s):
            for edges, mine, other in (
                (INSIDE_EDGES_S, inside, outside),
                (OUTSIDE_EDGES_S, outside, inside),
            ):
                ends = [*BEFORE_EDGES_S, *(edge for edge in edges[1:] if edge <= hold_s)]
                for low, high in pairwise(ends):
                    row = np.zeros((n_dips, n_t))
                    row[dip] = (self.t_s > low) & (self.t_s <= high)
                    mine.append((row / row.sum()).ravel())
                    other.append(np.zeros(n_dips * n_t))
                    centres.append(0.5 * (low + high) + 1e4 * dip)
        return np.array(inside), np.array(outside), np.array(centres)

    @property
    def inside(self) -> Array:
        return self._means[0]

    @property
    def outside(self) -> Array:
        return self._means[1]

    @property
    def centre_s(self) -> Array:
        """Middle of each block, s from its dip's insertion, plus 10 000 a dip ``(r,)``."""
        return self._means[2]

    def of(self, inside_ppm: Array, outside_ppm: Array) -> Array:
        """Return block means ``(n, r)`` of reports ``(n, n_dips, n_t)``."""
        n = len(inside_ppm)
        return np.asarray(
            np.nan_to_num(inside_ppm).reshape(n, -1) @ self.inside.T
            + np.nan_to_num(outside_ppm).reshape(n, -1) @ self.outside.T
        )

    def lagged(self, t90_s: float) -> tuple[Array, Array, Array]:
        """Return what air does to reports, ``(n_dips n_t, n_dips n_t)`` each.

        Free air to the inside probe, the tip's air to the inside probe, free air to the outside one.
        """
        n_t, n_dips, t = self.t_s.size, len(self.procedure.hold_s), self.t_s
        tau = t90_s / math.log(10.0)
        kept = math.exp(-STEP_S / tau)
        ramp = 1.0 - (1.0 - kept) * tau / STEP_S
        free, tip, always = (np.zeros((n_dips, n_t, n_dips, n_t)) for _ in range(3))
        for dip in range(n_dips):
            if dip == 0:  # the probes have hung there: the first report is settled
                free[0, 0, 0, 0] = always[0, 0, 0, 0] = 1.0
            for k in range(1, n_t):
                for out, here in ((free, t[k] <= 0.0), (tip, t[k] > 0.0), (always, True)):
                    out[dip, k] = kept * out[dip, k - 1]
                    if here:
                        out[dip, k, dip, k - 1] += 1.0 - kept - ramp
                        out[dip, k, dip, k] += ramp
        size = n_dips * n_t
        return free.reshape(size, size), tip.reshape(size, size), always.reshape(size, size)


@dataclass(frozen=True)
class Classes:
    """Kinds of what comes and goes: share of dips, mean ``(c, r)`` and covariance ``(c, r, r)``.

    What gusts add is for an excess of 1 ppm; ``gust`` ``(c,)`` tells whether one is among it.
    """

    share: Array
    mean: Array
    covariance: Array
    gust: npt.NDArray[np.bool_]
    gust_mean: Array
    gust_covariance: Array


@dataclass(frozen=True)
class Air:
    """Free air, eddies and transients of one world in block means, for one pair of response times."""

    blocks: Blocks
    world: World
    inside_t90_s: float
    outside_t90_s: float

    @cached_property
    def _operators(self) -> tuple[Array, Array, Array]:
        free, tip, _ = self.blocks.lagged(self.inside_t90_s)
        _, _, always = self.blocks.lagged(self.outside_t90_s)
        return self.blocks.inside @ free, self.blocks.inside @ tip, self.blocks.outside @ always

    @cached_property
    def unit_fluctuation(self) -> Array:
        """Covariance of the free air's fluctuation of 1 ppm, ``(r, r)``."""
        free, _, out = self._operators
        lag = self.blocks.all_s[:, np.newaxis] - self.blocks.all_s
        kernel = covariance(lag, AIR_TIMES_S, AIR_POWERS)
        uneven = float(self.world.quantiles("outside_unevenness", 0.5))
        common = (free + out) @ kernel @ (free + out).T
        own = free @ kernel @ free.T + out @ kernel @ out.T
        return np.asarray((1.0 - uneven) * common + uneven * own)

    @cached_property
    def unit_eddies(self) -> Array:
        """Covariance of eddies at the tip of 1 ppm in both of two dips, ``(n_dips, n_dips, r, r)``."""
        _, tip, _ = self._operators
        lag = self.blocks.all_s[:, np.newaxis] - self.blocks.all_s
        stretches = self.world.quantiles("eddy_time", np.array([0.1, 0.3, 0.5, 0.7, 0.9]))
        kernel = np.mean([covariance(lag, EDDY_TIMES_S, EDDY_POWERS, s) for s in stretches], axis=0)
        n_dips, n_t = len(self.blocks.procedure.hold_s), self.blocks.t_s.size
        part = [slice(d * n_t, (d + 1) * n_t) for d in range(n_dips)]
        return np.array([[tip[:, a] @ kernel[a, b] @ tip[:, b].T for b in part] for a in part])

    def steady(self) -> Array:
        """Covariance of what stays: level of the free air, offsets of both probes, ``(r, r)``."""
        u = (np.arange(400) + 0.5) / 400
        level = self.world.quantiles("outside_ppm", u)
        offset = self.world.quantiles("probe_offset_ppm", u).var()
        offset += (self.world.quantiles("probe_gain", u) * level.mean()).var()
        a, b = self.blocks.inside.sum(axis=1), self.blocks.outside.sum(axis=1)
        both = level.var() * np.outer(a + b, a + b)
        return np.asarray(both + offset * (np.outer(a, a) + np.outer(b, b)))

    def steady_mean(self) -> Array:
        """Mean of the same, ``(r,)``."""
        u = (np.arange(400) + 0.5) / 400
        level = self.world.quantiles("outside_ppm", u).mean()
        gain = self.world.quantiles("probe_gain", u).mean()
        return np.full(
            len(self.blocks.centre_s), level * gain + self.world.quantiles("probe_offset_ppm", u).mean()
        )

    def white(self, inside_ppm: float, outside_ppm: float) -> Array:
        """Covariance of white noise of single reports, ``(r, r)``."""
        a, b = self.blocks.inside, self.blocks.outside
        return np.asarray(inside_ppm**2 * a @ a.T + outside_ppm**2 * b @ b.T)

    def puffs(self, rng: np.random.Generator) -> Array:
        """What exhaust adds to the block means in that many drawn dips, ``(PUFFS_DRAWN, r)``."""
        free, _, out = self._operators
        rate = self.world.quantiles("puffs_per_h", rng.random(PUFFS_DRAWN))
        inside, outside = [], []
        for _ in self.blocks.procedure.hold_s:
            puffs = bumps(self.blocks.t_s, rate, PUFF_WIDTH_S, rng, PUFF_LOG_PPM)
            near = rng.uniform(0.3, 1.0, (2, PUFFS_DRAWN, 1))
            inside.append(near[0] * puffs)
            outside.append(near[1] * puffs)
        return np.asarray(np.hstack(inside) @ free.T + np.hstack(outside) @ out.T)

    def breaths(self, rng: np.random.Generator) -> Array:
        """What one breath of the officer adds, in one dip of each drawn procedure, ``(BREATHS_DRAWN, r)``."""
        _, tip, _ = self._operators
        t, holds = self.blocks.t_s, self.blocks.procedure.hold_s
        air = np.zeros((BREATHS_DRAWN, len(holds), t.size))
        each = np.arange(BREATHS_DRAWN) % len(holds)
        for dip, hold_s in enumerate(holds):
            held = t[t <= hold_s]
            mine = np.flatnonzero(each == dip)
            blown = breath_ppm(held, np.ones(mine.size), rng)
            air[mine, dip, : held.size] = blown
        return np.asarray(air.reshape(BREATHS_DRAWN, -1) @ tip.T)

    def gusts(self, rng: np.random.Generator) -> Array:
        """What gusts take from block means for an excess of 1 ppm at the tip, ``(GUSTS_DRAWN, r)``."""
        _, tip, _ = self._operators
        rate = self.world.quantiles("gusts_per_h", rng.random(GUSTS_DRAWN))
        depth = self.world.quantiles("gust_depth", rng.random(GUSTS_DRAWN))[:, np.newaxis]
        swept = [
            -depth * np.minimum(bumps(self.blocks.t_s, rate, GUST_WIDTH_S, rng), 1.0)
            for _ in self.blocks.procedure.hold_s
        ]
        return np.asarray(np.hstack(swept) @ tip.T)

    def transients(self, seed: int) -> Classes:
        """Sort drawn transients by when and how large they are; class 0 is none.

        A gust comes alone, sorted finely, or with something else, then all gusts are one kind.
        """
        chance = self.world.values["breath.p"] * len(self.blocks.procedure.hold_s)
        puffs = self._sorted("puffs", seed, SMALL_PPM, LARGE_PPM)
        breaths = self._sorted("breaths", seed, SMALL_PPM, BREATH_LARGE_PPM)
        gusts = self._sorted("gusts", seed, SMALL_GUST, LARGE_GUST)
        other = [((1 - chance) * share, mean, cov) for share, mean, cov in puffs]
        other[0] = (other[0][0] + chance * breaths[0][0], *other[0][1:])
        other += [(chance * share, mean, cov) for share, mean, cov in breaths[1:]]
        quiet, calm = other[0], gusts[0]
        kinds = [(part, calm) for part in other] + [(quiet, gust) for gust in gusts[1:]]
        any_gust = _pooled(gusts[1:])
        kinds += [(part, any_gust) for part in other[1:]]
        return Classes(
            share=np.array([a[0] * b[0] for a, b in kinds]),
            mean=np.array([a[1] for a, _ in kinds]),
            covariance=np.array([a[2] for a, _ in kinds]),
            gust=np.array([b is not calm for _, b in kinds]),
            gust_mean=np.array([b[1] for _, b in kinds]),
            gust_covariance=np.array([b[2] for _, b in kinds]),
        )

    def _sorted(self, draw: str, seed: int, small: float, large: float) -> list[Moments]:
        # the same draws at every response time, sorted as they look at a typical one
        mine = getattr(self, draw)(np.random.default_rng((seed, 5)))
        typical = getattr(Air(self.blocks, self.world, 60.0, 60.0), draw)(np.random.default_rng((seed, 5)))
        size, at = np.abs(typical).max(axis=1), np.abs(typical).argmax(axis=1)
        when = np.floor((self.blocks.centre_s + BEFORE_S) / CLASS_S).astype(int)[at]
        kind = np.where(size < small, 0, 1 + 2 * when + (size > large))
        numbers, many = np.unique(kind, return_counts=True)
        rare = numbers[(many < LEAST_IN_CLASS) & (numbers > 0)]
        kind = np.where(np.isin(kind, rare), RARE, kind)
        r = mine.shape[1]
        out: list[Moments] = [(float(np.mean(kind == 0)), np.zeros(r), np.zeros((r, r)))]
        for number in np.unique(kind[kind > 0]):
            members = mine[kind == number]
            second = (members.T @ members) / len(members)
            mean = members.mean(axis=0)
            out.append((len(members) / len(mine), mean, second - np.outer(mean, mean)))
        return out


def _pooled(parts: list[Moments]) -> Moments:
    """Return share, mean and covariance of several kinds taken as one."""
    total = sum(share for share, _, _ in parts)
    mean = sum((share * m for share, m, _ in parts), np.zeros_like(parts[0][1])) / total
    second = sum((share * (c + np.outer(m, m)) for share, m, c in parts), np.zeros_like(parts[0][2])) / total
    return total, mean, second - np.outer(mean, mean)

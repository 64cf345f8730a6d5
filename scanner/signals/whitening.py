"""What is new in the chassis channels: each predicted from the past of all and from the references.

A body on its springs rings, the ground shakes it through the wheels, an engine
hums: all of that can be foretold from the last quarter of a second of all
channels together and from what the references hear. A beat cannot: the
prediction reaches back less than the shortest interval between two beats. What
is left is white in time and across channels. After the first seconds each sample is
predicted by a model fitted on what came before it, so a beat is never part of
its own noise estimate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import linalg

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FORGET = 0.93
"""What a block counts for when the next one is there: half after 50 s."""

RIDGE = 1e-4
DOF = 4.0
"""Loud samples count less in the fit, as under a t-distribution of so many degrees of freedom, squared: the
loudest then count for nothing."""

FIRST_PASSES = 3
LEVEL = 9
"""A burst lasts: what surrounds a sample, so many samples together, tells whether it is one."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a model looks, in samples, and how often it is fitted anew.

    ``past`` of all chassis channels predicts, and less than the shortest
    interval between beats; ``own`` of its own past for the one-channel models;
    ``around`` of the references before and after: ground waves cross the
    wheelbase within this. The first models are fitted on ``first`` samples and
    predict them, too; each later block of ``block`` is predicted by models
    fitted before it.
    """

    past: int
    own: int
    around: int
    first: int
    block: int


REACH_50_HZ = Reach(past=14, own=6, around=7, first=500, block=250)
REACH_25_HZ = Reach(past=7, own=0, around=4, first=250, block=125)


@dataclass(frozen=True, slots=True)
class Fit:
    """Weighted normal equations of one model, and their solution once there is one.

    ``gram`` ``(P, P)`` of the regressors, ``cross`` ``(P, n_out)`` with the
    targets, ``power`` ``(n_out, n_out)`` of the targets.
    """

    gram: Array
    cross: Array
    power: Array
    weight: float = 0.0
    solution: Array | None = None
    whitener: Array | None = None


@dataclass(frozen=True, slots=True)
class WhitenerState:
    """What the next samples need: those of the block so far (after ``past`` older ones), and the models.

    ``fits`` holds the joint model, then one for each channel's own past, if any;
    ``told`` counts the samples of the block whose innovations are out.
    """

    reach: Reach
    n_chassis: int
    x: Array
    usable: Mask
    fits: tuple[Fit, ...]
    told: int


@dataclass(frozen=True, slots=True)
class Innovations:
    """What no model foretold; variance about 1 where nothing but noise is.

    ``joint`` ``(n_chassis, n_out)`` is predicted from all channels, and white
    across them; ``own`` ``(n_chassis + n_references, n_out)`` from each channel's
    own past (no rows where the reach has none); ``usable`` ``(n_out,)``.
    """

    joint: Array
    own: Array
    usable: Mask

    def cut(self, start: int, stop: int | None = None) -> Innovations:
        """Return some of the samples."""
        return Innovations(self.joint[:, start:stop], self.own[:, start:stop], self.usable[start:stop])

    def then(self, later: Innovations) -> Innovations:
        """Return these samples and ``later`` ones."""
        return Innovations(
            np.hstack([self.joint, later.joint]),
            np.hstack([self.own, later.own]),
            np.concatenate([self.usable, later.usable]),
        )


def no_innovations(n_chassis: int, n_own: int, n_samples: int = 0) -> Innovations:
    """Return unusable samples, for what lies before the first."""
    return Innovations(
        np.zeros((n_chassis, n_samples)), np.zeros((n_own, n_samples)), np.zeros(n_samples, bool)
    )


def whitener_state(n_chassis: int, n_references: int, reach: Reach = REACH_50_HZ) -> WhitenerState:
    """Return the state of a whitener that has heard nothing."""
    n = n_chassis + n_references
    joint = n_chassis * reach.past + n_references * (2 * reach.around + 1)
    sizes = [(joint, n_chassis)] + ([(reach.own, 1)] * n if reach.own else [])
    fits = tuple(Fit(np.zeros((p, p)), np.zeros((p, out)), np.zeros((out, out))) for p, out in sizes)
    return WhitenerState(reach, n_chassis, np.zeros((n, reach.past)), np.zeros(reach.past, bool), fits, 0)


def whiten_stream(x: Array, usable: Mask, state: WhitenerState) -> tuple[Innovations, WhitenerState]:
    """Return what is new in the next samples.

    Parameters
    ----------
    x : float ``(n_chassis + n_references, n_samples)``, finite.
    usable : bool ``(n_samples,)``.
    state : from `whitener_state` or the call before.

    Returns
    -------
    innovations : nothing before the first models, then all but what the references' future still has to
        tell.
    state : for the next samples. Any split gives the same innovations.

    References
    ----------
    Lütkepohl, New Introduction to Multiple Time Series Analysis (2005), ch. 3 (least squares of a vector
    autoregression); Lange, Little & Taylor, JASA 84 (1989) 881 (t-distributed errors).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> ground = rng.normal(size=(1, 3000))
    >>> chassis = np.roll(ground, 2) + 0.1 * rng.normal(size=(2, 3000))
    >>> new, _ = whiten_stream(np.vstack([chassis, ground]), np.ones(3000, bool), whitener_state(2, 1))
    >>> new.joint.shape, bool(0.8 < new.joint.std() < 1.2)
    ((2, 2993), True)
    """
    reach = state.reach
    x = np.hstack([state.x, x])
    usable = np.concatenate([state.usable, usable])
    fits, told = state.fits, state.told
    out = no_innovations(state.n_chassis, len(fits) - 1)
    while True:
        started = fits[0].solution is not None
        block = reach.block if started else reach.first
        known = min(x.shape[1] - reach.past - reach.around, block)
        if known < block and (not started or known <= told):
            break
        cut, good = x[:, : reach.past + known + reach.around], usable[: reach.past + known + reach.around]
        regressors, targets = _regressors(cut, state.n_chassis, reach), _targets(cut, state.n_chassis, reach)
        whole = _whole(good, reach)
        if not started:
            fits = _first_fits(fits, regressors, targets, whole)
        part = slice(told, known)
        new = [innovations(f, z[:, part], y[:, part]) for f, z, y in _zip(fits, regressors, targets)]
        own = np.vstack(new[1:]) if len(new) > 1 else np.zeros((0, known - told))
        out = out.then(Innovations(new[0], own, good[reach.past + told : reach.past + known]))
        told = known
        if known < block:
            break
        if started:
            fits = tuple(accumulate(f, z, y, whole) for f, z, y in _zip(fits, regressors, targets))
            fits = tuple(forget(solve(f)) for f in fits)
        x, usable, told = x[:, block:], usable[block:], 0
    return out, replace(state, x=x, usable=usable, fits=fits, told=told)


def regressors_of(x: Array, n_chassis: int, reach: Reach) -> Array:
    """Return what the joint model of ``x`` ``(n_rows, n)`` predicts from, ``(P, n - past - around)``."""
    return _regressors(x, n_chassis, reach)[0]


def _zip(
    fits: tuple[Fit, ...], regressors: list[Array], targets: list[Array]
) -> Iterator[tuple[Fit, Array, Array]]:
    return zip(fits, regressors, targets, strict=True)


def _first_fits(
    fits: tuple[Fit, ...], regressors: list[Array], targets: list[Array], good: Mask
) -> tuple[Fit, ...]:
    empty = fits
    for _ in range(FIRST_PASSES):
        # from nothing each time, but weighted by the pass before
        blank = tuple(
            replace(e, solution=f.solution, whitener=f.whitener) for e, f in zip(empty, fits, strict=True)
        )
        fits = tuple(solve(accumulate(f, z, y, good)) for f, z, y in _zip(blank, regressors, targets))
    return fits


def _regressors(cut: Array, n_chassis: int, reach: Reach) -> list[Array]:
    """Regressors of the joint model, then of each channel's own, ``(P, n)`` each."""
    past, around = reach.past, reach.around
    n = cut.shape[1] - past - around
    before = [cut[:, past - k : past - k + n] for k in range(1, past + 1)]
    heard = [cut[n_chassis:, past - k : past - k + n] for k in range(-around, around + 1)]
    joint = np.concatenate([b[:n_chassis] for b in before] + heard)
    if not reach.own:
        return [joint]
    return [joint, *np.stack(before[: reach.own]).transpose(1, 0, 2)]


def _targets(cut: Array, n_chassis: int, reach: Reach) -> list[Array]:
    now = cut[:, reach.past : cut.shape[1] - reach.around]
    return [now[:n_chassis], *(now[:, np.newaxis] if reach.own else ())]


def _whole(usable: Mask, reach: Reach) -> Mask:
    """Whether all that a prediction uses is usable, ``(n - past - around,)``."""
    if usable.all():
        return usable[reach.past : usable.size - reach.around]
    around = np.lib.stride_tricks.sliding_window_view(usable, reach.past + reach.around + 1)
    return np.asarray(around.all(axis=1))


def accumulate(fit: Fit, z: Array, y: Array, good: Mask) -> Fit:
    """Add samples to the normal equations; those far from what the model so far foretells count less."""
    size = y**2 if fit.whitener is None else innovations(fit, z, y) ** 2
    size = np.where(good, size.mean(axis=0), 0.0)
    if fit.whitener is None:  # nothing is foretold yet: a movement is loud itself
        size = size / max(float(np.median(size[good])) if good.any() else 0.0, np.finfo(float).tiny)
    level = np.convolve(size, np.full(LEVEL, 1 / LEVEL), mode="same")
    weight = good * ((1 + DOF) / (DOF + level)) ** 2
    zw = z * weight
    return replace(
        fit,
        gram=fit.gram + zw @ z.T,
        cross=fit.cross + zw @ y.T,
        power=fit.power + (y * weight) @ y.T,
        weight=fit.weight + float(weight.sum()),
    )


def solve(fit: Fit) -> Fit:
    """Solve the normal equations, each regressor scaled to unit power and lightly damped."""
    scale = 1 / np.sqrt(np.maximum(np.diag(fit.gram), np.finfo(float).tiny))
    normal = fit.gram * scale[:, np.newaxis] * scale
    normal[np.diag_indices_from(normal)] += RIDGE
    solution = scale[:, np.newaxis] * linalg.solve(normal, scale[:, np.newaxis] * fit.cross, assume_a="pos")
    # covariance of what is left, from the sums alone
    left = fit.power - solution.T @ fit.cross - fit.cross.T @ solution + solution.T @ fit.gram @ solution
    left = left / max(fit.weight, 1.0)
    values, vectors = np.linalg.eigh(0.5 * (left + left.T))
    values = np.maximum(values, 1e-9 * max(float(values[-1]), np.finfo(float).tiny))
    return replace(fit, solution=solution, whitener=(vectors / np.sqrt(values)) @ vectors.T)


def forget(fit: Fit) -> Fit:
    """Let what was heard count less from now on."""
    return replace(
        fit,
        gram=FORGET * fit.gram,
        cross=FORGET * fit.cross,
        power=FORGET * fit.power,
        weight=FORGET * fit.weight,
    )


def innovations(fit: Fit, z: Array, y: Array) -> Array:
    """Return what the model does not foretell, whitened, ``(n_out, n)``."""
    if fit.solution is None or fit.whitener is None:
        raise ValueError("a model that was never solved foretells nothing")
    return np.asarray(fit.whitener @ (y - fit.solution.T @ z))

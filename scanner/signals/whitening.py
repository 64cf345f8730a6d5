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

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import linalg

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

RATE_HZ = 50.0
PAST = 14
"""Samples of the past that predict: 0.28 s, less than the interval at 180 beats a minute."""

AROUND = 7
"""Samples of a reference before and after: ground waves cross the wheelbase within this."""

OWN_PAST = 6
"""Samples of its own past for the one-channel model."""

FRAME = 50
"""Samples that are predicted at once: 1 s."""

BLOCK_FRAMES = 5
"""The models are solved anew after so many frames."""

FIRST_FRAMES = 10
"""The first models are fitted on so many frames, and predict them too."""

FIRST_PASSES = 3

FORGET = 0.93
"""What a block counts for when the next one is there: half after 50 s."""

RIDGE = 1e-4
DOF = 4.0
"""Degrees of freedom of the t-distribution by which loud samples count less in the fit."""


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
    """What the next samples need: those that wait (after `PAST` older ones), and the models so far.

    ``fits`` holds the joint model, then one for each channel's own past.
    """

    n_chassis: int
    x: Array
    usable: Mask
    fits: tuple[Fit, ...]
    frames: int


@dataclass(frozen=True, slots=True)
class Innovations:
    """What no model foretold; variance about 1 where nothing but noise is.

    ``joint`` ``(n_chassis, n_out)`` is predicted from all channels, and white
    across them; ``own`` ``(n_chassis + n_references, n_out)`` from each channel's
    own past; ``usable`` ``(n_out,)``.
    """

    joint: Array
    own: Array
    usable: Mask


def whitener_state(n_chassis: int, n_references: int) -> WhitenerState:
    """Return the state of a whitener that has heard nothing."""
    n = n_chassis + n_references
    joint = n_chassis * PAST + n_references * (2 * AROUND + 1)
    sizes = [(joint, n_chassis)] + [(OWN_PAST, 1)] * n
    fits = tuple(Fit(np.zeros((p, p)), np.zeros((p, out)), np.zeros((out, out))) for p, out in sizes)
    return WhitenerState(n_chassis, np.zeros((n, PAST)), np.zeros(PAST, bool), fits, 0)


def whiten_stream(x: Array, usable: Mask, state: WhitenerState) -> tuple[Innovations, WhitenerState]:
    """Return what is new in the next samples.

    Parameters
    ----------
    x : float ``(n_chassis + n_references, n_samples)`` at `RATE_HZ`, finite.
    usable : bool ``(n_samples,)``.
    state : from `whitener_state` or the call before.

    Returns
    -------
    innovations : of the whole frames that can be told: nothing before `FIRST_FRAMES`, then all but
        what the references' future still has to tell.
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
    ((2, 2950), True)
    """
    x = np.hstack([state.x, x])
    usable = np.concatenate([state.usable, usable])
    waiting = (x.shape[1] - PAST - AROUND) // FRAME
    fits, frames, n_chassis = state.fits, state.frames, state.n_chassis
    done = 0
    joint, own = [np.zeros((n_chassis, 0))], [np.zeros((x.shape[0], 0))]
    while done < waiting:
        span = 1 if frames else FIRST_FRAMES
        if waiting - done < span:
            break
        cut = x[:, done * FRAME : PAST + (done + span) * FRAME + AROUND]
        good = _whole(usable[done * FRAME : PAST + (done + span) * FRAME + AROUND])
        regressors, targets = regressors_of(cut, n_chassis), _targets(cut, n_chassis)
        if not frames:
            for _ in range(FIRST_PASSES):
                fits = tuple(
                    solve(
                        accumulate(
                            replace(
                                fit, gram=0 * fit.gram, cross=0 * fit.cross, power=0 * fit.power, weight=0.0
                            ),
                            z,
                            y,
                            good,
                        )
                    )
                    for fit, z, y in zip(fits, regressors, targets, strict=True)
                )
        new = [innovations(fit, z, y) for fit, z, y in zip(fits, regressors, targets, strict=True)]
        joint.append(new[0])
        own.append(np.vstack(new[1:]))
        if frames:
            fits = tuple(
                accumulate(fit, z, y, good) for fit, z, y in zip(fits, regressors, targets, strict=True)
            )
        frames, done = frames + span, done + span
        if frames % BLOCK_FRAMES == 0 and frames > FIRST_FRAMES:
            fits = tuple(forget(solve(fit)) for fit in fits)
    rest = replace(state, x=x[:, done * FRAME :], usable=usable[done * FRAME :], fits=fits, frames=frames)
    told = usable[PAST : PAST + done * FRAME]
    return Innovations(np.hstack(joint), np.hstack(own), told), rest


def regressors_of(cut: Array, n_chassis: int) -> list[Array]:
    """Regressors of the joint model, then of each channel's own, ``(P, n)`` each."""
    n = cut.shape[1] - PAST - AROUND
    past = [cut[:, PAST - k : PAST - k + n] for k in range(1, PAST + 1)]
    heard = [cut[n_chassis:, PAST - k : PAST - k + n] for k in range(-AROUND, AROUND + 1)]
    joint = np.concatenate([p[:n_chassis] for p in past] + heard)
    own = np.stack(past[:OWN_PAST])
    return [joint, *own.transpose(1, 0, 2)]


def _targets(cut: Array, n_chassis: int) -> list[Array]:
    now = cut[:, PAST : cut.shape[1] - AROUND]
    return [now[:n_chassis], *now[:, np.newaxis]]


def _whole(usable: Mask) -> Mask:
    """Whether all that a prediction uses is usable, ``(n - PAST - AROUND,)``."""
    if usable.all():
        return usable[PAST : usable.size - AROUND]
    return np.lib.stride_tricks.sliding_window_view(usable, PAST + AROUND + 1).all(axis=1)


def accumulate(fit: Fit, z: Array, y: Array, good: Mask) -> Fit:
    """Add samples to the normal equations; those far from what the model so far foretells count less."""
    weight = good.astype(float)
    if fit.whitener is not None:
        size = (innovations(fit, z, y) ** 2).mean(axis=0)
        # a burst lasts: what surrounds a sample tells whether it is one
        level = np.convolve(size, np.full(9, 1 / 9), mode="same")
        weight = weight * (1 + DOF) / (DOF + level)
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
    assert fit.solution is not None and fit.whitener is not None
    return np.asarray(fit.whitener @ (y - fit.solution.T @ z))

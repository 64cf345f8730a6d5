"""Counts of fewer photons: what a detector would have counted had less come through."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scanner.simulation.xray.measured import MeasuredLines

Counts = npt.NDArray[np.uint16]
Image = npt.NDArray[np.float32]


def thinned(measured: MeasuredLines, share: Image, rng: np.random.Generator) -> Counts:
    """Return lines of which only a share of the light is left, with the noise of so little light.

    Each quantum that was counted is kept with the chance ``share``: Poisson counts stay Poisson
    counts. The electronics' noise shrinks with the share and is filled up again. More light
    (share above 1) brings quanta of its own. Lines are left as they are, bit for bit, where the
    share is 1; so are channels that do not answer the light and lines without beam, and a line
    that was a copy stays one.

    Parameters
    ----------
    share : float32 ``(n_lines, n_pixels)``.
    rng : generator.
    """
    known = measured.known
    out = measured.lines.copy()
    touched = (share != 1.0) & ~known.unusable & ~measured.unlit[:, np.newaxis]
    at = np.nonzero(touched)
    if at[0].size:
        out[at] = _fewer(measured, at, share[at].astype(np.float64), rng)
    for line in np.flatnonzero(measured.repeated):
        if line:
            same = measured.lines[line] == measured.lines[line - 1]
            out[line] = np.where(same, out[line - 1], out[line])
    return out


def _fewer(
    measured: MeasuredLines,
    at: tuple[npt.NDArray[np.intp], ...],
    share: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> Counts:
    known, channel = measured.known, at[1]
    net = measured.lines[at].astype(np.float64) - known.dark[channel]
    noise = known.noise[channel].astype(np.float64)
    quantum = known.quantum
    kept = net * share
    if quantum > 0:
        quanta = np.rint(net / quantum)
        rest = net - quantum * quanta
        drawn = np.sign(quanta) * rng.binomial(np.abs(quanta).astype(np.int64), np.minimum(share, 1.0))
        drawn += rng.poisson(np.maximum(quanta, 0) * np.maximum(share - 1.0, 0.0))
        kept = quantum * drawn + rest * share
    kept += (
        noise * np.sqrt(np.maximum(1.0 - np.minimum(share, 1.0) ** 2, 0.0)) * rng.standard_normal(net.size)
    )
    top = (1 << measured.bits) - 1
    return np.asarray(np.clip(np.rint(kept + known.dark[channel]), 0, top), np.uint16)

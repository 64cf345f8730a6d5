"""What no detector of people could do better on a scan: an observer who knows body, place and lorry.

An observer who knows exactly how many counts each pixel loses (d) and how noisy each is (sigma) does
best with the sum of d / sigma^2 times what it sees: a matched filter, whose answers with and without
the body lie d' = sqrt(sum d^2 / sigma^2) deviations apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from scanner.simulation.attenuation import Spectrum
from scanner.simulation.xray.fan import Fan
from scanner.simulation.xray.insertion import Insertion, lay
from scanner.simulation.xray.measured import MeasuredLines

Image = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]

STEEL_G_CM3 = 7.85


def detectability(change: npt.ArrayLike, variance: npt.ArrayLike) -> float:
    """Return d', how many deviations apart an ideal observer's answers lie.

    Parameters
    ----------
    change : what the body changes in each pixel, in any unit.
    variance : of each pixel's noise in that unit squared, independent from pixel to pixel.

    References
    ----------
    Barrett & Myers, Foundations of Image Science (2004), section 13.2: a known signal in known noise.

    Examples
    --------
    >>> detectability([3.0, 4.0], [1.0, 1.0])
    5.0
    """
    d, v = np.asarray(change, np.float64), np.asarray(variance, np.float64)
    return float(np.sqrt(np.sum(d * d / np.maximum(v, 1e-300))))


def detection(d_prime: float, false_alarms: float = 0.01) -> float:
    """Return the share of bodies that an ideal observer finds at a share of false alarms.

    Examples
    --------
    >>> round(detection(0.0, 0.01), 6), round(detection(10.0), 6)
    (0.01, 1.0)
    """
    return float(norm.sf(norm.isf(false_alarms) - d_prime))


def scan_detectability(seen: MeasuredLines, share: Image) -> float:
    """Return d' of what was put into a recorded scan; lines that are repeated or unlit tell nothing.

    Parameters
    ----------
    share : of each count's light that is left, as `projection.left_share` has it.
    """
    known = seen.known
    used = (share != 1.0) & ~known.unusable & ~(seen.unlit | seen.repeated)[:, np.newaxis]
    if not used.any():
        return 0.0
    gain = np.broadcast_to(known.gain, share.shape)[used].astype(np.float64)
    noise = np.broadcast_to(known.noise, share.shape)[used].astype(np.float64)
    counts = gain * seen.transmission[used]
    left = counts * share[used]
    return detectability(counts - left, known.quantum * (counts + left) / 2 + noise**2)


def steel_detectability(
    person: Insertion,
    fan: Fan,
    line_m: float,
    seen: MeasuredLines,
    spectrum: Spectrum,
    steel_cm: Sequence[float],
) -> list[float]:
    """Return d' of one person behind plates of steel, with the channels and noise of a recorded scan.

    Parameters
    ----------
    line_m : way of the lorry from line to line.
    """
    box = person.extent
    x_m = np.arange(box.x0 - line_m, box.x1 + line_m, line_m)
    laid = lay([person], x_m, fan)
    shape = (x_m.size, fan.n_pixels)
    inside = laid.all_m(shape) > 0
    known = seen.known
    inside &= ~known.unusable
    added = {name: layer[inside] for name, layer in laid.added_g_cm2.items()}
    gain = np.broadcast_to(known.gain, shape)[inside].astype(np.float64)
    noise = np.broadcast_to(known.noise, shape)[inside].astype(np.float64)
    found = []
    for depth in steel_cm:
        plate = np.full(int(inside.sum()), depth * STEEL_G_CM3, np.float32)
        before = gain * spectrum.transmission({"iron": plate})
        after = gain * spectrum.transmission({**added, "iron": plate + added.get("iron", np.float32(0))})
        found.append(detectability(before - after, known.quantum * (before + after) / 2 + noise**2))
    return found

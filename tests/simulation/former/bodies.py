"""People as articulated ellipsoids: poses, proportions and the way rays cross them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

SOFT_TISSUE_G_CM3 = 1.06
LUNG_G_CM3 = 0.26


class Pose(StrEnum):
    """How somebody hides."""

    SITTING = "sitting"  # on the floor, knees drawn up
    SEATED = "seated"  # on a box
    CROUCHING = "crouching"
    STANDING = "standing"
    LYING = "lying"


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """One body part.

    Parameters
    ----------
    centre_m : (x, y, z) of the centre; x along the lorry, y across, z up.
    form : float (3, 3); the surface is ``(p - centre)' form (p - centre) = 1``.
    density_g_cm3 : may be negative where a lighter organ replaces tissue.
    """

    centre_m: tuple[float, float, float]
    form: FloatArray
    density_g_cm3: float

    def volume_m3(self) -> float:
        """Return the volume."""
        return float(4.0 / 3.0 * math.pi / math.sqrt(np.linalg.det(self.form)))

    def half_extent_m(self) -> tuple[float, float]:
        """Return half of its size along x and along z."""
        inverse = np.linalg.inv(self.form)
        return math.sqrt(inverse[0, 0]), math.sqrt(inverse[2, 2])

    def chord_m(self, x_m: FloatArray, z_m: FloatArray) -> FloatArray:
        """Return the length inside of rays along y through points (x, z)."""
        x, z, form = x_m - self.centre_m[0], z_m - self.centre_m[2], self.form
        cross = form[0, 1] * x + form[2, 1] * z
        rest = form[0, 0] * x * x + 2 * form[0, 2] * x * z + form[2, 2] * z * z - 1.0
        chord: FloatArray = 2.0 * np.sqrt(np.maximum(cross * cross - form[1, 1] * rest, 0.0)) / form[1, 1]
        return chord


# Joints in fractions of stature: (forward, up). Segment lengths: Drillis & Contini, Body Segment
# Parameters, New York University TR 1166.03 (1966); a sole stands at height 0.
_POSES: Mapping[Pose, Mapping[str, tuple[float, float]]] = {
    Pose.STANDING: {
        "hip": (0.0, 0.53), "shoulder": (0.0, 0.81), "head": (0.01, 0.93), "knee": (0.02, 0.285),
        "ankle": (0.0, 0.04), "elbow": (-0.01, 0.625), "hand": (0.05, 0.44),
    },
    Pose.SITTING: {
        "hip": (0.0, 0.085), "shoulder": (-0.04, 0.36), "head": (0.0, 0.48), "knee": (0.17, 0.26),
        "ankle": (0.24, 0.03), "elbow": (0.07, 0.22), "hand": (0.21, 0.17),
    },
    Pose.SEATED: {
        "hip": (0.0, 0.31), "shoulder": (-0.01, 0.59), "head": (0.02, 0.71), "knee": (0.245, 0.30),
        "ankle": (0.24, 0.05), "elbow": (0.03, 0.41), "hand": (0.20, 0.37),
    },
    Pose.CROUCHING: {
        "hip": (-0.08, 0.17), "shoulder": (0.06, 0.41), "head": (0.12, 0.52), "knee": (0.13, 0.29),
        "ankle": (0.01, 0.06), "elbow": (0.15, 0.26), "hand": (0.20, 0.11),
    },
    Pose.LYING: {
        "hip": (0.0, 0.07), "shoulder": (0.28, 0.075), "head": (0.41, 0.075), "knee": (-0.21, 0.11),
        "ankle": (-0.43, 0.05), "elbow": (0.15, 0.09), "hand": (0.02, 0.10),
    },
}  # fmt: skip
HEIGHT_FRACTION: Mapping[Pose, float] = {pose: joints["head"][1] + 0.075 for pose, joints in _POSES.items()}
"""Head room that a pose needs, as a fraction of stature."""


def _ellipsoid(
    centre: FloatArray, axes: FloatArray, radii: tuple[float, float, float], density: float
) -> Ellipsoid:
    form = axes @ np.diag(1.0 / np.square(radii)) @ axes.T
    return Ellipsoid((float(centre[0]), float(centre[1]), float(centre[2])), form, density)


def _along(start: FloatArray, end: FloatArray, lateral: FloatArray) -> FloatArray:
    """Return orthonormal axes as columns: along the segment, lateral, the third."""
    u = (end - start) / np.linalg.norm(end - start)
    side = lateral - (lateral @ u) * u
    side /= np.linalg.norm(side)
    return np.column_stack([u, side, np.cross(u, side)])


def body(
    pose: Pose,
    stature_m: float,
    yaw_rad: float,
    at_m: tuple[float, float, float],
    build: float = 1.0,
) -> tuple[Ellipsoid, ...]:
    """Return the parts of one person.

    Parameters
    ----------
    pose : how the person hides.
    stature_m : standing height, m.
    yaw_rad : 0 looks along x (towards the rear), pi/2 across the lorry.
    at_m : (x, y) of the hip and the height z of what the person rests on, m.
    build : factor on all girths; 1 is slim average.

    Examples
    --------
    >>> parts = body(Pose.STANDING, 1.75, 0.0, (0.0, 0.0, 0.0))
    >>> 60 < 1000 * sum(p.volume_m3() * p.density_g_cm3 for p in parts) < 85  # kg
    True
    """
    forward = np.array([math.cos(yaw_rad), math.sin(yaw_rad), 0.0])
    lateral = np.array([-math.sin(yaw_rad), math.cos(yaw_rad), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    origin = np.array(at_m)
    height, girth = stature_m, stature_m * build

    def point(joint: str, side: float = 0.0) -> FloatArray:
        ahead, above = _POSES[pose][joint]
        return origin + height * (ahead * forward + above * up + side * lateral)

    parts: list[Ellipsoid] = []

    def segment(
        start: FloatArray,
        end: FloatArray,
        width: float,
        depth: float,
        ends: float,
        density: float = SOFT_TISSUE_G_CM3,
    ) -> None:
        half = float(np.linalg.norm(end - start)) / 2 + ends * girth
        axes = _along(start, end, lateral)
        parts.append(_ellipsoid((start + end) / 2, axes, (half, width * girth, depth * girth), density))

    hip, shoulder = point("hip"), point("shoulder")
    middle = (hip + shoulder) / 2
    segment(middle, shoulder, 0.098, 0.069, 0.058)  # chest
    segment(hip, middle, 0.094, 0.067, 0.062)  # belly and pelvis
    for side in (-0.045, 0.045):  # the lungs take tissue out of the chest
        lung = middle + 0.55 * (shoulder - middle) + side * height * lateral
        axes = _along(middle, shoulder, lateral)
        parts.append(
            _ellipsoid(
                lung, axes, (0.075 * girth, 0.033 * girth, 0.042 * girth), LUNG_G_CM3 - SOFT_TISSUE_G_CM3
            )
        )
    head = point("head")
    axes = np.column_stack([up, lateral, forward])
    parts.append(_ellipsoid(head, axes, (0.072 * height, 0.044 * height, 0.056 * height), 1.09))
    for side in (-1.0, 1.0):
        segment(point("hip", side * 0.05), point("knee", side * 0.055), 0.048, 0.048, 0.014)
        segment(point("knee", side * 0.055), point("ankle", side * 0.05), 0.030, 0.030, 0.012)
        foot = point("ankle", side * 0.05)
        segment(foot - 0.03 * height * forward, foot + 0.10 * height * forward, 0.025, 0.022, 0.0)
        segment(point("shoulder", side * 0.105), point("elbow", side * 0.12), 0.026, 0.026, 0.012)
        segment(point("elbow", side * 0.12), point("hand", side * 0.06), 0.020, 0.020, 0.014)
    return tuple(parts)

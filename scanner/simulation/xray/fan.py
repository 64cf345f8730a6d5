"""The rays of one line: a fan from the source across the lorry to a column of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

SUB_RAYS = 2
"""Rays a pixel: what a pixel counts is their mean."""


@dataclass(frozen=True, slots=True)
class Fan:
    """Rays in the plane across the lorry (y) and up (z); pixel 0 looks at the top.

    Parameters
    ----------
    source_y_m, source_z_m : focal spot; the lorry's middle plane is y = 0, the road z = 0.
    slope : float ``(SUB_RAYS * n_pixels,)``, dz/dy of each ray, falling.
    """

    source_y_m: float
    source_z_m: float
    slope: Array

    @property
    def n_pixels(self) -> int:
        """Pixels of a line."""
        return self.slope.size // SUB_RAYS

    @property
    def stretch(self) -> Array:
        """Length along each ray a metre across the lorry, ``(n_rays,)``."""
        return np.sqrt(1.0 + self.slope**2)

    def z_m(self, y_m: float) -> Array:
        """Return how high each pixel's middle ray is at ``y_m``, ``(n_pixels,)``."""
        return np.asarray(
            self.source_z_m + (y_m - self.source_y_m) * self.slope.reshape(-1, SUB_RAYS).mean(axis=1)
        )

    def pixels(self, of_rays: Array) -> Array:
        """Return each pixel's mean over its rays; the rays are the last axis."""
        return np.asarray(of_rays.reshape(*of_rays.shape[:-1], -1, SUB_RAYS).mean(axis=-1))


def straight_fan(n_pixels: int, top_m: float, bottom_m: float, source_y_m: float, source_z_m: float) -> Fan:
    """Return a fan whose pixels stand in an upright row: even steps of height at any depth.

    Parameters
    ----------
    top_m, bottom_m : what the row's ends look at in the lorry's middle plane.
    source_y_m : negative, beside the lorry.

    Examples
    --------
    >>> fan = straight_fan(4, 4.0, 0.0, -5.0, 2.0)
    >>> fan.z_m(0.0)
    array([3.5, 2.5, 1.5, 0.5])
    >>> fan.z_m(-2.5)  # nearer to the source all is half as far from its height
    array([2.75, 2.25, 1.75, 1.25])
    """
    edges = np.linspace(top_m, bottom_m, SUB_RAYS * n_pixels + 1)
    z = (edges[1:] + edges[:-1]) / 2
    return Fan(source_y_m, source_z_m, (z - source_z_m) / -source_y_m)


def arc_fan(n_pixels: int, top_m: float, bottom_m: float, source_y_m: float, source_z_m: float) -> Fan:
    """Return a fan whose pixels lie on a circle around the source: even steps of angle.

    Examples
    --------
    >>> z = arc_fan(3, 4.0, 0.0, -5.0, 0.0).z_m(0.0)
    >>> bool(z[0] - z[1] > z[1] - z[2])
    True
    """
    ends = np.arctan2(np.array([top_m, bottom_m]) - source_z_m, -source_y_m)
    edges = np.linspace(float(ends[0]), float(ends[1]), SUB_RAYS * n_pixels + 1)
    return Fan(source_y_m, source_z_m, np.tan((edges[1:] + edges[:-1]) / 2))

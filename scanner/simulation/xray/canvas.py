"""Mass per area behind each pixel: solids added along a fan of rays.

Thicknesses add, so nothing is lost to beam hardening when one thing stands behind
another. All solids but grains and volumes are exact: a ray is inside a convex
solid from one place across the lorry to another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from scanner.simulation.xray.fan import SUB_RAYS, Fan

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
Interval = tuple[Array, Array]
"""Where rays enter and leave a solid, y in m; it is missed where they leave before they enter."""

Blend = Mapping[str, float]
"""Density by material, g/cm3."""

G_CM2 = 100.0
"""g/cm2 of one metre at 1 g/cm3."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A box: x along the lorry, y across (the source is at negative y), z up, m."""

    x0: float
    x1: float
    y0: float
    y1: float
    z0: float
    z1: float

    def without(self, hole: Extent) -> list[Extent]:
        """Return the boxes that are left when a hole is cut out.

        >>> box = Extent(0, 3, 0, 1, 0, 1)
        >>> [(e.x0, e.x1) for e in box.without(Extent(1, 2, 0, 1, 0, 1))]
        [(0, 1), (2, 3)]
        """
        x0, x1 = max(self.x0, hole.x0), min(self.x1, hole.x1)
        y0, y1 = max(self.y0, hole.y0), min(self.y1, hole.y1)
        z0, z1 = max(self.z0, hole.z0), min(self.z1, hole.z1)
        if x0 >= x1 or y0 >= y1 or z0 >= z1:
            return [self]
        left = [
            Extent(self.x0, x0, self.y0, self.y1, self.z0, self.z1),
            Extent(x1, self.x1, self.y0, self.y1, self.z0, self.z1),
            Extent(x0, x1, self.y0, y0, self.z0, self.z1),
            Extent(x0, x1, y1, self.y1, self.z0, self.z1),
            Extent(x0, x1, y0, y1, self.z0, z0),
            Extent(x0, x1, y0, y1, z1, self.z1),
        ]
        return [e for e in left if e.x1 > e.x0 and e.y1 > e.y0 and e.z1 > e.z0]

    def touches(self, other: Extent) -> bool:
        """Tell whether two boxes share any room."""
        return self.without(other) != [self]


@dataclass(slots=True)
class FanCanvas:
    """Areal mass by material for lines at ``x_m`` and the pixels of a fan.

    Parameters
    ----------
    x_m : float ``(n_lines,)``, position of each line along the lorry, rising.
    """

    x_m: Array
    fan: Fan
    areal_g_cm2: dict[str, Image] = field(default_factory=dict)

    def layer(self, material: str) -> Image:
        """Return the areal mass of a material, g/cm2 ``(n_lines, n_pixels)``, to add to."""
        if material not in self.areal_g_cm2:
            self.areal_g_cm2[material] = np.zeros((self.x_m.size, self.fan.n_pixels), np.float32)
        return self.areal_g_cm2[material]

    # ---- where rays are inside

    def _between(self, low: float, high: float) -> Interval:
        """Rays below height ``high`` and above ``low``, by y."""
        slope = np.where(np.abs(self.fan.slope) < 1e-9, 1e-9, self.fan.slope)
        reach_low = self.fan.source_y_m + (low - self.fan.source_z_m) / slope
        reach_high = self.fan.source_y_m + (high - self.fan.source_z_m) / slope
        return np.minimum(reach_low, reach_high), np.maximum(reach_low, reach_high)

    def _ellipse(self, y: float, z: float, half_y: float, half_z: float) -> Interval:
        slope = self.fan.slope
        offset = self.fan.source_z_m - z - self.fan.source_y_m * slope
        a = 1 / half_y**2 + slope**2 / half_z**2
        b = -y / half_y**2 + slope * offset / half_z**2
        c = y**2 / half_y**2 + offset**2 / half_z**2 - 1
        inside = b * b - a * c
        root = np.sqrt(np.maximum(inside, 0.0))
        return np.where(inside > 0, (-b - root) / a, 1.0), np.where(inside > 0, (-b + root) / a, 0.0)

    # ---- solids

    def box(self, blend: Blend, extent: Extent) -> None:
        """Add a box."""
        low, high = self._between(extent.z0, extent.z1)
        chord = np.minimum(high, extent.y1) - np.maximum(low, extent.y0)
        self._add(blend, self._lines(extent.x0, extent.x1), self._across(chord), extent.x0, extent.x1)

    def tube(
        self,
        blend: Blend,
        x0: float,
        x1: float,
        z: float,
        half_y: float,
        half_z: float,
        y: float = 0.0,
        filled_to: float | None = None,
    ) -> None:
        """Add an elliptic cylinder that lies along the lorry, filled to a height or to the top."""
        low, high = self._ellipse(y, z, half_y, half_z)
        if filled_to is not None:
            under, over = self._between(-9.0, filled_to)
            low, high = np.maximum(low, under), np.minimum(high, over)
        self._add(blend, self._lines(x0, x1), self._across(high - low), x0, x1)

    def wheel(self, blend: Blend, x: float, z: float, radius: float, y0: float, y1: float) -> None:
        """Add a cylinder that lies across the lorry."""
        lines = self._lines(x - radius, x + radius)
        half = np.sqrt(np.maximum(radius**2 - (self.x_m[lines] - x) ** 2, 0.0))[:, np.newaxis]
        slope = np.where(np.abs(self.fan.slope) < 1e-9, 1e-9, self.fan.slope)
        middle = self.fan.source_y_m + (z - self.fan.source_z_m) / slope
        reach = half / np.abs(slope)
        chord = np.minimum(middle + reach, y1) - np.maximum(middle - reach, y0)
        self._add(blend, lines, self._across(chord))

    def drum(self, blend: Blend, x: float, y: float, radius: float, z0: float, z1: float) -> None:
        """Add a cylinder that stands."""
        lines = self._lines(x - radius, x + radius)
        half = np.sqrt(np.maximum(radius**2 - (self.x_m[lines] - x) ** 2, 0.0))[:, np.newaxis]
        low, high = self._between(z0, z1)
        self._add(blend, lines, self._across(np.minimum(high, y + half) - np.maximum(low, y - half)))

    def ellipsoid(self, blend: Blend, centre_m: Array, axes: Array, radii_m: Array) -> None:
        """Add an ellipsoid; ``axes`` holds its directions as columns, ``(3, 3)``."""
        form = axes @ np.diag(1.0 / np.square(radii_m)) @ axes.T
        half_x = float(np.sqrt(np.linalg.inv(form)[0, 0]))
        lines = self._lines(centre_m[0] - half_x, centre_m[0] + half_x)
        x = (self.x_m[lines] - centre_m[0])[:, np.newaxis]
        slope = self.fan.slope
        # a ray is (x, 0, offset) + t (0, 1, slope) around the centre, t = y - centre y
        offset = self.fan.source_z_m + (centre_m[1] - self.fan.source_y_m) * slope - centre_m[2]
        a = form[1, 1] + 2 * form[1, 2] * slope + form[2, 2] * slope**2
        b = form[0, 1] * x + form[0, 2] * x * slope + (form[1, 2] + form[2, 2] * slope) * offset
        c = form[0, 0] * x * x + 2 * form[0, 2] * x * offset + form[2, 2] * offset**2 - 1.0
        chord = 2.0 * np.sqrt(np.maximum(b * b - a * c, 0.0)) / a
        self._add(blend, lines, self._across(chord))

    def grain(self, blend: Blend, extent: Extent, share: Array, whole: Extent | None = None) -> None:
        """Add a box whose density is ``share`` of the blend's, on a coarse grid ``(along x, up z)``.

        The grid is stretched smoothly over the side of ``whole`` (None: of the box itself) that
        faces the rays, so it looks the same at every resolution.
        """
        whole = whole or extent
        lines = self._lines(extent.x0, extent.x1)
        if lines.start >= lines.stop:
            return
        low, high = self._between(extent.z0, extent.z1)
        chord = self._across(np.minimum(high, extent.y1) - np.maximum(low, extent.y0))
        pixels = _touched(chord)
        if pixels.start >= pixels.stop:
            return
        n_x, n_z = share.shape
        z = self.fan.z_m((extent.y0 + extent.y1) / 2)[pixels]
        at_x = ((self.x_m[lines] - whole.x0) / (whole.x1 - whole.x0) * n_x - 0.5).astype(np.float32)
        at_z = ((z - whole.z0) / (whole.z1 - whole.z0) * n_z - 0.5).astype(np.float32)
        map_z, map_x = np.meshgrid(at_z, at_x)
        smooth = cv2.remap(
            share.astype(np.float32), map_z, map_x, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        cover = _cover(self.x_m, lines, extent.x0, extent.x1)
        metres = smooth * np.outer(cover, chord[pixels]).astype(np.float32)
        for material, density in blend.items():
            self.layer(material)[lines, pixels] += np.float32(density * G_CM2) * metres

    def volume(
        self, occupancy: npt.NDArray[np.float32], blends: tuple[Blend, ...], corner_m: Array, voxel_m: float
    ) -> tuple[slice, Image]:
        """Add a grid of voxels.

        Parameters
        ----------
        occupancy : float32 ``(n_classes, n_x, n_y, n_z)``, share of each voxel that is of a class.
        blends : what each class is made of.
        corner_m : where the grid begins, ``(x, y, z)``.

        Returns
        -------
        The lines it lies on, and its length along the rays there, m ``(n, n_pixels)``, of all classes.
        """
        n_x, n_y, n_z = occupancy.shape[1:]
        x0, y0, z0 = (float(v) for v in corner_m)
        lines = self._lines(x0, x0 + n_x * voxel_m)
        at = np.clip((self.x_m[lines] - x0) / voxel_m - 0.5, 0, n_x - 1)
        first = np.minimum(at.astype(int), max(n_x - 2, 0))
        share = (at - first).astype(np.float32)[:, np.newaxis]
        rays = self.fan.slope.reshape(-1, SUB_RAYS)
        n_pixels = self.fan.n_pixels
        out = np.zeros((len(blends), n_x, n_pixels), np.float32)
        # the edges of pixels, so that a voxel finer than a pixel is counted by its share
        ends = np.concatenate([rays[:, 0], rays[-1:, -1]])
        ends[1:-1] = (rays[:-1, -1] + rays[1:, 0]) / 2
        summed = np.zeros((len(blends), n_x, n_y, n_z + 1), np.float32)
        np.cumsum(occupancy, axis=3, out=summed[..., 1:])
        for layer in range(n_y):
            column = summed[:, :, layer]
            if not column[..., -1].any():
                continue
            y = y0 + (layer + 0.5) * voxel_m
            edge = np.clip((self.fan.source_z_m + (y - self.fan.source_y_m) * ends - z0) / voxel_m, 0, n_z)
            below = np.minimum(edge.astype(int), n_z - 1)
            part = (edge - below).astype(np.float32)
            at_edge = column[..., below] * (1 - part) + column[..., below + 1] * part
            height = (y - self.fan.source_y_m) * -np.diff(ends) / voxel_m
            out += (at_edge[..., :-1] - at_edge[..., 1:]) / np.maximum(height, 1e-9).astype(np.float32)
        out *= (voxel_m * self.fan.pixels(self.fan.stretch)).astype(np.float32)
        along = out[:, first] * (1 - share) + out[:, np.minimum(first + 1, n_x - 1)] * share
        for blend, metres in zip(blends, along, strict=True):
            for material, density in blend.items():
                self.layer(material)[lines] += np.float32(density * G_CM2) * metres
        return lines, along.sum(axis=0)

    # ---- adding

    def _across(self, chord: Array) -> Array:
        """Lengths by ray from lengths across, mean by pixel."""
        return self.fan.pixels(np.maximum(chord, 0.0) * self.fan.stretch)

    def _lines(self, x0: float, x1: float) -> slice:
        first, last = np.searchsorted(self.x_m, [x0, x1])
        return slice(max(int(first) - 1, 0), min(int(last) + 1, self.x_m.size))

    def _add(
        self, blend: Blend, lines: slice, metres: Array, x0: float | None = None, x1: float | None = None
    ) -> None:
        if lines.start >= lines.stop:
            return
        pixels = _touched(metres if metres.ndim == 1 else metres.max(axis=0))
        if pixels.start >= pixels.stop:
            return
        if metres.ndim == 1:
            assert x0 is not None
            assert x1 is not None
            metres = np.outer(_cover(self.x_m, lines, x0, x1), metres[pixels])
        else:
            metres = metres[:, pixels]
        for material, density in blend.items():
            self.layer(material)[lines, pixels] += (density * G_CM2 * metres).astype(np.float32)


def _touched(chord: Array) -> slice:
    hit = np.flatnonzero(chord > 0)
    return slice(int(hit[0]), int(hit[-1]) + 1) if hit.size else slice(0, 0)


def _cover(x_m: Array, lines: slice, low: float, high: float) -> Array:
    """Return the share of each line's width that lies between two places: 0..1."""
    middle = (x_m[1:] + x_m[:-1]) / 2
    edges = np.concatenate([[2 * x_m[0] - middle[0]], middle, [2 * x_m[-1] - middle[-1]]])
    first, last = edges[:-1][lines], edges[1:][lines]
    share = np.minimum(high, last) - np.maximum(low, first)
    return np.asarray(np.clip(share / np.maximum(last - first, 1e-9), 0.0, 1.0))

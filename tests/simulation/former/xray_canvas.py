"""Mass per area behind each pixel of a transmission image: shapes added along parallel rays."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from tests.simulation.former.bodies import Ellipsoid

Image = npt.NDArray[np.float32]


@dataclass(slots=True)
class Canvas:
    """Areal mass by material on a grid of x (along the lorry) and z (height).

    Rays run across the lorry (along y), parallel; a line of the detector is one
    x, its pixel 0 looks at the top. Thicknesses add, so nothing is lost to beam
    hardening when one thing stands behind another.

    Parameters
    ----------
    x_m : float ``(n_lines,)``, position of each line, rising.
    z_m : float ``(n_pixels,)``, height of each pixel, falling.
    """

    x_m: npt.NDArray[np.float64]
    z_m: npt.NDArray[np.float64]
    areal_g_cm2: dict[str, Image] = field(default_factory=dict)

    def layer(self, material: str) -> Image:
        """Return the areal mass of a material, g/cm2 ``(n_lines, n_pixels)``, to add to."""
        if material not in self.areal_g_cm2:
            self.areal_g_cm2[material] = np.zeros((self.x_m.size, self.z_m.size), np.float32)
        return self.areal_g_cm2[material]

    def _window(self, x0: float, x1: float, z0: float, z1: float) -> tuple[slice, slice]:
        """Return the lines and pixels that an extent can touch."""
        first, last = np.searchsorted(self.x_m, [x0, x1])
        top, bottom = np.searchsorted(-self.z_m, [-z1, -z0])
        return (
            slice(max(first - 1, 0), min(last + 1, self.x_m.size)),
            slice(max(top - 1, 0), min(bottom + 1, self.z_m.size)),
        )

    def _share(self, window: tuple[slice, slice], x0: float, x1: float, z0: float, z1: float) -> Image:
        """Return the share of each pixel of a window that lies in a rectangle: 0..1."""
        return np.outer(_cover(self.x_m, window[0], x0, x1), _cover(self.z_m, window[1], z0, z1)).astype(
            np.float32
        )

    def box(
        self, material: str, density: float, x0: float, x1: float, z0: float, z1: float, depth_m: float
    ) -> None:
        """Add a box whose side across the lorry is ``depth_m``; density in g/cm3."""
        window = self._window(x0, x1, z0, z1)
        self.layer(material)[window] += np.float32(density * 100.0 * depth_m) * self._share(
            window, x0, x1, z0, z1
        )

    def disc(
        self, material: str, density: float, x: float, z: float, radius_m: float, depth_m: float
    ) -> None:
        """Add a cylinder that lies across the lorry: a disc in the image."""
        lines, pixels = self._window(x - radius_m, x + radius_m, z - radius_m, z + radius_m)
        distance = np.hypot(self.x_m[lines, None] - x, self.z_m[None, pixels] - z)
        pitch = abs(float(self.z_m[1] - self.z_m[0]))
        share = np.clip((radius_m - distance) / pitch + 0.5, 0.0, 1.0)
        self.layer(material)[lines, pixels] += (density * 100.0 * depth_m * share).astype(np.float32)

    def barrel(
        self,
        material: str,
        density: float,
        x0: float,
        x1: float,
        z: float,
        radius_m: float,
        fill_m: float | None = None,
    ) -> None:
        """Add a cylinder along the lorry, filled to height ``fill_m`` above its bottom (None = full)."""
        top = z + radius_m if fill_m is None else z - radius_m + fill_m
        lines, pixels = self._window(x0, x1, z - radius_m, top)
        chord = 2.0 * np.sqrt(np.maximum(radius_m**2 - (self.z_m[pixels] - z) ** 2, 0.0))
        chord *= _cover(self.z_m, pixels, z - radius_m, top)
        share = np.outer(_cover(self.x_m, lines, x0, x1), chord)
        self.layer(material)[lines, pixels] += (density * 100.0 * share).astype(np.float32)

    def ellipsoid(
        self, material: str, part: Ellipsoid
    ) -> tuple[tuple[slice, slice], npt.NDArray[np.float64]]:
        """Add an ellipsoid; returns where it fell and its chords, m."""
        half_x, half_z = part.half_extent_m()
        x, _, z = part.centre_m
        lines, pixels = self._window(x - half_x, x + half_x, z - half_z, z + half_z)
        chord = part.chord_m(self.x_m[lines, None], self.z_m[None, pixels])
        self.layer(material)[lines, pixels] += (part.density_g_cm3 * 100.0 * chord).astype(np.float32)
        return (lines, pixels), chord

    def texture(
        self, material: str, grain: npt.NDArray[np.float64], x0: float, x1: float, z0: float, z1: float
    ) -> None:
        """Add a coarse map of areal mass, g/cm2 ``(along x, up z)``, stretched smoothly over a rectangle.

        A texture drawn on its own grid looks the same at every resolution.
        """
        lines, pixels = self._window(x0, x1, z0, z1)
        rows, columns = self.x_m[lines], self.z_m[pixels]
        if rows.size == 0 or columns.size == 0:
            return
        n_x, n_z = grain.shape
        at_x = ((rows - x0) / (x1 - x0) * n_x - 0.5).astype(np.float32)
        at_z = ((columns - z0) / (z1 - z0) * n_z - 0.5).astype(np.float32)
        map_z, map_x = np.meshgrid(at_z, at_x)
        smooth = cv2.remap(
            grain.astype(np.float32), map_z, map_x, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        share = self._share((lines, pixels), x0, x1, z0, z1)
        self.layer(material)[lines, pixels] += smooth * share

    def thin(self, x0: float, x1: float, z0: float, z1: float, remain: float) -> None:
        """Leave only the share ``remain`` of everything in a rectangle: a hiding place in cargo."""
        window = self._window(x0, x1, z0, z1)
        keep = 1.0 - np.float32(1.0 - remain) * self._share(window, x0, x1, z0, z1)
        for layer in self.areal_g_cm2.values():
            layer[window] *= keep


def _cover(
    axis_m: npt.NDArray[np.float64], window: slice, low: float, high: float
) -> npt.NDArray[np.float64]:
    """Return the share of each pixel of an axis that lies between two edges: 0..1."""
    pitch = abs(float(axis_m[-1] - axis_m[0])) / (axis_m.size - 1)
    centres = axis_m[window]
    share = np.minimum(high, centres + pitch / 2) - np.maximum(low, centres - pitch / 2)
    return np.clip(share / pitch, 0.0, 1.0)

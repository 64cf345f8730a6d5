"""Smooths whole voxels into filled shares, and turns their layers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Volume = npt.NDArray[np.float32]

_WIDE = np.array([1, 8, 28, 56, 70, 56, 28, 8, 1], np.float32) / np.float32(256)
_NARROW = np.array([0.25, 0.5, 0.25], np.float32)
_STEEPNESS = 1.8  # a smoothed flat face goes from 0 to 1 within two voxels


def _blurred(volume: Volume, kernel: Volume) -> Volume:
    """Return a volume convolved along all axes; its rim must be empty."""
    one, (n_0, n_1, n_2) = np.ones(1, np.float32), volume.shape
    flat = cv2.sepFilter2D(volume.reshape(n_0 * n_1, n_2), -1, kernel, kernel)
    flat = cv2.sepFilter2D(flat.reshape(n_0, n_1 * n_2), -1, one, kernel)
    return np.asarray(flat, np.float32).reshape(volume.shape)


def organ(labels: npt.NDArray[np.uint8], code: int) -> tuple[Volume, slice]:
    """Return the share of each voxel that one class fills, softened by half a voxel, and its layers."""
    inside = labels == code
    share = np.zeros(labels.shape, np.float32)
    along = [np.flatnonzero(inside.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    if along[0].size == 0:
        return share, slice(0, 0)
    box = tuple(slice(int(axis[0]) - 2, int(axis[-1]) + 3) for axis in along)
    share[box] = _blurred(inside[box].astype(np.float32), _NARROW)
    return share, box[0]


def smooth(body: Volume) -> Volume:
    """Return the filled share of each voxel behind a smooth skin of the same volume."""
    ramp = _blurred(body, _WIDE)
    ramp -= np.float32(0.5 - 0.5 / _STEEPNESS)
    ramp *= np.float32(_STEEPNESS)
    wanted = float(np.count_nonzero(body))
    share = np.clip(ramp, 0.0, 1.0)
    for _ in range(2):
        skin = int(np.count_nonzero(share)) - int(np.count_nonzero(share == 1.0))
        ramp += np.float32((wanted - float(share.sum(dtype=np.float64))) / max(skin, 1))
        np.clip(ramp, 0.0, 1.0, out=share)
    return share


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of layers about x = y = 0, all lengths in voxels; (x0, y0) is the new lowest corner."""

    matrix: FloatArray
    rows: int
    columns: int
    x0: float
    y0: float

    @classmethod
    def about_pelvis(cls, yaw_rad: float, x0: float, y0: float, n_x: int, n_y: int) -> Turn:
        """Return the turn of layers (n_x, n_y) whose lowest corner is at (x0, y0)."""
        c, s = math.cos(yaw_rad), math.sin(yaw_rad)
        corners = np.array([(x, y) for x in (x0, x0 + n_x) for y in (y0, y0 + n_y)])
        corners = corners @ np.array([[c, s], [-s, c]])
        low = np.floor(corners.min(axis=0))
        rows, columns = np.ceil(corners.max(axis=0) - low).astype(int).tolist()
        # from a turned voxel's index (column y, row x) back to the source's index
        middle = np.array([[c, s], [-s, c]]) @ (low + 0.5) - np.array([x0, y0]) - 0.5
        matrix = np.array([[c, -s, middle[1]], [s, c, middle[0]]])
        return cls(matrix, rows, columns, float(low[0]), float(low[1]))

    def __call__(self, volume: Volume, layers: slice) -> Volume:
        """Return a volume (n_z, n_x, n_y) turned; only the layers named hold anything."""
        out = np.zeros((volume.shape[0], self.rows, self.columns), np.float32)
        size, flags = (self.columns, self.rows), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        for layer in range(layers.start, layers.stop):
            cv2.warpAffine(volume[layer], self.matrix, size, dst=out[layer], flags=flags)
        return out

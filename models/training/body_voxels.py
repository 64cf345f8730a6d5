"""From a watertight surface with points inside to voxels with one class each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
FINE = 2  # fine cells per voxel and axis


def enclosed_m3(vertices_m: FloatArray, faces: npt.NDArray[np.int64]) -> float:
    """Return the volume inside a closed surface with outward faces (divergence theorem)."""
    a, b, c = (vertices_m[faces[:, corner]] for corner in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)


def winding(
    vertices: FloatArray, faces: npt.NDArray[np.int64], shape: tuple[int, int, int]
) -> npt.NDArray[np.bool_]:
    """Return which cell centres lie inside a surface, by signed crossings of rays along z.

    A cell covered twice, where a body touches itself, counts once.

    Parameters
    ----------
    vertices : (n, 3) in cells; cell i is centred at i + 0.5.
    faces : (n, 3) with outward normals.
    shape : cells along each axis.
    """
    corners = vertices[faces]  # (n, corner, axis)
    corners = corners - 0.5 + np.array([1.237e-5, 2.913e-5, 0.0])  # no ray through an edge or a corner
    low = np.maximum(np.ceil(corners[..., :2].min(axis=1)).astype(int), 0)
    high = np.minimum(np.floor(corners[..., :2].max(axis=1)).astype(int), np.array(shape[:2]) - 1)
    spans = np.maximum(high - low + 1, 0)
    counts = spans[:, 0] * spans[:, 1]
    which = np.repeat(np.arange(counts.size), counts)
    rank = np.arange(which.size) - np.repeat(np.cumsum(counts) - counts, counts)
    x = low[which, 0] + rank // np.maximum(spans[which, 1], 1)
    y = low[which, 1] + rank % np.maximum(spans[which, 1], 1)
    a, b, c = (corners[which, corner] for corner in range(3))

    def side(p: FloatArray, q: FloatArray) -> FloatArray:
        return (q[:, 0] - p[:, 0]) * (y - p[:, 1]) - (q[:, 1] - p[:, 1]) * (x - p[:, 0])

    share = np.stack([side(b, c), side(c, a), side(a, b)])
    area = share.sum(axis=0)
    hit = ((share > 0).all(axis=0) | (share < 0).all(axis=0)) & (area != 0)
    z = (share * np.stack([a[:, 2], b[:, 2], c[:, 2]]))[:, hit].sum(axis=0) / area[hit]
    first = np.clip(np.ceil(z).astype(int), 0, shape[2])
    turns = np.zeros((shape[0], shape[1], shape[2] + 1), np.int8)
    # area > 0: the normal points up, the ray leaves
    np.add.at(turns, (x[hit], y[hit], first), np.where(area[hit] > 0, -1, 1).astype(np.int8))
    return np.ascontiguousarray(np.cumsum(turns, axis=2, dtype=np.int8)[..., :-1] > 0)


def filled(fine: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Return how many of its eight fine cells each voxel has filled."""
    cells = fine.view(np.uint8)
    corners = [(i, j, k) for i in range(FINE) for j in range(FINE) for k in range(FINE)]
    out = np.zeros(tuple(size // FINE for size in fine.shape), np.uint8)
    for i, j, k in corners:
        out += cells[i::FINE, j::FINE, k::FINE]
    return out


def fullest(cells: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Return as many whole voxels as the fine cells add up to, the fullest first."""
    chosen = np.zeros(cells.size, bool)
    some = np.flatnonzero(cells)
    wanted = round(int(cells.sum(dtype=np.int64)) / FINE**3)
    # equal shares are taken evenly over the volume, not from one end
    order = cells.ravel()[some] + np.random.default_rng(5).random(some.size)
    chosen[some[np.argpartition(order, some.size - wanted)[some.size - wanted :] if wanted else []]] = True
    return chosen.reshape(cells.shape)


def scatter(points: FloatArray, shape: tuple[int, int, int]) -> npt.NDArray[np.bool_]:
    """Return the cells that hold at least one point; points in cells."""
    cells = np.floor(points).astype(int)
    inside = ((cells >= 0) & (cells < np.array(shape))).all(axis=1)
    marked = np.zeros(shape, bool)
    marked[tuple(cells[inside].T)] = True
    return marked


def outward(vertices: FloatArray, faces: npt.NDArray[np.int64]) -> FloatArray:
    """Return unit normals of the vertices, weighted by the area around them."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    at = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(at, faces[:, corner], normal)
    return np.asarray(at / np.maximum(np.linalg.norm(at, axis=1, keepdims=True), 1e-12))


def surface_m2(vertices_m: FloatArray, faces: npt.NDArray[np.int64]) -> float:
    """Return the area of a surface."""
    a, b, c = (vertices_m[faces[:, corner]] for corner in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2.0)


def label(
    vertices_m: FloatArray,
    faces: npt.NDArray[np.int64],
    volume_m3: float,
    organs_m: Mapping[int, FloatArray],
    voxel_m: float,
) -> tuple[npt.NDArray[np.uint8], FloatArray, float]:
    """Return classes per voxel (0 air, 1 soft tissue, else the keys of ``organs_m``).

    Where a pose pushes limbs into the trunk, the flesh lost is given back evenly
    as a thicker skin (millimetres), so that a body weighs the same in every pose.

    Parameters
    ----------
    vertices_m : (n, 3), axes of the result.
    volume_m3 : what the body takes up.
    organs_m : points inside each class, closer than half a fine cell; later ones win.

    Returns
    -------
    labels uint8 (n_x, n_y, n_z), the origin (lowest corner) in metres, the share lost before mending.
    """
    normals, area, cell_m = outward(vertices_m, faces), surface_m2(vertices_m, faces), voxel_m / FINE
    low = vertices_m.min(axis=0) - 2 * voxel_m
    size = np.ceil((vertices_m.max(axis=0) + 2 * voxel_m - low) / voxel_m).astype(int) * FINE
    shape = (int(size[0]), int(size[1]), int(size[2]))
    thicker, lost = 0.0, 0.0
    for attempt in range(4):
        fine = winding((vertices_m + thicker * normals - low) / cell_m, faces, shape)
        short = volume_m3 - float(fine.sum()) * cell_m**3
        if attempt == 0:
            lost = short / volume_m3
        if abs(short) < 0.005 * volume_m3:
            break
        thicker += short / area
    body = fullest(filled(fine))
    labels = body.astype(np.uint8)
    for code, points in organs_m.items():
        inside = scatter((points - low) / cell_m, shape) & fine
        labels[fullest(filled(inside)) & body] = code
    used = [np.flatnonzero(body.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    window = tuple(slice(int(axis[0]), int(axis[-1]) + 1) for axis in used)
    origin = low + voxel_m * np.array([part.start for part in window])
    return labels[window], origin, lost

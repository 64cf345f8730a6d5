"""From lines at their places to columns of square pixels, as they are complete, each pixel with its class."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from calibration.line_pixels import FloatLines, Mask, PixelClass

Array = npt.NDArray[np.float64]

BRIDGE_LINES = 4
"""So many lines that are lost or bad in a row are interpolated; the middle of a wider gap is missing."""

N_PLANES = len(PixelClass) + 1
UNTRUSTED = 1e-3
"""Weight of a missing pixel's value beside any that was measured."""


@dataclass(frozen=True, slots=True)
class GridState:
    """Columns that are not complete, and the last line, which ends half-way to the next.

    Parameters
    ----------
    n_pixels, pixel_mm, mm_per_px : of lines and of the picture.
    first : the first column that is not complete.
    planes : float32 ``(N_PLANES, k, height)`` of columns ``first`` and on: area of each class, and
        the values times their weights, mm.
    last : float32 ``(N_PLANES, height)`` of the last line, None before the first.
    place_mm, usual_mm : of that line.
    """

    n_pixels: int
    pixel_mm: float
    mm_per_px: float
    origin_mm: float
    first: int
    planes: FloatLines
    last: FloatLines | None = None
    place_mm: float = 0.0
    usual_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class Columns:
    """Complete columns of a picture.

    Parameters
    ----------
    first : number of the first of them.
    image : float32 ``(height, k)``; 0 where nothing was measured.
    mask : uint8 ``(height, k)``, `PixelClass`.
    covered : bool ``(k,)``: lines were taken for most of the column.
    """

    first: int
    image: FloatLines
    mask: Mask
    covered: npt.NDArray[np.bool_]


def grid_state(n_pixels: int, pixel_mm: float, mm_per_px: float, origin_mm: float) -> GridState:
    """Return an empty picture whose first column begins at a place.

    Parameters
    ----------
    pixel_mm : distance of two channels at the lorry.
    origin_mm : place where column 0 begins.
    """
    height = picture_height(n_pixels, pixel_mm, mm_per_px)
    return GridState(n_pixels, pixel_mm, mm_per_px, origin_mm, 0, np.zeros((N_PLANES, 0, height), np.float32))


def picture_height(n_pixels: int, pixel_mm: float, mm_per_px: float) -> int:
    """Return the number of rows that hold all channels."""
    return max(int(np.ceil(n_pixels * pixel_mm / mm_per_px - 1e-6)), 1)


def fold(
    values: FloatLines,
    mask: Mask,
    place_mm: Array,
    between: npt.NDArray[np.int64],
    usual_mm: Array,
    state: GridState,
) -> tuple[Columns, GridState]:
    """Add some lines and return the columns that they complete, averages over areas.

    A line stands for the way half-way to its neighbours; where lines between are lost or bad,
    for its own pitch, and up to `BRIDGE_LINES` of them are closed from both sides as interpolated.

    Parameters
    ----------
    values, mask : ``(n, n_pixels)``, good lines only.
    place_mm : ``(n,)``, rising.
    between : ``(n,)``, lost or bad lines just before each.
    usual_mm : ``(n,)``, usual step there, 0 = unknown.
    """
    n = place_mm.size
    if n == 0:
        return _nothing(state), state
    rows = _upright(values, mask, state)
    usual = np.where(usual_mm > 0, usual_mm, state.usual_mm)
    if state.last is not None:
        rows = np.concatenate([state.last[:, None], rows], axis=1)
        place = np.concatenate([[state.place_mm], place_mm]) - state.origin_mm
        gaps, usual = between, np.concatenate([[state.usual_mm], usual])
        first_half = 0.0
    else:
        place, gaps = place_mm - state.origin_mm, between[1:]
        first_half = usual[0] / 2
    step = np.diff(place)
    pitch = np.maximum(step / (gaps + 1), np.minimum(step, usual[1:])) / 2
    own = np.where(gaps > 0, np.minimum(pitch, step / 2), step / 2)
    closed = np.where(gaps <= BRIDGE_LINES, step / 2, own)
    low = place - np.concatenate([[first_half], own])
    high = place + np.concatenate([own, [0.0]])
    edge_low = np.concatenate([low[:1], place[1:] - closed])
    edge_high = np.concatenate([place[:-1] + closed, high[-1:]])
    after = replace(
        state,
        last=rows[:, -1].copy(),
        place_mm=float(place[-1] + state.origin_mm),
        usual_mm=float(usual[-1]),
    )
    return _add(rows, (edge_low, low, high, edge_high), float(place[-1]), after)


def close(state: GridState) -> Columns:
    """Return the last columns: the last line ends half a pitch on."""
    if state.last is None:
        return _nothing(state)
    at = np.array([state.place_mm - state.origin_mm])
    end = at + state.usual_mm / 2
    wide = int(np.ceil(end[0] / state.mm_per_px - 1e-6)) * state.mm_per_px
    return _add(state.last[:, None], (at, at, end, end), wide, state)[0]


def _nothing(state: GridState) -> Columns:
    height = state.planes.shape[2]
    return Columns(
        state.first, np.zeros((height, 0), np.float32), np.zeros((height, 0), np.uint8), np.zeros(0, bool)
    )


def _upright(values: FloatLines, mask: Mask, state: GridState) -> FloatLines:
    """Average channels over the picture's rows: areas of each class and weighted values."""
    height = state.planes.shape[2]
    planes = np.zeros((N_PLANES, values.shape[0], height), np.float32)
    missing = mask == PixelClass.MISSING
    weighted = np.where(missing, np.float32(UNTRUSTED), np.float32(1.0)) * values if missing.any() else values
    planes[-1] = _rows(weighted, state)
    rest = np.ones(planes.shape[1:], np.float32)
    for kind in (
        PixelClass.INTERPOLATED,
        PixelClass.SATURATED,
        PixelClass.NOT_PENETRATED,
        PixelClass.MISSING,
    ):
        chosen = missing if kind is PixelClass.MISSING else mask == kind
        if chosen.any():
            planes[kind] = _rows(chosen, state)
            rest -= planes[kind]
    planes[PixelClass.GOOD] = np.maximum(rest, 0.0)
    return planes


def _rows(values: npt.NDArray[np.generic], state: GridState) -> FloatLines:
    edge, share, length = _row_edges(state.n_pixels, state.pixel_mm, state.mm_per_px)
    total = np.zeros((values.shape[0], state.n_pixels + 2))
    np.cumsum(values, axis=1, out=total[:, 1:-1])
    total[:, -1] = total[:, -2]
    # the sum up to an edge: all whole channels before it and a share of the one that it falls into
    until = total[:, edge]
    until += share * (total[:, edge + 1] - until)
    return np.asarray(np.diff(until, axis=1) / length, np.float32)


@cache
def _row_edges(
    n_pixels: int, pixel_mm: float, mm_per_px: float
) -> tuple[npt.NDArray[np.int64], Array, Array]:
    """Return for each edge of rows the channel it falls into and its share, and each row's channels."""
    edges = np.arange(picture_height(n_pixels, pixel_mm, mm_per_px) + 1) * mm_per_px / pixel_mm
    edges = np.minimum(edges, n_pixels)
    whole = np.floor(edges + 1e-9).astype(np.int64)
    return whole, np.maximum(edges - whole, 0.0), np.maximum(np.diff(edges), 1e-12)


def _overlap(low: Array, high: Array, edges: Array) -> FloatLines:
    """Length of each line's way within each column, ``(k, n)``."""
    inside = np.minimum(high, edges[1:, None]) - np.maximum(low, edges[:-1, None])
    return np.asarray(np.maximum(inside, 0.0), np.float32)


def _add(
    rows: FloatLines, ways: tuple[Array, Array, Array, Array], until_mm: float, state: GridState
) -> tuple[Columns, GridState]:
    edge_low, low, high, edge_high = ways
    last = max(int(np.ceil(max(edge_high.max(), until_mm) / state.mm_per_px - 1e-6)), state.first)
    held, height = state.planes.shape[1], state.planes.shape[2]
    planes = np.zeros((N_PLANES, max(last - state.first, held), height), np.float32)
    planes[:, :held] = state.planes
    touched = max(int(np.floor(edge_low.min() / state.mm_per_px)), state.first)
    edges = np.arange(touched, state.first + planes.shape[1] + 1) * state.mm_per_px
    if edges.size > 1:
        within = planes[:, touched - state.first :]
        own = _overlap(low, high, edges)
        bridges = _overlap(edge_low, low, edges) + _overlap(high, edge_high, edges)
        both = own + bridges
        within[PixelClass.GOOD] += own @ rows[PixelClass.GOOD]
        within[PixelClass.INTERPOLATED] += bridges @ rows[PixelClass.GOOD]
        for plane in (*list(PixelClass)[1:], N_PLANES - 1):
            if rows[plane].any():
                within[plane] += both @ rows[plane]
    done = max(int(np.floor(until_mm / state.mm_per_px + 1e-6)) - state.first, 0)
    columns = _columns(planes[:, :done], state)
    return columns, replace(state, first=state.first + done, planes=planes[:, done:].copy())


def _columns(planes: FloatLines, state: GridState) -> Columns:
    areas = planes[: len(PixelClass)]
    measured = areas.sum(axis=0)
    weight = measured - (1.0 - np.float32(UNTRUSTED)) * areas[PixelClass.MISSING]
    image = planes[-1] / np.maximum(weight, 1e-12)
    mask = np.zeros(image.shape, np.uint8)
    # the median of the classes by area, nothing measured the worst; the last column may end early
    full = np.full(image.shape[0], state.mm_per_px)
    worse = np.maximum(full[:, None] - measured, 0.0) + areas[PixelClass.MISSING]
    for kind in reversed(list(PixelClass)[1:]):
        mask[(worse > 0.5 * full[:, None]) & (mask == 0)] = kind
        worse = worse + areas[kind - 1]
    covered = measured.mean(axis=1) > 0.5 * full if measured.size else np.zeros(full.size, bool)
    return Columns(state.first, np.ascontiguousarray(image.T), np.ascontiguousarray(mask.T), covered)

"""Warm spots in the thermal view of doors: found, followed over time, their change with its uncertainty.

A spot is a part that is warmer than its surroundings and narrow: a leaking seal, a vent, the rim of a
hatch, a hand on bare metal. What is wide (a door's panel in the sun, the sky, the yard) is background:
morphological opening removes what is narrower than its window, so the rest is what spots stand on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

WINDOW_SHARE = 0.3  # of the frame's shorter side: what is wider is background
SIGMAS = 5.0
MOST_TRACKS = 8
MOST_POINTS = 600
FEWEST_POINTS = 5
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Spot:
    """One warm part of a frame.

    Parameters
    ----------
    x, y, width, height : its box, pixels.
    excess_k : mean over its pixels above the background, K.
    peak_k : highest pixel above the background, K.
    area_px : number of its pixels.
    region : bool of the frame's shape, its pixels.
    """

    x: int
    y: int
    width: int
    height: int
    excess_k: float
    peak_k: float
    area_px: int
    region: Mask


def above_background(frame: FloatImage) -> FloatImage:
    """Return by how much each pixel is above what is wide around it, K, the usual value taken off.

    Examples
    --------
    >>> frame = np.full((24, 32), 8.0, np.float32); frame[:, 16:] = 14; frame[6:8, 5:7] += 3
    >>> over = above_background(frame)
    >>> float(over[6, 5]), float(over[20, 30])
    (3.0, 0.0)
    """
    size = max(round(WINDOW_SHARE * min(frame.shape)) | 1, 3)
    window = cv2.getStructuringElement(cv2.MORPH_RECT, (size, size))
    over = frame - cv2.morphologyEx(frame, cv2.MORPH_OPEN, window, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(over - np.median(over), np.float32)


def find_spots(frame: FloatImage, least_k: float = 0.5) -> tuple[Spot, ...]:
    """Return the warm spots of one frame (best: the mean of some), warmest first.

    Parameters
    ----------
    frame : float32 ``(height, width)``, °C or K, finite.
    least_k : excess below which nothing is a spot; 5 times the robust spread of what is above the
        background when that is more.

    Examples
    --------
    >>> frame = np.full((24, 32), 8.0, np.float32); frame[4:6, 5] = 11.0
    >>> [(s.x, s.y, s.width, s.height, s.area_px, s.excess_k) for s in find_spots(frame)]
    [(5, 4, 1, 2, 2, 3.0)]
    """
    over = above_background(frame)
    spread = _MAD_TO_SIGMA * float(np.median(np.abs(over)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (over > max(least_k, SIGMAS * spread)).astype(np.uint8), connectivity=8
    )
    spots = []
    for label in range(1, count):
        region = np.asarray(labels == label)
        x, y, width, height, area = (int(v) for v in stats[label])
        inside = over[region]
        spots.append(Spot(x, y, width, height, float(inside.mean()), float(inside.max()), area, region))
    return tuple(sorted(spots, key=lambda spot: -spot.peak_k))


@dataclass(frozen=True, slots=True)
class Change:
    """How something changes: per minute, with one standard deviation of it."""

    per_min: float
    sd_per_min: float


def change_of(t_s: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> Change | None:
    """Return the slope of a straight line through values, per minute; None for fewer than five.

    The standard error of least squares, widened where successive residuals are alike: then there are
    fewer values than it seems (effective number n (1 - r) / (1 + r), r the correlation of neighbours).

    References
    ----------
    Santer et al., Statistical significance of trends and trend differences in layer-average
    atmospheric temperature time series, Journal of Geophysical Research 105 (2000) 7337-7356.

    Examples
    --------
    >>> t_s = np.arange(60.0)
    >>> change = change_of(t_s, 0.01 * t_s + np.tile([0.1, -0.1], 30))
    >>> round(change.per_min, 1), change.sd_per_min < 0.1
    (0.6, True)
    """
    n = t_s.size
    if n < FEWEST_POINTS:
        return None
    t = t_s - t_s.mean()
    square = float(t @ t)
    if square == 0.0:
        return None
    slope = float(t @ (values - values.mean())) / square
    rest = values - values.mean() - slope * t
    power = float(rest @ rest)
    alike = float(rest[1:] @ rest[:-1]) / power if power > 0 else 0.0
    alike = min(max(alike, 0.0), 0.95)
    effective = max(n * (1 - alike) / (1 + alike), 2.5)
    return Change(60 * slope, 60 * math.sqrt(power / (effective - 2) / square))


@dataclass(frozen=True, slots=True)
class Track:
    """One spot over time.

    ``newest`` as last found; ``region`` where the excess is measured: as first found, so that it does
    not depend on whether the spot was found again. ``t_s``, ``excess_k``, ``area_px`` grow together;
    the area is 0 where it was not found.
    """

    newest: Spot
    region: Mask
    t_s: tuple[float, ...]
    excess_k: tuple[float, ...]
    area_px: tuple[float, ...]

    def change(self) -> Change | None:
        """Return the change of the excess, K per minute."""
        return change_of(np.array(self.t_s), np.array(self.excess_k))

    def area_change(self) -> Change | None:
        """Return the change of the area, pixels per minute."""
        return change_of(np.array(self.t_s), np.array(self.area_px))


def follow_spots(
    tracks: tuple[Track, ...], frame: FloatImage, t_s: float, least_k: float = 0.5
) -> tuple[Track, ...]:
    """Return the tracks after one more frame, warmest first, at most eight.

    A spot belongs to the track whose region it shares most pixels with; one that shares none begins a
    new track. Frames are best means of some that do not overlap: then their noise is independent.

    Parameters
    ----------
    tracks : what the call before returned; ``()`` at the beginning or for another size of frames.
    frame : float32 ``(height, width)``, °C or K, finite.
    t_s : its time, rising.

    Examples
    --------
    >>> tracks = ()
    >>> for second in range(10):
    ...     frame = np.full((24, 32), 8.0, np.float32); frame[4:6, 5:7] += 1 + 0.1 * second
    ...     tracks = follow_spots(tracks, frame, float(second))
    >>> len(tracks), round(tracks[0].change().per_min, 1), tracks[0].area_px[-1]
    (1, 6.0, 4.0)
    """
    over = above_background(frame)
    tracks = tuple(t for t in tracks if t.region.shape == frame.shape)
    taken: dict[int, Spot] = {}
    fresh = []
    for spot in find_spots(frame, least_k):
        shared = [int((spot.region & (track.region | track.newest.region)).sum()) for track in tracks]
        best = int(np.argmax(shared)) if shared else -1
        if best >= 0 and shared[best] > 0:
            taken.setdefault(best, spot)
        else:
            fresh.append(spot)
    after = []
    for number, track in enumerate(tracks):
        found = taken.get(number)
        after.append(
            replace(
                track,
                newest=found if found is not None else track.newest,
                t_s=(*track.t_s, t_s)[-MOST_POINTS:],
                excess_k=(*track.excess_k, float(over[track.region].mean()))[-MOST_POINTS:],
                area_px=(*track.area_px, float(found.area_px if found is not None else 0))[-MOST_POINTS:],
            )
        )
    after += [Track(s, s.region, (t_s,), (s.excess_k,), (float(s.area_px),)) for s in fresh]
    return tuple(sorted(after, key=lambda track: -track.excess_k[-1])[:MOST_TRACKS])

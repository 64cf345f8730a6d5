"""The classical way to find people in thermal frames: local contrast, a threshold, a gate of sizes.

Tuned on the training part of HIT-UAV alone, for the best average precision:

    python -m tests.bench.thermal_hot_spots --data FOLDER
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from models.detection import Detection
from models.training.average_precision import average_precision, match
from models.training.hit_uav import Labelled, load_part

FloatImage = npt.NDArray[np.float32]
REFERENCE_M = 60.0


@dataclass(frozen=True, slots=True)
class HotSpots:
    """A hot-spot detector.

    Parameters
    ----------
    smooth_px : Gaussian over the frame before.
    window_px : side of the surroundings a pixel is compared with: their mean and standard deviation.
    threshold : contrast from which a pixel is hot, in that standard deviation.
    both : whether spots colder than their surroundings count too.
    low_px, high_px : least and greatest height of a box seen from 60 m; scaled by the altitude.
    wide_px : greatest width from 60 m.
    slim : least ratio of height to width.
    pad_px : what is added on each side of what is hot.
    """

    smooth_px: float
    window_px: int
    threshold: float
    both: bool
    low_px: float
    high_px: float
    wide_px: float
    slim: float
    pad_px: int

    def detect(self, frame: FloatImage, altitude_m: float = REFERENCE_M) -> tuple[Detection, ...]:
        """Return what looks like a person, best (highest contrast) first."""
        return self.gated(self.candidates(frame), altitude_m)

    def candidates(self, frame: FloatImage) -> npt.NDArray[np.float64]:
        """Return ``(n, 5)``: x, y, width, height, peak contrast of all hot parts."""
        seen = cv2.GaussianBlur(frame, (0, 0), self.smooth_px)
        around = cv2.blur(seen, (self.window_px, self.window_px))
        square = cv2.blur(seen * seen, (self.window_px, self.window_px)) - around * around
        floor = max(0.3 * float(seen.std()), 1e-3)
        contrast = (seen - around) / np.maximum(np.sqrt(np.maximum(square, 0)), floor)
        found = [self._parts(contrast), *([self._parts(-contrast)] if self.both else [])]
        return np.concatenate(found)

    def _parts(self, contrast: FloatImage) -> npt.NDArray[np.float64]:
        hot = (contrast > self.threshold).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(hot, connectivity=8)
        peaks = np.full(count, -np.inf)
        where = hot > 0
        np.maximum.at(peaks, labels[where], contrast[where])
        return np.column_stack([stats[1:, :4].astype(float), peaks[1:]]).reshape(-1, 5)

    def gated(self, parts: npt.NDArray[np.float64], altitude_m: float) -> tuple[Detection, ...]:
        """Return the parts of a person's size, padded."""
        scale = REFERENCE_M / altitude_m
        x, y, width, height, peak = parts.T
        width, height = width + 2 * self.pad_px, height + 2 * self.pad_px
        fits = (height >= self.low_px * scale) & (height <= self.high_px * scale)
        fits &= (width <= self.wide_px * scale) & (height >= self.slim * width)
        chosen = np.flatnonzero(fits)
        best = chosen[np.argsort(-peak[chosen], kind="stable")]
        return tuple(
            Detection(x[k] - self.pad_px, y[k] - self.pad_px, width[k], height[k], peak[k]) for k in best
        )


START = HotSpots(1.2, 41, 2.0, False, 10, 50, 25, 0.8, 1)
TUNED = HotSpots(1.2, 41, 1.5, False, 14, 35, 18, 1.2, 2)
"""Best of the grids below on the training part, where it reached an average precision of 0.468."""


def altitude_m(name: str) -> float:
    """Return the altitude that a file name of HIT-UAV tells."""
    return float(name.split("_")[1])


def contrasts() -> Iterator[HotSpots]:
    """Yield the ways to find hot parts, with gates as in `START`."""
    for smooth, window, threshold, both in itertools.product(
        (0.8, 1.2, 1.8), (21, 41, 81), (1.25, 1.5, 2.0, 2.5, 3.0), (False, True)
    ):
        yield replace(START, smooth_px=smooth, window_px=window, threshold=threshold, both=both)


def gates(base: HotSpots) -> Iterator[HotSpots]:
    """Yield the gates for one way."""
    for low, high, wide, slim, pad in itertools.product(
        (6, 10, 14), (35, 50), (18, 25, 35), (0.5, 0.8, 1.2), (0, 1, 2)
    ):
        yield replace(base, low_px=low, high_px=high, wide_px=wide, slim=slim, pad_px=pad)


def tune(frames: list[Labelled]) -> tuple[HotSpots, float]:
    """Return the best way and padding, then the best gates for it, and their average precision."""
    best, highest = START, -1.0
    for way in contrasts():
        parts = _parts_of(way, frames)
        for pad in (0, 1, 2):
            how = replace(way, pad_px=pad)
            best, highest = max((best, highest), (how, _reached(how, parts, frames)), key=lambda p: p[1])
    print(f"{highest:.4f} {best}", flush=True)
    parts = _parts_of(best, frames)
    for how in gates(best):
        best, highest = max((best, highest), (how, _reached(how, parts, frames)), key=lambda p: p[1])
    return best, highest


def reached(how: HotSpots, frames: list[Labelled]) -> float:
    """Return the average precision at an overlap of 0.5."""
    return _reached(how, _parts_of(how, frames), frames)


def _parts_of(how: HotSpots, frames: list[Labelled]) -> list[npt.NDArray[np.float64]]:
    return [how.candidates(f.image.astype(np.float32)) for f in frames]


def _reached(how: HotSpots, parts: list[npt.NDArray[np.float64]], frames: list[Labelled]) -> float:
    found = (how.gated(p, altitude_m(f.name)) for p, f in zip(parts, frames, strict=True))
    return average_precision([match(d, f.persons, f.ignored) for d, f in zip(found, frames, strict=True)])


def main() -> None:
    """Tune on every fifth frame of the training part, print the best and its figure on the whole part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    asked = parser.parse_args()
    frames = load_part(asked.data, "train")
    best, _ = tune(frames[::5])
    print(f"best: {best}\ntraining part: AP50 {reached(best, frames):.4f}, {len(frames)} frames")


if __name__ == "__main__":
    main()

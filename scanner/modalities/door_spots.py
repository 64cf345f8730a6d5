"""Warm spots of the doors over a visit: blocks of frames, levelled and filled, followed as tracks."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing, Certificate
from calibration.imager import temperature_c
from drivers.api import Frame
from scanner.evidence import Box
from scanner.signals.thermal import half_frame, valid_share
from scanner.signals.thermal_pixels import fill
from scanner.signals.thermal_spots import Track, follow_spots
from scanner.signals.thermal_uniformity import SceneLevelling, level_by_scene

BLOCK = 4  # frames of a mean: a second at 4 Hz, blocks do not overlap
LEAST_K = 0.5
WAITING_FRAMES = 256  # while nobody asks
MLX_SHAPE = (24, 32)


class DoorSpots:
    """Follows the spots of one imager; fed with frames, asked with what turns them into °C."""

    def __init__(self) -> None:
        self._waiting: deque[Frame] = deque(maxlen=WAITING_FRAMES)
        self.tracks: tuple[Track, ...] = ()

    def feed(self, frame: Frame) -> None:
        """Take one frame."""
        self._waiting.append(frame)

    def update(self, certificate: Certificate, low_c: float, high_c: float, wanted_valid: float) -> None:
        """Bring the tracks up to the newest whole block.

        Frames with too few temperatures between ``low_c`` and ``high_c`` are left out, and single
        pixels without one filled from their neighbours.
        """
        while len(self._waiting) >= BLOCK:
            frames = [self._waiting.popleft() for _ in range(BLOCK)]
            same = [f for f in frames if f.pixels.shape == frames[-1].pixels.shape]
            try:
                images = [temperature_c(f, certificate) for f in same]
            except CalibrationMissing:  # what is no temperature is told of the newest frame
                continue
            good = [i for i in images if valid_share(i, low_c, high_c) >= wanted_valid and not half_frame(i)]
            if not good:
                continue
            mean = _mean(np.stack(good), low_c, high_c)
            seconds = (frames[0].stamp.mono_ns + frames[-1].stamp.mono_ns) / 2e9
            if self.tracks and self.tracks[0].region.shape != mean.shape:
                self.tracks = ()
            self.tracks = follow_spots(self.tracks, mean, seconds, LEAST_K)

    def features(self) -> dict[str, float]:
        """Return the warmest spot and its change, and the fastest rise, as features of the evidence."""
        told = {"spots": float(sum(track.area_px[-1] > 0 for track in self.tracks))}
        if not self.tracks:
            return told
        warmest = self.tracks[0]
        told |= {"spot_excess_k": warmest.excess_k[-1], "spot_area_px": warmest.area_px[-1]}
        change, grows = warmest.change(), warmest.area_change()
        if change is not None and grows is not None:
            told |= {
                "spot_change_k_per_min": change.per_min,
                "spot_change_sd_k_per_min": change.sd_per_min,
                "spot_growth_px_per_min": grows.per_min,
                "spot_growth_sd_px_per_min": grows.sd_per_min,
            }
        return told

    def boxes(self) -> tuple[Box, ...]:
        """Return the boxes of the spots that are there now, warmest first; score = excess, K."""
        return tuple(
            Box(t.newest.x, t.newest.y, t.newest.width, t.newest.height, t.excess_k[-1], "hot_spot")
            for t in self.tracks
            if t.area_px[-1] > 0
        )


def _mean(stack: npt.NDArray[np.float32], low_c: float, high_c: float) -> npt.NDArray[np.float32]:
    """Return the mean of frames, missing pixels filled, an MLX90640's two subpages on one level."""
    there = np.isfinite(stack) & (stack >= low_c) & (stack <= high_c)
    count = there.sum(axis=0)
    mean = (np.where(there, stack, 0.0).sum(axis=0, dtype=np.float64) / np.maximum(count, 1)).astype(
        np.float32
    )
    mean = fill(mean, np.asarray(count == 0))
    if mean.shape == MLX_SHAPE:
        mean, _ = level_by_scene(mean, SceneLevelling(stripe_limit=0.0, noise=0.0, rate=0.0, subpages=True))
    return mean

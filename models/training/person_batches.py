"""Batches for the person detector: crops of real frames and simulated ones, with their target maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.detection import normalised
from models.training.hit_uav import Labelled
from models.training.person_network import STRIDE
from models.training.thermal_yard import degrade, yard_frame

CROP = 224
LEAST_SPREAD, CLIP_LOW, CLIP_HIGH = 1e-3, -8.0, 12.0

Image = npt.NDArray[np.float32]
Boxes = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Targets:
    """What the network should answer for one crop, maps of a quarter of its size.

    ``heat`` : 1 at centres, falling off around; ``weight`` : 0 where nothing is known;
    ``shape`` ``(4, rows, columns)`` : offset x, y, log width, height where ``centre`` is set.
    """

    heat: Image
    weight: Image
    shape: Image
    centre: npt.NDArray[np.bool_]


def targets(boxes: Boxes, ignored: Boxes, size: int) -> Targets:
    """Return the target maps of boxes in a square crop of ``size`` pixels."""
    n = size // STRIDE
    heat, weight = np.zeros((n, n), np.float32), np.ones((n, n), np.float32)
    shape, centre = np.zeros((4, n, n), np.float32), np.zeros((n, n), bool)
    rows, columns = np.mgrid[:n, :n]
    for x, y, width, height in ignored / STRIDE:
        weight[max(int(y), 0) : math.ceil(y + height), max(int(x), 0) : math.ceil(x + width)] = 0.0
    for x, y, width, height in boxes / STRIDE:
        cx, cy = x + width / 2, y + height / 2
        column, row = int(cx), int(cy)
        if not (0 <= column < n and 0 <= row < n):
            continue
        sx, sy = max(width / 5, 0.4), max(height / 5, 0.4)
        bump = np.exp(-((columns + 0.5 - cx) ** 2) / (2 * sx * sx) - (rows + 0.5 - cy) ** 2 / (2 * sy * sy))
        heat = np.maximum(heat, bump.astype(np.float32))
        heat[row, column], weight[row, column], centre[row, column] = 1.0, 1.0, True
        shape[:, row, column] = (
            cx - column - 0.5, cy - row - 0.5, math.log(max(width, 0.3)), math.log(max(height, 0.3)),
        )  # fmt: skip
    return Targets(heat, weight, shape, centre)


def _turned(boxes: Boxes, move: npt.NDArray[np.float64], shrink: float) -> Boxes:
    """Return the upright boxes around turned ones, a little tightened: people are no rectangles."""
    out = np.zeros((len(boxes), 4), np.float32)
    for k, (x, y, width, height) in enumerate(boxes):
        corners = np.array([[x, y, 1], [x + width, y, 1], [x, y + height, 1], [x + width, y + height, 1]])
        moved = corners @ move.T
        low, high = moved.min(axis=0), moved.max(axis=0)
        middle, half = (low + high) / 2, (high - low) / 2 * shrink
        out[k] = (*(middle - half), *(2 * half))
    return out


def real_crop(frame: Labelled, rng: np.random.Generator) -> tuple[Image, Boxes, Boxes]:
    """Return a crop of a real frame, moved, enlarged, turned a little, mirrored, its greys changed."""
    zoom = float(np.exp(rng.uniform(math.log(0.75), math.log(2.4))))
    degrees = float(rng.normal(0, 6))
    if len(frame.persons) and rng.random() < 0.75:
        x, y, width, height = frame.persons[int(rng.integers(len(frame.persons)))]
        at = np.array([x + width / 2, y + height / 2]) + rng.uniform(-0.4, 0.4, 2) * CROP / zoom
    else:
        at = rng.random(2) * np.array(frame.image.shape[::-1])
    margin = CROP / 2 / zoom  # a crop reaches over the frame's edge by its turned corners only
    at = np.clip(at, margin, np.array(frame.image.shape[::-1]) - margin)
    move = cv2.getRotationMatrix2D((float(at[0]), float(at[1])), degrees, zoom)
    move[:, 2] += CROP / 2 - at
    if rng.random() < 0.5:
        move = np.diag([-1.0, 1.0]) @ move
        move[0, 2] += CROP - 1
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    image = cv2.warpAffine(
        frame.image.astype(np.float32), move, (CROP, CROP), flags=way, borderMode=cv2.BORDER_REFLECT_101
    )
    shrink = 1.0 - 0.5 * abs(math.sin(math.radians(degrees)))
    boxes, ignored = _turned(frame.persons, move, shrink), _turned(frame.ignored, move, 1.0)
    outside = cv2.warpAffine(np.ones(frame.image.shape, np.uint8), move, (CROP, CROP), borderValue=0) == 0
    if outside.any():  # mirrored people beyond the frame's edge have no boxes
        image[outside] = float(np.median(image))
    image = np.asarray(image, np.float32)
    if rng.random() < 0.5:
        image = degrade(image, rng)
    if rng.random() < 0.06:
        image = -image  # people colder than sun-warmed ground
    return image, boxes, ignored


def batch(
    frames: Sequence[Labelled], count: int, real_share: float, rng: np.random.Generator
) -> tuple[Image, list[Targets]]:
    """Return ``(count, 1, CROP, CROP)`` images as the network sees them, and their targets."""
    with_people = [f for f in frames if len(f.persons)]
    without = [f for f in frames if not len(f.persons)]
    by_sequence: dict[str, list[Labelled]] = {}
    for frame in with_people:
        by_sequence.setdefault(frame.sequence, []).append(frame)
    names = sorted(by_sequence)
    images, wanted = [], []
    for _ in range(count):
        if rng.random() < real_share:
            if without and rng.random() < 0.2:
                frame = without[int(rng.integers(len(without)))]
            else:  # each flight as often as another, however long it is
                of = by_sequence[names[int(rng.integers(len(names)))]]
                frame = of[int(rng.integers(len(of)))]
            image, boxes, ignored = real_crop(frame, rng)
        else:
            image, boxes = yard_frame(rng, (CROP, CROP), people=bool(rng.random() < 0.8))
            ignored = np.zeros((0, 4), np.float32)
        images.append(normalised(image, LEAST_SPREAD, CLIP_LOW, CLIP_HIGH)[None])
        wanted.append(targets(boxes, ignored, CROP))
    return np.stack(images), wanted

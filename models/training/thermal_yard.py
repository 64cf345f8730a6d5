"""Simulated open thermal views: ground, walls, lorries with open doors, hot things, animals, people.

Temperatures are in units of the ground's own spread: the detector sees nothing else. Shapes, sizes and
steps are engineering assumptions, drawn from wide ranges. People are jointed ellipses after the shares
of stature in Drillis & Contini (head 0.13, trunk 0.29, legs 0.53); a sitting or crouching one is lower.

References
----------
Drillis, Contini, Body segment parameters, New York University report 1166-03 (1966).
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]
_FINE = 2  # rays per pixel and axis


def _noise(rng: np.random.Generator, shape: tuple[int, int]) -> Image:
    """Return ground: smooth noise of several sizes, standard deviation 1."""
    total = np.zeros(shape, np.float32)
    for cells in (3, 8, 24):
        rough = rng.normal(size=(cells, cells)).astype(np.float32)
        total += (
            cv2.resize(rough, shape[::-1], interpolation=cv2.INTER_CUBIC) / math.sqrt(cells) * rng.random()
        )
    total += 0.15 * rng.normal(size=shape).astype(np.float32)
    return np.asarray((total - total.mean()) / max(float(total.std()), 1e-3), np.float32)


def _ellipse(
    canvas: Image, x: float, y: float, across: float, along: float, degrees: float, value: float
) -> None:
    """Draw a filled ellipse whose half axes are given, ``along`` pointing down at 0 degrees."""
    centre = (round(x * _FINE * 16), round(y * _FINE * 16))
    axes = (max(round(across * _FINE * 16), 8), max(round(along * _FINE * 16), 8))
    points = cv2.ellipse2Poly((0, 0), (1000, 1000), 0, 0, 360, 20).astype(float) / 1000
    turn = math.radians(degrees)
    px, py = points[:, 0] * axes[0], points[:, 1] * axes[1]
    polygon = np.stack(
        [
            centre[0] + px * math.cos(turn) - py * math.sin(turn),
            centre[1] + px * math.sin(turn) + py * math.cos(turn),
        ],
        axis=1,
    )
    cv2.fillPoly(canvas, [np.rint(polygon).astype(np.int32)], value, cv2.LINE_8, 4)


def _person(canvas: Image, x: float, y: float, height: float, rng: np.random.Generator) -> None:
    """Draw one person, 1 where it is as warm as a face; the feet at ``(x, y)``."""
    lean = rng.normal(0, 6) + (rng.normal(0, 25) if rng.random() < 0.15 else 0.0)
    low = rng.random() < 0.2  # sits or crouches
    legs = (0.22 if low else 0.5) * height
    coat, trousers = 0.45 + 0.5 * rng.random(), 0.35 + 0.55 * rng.random()
    turn = math.radians(lean)

    def at(up: float, side: float = 0.0) -> tuple[float, float]:
        return x + up * math.sin(turn) + side * math.cos(turn), y - up * math.cos(turn) + side * math.sin(
            turn
        )

    stride = rng.normal(0, 0.06) * height
    for side in (-1, 1):
        px, py = at(legs / 2, side * (0.045 * height + stride / 2))
        _ellipse(canvas, px, py, 0.05 * height, legs * 0.55, lean - side * 8 * rng.random(), trousers)
    wide = (0.09 + 0.05 * rng.random()) * height
    px, py = at(legs + 0.15 * height)
    _ellipse(canvas, px, py, wide, 0.19 * height, lean, coat)
    for side in (-1, 1):
        px, py = at(legs + 0.13 * height, side * (wide + 0.01 * height))
        _ellipse(canvas, px, py, 0.03 * height, 0.17 * height, lean + side * (-12 + 30 * rng.random()), coat)
    px, py = at(legs + 0.38 * height)
    _ellipse(canvas, px, py, 0.055 * height, 0.07 * height, lean, 1.0)


def _animal(canvas: Image, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    """Draw something on four short legs: longer than it is high."""
    way = 1 if rng.random() < 0.5 else -1
    _ellipse(canvas, x, y, size * (0.45 + 0.25 * rng.random()), size * (0.2 + 0.12 * rng.random()), 0.0, 0.9)
    _ellipse(
        canvas, x + way * size * 0.55, y - size * 0.12 * rng.random(), size * 0.18, size * 0.15, 0.0, 1.0
    )
    for k in range(int(rng.integers(0, 5))):
        _ellipse(canvas, x + size * (k - 1.5) * 0.25, y + size * 0.28, size * 0.05, size * 0.16, 0.0, 0.7)


def _surroundings(image: Image, rng: np.random.Generator) -> None:
    """Add walls, kerbs, open doors, lamps, plates, engines and wheels: nothing in it is a person."""
    height, width = image.shape
    for _ in range(int(rng.integers(0, 5))):  # walls, roofs, trailers, cold or warm, some with a gradient
        x, y = rng.integers(-20, width), rng.integers(-20, height)
        w, h = (int(v) for v in 10 + 120 * rng.random(2))
        part = image[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)]
        part[...] = rng.normal(0, 3) + 0.3 * part + rng.normal(0, 2) * np.linspace(0, 1, part.shape[1])[None]
    for _ in range(int(rng.integers(0, 4))):  # kerbs, poles, bars, seals
        ends = [(int(rng.integers(0, width)), int(rng.integers(0, height))) for _ in range(2)]
        if rng.random() < 0.4:
            ends[1] = (ends[0][0] + int(rng.integers(-3, 4)), ends[1][1])
        cv2.line(image, ends[0], ends[1], float(rng.normal(0, 4)), int(rng.integers(1, 5)))
    for _ in range(int(rng.integers(0, 5))):  # lamps, brakes, exhausts, engines, plates
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        warm = float(2 + 14 * rng.random())
        size = float(np.exp(rng.uniform(math.log(1.5), math.log(40))))
        kind = rng.random()
        if kind < 0.4:
            cv2.circle(image, (x, y), max(int(size / 2), 1), warm, -1)
        elif kind < 0.8:
            cv2.rectangle(image, (x, y), (x + int(size * (0.4 + 2 * rng.random())), y + int(size)), warm, -1)
        else:
            rows, columns = np.ogrid[:height, :width]
            image += warm * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * size * size)).astype(
                np.float32
            )


def yard_frame(
    rng: np.random.Generator, shape: tuple[int, int] = (224, 224), people: bool = True
) -> tuple[Image, npt.NDArray[np.float32]]:
    """Return one simulated frame and the boxes of the people in it.

    Parameters
    ----------
    rng : source of everything.
    shape : rows, columns.
    people : False = hot things and animals only.

    Returns
    -------
    float32 ``shape``, no unit; float32 ``(n, 4)``: x, y, width, height, pixels. Of a person that
    reaches over the edge the visible part counts, from one half on.
    """
    image = _noise(rng, shape)
    _surroundings(image, rng)
    boxes = []
    contrast = 3 + 12 * rng.random()
    if rng.random() < 0.1:
        contrast = -(2 + 4 * rng.random())  # sun-warmed ground
    scale = float(np.exp(rng.uniform(math.log(14), math.log(0.45 * shape[0]))))
    for _ in range(int(rng.integers(0, 8)) if people else 0):
        height = scale * (0.8 + 0.4 * rng.random())
        canvas = np.zeros((shape[0] * _FINE, shape[1] * _FINE), np.float32)
        _person(canvas, shape[1] * rng.random(), shape[0] * (0.1 + 0.95 * rng.random()), height, rng)
        seen = cv2.resize(canvas, shape[::-1], interpolation=cv2.INTER_AREA)
        rows, columns = np.nonzero(seen > 0.2)
        if rows.size == 0 or rows.max() - rows.min() < 0.3 * height:
            continue
        level = np.float32(contrast * (0.6 + 0.6 * rng.random()))
        image = np.asarray(image * (1 - (seen > 0.2)) + (seen > 0.2) * (level * seen), np.float32)
        x, y = columns.min(), rows.min()
        boxes.append((x, y, columns.max() - x + 1, rows.max() - y + 1))
    for _ in range(int(rng.integers(0, 3))):
        canvas = np.zeros((shape[0] * _FINE, shape[1] * _FINE), np.float32)
        size = scale * (0.3 + 0.9 * rng.random())
        _animal(canvas, shape[1] * rng.random(), shape[0] * rng.random(), size, rng)
        seen = cv2.resize(canvas, shape[::-1], interpolation=cv2.INTER_AREA)
        if any(_touches(seen, box) for box in boxes):
            continue
        image = np.asarray(np.where(seen > 0.2, abs(contrast) * seen, image), np.float32)
    return degrade(image, rng), np.array(boxes, np.float32).reshape(-1, 4)


def _touches(seen: Image, box: tuple[int, int, int, int]) -> bool:
    x, y, width, height = box
    return bool((seen[y : y + height, x : x + width] > 0.2).any())


def degrade(image: Image, rng: np.random.Generator) -> Image:
    """Return an image as a worse imager shows it: blur, noise, stripes of rows and columns."""
    worse = cv2.GaussianBlur(image, (0, 0), 0.3 + 1.0 * rng.random())
    spread = max(float(np.median(np.abs(worse - np.median(worse)))) * 1.4826, 1e-3)
    worse = worse + spread * 0.4 * rng.random() ** 2 * rng.normal(size=image.shape)
    if rng.random() < 0.3:
        worse = worse + spread * 0.3 * rng.random() * rng.normal(size=(1, image.shape[1]))
        worse = worse + spread * 0.2 * rng.random() * rng.normal(size=(image.shape[0], 1))
    return np.asarray(worse, np.float32)

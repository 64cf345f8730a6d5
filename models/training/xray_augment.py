"""What a training picture looks like this time: another detector, another dose, things in the way.

A twin gets the same as its occupied scene, noise included, so that the person alone tells
them apart. Everything works on the network's own grid; the product's chain is imitated as
far as its traces go: interpolated and missing rows, not penetrated parts, residual stripes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import numpy.typing as npt

from calibration.line_reference import SIGNAL_SIGMA
from models.training.xray_pictures import CELL

Image = npt.NDArray[np.float32]
CROP = (160, 448)
LEAST_SHARE = 0.2
"""Of a cell that people fill where it counts as theirs."""


@dataclass(frozen=True, slots=True)
class Widths:
    """How much is varied. Faults by name can be left out, to see what they are worth."""

    photons_a_channel: tuple[float, float] = (40.0, 12_000.0)
    channels: tuple[float, float] = (1.0, 25.0)
    electronic: tuple[float, float] = (5e-5, 2e-3)
    left_out: frozenset[str] = field(default_factory=frozenset)

    def has(self, fault: str) -> bool:
        """Return whether a fault is drawn at all."""
        return fault not in self.left_out


@dataclass(frozen=True, slots=True)
class Shown:
    """One training picture.

    Parameters
    ----------
    attenuation, clear : float32 `CROP`.
    people : float32 cells, 1 where somebody is visible; ``unsure`` where somebody is but not visible.
    space : float32 cells, the load space.
    first_row : of the crop in the whole picture.
    """

    attenuation: Image
    clear: Image
    people: Image
    unsure: Image
    space: Image
    first_row: float


def shown(
    pair: tuple[Image, Image],
    people: npt.NDArray[np.bool_],
    box: list[int],
    rng: np.random.Generator,
    widths: Widths = Widths(),
) -> tuple[Shown, Shown]:
    """Return an occupied picture and its twin as one drawn scanner shows them.

    Parameters
    ----------
    pair : log-attenuation of the primary beam, with the people and without.
    people : rays through people.
    box : first and last row and column of the load space.
    """
    move = _move(people, box, rng)
    space = np.zeros(people.shape, np.float32)
    space[box[0] : box[1], box[2] : box[3]] = 1.0
    inside, space = (_moved(a.astype(np.float32), move) for a in (people, space))
    deep = [_moved(a, move) for a in pair]
    deep = _other_stuff(deep, inside > 0.5, rng)
    detector = _Detector.drawn(rng, widths)
    light = [np.exp(-np.minimum(a, 20.0)) for a in deep]
    seed = int(rng.integers(2**63))
    pictures = [detector.picture(a, np.random.default_rng(seed)) for a in light]
    visible = detector.visible(light[0], light[1]) & (inside > 0.5) & (pictures[0][1] > 0)
    part, shows = _cells(inside), _cells(visible.astype(np.float32))
    target = (shows > LEAST_SHARE).astype(np.float32)
    unsure = ((part > 0.02) & (target == 0)).astype(np.float32)
    nothing, first_row = np.zeros_like(target), float(move[1, 2])
    room = (_cells(space) > 0.5).astype(np.float32)
    return (
        Shown(*pictures[0], target, unsure, room, first_row),
        Shown(*pictures[1], nothing, nothing, room, first_row),
    )


def _cells(picture: Image) -> Image:
    rows, columns = picture.shape
    return picture.reshape(rows // CELL, CELL, columns // CELL, CELL).mean(axis=(1, 3))


def _move(people: npt.NDArray[np.bool_], box: list[int], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return where each pixel of the crop comes from: scale, place, which end is in front."""
    along, up = rng.uniform(0.92, 1.08), rng.uniform(0.94, 1.06)
    columns = np.flatnonzero(people.any(axis=0))
    if columns.size and rng.random() < 0.75:
        middle = float(rng.choice(columns)) + rng.uniform(-0.4, 0.4) * CROP[1] * along
    else:
        middle = rng.uniform(0.15, 0.85) * (box[2] + box[3])
    first = middle - CROP[1] * along / 2
    slack = people.shape[0] - CROP[0] * up
    top = rng.uniform(min(slack, 0.0) - 6, max(slack, 0.0) + 2)
    if rng.random() < 0.3:  # rear first
        return np.array([[-along, 0, first + CROP[1] * along], [0, up, top]], np.float32)
    return np.array([[along, 0, first], [0, up, top]], np.float32)


def _moved(picture: Image, move: npt.NDArray[np.float32]) -> Image:
    # zero beyond the picture is open beam
    size = (CROP[1], CROP[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, move, size, flags=flags, borderValue=0.0), np.float32)


def _other_stuff(deep: list[Image], inside: npt.NDArray[np.bool_], rng: np.random.Generator) -> list[Image]:
    """Other materials, textures, things and walls than were drawn, the same in both pictures."""
    gain = np.float32(math.exp(rng.normal(0.0, 0.10)))
    more = np.zeros(CROP, np.float32)
    if rng.random() < 0.5:
        for _ in range(rng.integers(1, 12)):
            _thing(more, rng)
    if rng.random() < 0.4:
        more += _soft_field(rng, rng.uniform(20, 120)) * np.float32(rng.uniform(0.02, 0.25))
    if rng.random() < 0.3:
        _ribs(more, rng)
    texture = np.float32(1.0)
    if rng.random() < 0.5:
        texture = 1 + np.float32(rng.uniform(0.01, 0.15)) * _field(rng, math.exp(rng.uniform(0, 2.5)))
    without = np.maximum(deep[1] * gain * texture + np.maximum(more, 0), 0)
    # the person's own share is neither textured nor added to
    person = (deep[0] - deep[1]) * gain
    return [np.where(inside | (person != 0), np.maximum(without + person, 0), without), without]


def _thing(more: Image, rng: np.random.Generator) -> None:
    """Add a box, a ball or a lying or standing drum, hollow or full."""
    depth = math.exp(rng.uniform(math.log(0.03), math.log(1.5)))
    width, height = (max(int(math.exp(rng.uniform(math.log(3), math.log(50)))), 2) for _ in range(2))
    x, y = int(rng.integers(0, CROP[1])), int(rng.integers(CROP[0] // 4, CROP[0]))
    across = np.linspace(-1, 1, width)[None, :]
    upright = np.linspace(-1, 1, height)[:, None]
    kind = rng.integers(4)
    if kind == 0:
        shape = np.ones((height, width))
    elif kind == 1:
        shape = np.sqrt(np.maximum(1 - across**2 - upright**2, 0))
    elif kind == 2:
        shape = np.sqrt(np.maximum(1 - across**2, 0)) * np.ones((height, 1))
    else:
        shape = np.sqrt(np.maximum(1 - upright**2, 0)) * np.ones((1, width))
    if rng.random() < 0.25:
        shape = shape * (0.4 + 0.6 * (rng.random((height, width)) > rng.uniform(0, 0.6)))
    rows, columns = min(height, CROP[0] - y), min(width, CROP[1] - x)
    more[y : y + rows, x : x + columns] += (depth * shape[:rows, :columns]).astype(np.float32)


def _ribs(more: Image, rng: np.random.Generator) -> None:
    upright = rng.random() < 0.7
    pitch, wide = rng.uniform(8, 60), int(rng.integers(1, 4))
    depth = np.float32(math.exp(rng.uniform(math.log(0.02), math.log(0.5))))
    for place in np.arange(rng.uniform(0, pitch), CROP[1] if upright else CROP[0], pitch):
        at = slice(int(place), int(place) + wide)
        if upright:
            more[:, at] += depth
        else:
            more[at] += depth


def _field(rng: np.random.Generator, scale: float) -> Image:
    """Return a random field of unit deviation that changes over ``scale`` pixels."""
    size = (max(int(CROP[0] / scale), 2), max(int(CROP[1] / scale), 2))
    coarse = rng.standard_normal(size, dtype=np.float32)
    return np.asarray(cv2.resize(coarse, (CROP[1], CROP[0]), interpolation=cv2.INTER_LINEAR), np.float32)


def _soft_field(rng: np.random.Generator, scale: float) -> Image:
    return np.asarray(np.maximum(_field(rng, scale), 0), np.float32)


@dataclass(frozen=True, slots=True)
class _Detector:
    """A detector and beam of one passage, on the network's grid.

    ``photons`` and ``electronic`` (shares of the open beam) are of one of the ``channels`` by
    lines that a pixel is the mean of, the former of all of them; the picture has an ``end``.
    """

    photons: float
    electronic: float
    scatter: float
    scatter_px: float
    glow: float
    glow_px: float
    blur: float
    row_gain: float
    column_dose: float
    slope: float
    bad_rows: int
    band: int
    gap: int
    channels: float
    end: tuple[int, int]

    @classmethod
    def drawn(cls, rng: np.random.Generator, widths: Widths) -> _Detector:
        def log(low: float, high: float) -> float:
            return math.exp(rng.uniform(math.log(low), math.log(high)))

        channels = log(*widths.channels)
        one = cls(
            photons=channels * log(*widths.photons_a_channel),
            electronic=log(*widths.electronic),
            scatter=rng.uniform(0, 0.1),
            scatter_px=rng.uniform(5, 50),
            glow=rng.uniform(0, 0.03) if rng.random() < 0.6 else 0.0,
            glow_px=log(1, 25),
            blur=rng.uniform(0, 1.1),
            row_gain=log(5e-4, 2e-2),
            column_dose=log(5e-4, 2e-2),
            slope=rng.normal(0, 0.03),
            bad_rows=int(rng.poisson(1.0)),
            band=int(rng.integers(4, 20)) if rng.random() < 0.08 else 0,
            gap=int(rng.integers(2, 16)) if rng.random() < 0.03 else 0,
            channels=channels,
            end=(
                CROP[0] - int(rng.integers(0, 30)) * int(rng.random() < 0.5),
                CROP[1] - int(rng.integers(0, 150)) * int(rng.random() < 0.4),
            ),
        )
        if not widths.has("scatter"):
            one = replace(one, scatter=0.0)
        if not widths.has("afterglow"):
            one = replace(one, glow=0.0)
        if not widths.has("dead channels"):
            one = replace(one, bad_rows=0, band=0)
        if not widths.has("lost lines"):
            one = replace(one, gap=0)
        if not widths.has("gain drift"):
            one = replace(one, row_gain=5e-4, slope=0.0)
        return one

    def visible(self, occupied: Image, empty: Image) -> npt.NDArray[np.bool_]:
        """Return where a change of 5 cm square is more than three deviations of its noise."""
        change = cv2.blur(np.abs(empty - occupied), (2, 2))
        noise = cv2.blur(empty, (2, 2)) / self.photons + self.electronic**2 / self.channels
        return np.asarray(change > 3 * np.sqrt(noise / 4), bool)

    def picture(self, light: Image, rng: np.random.Generator) -> tuple[Image, Image]:
        """Return log-attenuation and where it is clear."""
        if self.scatter > 0.002:
            kernel = cv2.getGaussianKernel(2 * int(2 * self.scatter_px) + 1, self.scatter_px, cv2.CV_32F)
            scattered = light * -np.log(np.maximum(light, 1e-6))
            one = np.ones(1, np.float32)
            light = light + np.float32(self.scatter) * cv2.sepFilter2D(scattered, -1, one, kernel)
        if self.blur > 0.15:
            light = cv2.GaussianBlur(light, (0, 0), self.blur)
        if self.glow > 0:
            kernel = np.exp(-np.arange(int(3 * self.glow_px) + 1) / self.glow_px).astype(np.float32)
            kernel = np.concatenate([np.zeros(kernel.size - 1, np.float32), kernel / kernel.sum()])
            if rng.random() < 0.5:
                kernel = kernel[::-1]
            tail = cv2.filter2D(
                light, -1, np.ascontiguousarray(kernel[None]), borderType=cv2.BORDER_REPLICATE
            )
            light = (1 - np.float32(self.glow)) * light + np.float32(self.glow) * tail
        mean = light * np.float32(self.photons)
        z = rng.standard_normal(light.shape, dtype=np.float32)
        counts = np.maximum(mean + np.sqrt(mean) * z + (z * z - 1) / 6 * (mean > 0), 0)
        dark = self.electronic * self.photons / math.sqrt(self.channels)
        counts += np.float32(dark) * rng.standard_normal(light.shape, dtype=np.float32)
        # as `LineReference.lowest` has it, for all channels of a pixel
        own = self.electronic * self.photons / self.channels
        k = SIGNAL_SIGMA
        lowest = np.float32(self.channels * 0.5 * k * (k + math.sqrt(k**2 + 4 * own**2)))
        black = cv2.blur(counts, (3, 3)) < lowest
        rows = rng.normal(0, self.row_gain, (light.shape[0], 1)) + self.slope
        columns = rng.normal(0, self.column_dose, (1, light.shape[1]))
        seen = -np.log(np.maximum(counts, np.where(black, lowest, lowest / 4)) / np.float32(self.photons))
        seen = (seen + rows + columns).astype(np.float32)
        clear = (~black).astype(np.float32)
        self._lose(seen, clear, rng)
        return seen, clear

    def _lose(self, seen: Image, clear: Image, rng: np.random.Generator) -> None:
        """Interpolate single rows, lose bands of rows and of columns."""
        for _ in range(self.bad_rows):
            row = int(rng.integers(1, seen.shape[0] - 1))
            seen[row] = (seen[row - 1] + seen[row + 1]) / 2
        if self.band:
            first = int(rng.integers(1, seen.shape[0] - self.band - 1))
            ends = seen[first - 1], seen[first + self.band]
            share = np.linspace(0, 1, self.band, dtype=np.float32)[:, None]
            seen[first : first + self.band] = (1 - share) * ends[0] + share * ends[1]
            clear[first : first + self.band] = 0
        if self.gap:
            first = int(rng.integers(1, seen.shape[1] - self.gap - 1))
            seen[:, first : first + self.gap] = seen[:, first - 1 : first]
            clear[:, first : first + self.gap] = 0
        for plane in (seen, clear):
            plane[self.end[0] :] = 0
            plane[:, self.end[1] :] = 0

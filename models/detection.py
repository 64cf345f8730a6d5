"""Finds people in thermal frames of an open view: an ONNX file with its card, frames in, boxes out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from models.runtime import ModelMismatch, open_session, read_card

FloatImage = npt.NDArray[np.float32]
MAD_TO_SIGMA = 1.4826  # of a normal distribution


class DetectorCard(BaseModel):
    """Facts without which the detector's output means nothing.

    A frame is made free of its unit: its median is taken away, the rest divided by its robust
    spread (1.4826 times the median absolute deviation, not less than ``least_spread`` of the unit),
    then clipped. ``threshold`` was chosen on the validation part alone, as ``threshold_chosen`` says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["lorryscan-person-detector"] = "lorryscan-person-detector"
    format_version: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9-]+$")
    version: str
    smallest_frame: tuple[int, int]
    largest_frame: tuple[int, int]
    multiple: int = Field(ge=1)
    stride: int = Field(ge=1)
    least_spread: dict[str, float]
    clip_low: float
    clip_high: float
    overlap: float = Field(gt=0, lt=1)
    threshold: float = Field(gt=0, lt=1)
    threshold_chosen: str
    score_semantics: str
    trained_on: str
    licence: str
    attribution: tuple[str, ...]
    limits: str
    splits: dict[str, str]
    data_sha256: str
    code_sha256: str
    parameters: int
    validation_frames: int
    validation_persons: int
    validation_ap50: float


@dataclass(frozen=True, slots=True)
class Detection:
    """Something that looks like a person; pixels of the frame given (may be fractions), score 0..1."""

    x: float
    y: float
    width: float
    height: float
    score: float


def normalised(frame: FloatImage, least_spread: float, clip_low: float, clip_high: float) -> FloatImage:
    """Return a frame free of its unit: minus its median, over its robust spread, clipped.

    Examples
    --------
    >>> frame = np.array([[0.0, 1.0], [2.0, 90.0]], np.float32)
    >>> [round(float(v), 2) for v in normalised(frame, 0.1, -4.0, 4.0).ravel()]
    [-1.01, -0.34, 0.34, 4.0]
    """
    centred = frame - np.float32(np.median(frame))
    spread = max(MAD_TO_SIGMA * float(np.median(np.abs(centred))), least_spread)
    return np.asarray(np.clip(centred / np.float32(spread), clip_low, clip_high), np.float32)


def decode(maps: FloatImage, stride: int, lowest: float, overlap: float) -> tuple[Detection, ...]:
    """Turn the network's maps ``(5, rows, columns)`` into boxes, best first.

    A box stands where the map of centres has a peak of 3 x 3 pixels; of two boxes that share more
    than ``overlap`` of their union the worse goes.
    """
    score = 1.0 / (1.0 + np.exp(-np.clip(maps[0], -30.0, 30.0)))
    peak = (score >= cv2.dilate(score, np.ones((3, 3), np.uint8))) & (score >= lowest)
    rows, columns = np.nonzero(peak)
    if rows.size == 0:
        return ()
    width, height = np.exp(np.clip(maps[3:5, rows, columns], -3.0, 6.0)) * stride
    x = (columns + 0.5 + maps[1, rows, columns]) * stride - width / 2
    y = (rows + 0.5 + maps[2, rows, columns]) * stride - height / 2
    found: list[Detection] = []
    for k in np.argsort(-score[rows, columns], kind="stable"):
        box = Detection(
            float(x[k]), float(y[k]), float(width[k]), float(height[k]), float(score[rows[k], columns[k]])
        )
        if all(intersection_over_union(box, other) <= overlap for other in found):
            found.append(box)
    return tuple(found)


def intersection_over_union(one: Detection, other: Detection) -> float:
    """Return the shared area of two boxes over their union, 0..1.

    Examples
    --------
    >>> intersection_over_union(Detection(0, 0, 2, 2, 1), Detection(1, 0, 2, 2, 1)) == 2 / 6
    True
    """
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(across, 0.0) * max(down, 0.0)
    union = one.width * one.height + other.width * other.height - shared
    return shared / union if union > 0 else 0.0


class PersonDetector:
    """The detector, its card and its identity.

    Parameters
    ----------
    path : ONNX file; None = the one that comes with lorryscan.

    Raises
    ------
    ModelMissing : there is no such file.
    ModelMismatch : not ONNX, or its card is not a detector's of this version.
    """

    def __init__(self, path: Path | None = None) -> None:
        path = path or Path(str(resources.files("models").joinpath("weights", "thermal-persons-open.onnx")))
        session, content = open_session(path)
        self.card = read_card(session, path, DetectorCard, "a person detector's")
        inputs, outputs = session.get_inputs(), session.get_outputs()
        if (
            len(inputs) != 1
            or len(outputs) != 1
            or inputs[0].type != "tensor(float)"
            or len(inputs[0].shape) != 4
        ):
            raise ModelMismatch(f"{path}: the network is no detector of frames: restore the file")
        self._session, self._input = session, inputs[0].name
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.id = f"{self.card.name}@{self.sha256[:12]}"

    def detect(self, frame: FloatImage, unit: str = "", lowest: float | None = None) -> tuple[Detection, ...]:
        """Return what looks like people in one frame, best first.

        Parameters
        ----------
        frame : float32 ``(height, width)``; temperatures, counts or grey values.
        unit : unit of the frame, for the least spread that is not noise; "" = counts.
        lowest : score to report from; None = the card's threshold.

        Raises
        ------
        ModelMismatch : the frame is smaller or larger than the card allows, has another number of
            dimensions, or holds values that are not finite. Example: a frame with dead pixels as NaN,
            which `scanner.signals.thermal_pixels.fill` replaces.
        """
        if frame.ndim != 2 or not self.fits(frame.shape):
            (low_rows, low_columns), (rows, columns) = self.card.smallest_frame, self.card.largest_frame
            raise ModelMismatch(
                f"{self.card.name} takes frames from {low_rows} x {low_columns} to {rows} x {columns} "
                f"pixels, this one is {' x '.join(map(str, frame.shape))}"
            )
        if not np.isfinite(frame).all():
            raise ModelMismatch(f"the frame for {self.card.name} holds values that are not numbers")
        maps = self.maps(frame, unit)
        return decode(
            maps, self.card.stride, self.card.threshold if lowest is None else lowest, self.card.overlap
        )

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Tell whether frames of this many rows and columns can be looked at."""
        least, most = self.card.smallest_frame, self.card.largest_frame
        return len(shape) == 2 and all(a <= n <= b for a, n, b in zip(least, shape, most, strict=True))

    def maps(self, frame: FloatImage, unit: str = "") -> FloatImage:
        """Return the network's maps ``(5, rows, columns)`` of a frame, edges repeated to whole multiples."""
        card = self.card
        spread = card.least_spread.get(unit, card.least_spread[""])
        ready = normalised(np.asarray(frame, np.float32), spread, card.clip_low, card.clip_high)
        below, right = (-frame.shape[0] % card.multiple, -frame.shape[1] % card.multiple)
        padded = np.pad(ready, ((0, below), (0, right)), mode="edge")[None, None]
        return np.asarray(self._session.run(None, {self._input: padded})[0][0], np.float32)

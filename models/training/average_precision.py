"""Average precision of boxes: detections matched to people at an overlap, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.detection import Detection

Boxes = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Matched:
    """What the detections of one frame were: scores, right or wrong, and how many people there are."""

    scores: Floats
    right: npt.NDArray[np.bool_]
    persons: int


def overlaps(box: Detection, others: Boxes) -> Floats:
    """Return intersection over union of one box with others ``(n, 4)``: x, y, width, height."""
    shared = _shared(box, others)
    return np.asarray(shared / (box.width * box.height + others[:, 2] * others[:, 3] - shared), float)


def _shared(box: Detection, others: Boxes) -> Floats:
    across = np.minimum(box.x + box.width, others[:, 0] + others[:, 2]) - np.maximum(box.x, others[:, 0])
    down = np.minimum(box.y + box.height, others[:, 1] + others[:, 3]) - np.maximum(box.y, others[:, 1])
    return np.asarray(np.maximum(across, 0) * np.maximum(down, 0), float)


def match(found: Sequence[Detection], persons: Boxes, ignored: Boxes, least: float = 0.5) -> Matched:
    """Match detections to people, best first, each person once.

    A detection that matches nobody and lies with more than half of itself in an ignored box is left
    out: neither right nor wrong.

    Examples
    --------
    >>> two = [Detection(0, 0, 10, 20, 0.9), Detection(50, 0, 10, 20, 0.8)]
    >>> match(two, np.array([[1, 0, 10, 20]]), np.zeros((0, 4))).right.tolist()
    [True, False]
    """
    free = np.ones(len(persons), bool)
    scores, right = [], []
    for box in sorted(found, key=lambda b: -b.score):
        shares = np.where(free, overlaps(box, persons), 0.0) if len(persons) else np.zeros(0)
        if shares.size and shares.max() >= least:
            free[int(shares.argmax())] = False
            scores.append(box.score)
            right.append(True)
        elif not len(ignored) or _shared(box, ignored).max() <= 0.5 * box.width * box.height:
            scores.append(box.score)
            right.append(False)
    return Matched(np.array(scores, float), np.array(right, bool), len(persons))


def precision_recall(frames: Sequence[Matched]) -> tuple[Floats, Floats, Floats]:
    """Return thresholds (falling), precision and recall over all frames."""
    scores = np.concatenate([f.scores for f in frames]) if frames else np.zeros(0)
    right = np.concatenate([f.right for f in frames]) if frames else np.zeros(0, bool)
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    persons = max(sum(f.persons for f in frames), 1)
    return scores[order], hits / np.arange(1, hits.size + 1), hits / persons


def average_precision(frames: Sequence[Matched]) -> float:
    """Return the area under the precision-recall curve, precision made monotone (all points).

    References
    ----------
    Everingham et al., The Pascal Visual Object Classes Challenge: a retrospective, International
    Journal of Computer Vision 111 (2015) 98-136.

    Examples
    --------
    >>> half = Matched(np.array([0.9, 0.5]), np.array([True, False]), 2)
    >>> average_precision([half])
    0.5
    """
    _, precision, recall = precision_recall(frames)
    if precision.size == 0:
        return 0.0
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * highest))

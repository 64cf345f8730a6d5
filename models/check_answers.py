"""Tries a network: whether it answers with numbers, the same each time, and how fast."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.runtime import FloatImage, ImageModel, open_session

TOLERANCE = 1e-5
"""Of the largest answer: sums in another order differ by less in float32."""
PADDING_LIMIT = 0.05
RUNS = 5
SEED = 1
FAR = 1e6


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of trying.

    Parameters
    ----------
    tried : pictures, in words.
    not_finite : those whose answer or score is no number.
    repeated, threads : largest difference of two answers to one picture, in shares of the largest answer.
    spread : highest minus lowest score of pictures that fill the input; None where there are no scores.
    padding : how much the score of a lorry depends on what follows it, in shares of ``spread``;
        None where pictures always fill the input.
    empty_alarms : a picture with nothing in it scores above the card's threshold.
    seconds : median of ``runs`` runs.
    """

    tried: tuple[str, ...]
    not_finite: tuple[str, ...]
    repeated: float
    threads: float
    seconds: float
    spread: float | None = None
    padding: float | None = None
    empty_alarms: bool = False
    runs: int = RUNS
    tolerance: float = TOLERANCE
    padding_limit: float = PADDING_LIMIT


def raw_answers(path: Path) -> Answers:
    """Try a network of one input and one output on what its input can hold."""
    shape = open_session(path)[0].get_inputs()[0].shape
    noise = np.random.default_rng(SEED).normal(size=shape).astype(np.float32)
    tried = {
        "noise": noise,
        "all zeros": np.zeros(shape, np.float32),
        "all ones": np.ones(shape, np.float32),
    }
    return _tried(path, tried, [])


def card_answers(model: ImageModel, path: Path) -> Answers:
    """Try a model on pictures of what its card says that they hold, for each of its beams.

    Parameters
    ----------
    path : of the model's file, to open it with another number of threads.
    """
    pictures = _pictures(model)
    voltages: list[float | None] = [beam.high_kv for beam in model.card.beams]
    voltages = voltages or [None]
    planes: dict[str, FloatImage] = {}
    bad: list[str] = []
    scores: dict[str, float] = {}
    for kv in voltages:
        of_beam = "" if kv is None or len(voltages) == 1 else f" at {kv:g} kV"
        for name, picture in pictures.items():
            planes[name + of_beam] = model.planes(picture, beam_kv=kv)
            found = model.infer(picture, beam_kv=kv)
            if not np.isfinite(found.score) or not np.isfinite(found.heatmap).all():
                bad.append(name + of_beam)
            elif picture.shape == model.card.input_shape:
                scores[name + of_beam] = found.score
    spread = max(scores.values()) - min(scores.values()) if scores else None
    padding = None
    if model.card.quantity == "log_attenuation" and spread and not bad:
        padding = max(_padding(model, kv) for kv in voltages) / spread
    empty = [score for name, score in scores.items() if name.startswith("nothing in it")]
    return _tried(
        path,
        planes,
        bad,
        spread=spread,
        padding=padding,
        empty_alarms=max(empty, default=-np.inf) > model.card.operating_point.threshold,
    )


def seconds_a_picture(model: ImageModel) -> float:
    """Return how long a model takes for one picture, s: the median of some runs."""
    picture = _pictures(model)["noise"]
    kv = model.card.beams[0].high_kv if model.card.beams else None
    model.infer(picture, beam_kv=kv)
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        model.infer(picture, beam_kv=kv)
        took.append(time.perf_counter() - began)
    return float(np.median(took))


def _pictures(model: ImageModel) -> dict[str, FloatImage]:
    how, shape = model.card.preprocessing, model.card.input_shape
    rng = np.random.default_rng(SEED)
    noise = rng.uniform(how.clip_low, how.clip_high, shape).astype(np.float32)
    block = np.zeros(shape, np.float32)
    middle = tuple(slice(n // 4, max(3 * n // 4, n // 4 + 1)) for n in shape)
    block[middle] = how.mean + how.scale
    pictures = {
        "noise": noise,
        "nothing in it": np.zeros(shape, np.float32),
        "one block in the middle": block,
        "saturated": np.full(shape, how.clip_high, np.float32),
        "the lowest value": np.full(shape, how.clip_low, np.float32),
        "values beyond all measure": np.where(noise > how.mean, np.float32(FAR), np.float32(-FAR)),
    }
    if model.card.quantity == "log_attenuation":  # thermal frames always fill the input
        pictures["a smaller picture"] = noise[: max(shape[0] - 5, 1), : max(shape[1] - 7, 1)]
        pictures["a single pixel"] = noise[:1, :1]
    return pictures


def _padding(model: ImageModel, kv: float | None) -> float:
    """Return by how much the score of a lorry changes with the empty columns that follow it."""
    height, width = model.card.input_shape
    how = model.card.preprocessing
    lorry = np.random.default_rng(SEED).uniform(0, how.mean + 2 * how.scale, (height, max(width // 2, 1)))
    followed = np.zeros((height, max(3 * width // 4, 1)), np.float32)
    followed[:, : lorry.shape[1]] = lorry
    cut = np.ascontiguousarray(followed[:, : lorry.shape[1] + max(width // 16, 1)])

    def score(picture: FloatImage) -> float:
        mask = np.zeros(picture.shape, bool)
        mask[:, : lorry.shape[1]] = True
        return model.infer(picture, mask, beam_kv=kv).score

    return abs(score(followed) - score(cut))


def _tried(
    path: Path,
    planes: Mapping[str, FloatImage],
    bad: list[str],
    *,
    spread: float | None = None,
    padding: float | None = None,
    empty_alarms: bool = False,
) -> Answers:
    one, two = (open_session(path, threads)[0] for threads in (1, 2))
    name = one.get_inputs()[0].name
    repeated, threads, took = 0.0, 0.0, []
    for what, given in planes.items():
        first = one.run(None, {name: given})[0]
        began = time.perf_counter()
        again = one.run(None, {name: given})[0]
        took.append(time.perf_counter() - began)
        other = two.run(None, {name: given})[0]
        if not np.isfinite(first).all() and what not in bad:
            bad.append(what)
        repeated = max(repeated, _difference(first, again))
        threads = max(threads, _difference(first, other))
    return Answers(
        tried=tuple(planes),
        not_finite=tuple(bad),
        repeated=repeated,
        threads=threads,
        seconds=float(np.median(took)),
        spread=spread,
        padding=padding,
        empty_alarms=empty_alarms,
        runs=len(took),
    )


def _difference(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Return the largest difference in shares of the largest value; places without numbers are left out."""
    both = np.isfinite(one) & np.isfinite(other)
    if not both.any():
        return 0.0
    largest = max(1.0, float(np.abs(one[both]).max()))
    return float(np.abs(one[both] - other[both]).max()) / largest

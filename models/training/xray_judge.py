"""Scores of validation pictures and what they say: figures by beam and load, thresholds with intervals."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.card import Threshold
from models.runtime import ImageModel
from models.training import figures
from models.training.xray_store import BEAMS
from models.training.xray_validation import Validation

LEAST_M2 = 0.05
"""Somebody stands above the noise on so much area; occupied scenes with less count apart."""
FALSE_ALARMS = 0.01
KV = (6000.0, 450.0)
"""Nominal voltages of `BEAMS`."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a network says of a picture: its score, and whether its highest place lies on somebody."""

    score: float
    on_person: bool


def judge(model: ImageModel, pictures: Validation, indices: Sequence[int] | None = None) -> list[Judged]:
    """Score pictures with an exported file through the runtime, as the product does."""
    found = []
    for index in range(len(pictures)) if indices is None else indices:
        picture, facts = pictures[index], pictures.facts[index]
        result = model.infer(
            picture.attenuation.astype(np.float32), clear=picture.clear, beam_kv=KV[int(str(facts["beam"]))]
        )
        row, column = np.unravel_index(int(result.heatmap.argmax()), result.heatmap.shape)
        cells = picture.people.shape
        row, column = row * cells[0] // result.heatmap.shape[0], column * cells[1] // result.heatmap.shape[1]
        found.append(Judged(result.score, near(picture.people > 0, int(row), int(column))))
    return found


def near(people: npt.NDArray[np.bool_], row: int, column: int) -> bool:
    """Return whether a cell or one beside it is somebody's."""
    return bool(people[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].any())


def thresholds(
    scores: npt.NDArray[np.float64], facts: list[dict[str, object]], draws: int = 500
) -> list[Threshold]:
    """Return for each beam and load the score that 1 % of the empty scenes exceed.

    The tail beyond the highest tenth is taken as exponential: a hundredth of some hundred scenes
    is too few to count. Intervals by bootstrap over scenes.
    """
    found = []
    rng = np.random.default_rng(1)
    for beam, name in enumerate(BEAMS):
        loads = sorted({str(f["load"]) for f in facts})
        for load in (*loads, "all"):
            chosen = [f["beam"] == beam and not f["occupied"] and load in (f["load"], "all") for f in facts]
            empty = scores[np.array(chosen)]
            again = [tail_quantile(rng.choice(empty, empty.size)) for _ in range(draws)]
            low, high = np.quantile(again, [0.025, 0.975])
            found.append(
                Threshold(
                    beam=name.name.lower(),
                    condition=load,
                    threshold=round(tail_quantile(empty), 4),
                    low=round(float(low), 4),
                    high=round(float(high), 4),
                    false_alarms=FALSE_ALARMS,
                    empty=int(empty.size),
                )
            )
    return found


def tail_quantile(scores: npt.NDArray[np.float64], share: float = FALSE_ALARMS, tail: float = 0.1) -> float:
    """Return the score that a share exceeds: an exponential tail above the highest tenth.

    Examples
    --------
    >>> draws = np.random.default_rng(1).exponential(size=20000)
    >>> abs(tail_quantile(draws) - np.log(100)) < 0.1
    True
    """
    start = float(np.quantile(scores, 1 - tail))
    above = scores[scores > start] - start
    return start + float(above.mean() if above.size else 0.0) * float(np.log(tail / share))


def table(scores: npt.NDArray[np.float64], on_person: npt.NDArray[np.bool_], pictures: Validation) -> str:
    """Return detection at 1 % by beam and load, of scenes in which somebody is visible."""
    facts = pictures.facts
    points = {(t.beam, t.condition): t.threshold for t in thresholds(scores, facts, draws=2)}
    rows = ["beam   load        AUC    Pd of visible          on a person   empty"]
    for beam, name in enumerate(BEAMS):
        for load in [*sorted({str(f["load"]) for f in facts}), "all"]:
            of = np.array([f["beam"] == beam and load in (f["load"], "all") for f in facts])
            occupied = np.array([bool(f["occupied"]) for f in facts])
            seen = np.array([float(str(f["visible_m2"])) >= LEAST_M2 for f in facts])
            yes, no = of & occupied & seen, of & ~occupied
            if not yes.any() or not no.any():
                continue
            kept = yes | no
            area = figures.auc(scores[kept], occupied[kept])
            limit = np.array([points[name.name.lower(), str(f["load"])] for f in facts])
            hit = yes & (scores > limit)
            share = hit[yes].mean()
            low, high = figures.wilson(int(hit.sum()), int(yes.sum()))
            on = on_person[hit].mean() if hit.any() else float("nan")
            rows.append(
                f"{name.value:6} {load:10} {area:.3f}  {share:.3f} ({low:.3f}-{high:.3f}) n={yes.sum():4d}  "
                f"{on:.3f}  {no.sum():4d}"
            )
    return "\n".join(rows)


def main() -> None:
    """Parse the command line, score and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    asked = parser.parse_args()
    pictures = Validation(asked.folder / "validation")
    for path in asked.models:
        found = judge(ImageModel(path), pictures)
        print(path, flush=True)
        scores, on = np.array([j.score for j in found]), np.array([j.on_person for j in found])
        print(table(scores, on, pictures), flush=True)


if __name__ == "__main__":
    main()

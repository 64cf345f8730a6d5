"""What trials tell about models: rates by beam and cargo, and differences on the same scans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scanner.comparison.figures import (
    Scores,
    Truth,
    auc,
    auc_resampled,
    interval,
    mcnemar,
    resampled_weights,
    threshold,
    wilson,
)
from scanner.comparison.trials import ImageTrial

FALSE_ALARMS = 0.01
EVERY_CARGO = "all"


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one model at one beam, for one cargo or all.

    Parameters
    ----------
    threshold : exceeded by at most `FALSE_ALARMS` of this beam's empty scans; the same for every cargo.
    detected, alarmed : occupied and empty scans above it.
    unanswered : scans that the model could not tell; they never exceed a threshold.
    auc, auc_low, auc_high : with its 95 % interval over lorries; None without both kinds.
    """

    model: str
    beam: str
    cargo: str
    threshold: float
    occupied: int
    detected: int
    empty: int
    alarmed: int
    unanswered: int
    auc: float | None
    auc_low: float | None
    auc_high: float | None

    @property
    def detection(self) -> tuple[float, float]:
        """Wilson 95 % interval of the share of occupied scans found."""
        return wilson(self.detected, self.occupied)

    @property
    def false_alarms(self) -> tuple[float, float]:
        """Wilson 95 % interval of the share of empty scans that alarm."""
        return wilson(self.alarmed, self.empty)


@dataclass(frozen=True, slots=True)
class Difference:
    """One model less the first, on the same scans of one beam.

    Parameters
    ----------
    auc, auc_low, auc_high : difference of the areas, 95 % interval of a paired bootstrap over lorries.
    only_first, only_this : occupied scans that one alone finds at its own threshold.
    p : that both find the same share (McNemar, exact, two-sided).
    """

    model: str
    beam: str
    auc: float
    auc_low: float
    auc_high: float
    only_first: int
    only_this: int
    p: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """All figures, in the order of the models."""

    models: tuple[str, ...]
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    reasons: tuple[Counter[str], ...]
    trials: tuple[ImageTrial, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """Scans of one beam: scores ``(models, n)``, -inf where a model could not tell."""

    scores: Scores
    occupied: Truth
    cargo: np.ndarray
    weights: Scores


def scores_of(trials: Sequence[ImageTrial]) -> Scores:
    """Return scores ``(models, n_trials)``; a model that could not tell is the last to alarm (-inf)."""
    told = [[-np.inf if s is None else s for s in trial.scores] for trial in trials]
    return np.array(told, float).T


def compared(trials: Sequence[ImageTrial], models: Sequence[str]) -> Comparison:
    """Return the figures of trials that all models saw.

    Parameters
    ----------
    models : their ids, in the order of the trials' scores; the first is what others are held against.

    Raises
    ------
    ValueError : no beam has both occupied and empty scans.
    """
    rows: list[Row] = []
    differences: list[Difference] = []
    for beam in sorted({trial.beam for trial in trials}):
        part = _part([trial for trial in trials if trial.beam == beam])
        if part is None:
            continue
        cuts = [threshold(scores[~part.occupied], FALSE_ALARMS) for scores in part.scores]
        resampled = [auc_resampled(scores, part.occupied, part.weights) for scores in part.scores]
        for index, name in enumerate(models):
            rows.append(_row(name, beam, EVERY_CARGO, part, index, cuts[index], resampled[index]))
            for cargo in sorted(set(part.cargo)):
                rows.append(_row(name, beam, cargo, part, index, cuts[index]))
        found = [scores[part.occupied] > cut for scores, cut in zip(part.scores, cuts, strict=True)]
        for index in range(1, len(models)):
            low, high = interval(resampled[index] - resampled[0])
            differences.append(
                Difference(
                    models[index],
                    beam,
                    auc(part.scores[index], part.occupied) - auc(part.scores[0], part.occupied),
                    low,
                    high,
                    int((found[0] & ~found[index]).sum()),
                    int((found[index] & ~found[0]).sum()),
                    mcnemar(found[0], found[index]),
                )
            )
    if not rows:
        raise ValueError("no beam has both occupied and empty scans: there is nothing to compare")
    reasons = tuple(Counter(t.why[k] for t in trials if t.scores[k] is None) for k in range(len(models)))
    return Comparison(tuple(models), tuple(rows), tuple(differences), reasons, tuple(trials))


def _part(trials: Sequence[ImageTrial]) -> _Part | None:
    occupied = np.array([trial.occupied for trial in trials])
    if occupied.all() or not occupied.any():
        return None
    numbers = np.unique([trial.lorry for trial in trials], return_inverse=True)[1]
    return _Part(
        scores_of(trials),
        occupied,
        np.array([trial.cargo for trial in trials]),
        resampled_weights(np.asarray(numbers, np.int64), occupied),
    )


def _row(
    model: str, beam: str, cargo: str, part: _Part, index: int, cut: float, resampled: Scores | None = None
) -> Row:
    chosen = np.ones(part.occupied.size, bool) if cargo == EVERY_CARGO else part.cargo == cargo
    scores, occupied = part.scores[index, chosen], part.occupied[chosen]
    above = scores > cut
    low, high = (None, None) if resampled is None else interval(resampled)
    both = bool(occupied.any() and (~occupied).any())
    return Row(
        model,
        beam,
        cargo,
        cut,
        int(occupied.sum()),
        int(above[occupied].sum()),
        int((~occupied).sum()),
        int(above[~occupied].sum()),
        int(np.isneginf(scores).sum()),
        auc(scores, occupied) if both else None,
        low,
        high,
    )

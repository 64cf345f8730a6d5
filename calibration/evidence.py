"""From a method's score to a log-likelihood ratio: the contract and its fit.

A score is any number that grows with the likelihood of people. A
`ScoreCalibration` maps it to a natural-log likelihood ratio by a bounded
logistic fit, and carries what it was fitted on. The bound is what the number of
trials supports: from n empty trials nothing above ln(n + 1) can be claimed, from
n occupied ones nothing below -ln(n + 1).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

from calibration.boundaries import BoundaryCurve
from calibration.certificates import CalibrationMissing
from calibration.worth import Worth
from drivers.api import LorryscanError

AT = "@"


def condition(cargo: str, beam: str = "") -> str:
    """Return the condition of a fit: a cargo class, and the X-ray beam where the score depends on it.

    Examples
    --------
    >>> condition("boxed", "linac"), condition("boxed")
    ('boxed@linac', 'boxed')
    """
    return f"{cargo}{AT}{beam}" if beam else cargo


class CalibrationForeign(CalibrationMissing):
    """The fits of a method were made with another model: its scores mean something else.

    Example: a lane whose ``[model] xray`` is a file of its own, with the shipped calibrations.
    """

    def __init__(self, modality: str, model_id: str, fitted: str) -> None:
        super().__init__(
            f"{modality} was calibrated with {fitted}, not with {model_id}: fit its scores with "
            f"'lorryscan calibrate evidence --{modality}-model FILE'"
        )
        self.modality, self.model_id, self.fitted = modality, model_id, fitted


class CalibrationUnfit(LorryscanError, ValueError):
    """Scores cannot be calibrated.

    Example: all trials are occupied, or fewer than ten of a kind.
    """


@dataclass(frozen=True, slots=True)
class ScoreCalibration:
    """llr = clip(slope * score + intercept, llr_min, llr_max).

    ``n_occupied`` and ``n_empty`` count the trials of the fit; ``data_hash`` is
    the SHA-256 of their scores and labels; ``conditions`` says in words where
    it holds. ``model_id`` names the image model whose scores were fitted; empty for
    methods without one, and then it is no part of the identity.
    """

    modality: str
    condition: str
    slope: float
    intercept: float
    llr_min: float
    llr_max: float
    n_occupied: int
    n_empty: int
    data_hash: str
    conditions: str
    model_id: str = ""

    @property
    def id(self) -> str:
        """Short identity: modality, condition and a hash of every parameter."""
        parameters = asdict(self)
        if not self.model_id:  # as it was before fits named their models
            del parameters["model_id"]
        digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()
        return f"{self.modality}/{self.condition}@{digest[:12]}"

    def llr(self, score: float) -> float:
        """Map a score to a natural-log likelihood ratio."""
        return min(max(self.slope * score + self.intercept, self.llr_min), self.llr_max)


@dataclass(frozen=True, slots=True)
class CalibrationSet:
    """All score calibrations of one fit, and the weights with which fusion adds them.

    ``weights`` maps a modality to its weight in 0..1 (methods that share what
    disturbs them must not count twice); ``boundaries`` are those of the sequential test, by vehicle
    class; ``worth`` says what each method is expected to tell before it answers, and decides nothing.
    """

    scores: tuple[ScoreCalibration, ...]
    weights: Mapping[str, float]
    fitted_on: str
    boundaries: tuple[BoundaryCurve, ...] = ()
    worth: tuple[Worth, ...] = ()

    @property
    def id(self) -> str:
        """Short identity over all fits and weights."""
        content: list[object] = [[s.id for s in self.scores], sorted(self.weights.items())]
        if self.boundaries or self.worth:  # as it was before sets had them
            content.append([[asdict(one) for one in part] for part in (self.boundaries, self.worth)])
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]

    def lookup(self, modality: str, condition: str, model_id: str = "") -> ScoreCalibration:
        """Return the fit for a modality under a condition, else for its cargo alone, else for "all".

        Parameters
        ----------
        model_id : of the image model that scores; a fit made with another one is not given.
            A fit that names no model holds for any.

        Raises
        ------
        CalibrationForeign : there are fits, of another model.
        CalibrationMissing : none exists: the method cannot weigh its score there.
        """
        foreign = ""
        cargo, _, _ = condition.partition(AT)
        for wanted in dict.fromkeys((condition, cargo, "all")):
            for score in self.scores:
                if (score.modality, score.condition) == (modality, wanted):
                    if not (score.model_id and model_id) or score.model_id == model_id:
                        return score
                    foreign = foreign or score.model_id
        if foreign:
            raise CalibrationForeign(modality, model_id, foreign)
        raise CalibrationMissing(f"{modality} was never calibrated for {condition}")

    def foreign_models(self, model_ids: Mapping[str, str]) -> dict[str, str]:
        """Return the modalities all of whose fits were made with another model, and with which.

        Parameters
        ----------
        model_ids : id of the model in force by modality.
        """
        fitted: dict[str, list[str]] = {}
        for score in self.scores:
            if score.model_id and score.modality in model_ids:
                fitted.setdefault(score.modality, []).append(score.model_id)
        return {name: ids[0] for name, ids in fitted.items() if model_ids[name] not in ids}


def fit_score_calibration(
    modality: str,
    condition: str,
    scores: npt.ArrayLike,
    occupied: npt.ArrayLike,
    conditions: str,
    model_id: str = "",
) -> ScoreCalibration:
    """Fit the mapping by logistic regression with equal weight to both classes.

    Parameters
    ----------
    scores : float ``(n_trials,)``.
    occupied : bool ``(n_trials,)``.
    model_id : of the image model that gave the scores.

    Raises
    ------
    CalibrationUnfit : fewer than ten trials of a class, or a score that is not finite.

    References
    ----------
    Brümmer & du Preez, Application-independent evaluation of speaker detection,
    Computer Speech and Language 20 (2006) 230-275.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> scores = np.r_[rng.normal(1, 1, 4000), rng.normal(-1, 1, 4000)]
    >>> fit = fit_score_calibration("demo", "all", scores, np.arange(8000) < 4000, "two normals")
    >>> abs(fit.slope - 2) < 0.15 and abs(fit.intercept) < 0.1  # the closed form is llr = 2 * score
    True
    """
    x = np.asarray(scores, dtype=float)
    y = np.asarray(occupied, dtype=bool)
    n_occupied, n_empty = int(y.sum()), int((~y).sum())
    if min(n_occupied, n_empty) < 10 or not np.isfinite(x).all():
        raise CalibrationUnfit(
            f"{modality}/{condition}: {n_occupied} occupied and {n_empty} empty trials with finite "
            "scores; at least ten of each are needed"
        )
    weight = np.where(y, 0.5 / n_occupied, 0.5 / n_empty)
    sign = np.where(y, 1.0, -1.0)
    centre, spread = float(np.median(x)), float(np.std(x)) or 1.0
    z = (x - centre) / spread

    def loss(parameters: npt.NDArray[np.float64]) -> float:
        a, b = parameters
        # a light pull to slope 0 keeps separable data finite
        return float(np.sum(weight * np.logaddexp(0.0, -sign * (a * z + b))) + 1e-4 * a * a)

    fit = optimize.minimize(loss, np.array([1.0, 0.0]), bounds=[(0.0, None), (None, None)])
    slope = float(fit.x[0]) / spread
    return ScoreCalibration(
        modality=modality,
        condition=condition,
        slope=slope,
        intercept=float(fit.x[1]) - slope * centre,
        llr_min=-math.log(n_occupied + 1),
        llr_max=math.log(n_empty + 1),
        n_occupied=n_occupied,
        n_empty=n_empty,
        data_hash=hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest(),
        conditions=conditions,
        model_id=model_id,
    )

"""What a method is worth before it answers: how long it takes, and how its ratios lie when it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

QUANTILES = np.linspace(0.05, 0.95, 10)
"""Middles of ten equal parts of a kind's ratios."""

EVERY_CARGO = "all"


@dataclass(frozen=True, slots=True)
class Worth:
    """One method's answers to lorries of a class and cargo.

    Parameters
    ----------
    vehicle, cargo : as declared; cargo may be `EVERY_CARGO`.
    seconds : median from the visit's start, or the passage's, until it answers.
    answered : share of lorries that it answers at all.
    occupied, empty : natural-log likelihood ratios of those that it answered, at `QUANTILES`.
    """

    modality: str
    vehicle: str
    cargo: str
    seconds: float
    answered: float
    occupied: tuple[float, ...]
    empty: tuple[float, ...]


def worth_of(
    modality: str,
    vehicle: str,
    cargo: str,
    answers: Sequence[tuple[bool, float | None, float]],
) -> Worth | None:
    """Return a method's worth from known lorries, None where fewer than ten of a kind were answered.

    Parameters
    ----------
    answers : of each lorry, whether it was occupied, the ratio (None = no answer) and after how many seconds.
    """
    told = [(occupied, llr, after_s) for occupied, llr, after_s in answers if llr is not None]
    of = {kind: [llr for occupied, llr, _ in told if occupied is kind] for kind in (True, False)}
    if min(map(len, of.values())) < 10:
        return None
    marks = {kind: tuple(np.round(np.quantile(llrs, QUANTILES), 3).tolist()) for kind, llrs in of.items()}
    seconds = float(np.median([after_s for _, _, after_s in told]))
    return Worth(modality, vehicle, cargo, seconds, len(told) / len(answers), marks[True], marks[False])


def expected_bits(worth: Worth, log_odds: float) -> float:
    """Return how much the method is expected to tell, bits: how far it lowers the entropy of the answer.

    Parameters
    ----------
    log_odds : natural-log odds of occupied, as known now.

    References
    ----------
    Lindley, Annals of Mathematical Statistics 27 (1956) 986-1005.

    Examples
    --------
    >>> sure = Worth("a", "reefer", "all", 1.0, 1.0, (50.0,) * 10, (-50.0,) * 10)
    >>> round(expected_bits(sure, 0.0), 6)
    1.0
    """
    chance = float(expit(log_odds))
    left = chance * float(_entropy(log_odds + np.array(worth.occupied)).mean())
    left += (1 - chance) * float(_entropy(log_odds + np.array(worth.empty)).mean())
    return worth.answered * max(float(_entropy(np.array([log_odds]))[0]) - left, 0.0)


def _entropy(log_odds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # -p log p = p ln(1 + exp(-x)): stable at both ends
    told = expit(log_odds) * np.logaddexp(0.0, -log_odds) + expit(-log_odds) * np.logaddexp(0.0, log_odds)
    return np.asarray(told / np.log(2.0))

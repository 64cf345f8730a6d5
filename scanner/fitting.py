"""First calibration: scores of simulated lorries become the mapping to log-likelihood ratios.

The lorries are split before anything is fitted: even numbers fit the mapping of
each method, odd numbers the weights of the fusion. A test uses another base
seed, kept apart by `TEST_SEED`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from calibration.evidence import (
    CalibrationSet,
    CalibrationUnfit,
    ScoreCalibration,
    condition,
    fit_score_calibration,
)
from drivers.api import Event
from scanner.co2_trials import CARGOES, FIT_WORLDS, fit_scores
from scanner.evidence import Assessment, EvidenceState
from scanner.fusion import fit_weights
from scanner.methods import MethodKit, load_kit
from scanner.pipeline import Scan
from scanner.policy import MODALITIES, make_policy
from scanner.simulation.items import lorry_items
from scanner.simulation.layout import DEMO_LAYOUT, SENSORS
from scanner.simulation.lorry import SimulatedLorry
from scanner.simulation.lorry_spec import LorrySpec
from scanner.trial_lorries import draw_trial
from scanner.xray_trials import beams_of, is_blind

FIT_SEED = 20261
TEST_SEED = 20262
DURATION_S = 95.0
TICK_NS = 1_000_000_000
CO2_CARGOES = frozenset(cargo for _, cargo in CARGOES)
CO2_LORRIES_A_BATCH = 200
"""Lorries of each world, cargo and procedure that fit the CO2 mapping."""

BY_CARGO = ("co2", "xray")
"""Methods whose score means something else in another cargo: one fit a cargo class."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Scores of one simulated lorry at the end of its scan; a method without an answer is absent.

    ``xray_beam`` is the model's name of the lane's beam; ``xray_blind`` says that somebody could be where
    X-rays did not get through: then the score counts for people only.
    """

    number: int
    vehicle_class: str
    cargo: str
    persons: int
    scores: dict[str, float]
    unavailable: dict[str, str]
    xray_beam: str = ""
    xray_blind: bool = False

    @property
    def occupied(self) -> bool:
        """Whether somebody is inside."""
        return self.persons > 0


def assess_lorry(spec: LorrySpec, kit: MethodKit) -> Assessment:
    """Scan one simulated lorry without wires and assess it after `DURATION_S`."""
    policy = make_policy({})
    scan = Scan("fit", spec.declaration, SENSORS, kit.make(), kit.calibrations, policy, {})
    now_ns = 0
    for item in lorry_items(SimulatedLorry(spec), duration_s=DURATION_S):
        scan.feed(item)
        now_ns = max(now_ns, item.mono_ns if isinstance(item, Event) else item.stamp.mono_ns)
    return scan.tick(now_ns)


def assess_in_sequence(spec: LorrySpec, kit: MethodKit) -> Assessment:
    """Scan one simulated lorry as a lane does: a tick each second until the assessment is final."""
    policy = make_policy({})
    scan = Scan("fit", spec.declaration, SENSORS, kit.make(), kit.calibrations, policy, {})
    limit_s = policy[spec.declaration.vehicle_class].time_limit_s
    next_ns: int | None = None
    for item in lorry_items(SimulatedLorry(spec), duration_s=limit_s + 2.0):
        scan.feed(item)
        now_ns = item.mono_ns if isinstance(item, Event) else item.stamp.mono_ns
        next_ns = now_ns + TICK_NS if next_ns is None else next_ns
        if now_ns >= next_ns:
            next_ns += TICK_NS
            assessment = scan.tick(now_ns)
            if assessment.final:
                return assessment
    raise RuntimeError(f"no final assessment within {limit_s:g} s, the class's time limit")


def run_trial(base_seed: int, number: int, model_files: Mapping[str, Path] | None = None) -> Trial:
    """Return the scores of one lorry of a campaign; ``model_files`` as in `load_kit`."""
    spec = draw_trial(base_seed, number)
    kit = load_kit(model_files, calibrated=False)
    evidences = assess_lorry(spec, kit).evidences
    blind = {e.modality for e in evidences if is_blind(e)}
    scores = {
        e.modality: float(e.score)
        for e in evidences
        if (e.state is EvidenceState.READY or e.modality in blind) and e.score is not None
    }
    unavailable = {
        e.modality: e.reason.code if e.reason else e.state.value
        for e in evidences
        if e.modality not in scores
    }
    declared = spec.declaration
    return Trial(
        number,
        declared.vehicle_class.value,
        declared.cargo.value,
        spec.persons,
        scores,
        unavailable,
        beams_of(kit.xray.card).get(DEMO_LAYOUT.beam, ""),
        "xray" in blind,
    )


def run_trials(
    base_seed: int, numbers: Sequence[int], workers: int, model_files: Mapping[str, Path] | None = None
) -> Iterator[Trial]:
    """Run trials on a process pool, in order; ``model_files`` as in `load_kit`."""
    count = len(numbers)
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(run_trial, [base_seed] * count, numbers, [model_files] * count, chunksize=2)


def fit_co2(lorries_a_batch: int = CO2_LORRIES_A_BATCH) -> Iterator[ScoreCalibration]:
    """Fit the CO2 method's mapping for each cargo on the worlds of `scanner.co2_trials`, and yield it.

    One lorry of the campaign below takes seconds, so a cargo has some eighty of
    them; worlds give thousands, from ranges that the method does not know.
    """
    ratios: dict[str, list[npt.NDArray[np.float64]]] = {}
    truths: dict[str, list[npt.NDArray[np.bool_]]] = {}
    for cargo, llr, occupied in fit_scores(lorries_a_batch):
        ratios.setdefault(cargo.value, []).append(llr)
        truths.setdefault(cargo.value, []).append(occupied)
    worlds = ", ".join(map(str, FIT_WORLDS))
    for name, found in sorted(ratios.items()):
        yield fit_score_calibration(
            "co2",
            name,
            np.concatenate(found),
            np.concatenate(truths[name]),
            f"simulated dips of worlds {worlds}, {lorries_a_batch} lorries a procedure",
        )


def fit(
    trials: Iterable[Trial],
    fitted_on: str,
    fitted: Sequence[ScoreCalibration] = (),
    model_ids: Mapping[str, str] | None = None,
) -> CalibrationSet:
    """Fit every method's mapping on even trials and the weights on odd ones.

    Methods that are ``fitted`` by campaigns of their own are taken as they are
    (`fit_co2`, `scanner.xray_trials.fit_xray`); ``model_ids`` names the model
    that scored, by method.

    A method and cargo with fewer than ten answered trials of a kind is left
    out: there it stays uncalibrated and its evidence unavailable.
    """
    trials = list(trials)
    even = [t for t in trials if t.number % 2 == 0]
    scores = list(fitted)
    for modality in MODALITIES:
        if any(s.modality == modality for s in fitted):
            continue
        conditions = sorted({t.cargo for t in even}) if modality in BY_CARGO else ["all"]
        for name in conditions:
            heard = [t for t in even if modality in t.scores and name in (t.cargo, "all")]
            try:
                scores.append(
                    fit_score_calibration(
                        modality,
                        name,
                        [t.scores[modality] for t in heard],
                        [t.occupied for t in heard],
                        f"{fitted_on}, scored {DURATION_S:g} s after the visit began",
                        (model_ids or {}).get(modality, ""),
                    )
                )
            except CalibrationUnfit:
                continue
    if not scores:
        raise CalibrationUnfit(f"{len(trials)} lorries are too few for any method: take some hundreds")
    unweighted = CalibrationSet(tuple(scores), {}, fitted_on)
    odd = [t for t in trials if t.number % 2 == 1]
    llrs = np.array([[_llr(unweighted, t, m) for m in MODALITIES] for t in odd])
    occupied = np.array([t.occupied for t in odd])
    return CalibrationSet(unweighted.scores, fit_weights(llrs, occupied, MODALITIES), fitted_on)


def _llr(calibrations: CalibrationSet, trial: Trial, modality: str) -> float:
    if modality not in trial.scores:
        return 0.0
    wanted = trial.cargo if modality in BY_CARGO else "all"
    xray = modality == "xray"
    try:
        fit = calibrations.lookup(modality, condition(wanted, trial.xray_beam if xray else ""))
    except LookupError:
        return 0.0
    llr = fit.llr(trial.scores[modality])
    return max(llr, 0.0) if xray and trial.xray_blind else llr

"""X-ray scores of simulated lorries at every beam that the model knows, for the fit of its mapping.

A lorry of the whole campaign has one portal and takes seconds; here only its passages are drawn, the
same lorry at each beam.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from calibration.evidence import CalibrationUnfit, ScoreCalibration, condition, fit_score_calibration
from drivers.api import ConnectionState, DeviceState, Role, Stamp
from models.card import ModelCard
from models.runtime import ImageModel
from scanner.evidence import Evidence, EvidenceState
from scanner.methods import load_kit
from scanner.modalities.xray import BLIND_REASONS, XrayModality
from scanner.modality import ScanView
from scanner.simulation.layout import demo_layout
from scanner.simulation.lorry_spec import LorrySpec
from scanner.simulation.portal import portal_lines
from scanner.simulation.xray.beam import BEAM_KV, Beam
from scanner.simulation.xray.lane import declared_spec, lane_passages
from scanner.simulation.xray.passage import Passage
from scanner.trial_lorries import KINDS, draw_trial

XRAY_SEED = 20263
"""Base seed of these lorries: neither the whole campaign's nor a test's."""

LORRIES_A_KIND = 80


@dataclass(frozen=True, slots=True)
class XrayTrial:
    """Scores of one lorry by beam, as the model names it ("" = it names none); no answer is absent."""

    cargo: str
    occupied: bool
    scores: dict[str, float]


def beams_of(card: ModelCard) -> dict[Beam, str]:
    """Return the simulated beams that a model knows, and its names; a linac's for one that names none.

    Examples
    --------
    >>> from models.runtime import shipped_model
    >>> Beam.LINAC in beams_of(ImageModel(shipped_model("xray-people")).card)
    True
    """
    if not card.beams:
        return {Beam.LINAC: ""}
    named = {
        beam: [known.name for known in card.beams if known.low_kv <= BEAM_KV[beam] <= known.high_kv]
        for beam in Beam
    }
    return {beam: names[0] for beam, names in named.items() if len(names) == 1}


def is_blind(evidence: Evidence) -> bool:
    """Tell whether evidence has a score that could only speak for people, had it a fit."""
    reason = evidence.reason if evidence.score is not None else None
    return reason is not None and reason.code in BLIND_REASONS


def xray_evidence(passage: Passage, spec: LorrySpec, beam: Beam, model: ImageModel) -> Evidence:
    """Return what the method says of a passage, without a fit."""
    method = XrayModality(None, model)
    layout = demo_layout(beam=beam)
    name = layout.named(Role.PORTAL, "lines")
    now_ns = 0
    for at_s, item in portal_lines(passage, spec.visit, 0.0, 0):
        now_ns = round(at_s * 1e9)
        method.feed(replace(item, stamp=Stamp(name, Role.PORTAL, now_ns, 0)))
    states = {name: DeviceState(ConnectionState.READY)}
    utc_ns = 1_793_606_400_000_000_000  # within the simulated certificates
    return method.evaluate(now_ns, ScanView(spec.declaration, layout.sensors, states, utc_ns=utc_ns))


def xray_trial(base_seed: int, number: int, model_file: Path | None = None) -> XrayTrial:
    """Return the scores of one lorry; ``model_file`` None = of the shipped model."""
    spec = draw_trial(base_seed, number)
    model = load_kit({"xray": model_file} if model_file else None, calibrated=False).xray
    known = beams_of(model.card)
    drawn = declared_spec(spec.declaration, spec.persons, spec.seed)
    scores = {}
    for beam, passage in lane_passages(drawn, tuple(known), spec.visit_seed):
        said = xray_evidence(passage, spec, beam, model)
        if said.score is not None and (said.state is EvidenceState.READY or is_blind(said)):
            scores[known[beam]] = said.score
    return XrayTrial(spec.declaration.cargo.value, spec.occupied, scores)


def xray_trials(lorries_a_kind: int, workers: int, model_file: Path | None = None) -> Iterator[XrayTrial]:
    """Run ``lorries_a_kind`` lorries of each of `KINDS` on a process pool, in order."""
    count = lorries_a_kind * len(KINDS)
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(xray_trial, [XRAY_SEED] * count, range(count), [model_file] * count, chunksize=2)


def fit_xray(trials: list[XrayTrial], model_id: str = "") -> tuple[ScoreCalibration, ...]:
    """Fit the X-ray mapping for each cargo and beam; one with fewer than ten answers of a kind is left out.

    ``model_id`` names the model that scored.
    """
    fitted = []
    for cargo in sorted({t.cargo for t in trials}):
        for beam in sorted({beam for t in trials for beam in t.scores}):
            heard = [t for t in trials if t.cargo == cargo and beam in t.scores]
            try:
                fitted.append(
                    fit_score_calibration(
                        "xray",
                        condition(cargo, beam),
                        [t.scores[beam] for t in heard],
                        [t.occupied for t in heard],
                        f"{len(trials)} simulated passages of well-kept portals, base seed {XRAY_SEED}",
                        model_id,
                    )
                )
            except CalibrationUnfit:
                continue
    return tuple(fitted)

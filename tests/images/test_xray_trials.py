"""X-ray scores for the fit: every beam that the model knows, dark pictures included."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.runtime import ImageModel
from scanner.evidence import EvidenceState
from scanner.fitting import Trial, fit
from scanner.simulation.xray.beam import BEAM_KV, Beam
from scanner.simulation.xray.lane import declared_spec, lane_passages
from scanner.trial_lorries import KINDS, draw_trial
from scanner.xray_trials import XrayTrial, beams_of, fit_xray, is_blind, xray_evidence
from tests.images.small_network import LINAC, TUBE, small_model


def test_the_beams_are_those_of_the_card(tmp_path: Path, xray_model: ImageModel) -> None:
    both = small_model(tmp_path)
    assert beams_of(both.card) == {Beam.LINAC: "linac", Beam.TUBE: "tube"}
    assert beams_of(small_model(tmp_path, beams=(TUBE,)).card) == {Beam.TUBE: "tube"}
    other = LINAC.model_copy(update={"name": "other", "low_kv": 100.0, "high_kv": 200.0})
    assert beams_of(small_model(tmp_path, beams=(other,)).card) == {}
    if not xray_model.card.beams:
        assert beams_of(xray_model.card) == {Beam.LINAC: ""}


def test_one_lorry_has_a_score_at_each_beam_and_none_at_a_wrong_one(tmp_path: Path) -> None:
    model = small_model(tmp_path)
    spec = draw_trial(4712, 4)
    drawn = declared_spec(spec.declaration, spec.persons, spec.seed, n_pixels=256, n_lines=512)
    scores = {}
    for beam, passage in lane_passages(drawn, tuple(Beam), spec.visit_seed):
        said = xray_evidence(passage, spec, beam, model)
        assert said.state is EvidenceState.READY or is_blind(said)
        assert said.features["beam_kv"] == BEAM_KV[beam]
        scores[beam] = said.score
        if beam is Beam.TUBE:
            refused = xray_evidence(passage, spec, beam, small_model(tmp_path, beams=(LINAC,)))
            assert refused.score is None
            assert not is_blind(refused)
    assert scores[Beam.LINAC] != scores[Beam.TUBE]


def _trials(n: int) -> list[XrayTrial]:
    rng = np.random.default_rng(6)
    found = []
    for number in range(n):
        occupied = bool(number % 2)
        scores = {"linac": float(rng.normal(2 * occupied, 1)), "tube": float(rng.normal(0.5 * occupied, 1))}
        found.append(XrayTrial("boxed", occupied, scores))
    return [*found, *(XrayTrial("meat", True, {"linac": 1.0}) for _ in range(30))]


def test_each_cargo_and_beam_has_its_own_fit() -> None:
    """Two normals one deviation wide, d apart: the closed form is llr = d * (score - d / 2)."""
    fitted = {score.condition: score for score in fit_xray(_trials(4000))}
    assert set(fitted) == {"boxed@linac", "boxed@tube"}, "no empty lorry of meat"
    assert fitted["boxed@linac"].slope == pytest.approx(2.0, abs=0.25)
    assert fitted["boxed@tube"].slope == pytest.approx(0.5, abs=0.12)
    assert fitted["boxed@linac"].llr(1.0) == pytest.approx(0.0, abs=0.15)


def test_the_weights_take_a_dark_picture_for_people_only() -> None:
    """X-ray scores that only ever say "nobody", all from dark pictures, are as if there were none."""
    rng = np.random.default_rng(7)
    fitted = fit_xray(_trials(400))
    trials = []
    for number in range(200):
        occupied = bool((number // 2) % 2)
        score = float(rng.normal(-3.0 + occupied, 0.3))
        trials.append(
            Trial(number, "reefer", "boxed", int(occupied), {"xray": score}, {}, "linac", xray_blind=True)
        )
    dark = fit(trials, "test", fitted)
    clear = fit([replace(t, xray_blind=False) for t in trials], "test", fitted)
    silent = fit([replace(t, scores={}) for t in trials], "test", fitted)
    assert dark.weights["xray"] == silent.weights["xray"] != clear.weights["xray"]
    assert {s.condition for s in dark.scores} >= {"boxed@linac", "boxed@tube"}


def test_the_kinds_go_round() -> None:
    declared = [draw_trial(1, number).declaration for number in range(36)]
    assert {(d.vehicle_class, d.cargo) for d in declared} == set(KINDS)

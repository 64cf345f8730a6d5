"""A lane with another model: its scores are shown, not weighed, until they are fitted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from calibration.evidence import CalibrationSet, ScoreCalibration
from calibration.store import load_calibrations
from models.card import CARD_KEY
from models.onnx_bytes import with_metadata
from models.runtime import ImageModel, ModelMismatch, shipped_model
from scanner import fitting
from scanner.evidence import EvidenceState
from scanner.methods import load_kit
from scanner.modalities.thermal import ThermalModality
from scanner.modalities.xray import XrayModality
from scanner.wording import LANGUAGES, sentence
from tests.images import lane
from tests.images.test_thermal_evidence import _images
from tests.simulation.former.xray_scene import XrayPassage


def _renamed(tmp_path: Path, shipped: str) -> Path:
    """Return a copy of a shipped model that differs in its card's version: another model."""
    path = tmp_path / f"{shipped}-2.onnx"
    card = ImageModel(shipped_model(shipped)).card.model_copy(update={"version": "another"})
    path.write_bytes(with_metadata(shipped_model(shipped).read_bytes(), CARD_KEY, card.model_dump_json()))
    return path


def test_thermal_scores_of_another_model_are_not_weighed(tmp_path: Path) -> None:
    model = ImageModel(_renamed(tmp_path, "thermal-people"))
    for calibrations, state in (
        (load_calibrations(), EvidenceState.UNAVAILABLE),
        (_fitted("thermal", model.id), EvidenceState.READY),
    ):
        modality = ThermalModality(calibrations, model)
        for frame in lane.door_frames(_images()):
            modality.feed(frame)
        evidence = modality.evaluate(lane.END_NS, lane.view_of(lane.DOORS))
        assert evidence.state is state
        assert evidence.model_id == model.id
        if state is EvidenceState.UNAVAILABLE:
            assert evidence.reason is not None
            assert evidence.reason.code == "thermal_other_model"
            for language in LANGUAGES:
                words = sentence(evidence.reason, language)
                assert model.id in words
                assert "lorryscan calibrate evidence --thermal-model" in words


def _fitted(modality: str, model_id: str) -> CalibrationSet:
    fit = ScoreCalibration(modality, "all", 1.0, 0.0, -4.0, 4.0, 50, 50, "", "by hand", model_id)
    return CalibrationSet((fit,), {modality: 1.0}, "by hand")


def test_a_kit_says_what_will_be_unavailable(tmp_path: Path) -> None:
    files = {"xray": _renamed(tmp_path, "xray-people")}
    kit = load_kit(files)
    (note,) = kit.notes()
    assert kit.xray.id in note
    assert "lorryscan calibrate evidence --xray-model" in note
    assert load_kit().notes() == ()
    assert load_kit(files, calibrated=False).notes() == ()


def test_a_model_of_the_other_method_is_refused_when_the_kit_is_loaded() -> None:
    with pytest.raises(ModelMismatch, match="temperature_excess_k images, not log_attenuation"):
        load_kit({"xray": shipped_model("thermal-people")})


def test_trials_are_scored_with_the_model_asked_for_and_their_fit_names_it(tmp_path: Path) -> None:
    """One real trial shows the way; the fit then needs more of them than can be run here."""
    files = {"thermal": _renamed(tmp_path, "thermal-people")}
    kit = load_kit(files, calibrated=False)
    spec = replace(fitting.draw_trial(fitting.TEST_SEED, 0))
    evidence = {e.modality: e for e in fitting.assess_lorry(spec, kit).evidences}
    assert evidence["thermal"].model_id == kit.thermal.id
    trials = [
        fitting.Trial(k, "reefer", "boxed", k // 2 % 2, {"thermal": float(k // 2 % 2) + k / 200}, {})
        for k in range(120)
    ]
    fitted = fitting.fit(trials, "by hand", (), kit.model_ids())
    assert {score.model_id for score in fitted.scores} == {kit.thermal.id}
    assert fitted.lookup("thermal", "boxed", kit.thermal.id)


def test_xray_scores_of_another_model_are_not_weighed(tmp_path: Path, passage: XrayPassage) -> None:
    model = ImageModel(_renamed(tmp_path, "xray-people"))
    for calibrations, state in (
        (load_calibrations(), EvidenceState.UNAVAILABLE),
        (_fitted("xray", model.id), EvidenceState.READY),
    ):
        modality = XrayModality(calibrations, model)
        for item in lane.blocks(passage):
            modality.feed(item)
        evidence = modality.evaluate(lane.END_NS, lane.view_of(lane.PORTAL))
        assert (evidence.state, evidence.model_id) == (state, model.id)
        assert evidence.score is not None
        if state is EvidenceState.UNAVAILABLE:
            assert evidence.llr == 0.0
            assert evidence.reason is not None
            assert evidence.reason.code == "xray_other_model"
            for language in LANGUAGES:
                assert "lorryscan calibrate evidence --xray-model" in sentence(evidence.reason, language)

"""Fits are of one model's scores: another model's are not weighed with them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from calibration.certificates import CalibrationMissing
from calibration.evidence import CalibrationForeign, CalibrationSet, ScoreCalibration, fit_score_calibration
from calibration.store import load_calibrations, save_calibrations
from models.runtime import ImageModel, shipped_model

PLAIN = ScoreCalibration("xray", "all", 1.0, 0.5, -4.0, 4.0, 50, 50, "hash", "by hand")
OURS = replace(PLAIN, model_id="ours@1")


def _set(*scores: ScoreCalibration) -> CalibrationSet:
    return CalibrationSet(scores, {"xray": 1.0}, "by hand")


def test_a_fit_is_given_to_its_own_model_alone() -> None:
    fits = _set(OURS)
    assert fits.lookup("xray", "boxed", "ours@1") is OURS
    with pytest.raises(CalibrationForeign, match=r"ours@1, not with acme@2.*calibrate evidence --xray-model"):
        fits.lookup("xray", "boxed", "acme@2")


def test_another_models_fit_for_the_cargo_does_not_hide_ones_own_for_all() -> None:
    fits = _set(replace(OURS, condition="boxed", model_id="acme@2"), OURS)
    assert fits.lookup("xray", "boxed", "ours@1") is OURS


def test_a_fit_without_a_model_holds_for_any_and_a_missing_one_is_no_foreign_one() -> None:
    assert _set(PLAIN).lookup("xray", "all", "acme@2") is PLAIN
    with pytest.raises(CalibrationMissing) as missing:
        _set(OURS).lookup("thermal", "all", "acme@2")
    assert not isinstance(missing.value, CalibrationForeign)


def test_modalities_whose_fits_are_all_of_another_model_are_named() -> None:
    fits = _set(OURS, PLAIN)
    assert fits.foreign_models({"xray": "acme@2", "thermal": "t@1"}) == {"xray": "ours@1"}
    assert fits.foreign_models({"xray": "ours@1"}) == {}


def test_ids_of_fits_without_a_model_are_as_they_were() -> None:
    """By the rule of the first release, written out here: a hash of the ten parameters."""
    parameters = {
        "modality": "xray",
        "condition": "all",
        "slope": 1.0,
        "intercept": 0.5,
        "llr_min": -4.0,
        "llr_max": 4.0,
        "n_occupied": 50,
        "n_empty": 50,
        "data_hash": "hash",
        "conditions": "by hand",
    }
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()
    assert PLAIN.id == f"xray/all@{digest[:12]}"
    assert OURS.id != PLAIN.id


def test_a_set_written_before_models_were_named_still_loads(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    save_calibrations(_set(PLAIN), path)
    assert "model_id" not in path.read_text()
    assert load_calibrations(path) == _set(PLAIN)
    save_calibrations(_set(OURS), path)
    assert load_calibrations(path).scores == (OURS,)


def test_the_shipped_fits_are_of_the_shipped_models() -> None:
    ids = {name: ImageModel(shipped_model(f"{name}-people")).id for name in ("xray", "thermal")}
    shipped = load_calibrations()
    named = {(score.modality, score.model_id) for score in shipped.scores if score.modality in ids}
    assert named == set(ids.items())
    assert shipped.foreign_models(ids) == {}
    assert all(not score.model_id for score in shipped.scores if score.modality not in ids)


def test_a_new_fit_names_the_model_it_is_given() -> None:
    fit = fit_score_calibration("xray", "all", range(40), [k > 19 for k in range(40)], "by hand", "acme@2")
    assert fit.model_id == "acme@2"

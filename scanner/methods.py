"""The methods of a scan: which there are, with which calibrations and models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from calibration.evidence import CalibrationForeign, CalibrationSet
from calibration.store import load_calibrations
from models.detection import PersonDetector
from models.runtime import ImageModel, shipped_model
from scanner.modalities.co2 import Co2Modality
from scanner.modalities.heartbeat import HeartbeatModality
from scanner.modalities.movement import MovementModality
from scanner.modalities.seismic_window import SeismicWindow
from scanner.modalities.thermal import ThermalModality
from scanner.modalities.xray import XrayModality
from scanner.modality import Modality
from scanner.policy import Policy, policy_hash
from scanner.recording.code_identity import software_version, source_sha256

QUANTITIES = {"xray": "log_attenuation", "thermal": "temperature_excess_k"}
SHIPPED = {"xray": "xray-people", "thermal": "thermal-people"}
UNCALIBRATED = CalibrationSet((), {}, "nothing: scores are being collected")


@dataclass(frozen=True, slots=True)
class MethodKit:
    """Calibrations and models, loaded once; `make` gives each scan methods of its own.

    ``calibrated`` is False while scores are collected for a fit: then every
    method that answers has llr 0 and its score.
    """

    calibrations: CalibrationSet
    thermal: ImageModel
    xray: ImageModel
    calibrated: bool = True
    persons: PersonDetector | None = None

    def make(self) -> tuple[Modality, ...]:
        """Return one fresh object of each method, in the order of the reports."""
        calibrations = self.calibrations if self.calibrated else None
        window = SeismicWindow()
        return (
            Co2Modality(calibrations),
            HeartbeatModality(calibrations, window),
            MovementModality(calibrations, window),
            ThermalModality(calibrations, self.thermal, self.persons),
            XrayModality(calibrations, self.xray),
        )

    def model_ids(self) -> dict[str, str]:
        """Return the id of the model that scores for each method."""
        return {"thermal": self.thermal.id, "xray": self.xray.id}

    def notes(self) -> tuple[str, ...]:
        """Return what will be unavailable with these models and calibrations, and what to do."""
        if not self.calibrated:
            return ()
        ids = self.model_ids()
        return tuple(
            f"{CalibrationForeign(name, ids[name], fitted)}; until then its evidence is unavailable"
            for name, fitted in self.calibrations.foreign_models(ids).items()
        )

    def model_hashes(self) -> dict[str, str]:
        """Return the SHA-256 of each model by its id."""
        hashes = {model.id: model.sha256 for model in (self.thermal, self.xray)}
        if self.persons is not None:
            hashes[self.persons.id] = self.persons.sha256
        return hashes

    def versions(self, policy: Policy) -> dict[str, str]:
        """Return what an assessment's result depends on besides its data."""
        return {
            "lorryscan": software_version(),
            "code": source_sha256()[:12],
            "calibrations": self.calibrations.id,
            "thermal_model": self.thermal.id,
            "xray_model": self.xray.id,
            **({"persons_model": self.persons.id} if self.persons is not None else {}),
            "policy": policy_hash(policy),
        }


def load_kit(
    model_files: Mapping[str, Path] | None = None,
    calibrations_file: Path | None = None,
    *,
    calibrated: bool = True,
) -> MethodKit:
    """Load calibrations and models, the shipped ones unless files are named.

    Parameters
    ----------
    model_files : files to take instead of the shipped models, by method
        ("xray", "thermal").
    calibrations_file : score calibrations to take instead of the shipped ones.

    Raises
    ------
    CalibrationMissing : no calibration set.
    ModelMissing, ModelMismatch : a model file is missing, foreign or damaged.
    """
    files = {name: shipped_model(model) for name, model in SHIPPED.items()} | dict(model_files or {})
    models = {name: ImageModel(files[name], QUANTITIES[name]) for name in QUANTITIES}
    calibrations = load_calibrations(calibrations_file) if calibrated else UNCALIBRATED
    return MethodKit(calibrations, models["thermal"], models["xray"], calibrated, PersonDetector())

"""Movement evidence: motion of the chassis that the ground does not explain."""

from __future__ import annotations

import math

from calibration.certificates import CalibrationMissing
from calibration.evidence import CalibrationSet
from drivers.api import Event, Reading
from scanner.evidence import Evidence, EvidenceState, Reason
from scanner.modalities.seismic_window import MACHINERY_SHARE, CannotTell, SeismicWindow
from scanner.modality import ScanView
from scanner.signals.cancellation import cancel_references
from scanner.signals.movement import measure_movement
from scanner.signals.seismic import line_share


class MovementModality:
    """Energy of the chassis' motion against what its ground sensors predict.

    Parameters
    ----------
    calibrations : score fits; None while they are being fitted (then ready
        evidence has llr 0 and its score).
    """

    name = "movement"

    def __init__(self, calibrations: CalibrationSet | None) -> None:
        self.calibrations = calibrations
        self._window = SeismicWindow()

    def feed(self, item: Reading | Event) -> None:
        """Take waveform blocks and visit events."""
        self._window.feed(item)

    def evaluate(self, now_ns: int, view: ScanView) -> Evidence:
        """Say how much moves, or why it cannot be told."""
        try:
            return self._judge(now_ns, view)
        except CannotTell as no:
            state = EvidenceState.PENDING if no.waiting else EvidenceState.UNAVAILABLE
            return Evidence(self.name, state, reason=no.reason)

    def _judge(self, now_ns: int, view: ScanView) -> Evidence:
        window = self._window.view(now_ns, view)
        if not window.ground_references:
            raise CannotTell("movement_no_ground_reference", sensor=window.sensor)
        lines = line_share(window.chassis, window.fs_hz)
        if lines > MACHINERY_SHARE:
            raise CannotTell("seismic_machinery", percent=100 * lines)
        residual, explained = cancel_references(
            window.chassis, window.references, window.fs_hz, window.usable
        )
        movement = measure_movement(residual, explained, window.fs_hz, window.usable)
        if movement is None:
            raise CannotTell("movement_not_measurable", sensor=window.sensor)
        score = movement.log_ratio
        features = {
            "log_ratio": movement.log_ratio,
            "residual_rms_um_s": 1e6 * movement.residual_rms_m_s,
            "explained_rms_um_s": 1e6 * movement.explained_rms_m_s,
            "line_share": lines,
            "ground_references": float(window.ground_references),
            "clipped_share": window.clipped_share,
            "usable_s": window.usable_s,
        }
        site_um_s = self._window.site_ground_um_s(view)
        if site_um_s is not None:
            features["site_ground_um_s"] = site_um_s
        llr, fit_id = 0.0, ""
        if self.calibrations is not None:
            try:
                fit = self.calibrations.lookup(self.name, "all")
            except CalibrationMissing:
                raise CannotTell("seismic_never_calibrated") from None
            llr, fit_id = fit.llr(score), fit.id
        reason = Reason("movement_energy", {"times": math.exp(score), "um_s": features["residual_rms_um_s"]})
        return Evidence(self.name, EvidenceState.READY, llr, reason, score, features, calibration_id=fit_id)

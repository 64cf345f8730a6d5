"""Heartbeat evidence: a common rhythm in the chassis channels, ground noise removed."""

from __future__ import annotations

import numpy as np

from calibration.certificates import CalibrationMissing
from calibration.evidence import CalibrationSet
from drivers.api import Event, Reading
from scanner.evidence import Evidence, EvidenceState, Overlay, Reason
from scanner.modalities.seismic_window import MACHINERY_SHARE, CannotTell, SeismicWindow
from scanner.modality import ScanView
from scanner.signals.cancellation import cancel_references
from scanner.signals.heartbeat import rhythm_score, search_bands
from scanner.signals.seismic import line_share


class HeartbeatModality:
    """Rhythm of 40 to 180 beats a minute in the chassis' motion.

    Parameters
    ----------
    calibrations : score fits; None while they are being fitted (then ready
        evidence has llr 0 and its score).
    """

    name = "heartbeat"

    def __init__(self, calibrations: CalibrationSet | None) -> None:
        self.calibrations = calibrations
        self._window = SeismicWindow()

    def feed(self, item: Reading | Event) -> None:
        """Take waveform blocks and visit events."""
        self._window.feed(item)

    def evaluate(self, now_ns: int, view: ScanView) -> Evidence:
        """Say what rhythm there is, or why it cannot be told."""
        try:
            return self._judge(now_ns, view)
        except CannotTell as no:
            state = EvidenceState.PENDING if no.waiting else EvidenceState.UNAVAILABLE
            return Evidence(self.name, state, reason=no.reason)

    def _judge(self, now_ns: int, view: ScanView) -> Evidence:
        window = self._window.view(now_ns, view)
        lines = line_share(window.chassis, window.fs_hz)
        if lines > MACHINERY_SHARE:
            raise CannotTell("seismic_machinery", percent=100 * lines)
        residual = window.chassis
        if window.references.shape[0]:
            residual, _ = cancel_references(residual, window.references, window.fs_hz, window.usable)
        rhythm = search_bands(residual, window.fs_hz, window.usable)
        score = rhythm_score(rhythm.z)
        before, after = window.chassis.std(axis=1), residual.std(axis=1)
        features = {
            "bpm": rhythm.bpm,
            "rhythm_z": rhythm.z,
            "rhythm_peak": rhythm.peak,
            "channels": float(residual.shape[0]),
            "ground_references": float(window.ground_references),
            "removed_db": float(20 * np.log10(np.median(before / np.maximum(after, 1e-15)))),
            "residual_rms_um_s": float(1e6 * np.median(after)),
            "line_share": lines,
            "clipped_share": window.clipped_share,
            "usable_s": window.usable_s,
        }
        curve = np.stack([rhythm.curve_bpm[::-1], rhythm.curve[::-1]]).astype(np.float32)
        overlays = (Overlay("spectrum", window.sensor, image=curve),)
        llr, fit_id = 0.0, ""
        if self.calibrations is not None:
            try:
                fit = self.calibrations.lookup(self.name, "all")
            except CalibrationMissing:
                raise CannotTell("seismic_never_calibrated") from None
            llr, fit_id = fit.llr(score), fit.id
        return Evidence(
            self.name,
            EvidenceState.READY,
            llr,
            Reason("heartbeat_rhythm", {"bpm": rhythm.bpm, "z": rhythm.z}),
            score=score,
            features=features,
            overlays=overlays,
            calibration_id=fit_id,
        )

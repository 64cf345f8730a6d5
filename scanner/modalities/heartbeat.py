"""Heartbeat evidence: a common rhythm in the chassis channels, ground noise removed."""

from __future__ import annotations

import numpy as np

from scanner.evidence import Evidence, Overlay, Reason
from scanner.modalities.seismic_method import SeismicMethod
from scanner.modalities.seismic_window import MACHINERY_SHARE, CannotTell
from scanner.modality import ScanView
from scanner.signals.cancellation import cancel_references
from scanner.signals.heartbeat import rhythm_score, search_bands
from scanner.signals.seismic import line_share


class HeartbeatModality(SeismicMethod):
    """Rhythm of 40 to 180 beats a minute in the chassis' motion."""

    name = "heartbeat"

    def judge(self, now_ns: int, view: ScanView) -> Evidence:
        """Say what rhythm there is."""
        window = self.window.view(now_ns, view)
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
            **window.fault_features,
        }
        curve = np.stack([rhythm.curve_bpm[::-1], rhythm.curve[::-1]]).astype(np.float32)
        reason = Reason("heartbeat_rhythm", {"bpm": rhythm.bpm, "z": rhythm.z})
        return self.weigh(score, reason, features, Overlay("spectrum", window.sensor, image=curve))

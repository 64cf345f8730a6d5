"""Movement evidence: motion of the chassis that the ground does not explain."""

from __future__ import annotations

import math

from scanner.evidence import Evidence, Reason
from scanner.modalities.seismic_method import SeismicMethod
from scanner.modalities.seismic_window import MACHINERY_SHARE, CannotTell
from scanner.modality import ScanView
from scanner.signals.cancellation import cancel_references
from scanner.signals.movement import measure_movement
from scanner.signals.seismic import line_share


class MovementModality(SeismicMethod):
    """Energy of the chassis' motion against what its ground sensors predict."""

    name = "movement"

    def judge(self, now_ns: int, view: ScanView) -> Evidence:
        """Say how much moves."""
        window = self.window.view(now_ns, view)
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
            **window.fault_features,
        }
        site_um_s = self.window.site_ground_um_s(view)
        if site_um_s is not None:
            features["site_ground_um_s"] = site_um_s
        reason = Reason("movement_energy", {"times": math.exp(score), "um_s": features["residual_rms_um_s"]})
        return self.weigh(score, reason, features)

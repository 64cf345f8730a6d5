"""Movement evidence: motion of the chassis that neither past, ground nor air explain, and breath."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from calibration.evidence import CalibrationSet
from scanner.evidence import Evidence, Overlay, Reason
from scanner.modalities.row_listener import RowListener
from scanner.modalities.seismic_method import SeismicMethod
from scanner.modalities.seismic_window import CannotTell, SeismicWindow
from scanner.modality import ScanView
from scanner.signals.breathing import Breathing
from scanner.signals.motion import MotionState, find_motion, follow_motion, motion_state
from scanner.signals.motion_score import combined_score, drowned, noise_m_s
from scanner.signals.movement import RATE_HZ, SAMPLES, Movement
from scanner.signals.seismic import line_share
from scanner.vehicle import CargoClass, VehicleClass

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FOUND_P = 0.01
"""What the reason tells of: a breath or a movement that chance gives once in so many empty vehicles."""


class MovementModality(SeismicMethod):
    """Bursts of motion and the line of a breath, over the last minute."""

    name = "movement"

    def __init__(self, calibrations: CalibrationSet | None, window: SeismicWindow | None = None) -> None:
        super().__init__(calibrations, window)
        self._listener = RowListener(motion_state, _follow)

    def judge(self, now_ns: int, view: ScanView) -> Evidence:
        """Say how much moves and whether it breathes."""
        window = self.window.view(now_ns, view)
        if not window.ground_references:
            raise CannotTell("movement_no_ground_reference", sensor=window.sensor)
        movement, breathing = find_motion(self._listener.hear(window.source, window.fs_hz))
        if movement is None:
            raise CannotTell("movement_not_measurable", sensor=window.sensor)
        features = {
            "movement_excess": movement.excess,
            "movement_p": movement.p_value,
            "movement_s": movement.busy_frames * SAMPLES / RATE_HZ,
            "log_ratio": math.log(movement.times),
            "residual_rms_um_s": float(1e6 * np.median(window.chassis[:, window.usable].std(axis=1))),
            "line_share": line_share(window.chassis, window.fs_hz),
            "ground_references": float(window.ground_references),
            "clipped_share": window.clipped_share,
            "usable_s": window.usable_s,
            **window.fault_features,
        }
        overlays = []
        told: Breathing | None = breathing
        if breathing is not None:
            features |= {
                "breaths_per_min": breathing.per_min,
                "breathing_p": breathing.p_value,
                "breathing_line_db": breathing.line_db,
                "breathing_noise_um_s": 1e6 * noise_m_s(breathing, window.breath_gain),
            }
            if tank(view):
                features["breathing_liquid"], told = 1.0, None
            elif drowned(breathing, window.breath_gain):
                features["breathing_drowned"], told = 1.0, None
            else:
                image = np.stack([60 * breathing.frequency_hz, breathing.level_db]).astype(np.float32)
                overlays.append(Overlay("breathing", window.sensor, image=image))
        site_um_s = self.window.site_ground_um_s(view)
        if site_um_s is not None:
            features["site_ground_um_s"] = site_um_s
        return self.weigh(combined_score(movement, told), reason_of(movement, told), features, *overlays)


def _follow(counts: Array, usable: Mask, state: MotionState) -> MotionState:
    return follow_motion(counts, np.logical_and.reduce(usable, axis=0), state)


def tank(view: ScanView) -> bool:
    """Whether liquid may sway: it does so at a breath's rates."""
    declared = view.declaration
    return declared.vehicle_class is VehicleClass.TANKER or declared.cargo is CargoClass.LIQUID


def reason_of(movement: Movement, breathing: Breathing | None) -> Reason:
    """Tell the clearer of the two; without either, how little moves."""
    if breathing is not None and breathing.p_value <= FOUND_P and breathing.p_value < movement.p_value:
        return Reason("movement_breath", {"per_min": breathing.per_min, "db": breathing.line_db})
    if movement.p_value <= FOUND_P:
        seconds = movement.busy_frames * SAMPLES / RATE_HZ
        return Reason("movement_bursts", {"seconds": seconds, "times": movement.times})
    return Reason("movement_little", {"times": movement.times})

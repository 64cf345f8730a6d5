"""Thermal evidence: warmth that leaves at doors, vents, hatches and seals."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationExpired, CalibrationMissing, check_valid
from calibration.evidence import CalibrationForeign, CalibrationSet
from calibration.imager import temperature_c
from drivers.api import ConnectionState, Event, EventKind, Frame, Reading, Role
from models.detection import PersonDetector
from models.runtime import ImageModel, ImageScore
from scanner.evidence import Box, Evidence, EvidenceState, Overlay, Reason
from scanner.modalities.door_spots import DoorSpots
from scanner.modalities.open_view import look_inside
from scanner.modality import ScanView, Sensor
from scanner.signals.thermal import half_frame, hot_spots, temperature_excess_k, valid_share
from scanner.signals.thermal_pixels import bad_pixels, fill

FRAMES = 16  # averaged: 4 s at 4 Hz, noise down to a quarter
FEWEST_FRAMES = 4
WANTED_VALID = 0.95  # share of pixels
FROZEN_FRAMES = 8  # noise makes equal frames impossible


class _CannotTell(Exception):
    def __init__(self, code: str, *, waiting: bool = False, **values: float | str) -> None:
        super().__init__(code)
        self.reason = Reason(code, values)
        self.waiting = waiting


class ThermalModality:
    """Scores the mean of the newest frames of the imager that looks at the doors.

    Parameters
    ----------
    calibrations : score fits by declared cargo; None while they are being fitted
        (then ready evidence has llr 0 and its score).
    model : network for temperature-excess images of closed doors.
    persons : detector for open doors; None = there is none. While doors are open (a recorded event
        says so) the evidence is unavailable, for no score was ever calibrated on open doors, and
        tells what the detector sees.
    """

    name = "thermal"

    def __init__(
        self, calibrations: CalibrationSet | None, model: ImageModel, persons: PersonDetector | None = None
    ) -> None:
        self.calibrations = calibrations
        self.model = model
        self.persons = persons
        self._spots: dict[str, DoorSpots] = {}
        self._open = False
        self._looked: tuple[Frame, Evidence] | None = None
        self._frames: dict[str, deque[Frame]] = {}
        self._scored: tuple[Frame, str, ImageScore, npt.NDArray[np.float32]] | None = None

    def feed(self, item: Reading | Event) -> None:
        """Take frames of imagers with the role "doors"; a new visit starts afresh."""
        if isinstance(item, Frame) and item.stamp.role is Role.DOORS:
            self._frames.setdefault(item.stamp.sensor, deque(maxlen=FRAMES)).append(item)
            self._spots.setdefault(item.stamp.sensor, DoorSpots()).feed(item)
        elif isinstance(item, Event) and item.kind is EventKind.VISIT_START:
            self._frames.clear()
            self._spots.clear()
            self._open = False
        elif isinstance(item, Event) and item.kind in (EventKind.DOORS_OPENED, EventKind.DOORS_CLOSED):
            self._open = item.kind is EventKind.DOORS_OPENED
            self._frames.clear()  # a mean over both says nothing of either
            self._spots.clear()

    def evaluate(self, now_ns: int, view: ScanView) -> Evidence:
        """Say how much the doors look like doors with people behind; never raises on poor frames."""
        try:
            return self._judge(now_ns, view)
        except _CannotTell as no:
            state = EvidenceState.PENDING if no.waiting else EvidenceState.UNAVAILABLE
            return Evidence(self.name, state, reason=no.reason, model_id=self.model.id)

    def _judge(self, now_ns: int, view: ScanView) -> Evidence:
        sensor, frames = self._choose(now_ns, view)
        if self._open:
            return self._look_inside(sensor, frames[-1])
        found, excess_k = self._score(sensor, frames, view)
        cargo = view.declaration.cargo.value
        llr, calibration_id = 0.0, ""
        if self.calibrations is not None:
            try:
                fit = self.calibrations.lookup(self.name, cargo, self.model.id)
            except CalibrationForeign as other:
                raise _CannotTell("thermal_other_model", model=self.model.id, fitted=other.fitted) from other
            except CalibrationMissing as missing:
                raise _CannotTell("thermal_no_fit", cargo=cargo) from missing
            llr, calibration_id = fit.llr(found.score), fit.id
        spots = hot_spots(excess_k)
        boxes = tuple(Box(r.x, r.y, r.width, r.height, r.score) for r in found.regions[:20])
        followed = self._spots[sensor.name]
        features = followed.features() | {
            "frames": float(len(frames)),
            "highest_excess_k": float(excess_k.max()),
            "lowest_excess_k": float(excess_k.min()),
            "hot_spots": float(len(spots)),
        }
        return Evidence(
            self.name,
            EvidenceState.READY,
            llr=llr,
            reason=Reason("thermal_sees_only", {"excess_k": float(excess_k.max())}),
            score=found.score,
            features=features,
            overlays=(
                Overlay("heatmap", sensor.name, image=found.heatmap),
                Overlay("boxes", sensor.name, boxes=boxes + followed.boxes()),
            ),
            calibration_id=calibration_id,
            model_id=self.model.id,
        )

    def _look_inside(self, sensor: Sensor, frame: Frame) -> Evidence:
        """Say what is to be seen behind open doors; once for each frame."""
        if self._looked is None or self._looked[0] is not frame:
            seen = look_inside(self.persons, frame, sensor.name, sensor.certificate, WANTED_VALID)
            self._looked = (
                frame,
                Evidence(
                    self.name,
                    EvidenceState.UNAVAILABLE,
                    reason=seen.reason,
                    features=seen.features,
                    overlays=(Overlay("boxes", sensor.name, boxes=seen.boxes),),
                    model_id=self.persons.id if self.persons is not None else "",
                ),
            )
        return self._looked[1]

    def _choose(self, now_ns: int, view: ScanView) -> tuple[Sensor, list[Frame]]:
        """Return the imager to believe now and its newest frames."""
        sensors = view.with_role(Role.DOORS, "frame")
        if not sensors:
            raise _CannotTell("thermal_no_imager")
        sensor = min(sensors, key=lambda s: (not view.healthy(s.name), s.name))
        patience_s = 2 * sensor.period_s + 1
        state = view.states.get(sensor.name)
        if state is None or state.state is not ConnectionState.READY:
            early = state is None or state.state in (ConnectionState.OPENING, ConnectionState.WARMING_UP)
            if early and view.elapsed_s <= patience_s:
                raise _CannotTell("thermal_waiting", waiting=True, sensor=sensor.name)
            raise _CannotTell("thermal_lost", sensor=sensor.name)
        frames = list(self._frames.get(sensor.name, ()))
        age_s = (now_ns - frames[-1].stamp.mono_ns) / 1e9 if frames else view.elapsed_s
        if age_s > patience_s:
            raise _CannotTell("thermal_silent", sensor=sensor.name, seconds=age_s)
        if not frames:
            raise _CannotTell("thermal_waiting", waiting=True, sensor=sensor.name)
        return sensor, frames

    def _score(
        self, sensor: Sensor, frames: list[Frame], view: ScanView
    ) -> tuple[ImageScore, npt.NDArray[np.float32]]:
        try:
            certificate = check_valid(sensor.certificate, sensor.name, view.utc_ns)
        except CalibrationMissing as missing:
            raise _CannotTell("thermal_uncalibrated", sensor=sensor.name) from missing
        except CalibrationExpired as expired:
            assert sensor.certificate is not None
            raise _CannotTell(
                "thermal_certificate_expired",
                sensor=sensor.name,
                expires=sensor.certificate.expires.isoformat(),
            ) from expired
        newest = frames[-1]
        if newest.pixels.shape != self.model.card.input_shape:
            got, wanted = newest.pixels.shape, self.model.card.input_shape
            raise _CannotTell(
                "thermal_wrong_size", got=" x ".join(map(str, got)), wanted=" x ".join(map(str, wanted))
            )
        if self._scored is not None and self._scored[0] is newest and self._scored[1] == certificate.id:
            return self._scored[2], self._scored[3]
        same = [f for f in frames if f.pixels.shape == newest.pixels.shape]
        if len(same) >= FROZEN_FRAMES and all(
            np.array_equal(f.pixels, newest.pixels) for f in same[-FROZEN_FRAMES:]
        ):
            raise _CannotTell("thermal_frozen", sensor=sensor.name)
        try:
            images = [temperature_c(f, certificate) for f in same]
        except CalibrationMissing as missing:
            raise _CannotTell("thermal_wrong_unit", sensor=sensor.name, unit=newest.unit) from missing
        low_c, high_c = self.model.card.range_c or (-40.0, 300.0)
        if valid_share(images[-1], low_c, high_c) < WANTED_VALID:
            raise _CannotTell("thermal_invalid", sensor=sensor.name)
        good = [
            image for image in images
            if valid_share(image, low_c, high_c) >= WANTED_VALID and not half_frame(image)
        ]  # fmt: skip
        if len(good) < FEWEST_FRAMES:
            raise _CannotTell("thermal_gathering", waiting=True, frames=float(len(good)))
        stack = np.stack(good)
        stack[~((stack >= low_c) & (stack <= high_c))] = np.nan
        # steady ones stay: with so few pixels a seal may well be one of them
        bad = bad_pixels(stack, steady=False)
        if bad.any() and bad.mean() <= 1 - WANTED_VALID:
            stack = np.stack([fill(image, bad) for image in stack])
        self._spots[sensor.name].update(certificate, low_c, high_c, WANTED_VALID)
        excess_k = temperature_excess_k(stack)
        found = self.model.infer(excess_k)
        self._scored = newest, certificate.id, found, excess_k
        return found, excess_k

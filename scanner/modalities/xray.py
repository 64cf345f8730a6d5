"""X-ray evidence: one score of one passage, or the reason why the picture says nothing."""

from __future__ import annotations

import math
from dataclasses import replace

from calibration.certificates import CalibrationExpired, CalibrationMissing, check_valid
from calibration.evidence import CalibrationForeign, CalibrationSet, condition
from drivers.api import (
    ConnectionState,
    Event,
    EventKind,
    GeneratorState,
    LineBlock,
    LineKind,
    LineScanEnd,
    Reading,
    Role,
)
from models.runtime import ImageModel
from scanner.evidence import Evidence, EvidenceState, Reason, pending, unavailable
from scanner.modalities.xray_measure import Measured, measure
from scanner.modalities.xray_passage import Passage, PassageUnusable
from scanner.modality import ScanView, Sensor
from scanner.vehicle import VehicleClass

SILENCE_S = 3.0  # a passage without END is cut off when no line came for so long
SUPPLY_HEARD_S = 2.0  # an older state of the X-ray supply says nothing
BLIND_LIMIT = 0.30  # share of the load space: beyond it a low score means nothing

DOUBTS = {
    "xray_lorry_cut": "xray_seen_lorry_cut",
    "xray_saturated": "xray_seen_saturated",
    "xray_dead_pixels": "xray_seen_dead_pixels",
}
"""What may be wrong with a picture that was scored, and what is said when it speaks for people even so."""

BLIND_REASONS = frozenset({"xray_not_penetrated", "xray_could_hide", *DOUBTS})
"""Codes of evidence that, with a score, cannot speak for nobody being there."""


class XrayModality:
    """Looks for people in the picture of an X-ray portal; it only reads, it never asks for one.

    Parameters
    ----------
    calibrations : score fits by declared cargo; None while they are being fitted
        (then ready evidence has llr 0 and its score).
    model : network for log-attenuation pictures.
    """

    name = "xray"

    def __init__(self, calibrations: CalibrationSet | None, model: ImageModel) -> None:
        self.calibrations = calibrations
        self.model = model
        self._passages: dict[str, Passage] = {}  # of this visit
        self._earlier: dict[str, Passage] = {}  # ended ones of the visits before
        self._visit = 0
        self._supply: GeneratorState | None = None
        self._result: tuple[tuple[str, int, int, VehicleClass], Measured | Reason] | None = None

    def feed(self, item: Reading | Event) -> None:
        """Take lines, their end and the generator's state; a new visit starts new passages."""
        if isinstance(item, GeneratorState):
            self._supply = item
        elif isinstance(item, LineBlock) and item.stamp.role is Role.PORTAL:
            passage = self._passages.setdefault(item.stamp.sensor, Passage(self._visit))
            passage.take(item)
            if item.kind is LineKind.DATA:
                self._note_supply(passage, item.stamp.mono_ns)
        elif isinstance(item, LineScanEnd) and item.stamp.sensor in self._passages:
            self._passages[item.stamp.sensor].finish(item)
        elif isinstance(item, Event) and item.kind is EventKind.VISIT_START:
            self._start_visit()

    def _note_supply(self, passage: Passage, now_ns: int) -> None:
        # a supply that is heard no more says nothing about the lines of now; their own flags remain
        supply = self._supply
        if supply is None or now_ns - supply.stamp.mono_ns > SUPPLY_HEARD_S * 1e9:
            return
        if supply.state != "on":
            passage.beam_off_seen = True
        elif math.isfinite(supply.kv) and supply.kv > 0:  # many a linac's supply tells no voltage
            passage.heard_kv = supply.kv

    def _start_visit(self) -> None:
        """Keep the pictures that are whole; lines of this visit join none of them."""
        for sensor, passage in self._passages.items():
            if passage.end is not None:
                self._earlier[sensor] = passage
            elif passage.data:  # cut off: it took the place of what came before
                self._earlier.pop(sensor, None)
        self._passages = {}
        self._visit += 1

    def evaluate(self, now_ns: int, view: ScanView) -> Evidence:
        """Score the passage once it has ended; never raises on a poor picture."""
        sensors = view.with_role(Role.PORTAL, "lines")
        if not sensors:
            return unavailable(self.name, "xray_no_detector")
        passages = self._earlier | {name: p for name, p in self._passages.items() if p.data}
        seen = [s for s in sensors if s.name in passages]
        if not seen:
            return self._nothing_yet(sensors, view)
        # the clock may begin again between visits: their order comes first
        sensor = max(seen, key=lambda s: (passages[s.name].visit, passages[s.name].last_ns, s.name))
        passage = passages[sensor.name]
        if passage.end is not None:
            return self._weigh(sensor, passage, view)
        state = view.states.get(sensor.name)
        if state is not None and state.state in (ConnectionState.LOST, ConnectionState.CLOSED):
            return unavailable(self.name, "xray_lost_in_passage", sensor=sensor.name)
        if now_ns - passage.last_ns > SILENCE_S * 1e9:
            return unavailable(self.name, "xray_passage_cut_off", sensor=sensor.name)
        lines = float(sum(len(block.encoder) for block in passage.data))
        return pending(self.name, "xray_passing", lines=lines)

    def _nothing_yet(self, sensors: list[Sensor], view: ScanView) -> Evidence:
        for sensor in sensors:
            state = view.states.get(sensor.name)
            if state is not None and state.state is ConnectionState.READY:
                return unavailable(self.name, "xray_no_passage")
        return unavailable(self.name, "xray_lost", sensor=sensors[0].name)

    def _weigh(self, sensor: Sensor, passage: Passage, view: ScanView) -> Evidence:
        parameters = {}
        if sensor.certificate is not None:  # optional: dark and air lines calibrate, it adds geometry
            try:
                parameters = dict(check_valid(sensor.certificate, sensor.name, view.utc_ns).parameters)
            except CalibrationExpired:
                return unavailable(
                    self.name,
                    "xray_certificate_expired",
                    sensor=sensor.name,
                    expires=sensor.certificate.expires.isoformat(),
                )
        vehicle = view.declaration.vehicle_class
        key = (sensor.name, passage.visit, passage.data_run, vehicle)  # after END no line joins it
        if self._result is None or self._result[0] != key:
            try:
                self._result = key, measure(passage, vehicle, parameters, self.model, sensor.name)
            except PassageUnusable as unusable:
                self._result = key, unusable.reason
        result = self._result[1]
        if isinstance(result, Reason):
            return Evidence(self.name, EvidenceState.UNAVAILABLE, reason=result, model_id=self.model.id)
        return self._evidence(result, view)

    def _evidence(self, result: Measured, view: ScanView) -> Evidence:
        cargo = view.declaration.cargo.value
        llr, calibration_id = 0.0, ""
        if self.calibrations is not None:
            try:
                fit = self.calibrations.lookup(self.name, condition(cargo, result.beam), self.model.id)
            except CalibrationForeign as other:
                values = {"model": self.model.id, "fitted": other.fitted}
                return self._said(EvidenceState.UNAVAILABLE, Reason("xray_other_model", values), result)
            except CalibrationMissing:
                return self._said(EvidenceState.UNAVAILABLE, Reason("xray_no_fit", {"cargo": cargo}), result)
            llr, calibration_id = fit.llr(result.score), fit.id
        # what is seen in the clear part stands; seeing nothing there does not clear the rest
        cannot = (result.doubt or _not_seen_through(result)) if llr <= 0 else None
        if cannot is not None:
            said = self._said(EvidenceState.UNAVAILABLE, cannot, result)
            return replace(said, overlays=result.blind_overlays, calibration_id=calibration_id)
        scored = Reason("xray_scored", {"percent": 100 * result.blind})
        if result.doubt is not None:
            scored = replace(result.doubt, code=DOUBTS[result.doubt.code])
        said = self._said(EvidenceState.READY, scored, result)
        return replace(said, llr=llr, calibration_id=calibration_id)

    def _said(self, state: EvidenceState, reason: Reason, result: Measured) -> Evidence:
        return Evidence(
            self.name,
            state,
            reason=reason,
            score=result.score,
            features=result.features,
            overlays=result.overlays,
            model_id=self.model.id,
        )


def _not_seen_through(result: Measured) -> Reason | None:
    """Why nothing found is not nothing there: too much of the load space is dark, or enough for a person."""
    if result.blind > BLIND_LIMIT:
        return Reason("xray_not_penetrated", {"percent": 100 * result.blind})
    if not result.hiding:
        return None
    largest = result.hiding[0]
    metre = result.mm_per_px / 1000
    size = {"width": largest.width * metre, "height": largest.height * metre}
    return Reason("xray_could_hide", {"parts": float(len(result.hiding)), **size})

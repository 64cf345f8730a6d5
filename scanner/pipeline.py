"""The scan: readings and events in, assessments out; the same object live and in replay."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from calibration.evidence import CalibrationSet
from drivers.api import DeviceState, Event, EventKind, Item, LorryscanError, RawBytes
from scanner.advice import would_help_most
from scanner.canonical import assessment_digest
from scanner.decision import decide
from scanner.evidence import Assessment, Evidence, unavailable
from scanner.fusion import fuse, posterior
from scanner.life_risk import assess_life_risk, estimate_persons
from scanner.limits import limits_of
from scanner.modality import Modality, ScanView, Sensor
from scanner.policy import Policy
from scanner.procedure import next_steps
from scanner.random_search import draw
from scanner.vehicle import CargoClass, Declaration, VehicleClass

_log = logging.getLogger(__name__)


class EventUnusable(LorryscanError, ValueError):
    """An event does not say what the pipeline needs.

    Examples: a declaration of a vehicle class that this version does not know; a
    visit_start without its number.
    """


class Scan:
    """One vehicle's scan over all its visits.

    It runs on the monotonic times of what it is fed and keeps no clock: the
    same items and ticks in the same order give the same assessments.

    Parameters
    ----------
    scan_id : ULID of the scan.
    declaration : what is declared at first; a DECLARATION event replaces it.
    sensors : the lane's sensors by name.
    modalities : one object of each method, made for this scan alone.
    calibrations : weights of the fusion; the methods hold the same set.
    policy : demands by vehicle class.
    versions : code, models and calibrations, copied into each assessment.
    """

    def __init__(
        self,
        scan_id: str,
        declaration: Declaration,
        sensors: Mapping[str, Sensor],
        modalities: Iterable[Modality],
        calibrations: CalibrationSet,
        policy: Policy,
        versions: Mapping[str, str],
    ) -> None:
        self.scan_id = scan_id
        self.view = ScanView(declaration, sensors)
        self.modalities = tuple(modalities)
        self.calibrations = calibrations
        self.policy = policy
        self.versions = dict(versions)
        self.visit = 0
        self.ended = False
        self._failed: dict[str, str] = {}
        self._visit_start_ns = 0
        self._utc_offset_ns = 0

    def equip(self, sensors: Mapping[str, Sensor], policy: Policy) -> None:
        """Take the sensors and demands of the visit that comes: they may change between visits."""
        self.view.sensors = sensors
        self.policy = policy

    def feed(self, item: Item) -> None:
        """Take one item in the order in which it was recorded.

        Raises
        ------
        EventUnusable : an event lacks what it must say.
        """
        if isinstance(item, RawBytes):
            return
        if isinstance(item, DeviceState):
            self.view.states = {**self.view.states, item.stamp.sensor: item}
        elif isinstance(item, Event):
            try:
                self._follow(item)
            except (KeyError, ValueError, TypeError) as error:
                raise EventUnusable(
                    f"{item.kind.value} event {dict(item.data)} cannot be used: {error!r}"
                ) from error
        for modality in self.modalities:
            if modality.name not in self._failed:
                try:
                    modality.feed(item)
                except Exception as error:
                    self._fail(modality, error)

    def _follow(self, event: Event) -> None:
        match event.kind:
            case EventKind.ANCHOR:
                self._utc_offset_ns = int(event.data["utc_ns"]) - event.mono_ns
            case EventKind.DECLARATION:
                self.view.declaration = declaration_from(event.data)
            case EventKind.VISIT_START:
                self.visit = int(event.data["visit"])
                self.view.states = {}
                self._visit_start_ns = event.mono_ns
            case EventKind.SCAN_END:
                self.ended = True
            case (
                EventKind.VISIT_END
                | EventKind.PROBE_IN
                | EventKind.PROBE_OUT
                | EventKind.DOORS_OPENED
                | EventKind.DOORS_CLOSED
                | EventKind.COMMAND
            ):
                pass  # the methods' business, or the record's
            case _:
                assert_never(event.kind)

    def _evaluate(self, modality: Modality, mono_ns: int) -> Evidence:
        if modality.name not in self._failed:
            try:
                return modality.evaluate(mono_ns, self.view)
            except Exception as error:
                self._fail(modality, error)
        return unavailable(modality.name, "method_failed", fault=self._failed[modality.name])

    def _fail(self, modality: Modality, error: Exception) -> None:
        """A defect in one method must not take the lane down, nor count as nothing found."""
        _log.exception("%s failed in scan %s", modality.name, self.scan_id)
        self._failed[modality.name] = f"{type(error).__name__}: {error}"

    def tick(self, mono_ns: int) -> Assessment:
        """Weigh everything fed so far, as of ``mono_ns``."""
        self.view.elapsed_s = max(0.0, (mono_ns - self._visit_start_ns) / 1e9)
        self.view.utc_ns = mono_ns + self._utc_offset_ns
        evidences = tuple(self._evaluate(m, mono_ns) for m in self.modalities)
        declaration = self.view.declaration
        policy = self.policy[declaration.vehicle_class]
        prior_log_odds = policy.prior_log_odds(declaration.profile)
        fused = fuse(evidences, self.calibrations.weights, policy.distrust)
        co2 = _features(evidences, "co2")
        persons = estimate_persons(co2, declaration) if fused.llr > 0 else None
        life_risk = assess_life_risk(
            co2, declaration, (persons.low, persons.high) if persons else None, _compartment_c(evidences)
        )
        co2_evidence = next((e for e in evidences if e.modality == "co2"), None)
        procedure = next_steps(co2_evidence, self.view.utc_ns)
        advice = would_help_most(
            evidences,
            fused.llr + prior_log_odds,
            declaration,
            self.view.elapsed_s,
            self.calibrations.worth,
        )
        decision = decide(
            evidences,
            fused,
            limits_of(policy, self.calibrations, declaration.vehicle_class),
            life_risk,
            policy,
            self.view.elapsed_s,
            self.ended,
            second_dip=procedure.second_dip_due_utc_ms is not None,
            advice=None if advice is None else advice.reason,
        )
        decision = draw(decision, self.scan_id, policy, life_risk.reason)
        assessment = Assessment(
            scan_id=self.scan_id,
            visit=self.visit,
            mono_ns=mono_ns,
            final=decision.final,
            posterior=posterior(fused.llr, prior_log_odds),
            recommendation=decision.recommendation,
            reasons=decision.reasons,
            persons=persons,
            life_risk=life_risk,
            evidences=evidences,
            versions=self.versions,
            fused=fused,
            procedure=procedure.steps,
            second_dip_due_utc_ms=procedure.second_dip_due_utc_ms,
        )
        return with_digest(assessment)


def with_digest(assessment: Assessment) -> Assessment:
    """Return the assessment with the digest of what it says now."""
    return replace(assessment, digest=assessment_digest(assessment))


def _features(evidences: Iterable[Evidence], modality: str) -> Mapping[str, float]:
    for evidence in evidences:
        if evidence.modality == modality:
            return evidence.features
    return {}


def _compartment_c(evidences: Iterable[Evidence]) -> float | None:
    return _features(evidences, "co2").get("inside_temperature_c")


def declaration_from(data: Mapping[str, object]) -> Declaration:
    """Return a declaration from the JSON values of a DECLARATION event."""
    closed = data.get("closed_minutes")
    return Declaration(
        vehicle_class=VehicleClass(str(data["vehicle_class"])),
        cargo=CargoClass(str(data["cargo"])),
        plate=str(data.get("plate", "")),
        laden=bool(data.get("laden", False)),
        closed_minutes=None if closed is None else float(str(closed)),
        profile=str(data.get("profile", "")),
    )


def declaration_data(declaration: Declaration) -> dict[str, object]:
    """Return a declaration as JSON values, the inverse of `declaration_from`; no profile, no key."""
    profile = {"profile": declaration.profile} if declaration.profile else {}
    return {
        "vehicle_class": declaration.vehicle_class.value,
        "cargo": declaration.cargo.value,
        "plate": declaration.plate,
        "laden": declaration.laden,
        "closed_minutes": declaration.closed_minutes,
        **profile,
    }

"""CO2 evidence: dip by dip, how much likelier the air inside is with people in it than without."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from calibration.certificates import CalibrationMissing
from calibration.evidence import CalibrationSet
from drivers.api import Event, EventKind, Quality, Quantity, Reading, Role, Sample
from scanner.evidence import Evidence, EvidenceState, Reason
from scanner.life_features import life_features
from scanner.modalities.co2_insertion import CertifiedProbe, Insertion, read_dip
from scanner.modalities.co2_probes import (
    CannotTell,
    certificate_of,
    check_believable,
    choose_probe,
    patience_s,
)
from scanner.modalities.co2_series import Co2Log, quality_of
from scanner.modalities.co2_weigh import Dip, Weighed, gains, weigh
from scanner.modality import ScanView, Sensor
from scanner.signals.co2_gain import Settled
from scanner.signals.co2_oxygen import people_share_llr
from scanner.vehicle import BREATHING, CargoClass, Declaration

SETTLED = Settled()

NO_STEP_LEAST_LLR = -3.0
"""A tip that meets outside air may not be in the load space: one in twenty (assumption)."""

BREATHABLE_OXYGEN_PCT = 19.0
"""A tank said to be inert whose oxygen is above this holds air (assumption)."""

PROSPECTS_EVERY_S = 20.0
"""How often in a dip the prospects and the draws of the air inside are taken anew."""

WORTHLESS_BITS = 0.02


class Co2Modality:
    """CO2 of the load space against the outside probe.

    Parameters
    ----------
    calibrations : score fits by declared cargo; None while they are being
        fitted (then ready evidence has llr 0 and its score, the raw ratio).
    """

    name = "co2"

    def __init__(self, calibrations: CalibrationSet | None) -> None:
        self.calibrations = calibrations
        self._log = Co2Log()
        self._in_ns: int | None = None
        self._out_ns: int | None = None
        self._done: list[Dip] = []  # of this visit and earlier ones
        self._current: Dip | None = None
        self._measured_by: tuple[Sensor, ...] = ()  # what the current dip was measured with
        self._newest_at_out: dict[tuple[Role, str], Sample] = {}
        self._over_range: dict[str, Sample] = {}  # by inside probe, until it measures again in this dip
        self._anchor: tuple[int, int] | None = None
        self._prospects: tuple[tuple[object, ...], dict[str, float]] = ((), {})

    def feed(self, item: Reading | Event) -> None:
        """Take CO2 samples by role, probe and visit events."""
        if isinstance(item, Sample):
            self._take(item)
        elif isinstance(item, Event):
            self._follow(item)

    def _take(self, sample: Sample) -> None:
        if not self._log.take(sample):
            return
        if sample.stamp.role is Role.INSIDE and self._in_ns is not None and self._out_ns is None:
            if sample.quality is Quality.OVER_RANGE:
                self._over_range[sample.stamp.sensor] = sample
            elif quality_of(sample) is Quality.GOOD:
                self._over_range.pop(sample.stamp.sensor, None)

    def _follow(self, event: Event) -> None:
        if event.kind is EventKind.ANCHOR:
            self._anchor = (event.mono_ns, int(event.data.get("utc_ns", 0)))
        elif event.kind is EventKind.VISIT_START:
            self._close_dip(None)
            self._log.clear()
        elif event.kind is EventKind.PROBE_IN:
            self._close_dip(event.mono_ns)
            self._in_ns = event.mono_ns
        elif event.kind is EventKind.PROBE_OUT and self._in_ns is not None and self._out_ns is None:
            self._out_ns = event.mono_ns
            self._newest_at_out = self._log.newest()
            self._drop_unbelievable(event.mono_ns)

    def _close_dip(self, at_ns: int | None) -> None:
        """Keep the dip at hand if its probes could be believed to its end; forget it otherwise.

        ``at_ns`` is None where the clock may have begun again since.
        """
        if self._out_ns is None:
            self._newest_at_out = self._log.newest()
            self._drop_unbelievable(at_ns)
        if self._current is not None:
            self._done.append(self._current)
        self._in_ns = self._out_ns = self._current = None
        self._newest_at_out, self._measured_by = {}, ()
        self._over_range.clear()

    def _drop_unbelievable(self, at_ns: int | None) -> None:
        if any(not self._believed_at_out(sensor, at_ns) for sensor in self._measured_by):
            self._current = None

    def _believed_at_out(self, sensor: Sensor, at_ns: int | None) -> bool:
        newest = self._newest_at_out.get((sensor.role, sensor.name))
        if newest is None or quality_of(newest) is not Quality.GOOD:
            return False
        return at_ns is None or (at_ns - newest.stamp.mono_ns) / 1e9 <= patience_s(sensor)

    def evaluate(self, now_ns: int, view: ScanView) -> Evidence:
        """Say how much likelier somebody is than nobody, or why it cannot be told."""
        if not self._dip_complete:
            self._current = None  # measured anew each time, by probes that can be believed now
        features = self._standing_features(now_ns, view)
        try:
            self._check_cargo(view)
            inside = self._probe(Role.INSIDE, now_ns, view, features)
            outside = self._probe(Role.OUTSIDE, now_ns, view, features)
            self._measure(now_ns, inside, outside, view, features)
            return self._judge(view, features)
        except CannotTell as no:
            state = EvidenceState.PENDING if no.waiting else EvidenceState.UNAVAILABLE
            return Evidence(self.name, state, reason=no.reason, features=features)

    @property
    def _dip_complete(self) -> bool:
        return self._out_ns is not None and self._current is not None

    def _standing_features(self, now_ns: int, view: ScanView) -> dict[str, float]:
        features = {"co2_cargo_breathes": float(view.declaration.cargo in BREATHING)}
        temperature_c = self._log.inside(Quantity.TEMPERATURE_C)
        if temperature_c is not None:
            features["inside_temperature_c"] = temperature_c
        oxygen_pct = self._log.inside(Quantity.OXYGEN_PCT, self._in_ns)
        if oxygen_pct is not None and self._in_ns is not None:
            features["oxygen_inside_pct"] = oxygen_pct
        if self._in_ns is not None and self._out_ns is None:
            features["probe_in_s"] = (now_ns - self._in_ns) / 1e9
        if not self._dip_complete:
            for sample in self._over_range.values():
                self._note_over_range(sample, features)
        for number, dip in enumerate(self._done, start=1):
            features[f"dip{number}_excess_ppm"] = dip.excess_ppm
            features[f"dip{number}_sigma_ppm"] = dip.sigma_ppm
        return features

    def _note_over_range(self, sample: Sample, features: dict[str, float]) -> None:
        features["over_range"] = 1.0
        if math.isfinite(sample.value):
            features["at_least_ppm"] = max(sample.value, features.get("at_least_ppm", sample.value))

    def _check_cargo(self, view: ScanView) -> None:
        if view.declaration.cargo is not CargoClass.INERT:
            return
        oxygen_pct = self._log.inside(Quantity.OXYGEN_PCT, self._in_ns) if self._in_ns is not None else None
        if oxygen_pct is None:
            raise CannotTell("co2_inert_tank")
        if oxygen_pct < BREATHABLE_OXYGEN_PCT:
            raise CannotTell("co2_inert_oxygen_low", oxygen_pct=oxygen_pct)

    def _probe(self, role: Role, now_ns: int, view: ScanView, features: dict[str, float]) -> CertifiedProbe:
        """Choose the role's CO2 probe and make sure that it can be believed now."""
        sensor = choose_probe(role, view, self._log)
        if not self._dip_complete:  # what it measured stands
            check_believable(sensor, now_ns, view, self._log, lambda s: self._note_over_range(s, features))
        return sensor, certificate_of(sensor, view)

    def _measure(
        self,
        now_ns: int,
        inside: CertifiedProbe,
        outside: CertifiedProbe,
        view: ScanView,
        features: dict[str, float],
    ) -> None:
        """Measure the current dip as far as it goes into ``self._current``."""
        if self._in_ns is None:
            raise CannotTell("co2_probe_not_in", sensor=inside[0].name)
        if self._dip_complete:
            return
        if self._out_ns is not None:
            self._check_end(inside[0], outside[0], self._out_ns)
        probes = inside[0], outside[0]
        if self._measured_by and self._measured_by != probes:
            raise CannotTell("co2_probe_swapped", sensor=inside[0].name)
        insertion = Insertion(
            self._in_ns,
            now_ns if self._out_ns is None else self._out_ns,
            self._out_ns is None,
            self._utc_ns(self._in_ns, view, now_ns),
        )
        self._current = read_dip(insertion, inside, outside, self._log, view, features)
        self._measured_by = probes

    def _check_end(self, inside: Sensor, outside: Sensor, out_ns: int) -> None:
        """Refuse a dip whose probes could not be believed when it ended, whatever they send since."""
        for sensor in (inside, outside):
            if not self._believed_at_out(sensor, out_ns):
                if sensor.name in self._over_range:
                    raise CannotTell("co2_over_range", sensor=sensor.name)
                raise CannotTell("co2_failed_in_dip", sensor=sensor.name)

    def _utc_ns(self, mono_ns: int, view: ScanView, now_ns: int) -> int:
        if self._anchor is not None:
            return self._anchor[1] + mono_ns - self._anchor[0]
        return view.utc_ns + mono_ns - now_ns

    def _judge(self, view: ScanView, features: dict[str, float]) -> Evidence:
        assert self._current is not None
        dips = [*self._done, self._current]
        dip = self._current
        declaration = self._declaration(view)
        weighed = weigh(dips, declaration)
        excess, sigma = dip.excess_ppm, dip.sigma_ppm
        features.update(
            excess_ppm=excess,
            sigma_ppm=sigma,
            inside_ppm=float(dip.fit.inside_ppm[0]),
            outside_ppm=dip.outside_ppm,
            step_ppm=float(dip.fit.step_ppm[0]),
            no_step=float(dip.no_step),
            slope_ppm_per_min=float(dip.fit.value[0, 1]),
            slope_sigma_ppm_per_min=float(dip.fit.slope_sigma_ppm_per_min[0]),
            dips=float(len(dips)),
            dip_utc_s=dip.inserted_utc_ns / 1e9,
            hold_s=0.0,
        )
        if math.isfinite(float(dip.fit.before_ppm[0])):
            features["before_difference_ppm"] = float(dip.fit.before_ppm[0])
        self._note_rise(dips, features)
        score = weighed.llr
        oxygen_pct = features.get("oxygen_inside_pct")
        if oxygen_pct is not None:
            share = people_share_llr(
                weighed.posterior(), oxygen_pct, excess, sigma, view.declaration.cargo.value
            )
            features["oxygen_llr"] = share
            score += share
        features.update(self._looked_ahead(weighed, dips, view))
        if self.calibrations is None:
            return Evidence(self.name, EvidenceState.READY, score=score, features=features)
        cargo = declaration.cargo
        breathes = cargo in BREATHING
        try:
            fit = self.calibrations.lookup(self.name, cargo.value)
        except CalibrationMissing:
            raise CannotTell("co2_never_calibrated", cargo=cargo.value) from None
        llr = fit.llr(score)
        if breathes:
            llr = max(llr, 0.0)
        elif dip.no_step:
            llr = max(llr, NO_STEP_LEAST_LLR)
        features["settled"] = float(not SETTLED.absent < llr < SETTLED.present)
        hopeless = all(features.get(name, 0.0) < WORTHLESS_BITS for name in _BITS)
        features["uninformative"] = float(abs(llr) < 0.5 and hopeless)
        code = "co2_excess_breathing_cargo" if breathes else "co2_excess"
        if features["uninformative"]:
            code = "co2_uninformative"
        reason = Reason(code, {"excess_ppm": excess, "plus_minus_ppm": 2 * sigma})
        return Evidence(self.name, EvidenceState.READY, llr, reason, score, features, calibration_id=fit.id)

    def _declaration(self, view: ScanView) -> Declaration:
        """A tank said to be inert that holds breathable air is weighed as what it is."""
        declared = view.declaration
        if declared.cargo is not CargoClass.INERT:
            return declared
        return replace(declared, cargo=CargoClass.LIQUID if declared.laden else CargoClass.EMPTY)

    def _note_rise(self, dips: list[Dip], features: dict[str, float]) -> None:
        """Rise between the first dip and this one, the longer lever for the time to danger."""
        first, last = dips[0], dips[-1]
        minutes = (last.inserted_utc_ns - first.inserted_utc_ns) / 60e9
        if minutes > 1:
            features["rise_ppm_per_min"] = (last.excess_ppm - first.excess_ppm) / minutes
            features["rise_sigma_ppm_per_min"] = math.hypot(last.sigma_ppm, first.sigma_ppm) / minutes

    def _looked_ahead(self, weighed: Weighed, dips: list[Dip], view: ScanView) -> dict[str, float]:
        """People, time closed, time to danger and prospects, anew every `PROSPECTS_EVERY_S` of a dip."""
        held = self._out_ns is None
        key = (len(dips), held, int(dips[-1].held_s / PROSPECTS_EVERY_S), view.declaration)
        if key != self._prospects[0]:
            posterior = weighed.posterior()
            found = weighed.features(posterior) | life_features(
                posterior, view.declaration, self._log.inside(Quantity.TEMPERATURE_C)
            )
            longer, second = gains(weighed, self._settled_raw(view), held=held)
            found |= {"settles_second_dip": second.settles, "gain_second_dip_bits": second.bits}
            if longer is not None:
                found |= {"settles_30s": longer.settles, "gain_30s_bits": longer.bits}
            self._prospects = (key, {name: float(np.round(value, 9)) for name, value in found.items()})
        return self._prospects[1]

    def _settled_raw(self, view: ScanView) -> Settled:
        """Where the raw ratio settles the question, given how the fit maps it."""
        try:
            cargo = self._declaration(view).cargo.value
            fit = self.calibrations.lookup(self.name, cargo) if self.calibrations else None
        except CalibrationMissing:
            fit = None
        if fit is None or fit.slope <= 0:
            return SETTLED
        ends = [(end - fit.intercept) / fit.slope for end in (SETTLED.absent, SETTLED.present)]
        breathes = view.declaration.cargo in BREATHING
        return Settled(-math.inf if breathes or fit.llr_min > SETTLED.absent else ends[0], ends[1])


_BITS = ("gain_30s_bits", "gain_second_dip_bits")

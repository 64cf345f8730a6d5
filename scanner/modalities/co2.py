"""CO2 evidence: the excess inside over the simultaneous air outside, dip by dip."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from calibration.certificates import CalibrationExpired, CalibrationMissing, Certificate, check_valid
from calibration.co2 import corrected_ppm, standard_uncertainty_ppm
from calibration.evidence import CalibrationSet
from drivers.api import (
    ConnectionState,
    DeviceState,
    Event,
    EventKind,
    Quality,
    Quantity,
    Reading,
    Role,
    Sample,
)
from scanner.evidence import Evidence, EvidenceState, Reason
from scanner.modality import ScanView, Sensor
from scanner.signals.co2 import (
    BEFORE_S,
    Dip,
    combine_dips,
    determinable_after_s,
    excess_score,
    measure_dip,
)
from scanner.vehicle import CargoClass

BREATHING = frozenset({CargoClass.PRODUCE, CargoClass.MEAT, CargoClass.DRY_ICE})
"""Cargo that gives off CO2: never cleared by CO2 alone."""

OUTSIDE_PLAUSIBLE_PPM = (300.0, 2000.0)
"""Corrected outside air beyond these is a broken reference or an exhaust plume (assumption)."""

_POOR = {
    Quality.WARMING_UP: "co2_warming_up",
    Quality.OVER_RANGE: "co2_over_range",
    Quality.UNDER_RANGE: "co2_under_range",
    Quality.FROZEN: "co2_frozen",
    Quality.UNRELIABLE: "co2_unreliable",
    Quality.INVALID: "co2_invalid",
}
_NO_PROBE = {Role.INSIDE: "co2_no_inside_probe", Role.OUTSIDE: "co2_no_outside_probe"}
_LOST = {Role.INSIDE: "co2_inside_lost", Role.OUTSIDE: "co2_outside_lost"}
_SILENT = {Role.INSIDE: "co2_inside_silent", Role.OUTSIDE: "co2_outside_silent"}
_NOT_READY = {ConnectionState.WARMING_UP: "co2_warming_up", ConnectionState.DEGRADED: "co2_degraded"}


@dataclass(slots=True)
class _Series:
    """Good values of one probe, and its newest sample whatever it was."""

    mono_ns: list[int] = field(default_factory=list)
    ppm: list[float] = field(default_factory=list)
    newest: Sample | None = None

    def between(self, first_ns: int, last_ns: int) -> tuple[list[float], list[float]]:
        """Seconds relative to ``first_ns`` + `BEFORE_S` and values within the span."""
        pairs = [
            ((ns - first_ns) / 1e9 - BEFORE_S, v)
            for ns, v in zip(self.mono_ns, self.ppm, strict=True)
            if first_ns <= ns <= last_ns
        ]
        return [t for t, _ in pairs], [v for _, v in pairs]


def _quality(sample: Sample) -> Quality:
    return sample.quality if math.isfinite(sample.value) else Quality.INVALID


def _patience_s(sensor: Sensor) -> float:
    return 2 * sensor.period_s + 1


class _CannotTell(Exception):
    def __init__(self, code: str, *, waiting: bool = False, **values: float | str) -> None:
        self.reason = Reason(code, values)
        self.waiting = waiting


class Co2Modality:
    """CO2 excess of the load space over the outside probe.

    Parameters
    ----------
    calibrations : score fits by declared cargo; None while they are being
        fitted (then ready evidence has llr 0 and its score).
    """

    name = "co2"

    def __init__(self, calibrations: CalibrationSet | None) -> None:
        self.calibrations = calibrations
        self._series: dict[tuple[Role, str], _Series] = {}
        self._inside_c = math.nan
        self._in_ns: int | None = None
        self._out_ns: int | None = None
        self._done: list[tuple[Dip, int]] = []  # of this visit and earlier ones, with wall time
        self._current: tuple[Dip, int] | None = None
        self._measured_by: tuple[Sensor, ...] = ()  # what the current dip was measured with
        self._newest_at_out: dict[tuple[Role, str], Sample] = {}
        self._over_range: dict[str, Sample] = {}  # by inside probe, until it measures again in this dip
        self._anchor: tuple[int, int] | None = None

    def feed(self, item: Reading | Event) -> None:
        """Take CO2 samples by role, probe and visit events."""
        if isinstance(item, Sample):
            self._take(item)
        elif isinstance(item, Event):
            self._follow(item)

    def _take(self, sample: Sample) -> None:
        role = sample.stamp.role
        if role is Role.INSIDE and sample.quantity is Quantity.TEMPERATURE_C:
            if sample.quality is Quality.GOOD and math.isfinite(sample.value):
                self._inside_c = sample.value
            return
        if role not in (Role.INSIDE, Role.OUTSIDE) or sample.quantity is not Quantity.CO2_PPM:
            return
        series = self._series.setdefault((role, sample.stamp.sensor), _Series())
        series.newest = sample
        if role is Role.INSIDE and self._in_ns is not None and self._out_ns is None:
            if sample.quality is Quality.OVER_RANGE:
                self._over_range[sample.stamp.sensor] = sample
            elif _quality(sample) is Quality.GOOD:
                self._over_range.pop(sample.stamp.sensor, None)
        if sample.quality is Quality.GOOD and math.isfinite(sample.value):
            series.mono_ns.append(sample.stamp.mono_ns)
            series.ppm.append(sample.value)

    def _follow(self, event: Event) -> None:
        if event.kind is EventKind.ANCHOR:
            self._anchor = (event.mono_ns, int(event.data.get("utc_ns", 0)))
        elif event.kind is EventKind.VISIT_START:
            self._close_dip(None)
            self._series.clear()
            self._inside_c = math.nan
        elif event.kind is EventKind.PROBE_IN:
            self._close_dip(event.mono_ns)
            self._in_ns = event.mono_ns
        elif event.kind is EventKind.PROBE_OUT and self._in_ns is not None and self._out_ns is None:
            self._out_ns = event.mono_ns
            self._newest_at_out = {k: v.newest for k, v in self._series.items() if v.newest is not None}
            self._drop_unbelievable(event.mono_ns)

    def _close_dip(self, at_ns: int | None) -> None:
        """Keep the dip at hand if its probes could be believed to its end; forget it otherwise.

        ``at_ns`` is None where the clock may have begun again since.
        """
        if self._out_ns is None:
            self._newest_at_out = {k: v.newest for k, v in self._series.items() if v.newest is not None}
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
        if newest is None or _quality(newest) is not Quality.GOOD:
            return False
        return at_ns is None or (at_ns - newest.stamp.mono_ns) / 1e9 <= _patience_s(sensor)

    def evaluate(self, now_ns: int, view: ScanView) -> Evidence:
        """Say what the excess tells, or why it cannot be told."""
        if not self._dip_complete:
            self._current = None  # measured anew each time, by probes that can be believed now
        features = self._standing_features(view)
        try:
            self._check_cargo(view)
            inside = self._probe(Role.INSIDE, now_ns, view, features)
            outside = self._probe(Role.OUTSIDE, now_ns, view, features)
            self._measure(now_ns, inside, outside, view, features)
            return self._judge(view, features)
        except _CannotTell as no:
            state = EvidenceState.PENDING if no.waiting else EvidenceState.UNAVAILABLE
            return Evidence(self.name, state, reason=no.reason, features=features)

    def _standing_features(self, view: ScanView) -> dict[str, float]:
        features = {"co2_cargo_breathes": float(view.declaration.cargo in BREATHING)}
        if math.isfinite(self._inside_c):
            features["inside_temperature_c"] = self._inside_c
        if not self._dip_complete:
            for sample in self._over_range.values():
                self._note_over_range(sample, features)
        for number, (dip, _) in enumerate(self._done, start=1):
            features[f"dip{number}_excess_ppm"] = dip.excess_ppm
            features[f"dip{number}_sigma_ppm"] = dip.sigma_ppm
        return features

    def _note_over_range(self, sample: Sample, features: dict[str, float]) -> None:
        features["over_range"] = 1.0
        if math.isfinite(sample.value):
            features["at_least_ppm"] = max(sample.value, features.get("at_least_ppm", sample.value))

    def _check_cargo(self, view: ScanView) -> None:
        if view.declaration.cargo is CargoClass.INERT:
            raise _CannotTell("co2_inert_tank")

    def _probe(
        self, role: Role, now_ns: int, view: ScanView, features: dict[str, float]
    ) -> tuple[Sensor, Certificate]:
        """Choose the role's CO2 probe and make sure that it can be believed now."""
        sensors = view.with_role(role, "sample")
        if not sensors:
            raise _CannotTell(_NO_PROBE[role])
        heard = [s for s in sensors if (role, s.name) in self._series]
        sensor = min(heard or sensors, key=lambda s: (not view.healthy(s.name), s.name))
        series = self._series.get((role, sensor.name), _Series())
        if self._dip_complete:
            return sensor, self._certificate(sensor, view)  # what it measured stands
        self._check_connection(sensor, role, view)
        patience_s = _patience_s(sensor)
        newest = series.newest
        age_s = math.inf if newest is None else (now_ns - newest.stamp.mono_ns) / 1e9
        if age_s > patience_s:
            if newest is None and view.elapsed_s <= patience_s:
                raise _CannotTell("co2_waiting", waiting=True, sensor=sensor.name)
            raise _CannotTell(_SILENT[role], sensor=sensor.name, seconds=min(age_s, view.elapsed_s))
        certificate = self._certificate(sensor, view)
        assert newest is not None
        quality = _quality(newest)
        if quality is not Quality.GOOD:
            if role is Role.INSIDE and newest.quality is Quality.OVER_RANGE:
                self._note_over_range(newest, features)
            raise _CannotTell(_POOR[quality], sensor=sensor.name)
        return sensor, certificate

    @property
    def _dip_complete(self) -> bool:
        return self._out_ns is not None and self._current is not None

    def _check_connection(self, sensor: Sensor, role: Role, view: ScanView) -> None:
        state: DeviceState | None = view.states.get(sensor.name)
        if state is None:
            if view.elapsed_s <= _patience_s(sensor):
                raise _CannotTell("co2_waiting", waiting=True, sensor=sensor.name)
            raise _CannotTell(_LOST[role], sensor=sensor.name)
        if state.state is not ConnectionState.READY:
            raise _CannotTell(_NOT_READY.get(state.state, _LOST[role]), sensor=sensor.name)

    def _certificate(self, sensor: Sensor, view: ScanView) -> Certificate:
        try:
            certificate = check_valid(sensor.certificate, sensor.name, view.utc_ns)
            standard_uncertainty_ppm(certificate)
            corrected_ppm(0.0, certificate)
        except CalibrationMissing as missing:
            raise _CannotTell("co2_uncalibrated", sensor=sensor.name) from missing
        except CalibrationExpired as expired:
            held = sensor.certificate
            assert held is not None
            raise _CannotTell(
                "co2_certificate_expired", sensor=sensor.name, expires=held.expires.isoformat()
            ) from expired
        return certificate

    def _measure(
        self,
        now_ns: int,
        inside: tuple[Sensor, Certificate],
        outside: tuple[Sensor, Certificate],
        view: ScanView,
        features: dict[str, float],
    ) -> None:
        """Measure the current dip as far as it goes into ``self._current``."""
        if self._in_ns is None:
            raise _CannotTell("co2_probe_not_in", sensor=inside[0].name)
        if self._dip_complete:
            return
        if self._out_ns is not None:
            self._check_end(inside[0], outside[0], self._out_ns)
        until_ns = now_ns if self._out_ns is None else self._out_ns
        first_ns = self._in_ns - int(BEFORE_S * 1e9)
        in_s, in_ppm = self._series[Role.INSIDE, inside[0].name].between(first_ns, until_ns)
        out_s, out_ppm = self._series[Role.OUTSIDE, outside[0].name].between(first_ns, until_ns)
        wait_s = determinable_after_s(inside[0].response_t90_s)
        so_far_s = (until_ns - self._in_ns) / 1e9
        if so_far_s < wait_s:
            if self._out_ns is not None:
                raise _CannotTell("co2_dip_too_short", seconds=so_far_s, needed=wait_s)
            raise _CannotTell("co2_not_yet_determinable", waiting=True, seconds_left=wait_s - so_far_s)
        dip = measure_dip(
            in_s,
            corrected_ppm(in_ppm, inside[1]),
            out_s,
            corrected_ppm(out_ppm, outside[1]),
            inside[0].response_t90_s,
            math.hypot(standard_uncertainty_ppm(inside[1]), standard_uncertainty_ppm(outside[1])),
        )
        if dip is None:
            raise _CannotTell("co2_too_few_samples", waiting=self._out_ns is None)
        low, high = OUTSIDE_PLAUSIBLE_PPM
        if not low <= dip.outside_ppm <= high:
            raise _CannotTell("co2_outside_implausible", sensor=outside[0].name, ppm=dip.outside_ppm)
        if dip.probes_disagree:
            features["before_difference_ppm"] = dip.before_ppm
            raise _CannotTell(
                "co2_probes_disagree", difference_ppm=dip.before_ppm, allowed_ppm=3 * dip.before_sigma_ppm
            )
        self._current = (dip, self._utc_ns(until_ns, view, now_ns))
        self._measured_by = (inside[0], outside[0])

    def _check_end(self, inside: Sensor, outside: Sensor, out_ns: int) -> None:
        """Refuse a dip whose probes could not be believed when it ended, whatever they send since."""
        for sensor in (inside, outside):
            if not self._believed_at_out(sensor, out_ns):
                if sensor.name in self._over_range:
                    raise _CannotTell("co2_over_range", sensor=sensor.name)
                raise _CannotTell("co2_failed_in_dip", sensor=sensor.name)

    def _utc_ns(self, mono_ns: int, view: ScanView, now_ns: int) -> int:
        if self._anchor is not None:
            return self._anchor[1] + mono_ns - self._anchor[0]
        return view.utc_ns + mono_ns - now_ns

    def _judge(self, view: ScanView, features: dict[str, float]) -> Evidence:
        assert self._current is not None
        dip, utc_ns = self._current
        excess, sigma = combine_dips([d for d, _ in self._done] + [dip])
        score = excess_score(excess, sigma)
        features.update(
            excess_ppm=excess,
            sigma_ppm=sigma,
            inside_ppm=dip.inside_ppm,
            outside_ppm=dip.outside_ppm,
            step_ppm=dip.step_ppm,
            no_step=float(abs(dip.step_ppm) < 3 * dip.noise_sigma_ppm),
            dips=float(len(self._done) + 1),
        )
        if math.isfinite(dip.before_ppm):
            features["before_difference_ppm"] = dip.before_ppm
        if dip.slope is not None:
            features["slope_ppm_per_min"] = dip.slope.ppm_per_min
            features["slope_sigma_ppm_per_min"] = dip.slope.sigma_ppm_per_min
        if self._done:
            first, first_utc_ns = self._done[0]
            minutes = (utc_ns - first_utc_ns) / 60e9
            if minutes > 1:
                features["rise_ppm_per_min"] = (dip.excess_ppm - first.excess_ppm) / minutes
                features["rise_sigma_ppm_per_min"] = (
                    math.hypot(dip.noise_sigma_ppm, first.noise_sigma_ppm) / minutes
                )
        if self.calibrations is None:
            return Evidence(self.name, EvidenceState.READY, score=score, features=features)
        breathes = view.declaration.cargo in BREATHING
        code = "co2_excess_breathing_cargo" if breathes else "co2_excess"
        reason = Reason(code, {"excess_ppm": excess, "plus_minus_ppm": 2 * sigma})
        cargo = view.declaration.cargo
        try:
            fit = self.calibrations.lookup(self.name, cargo.value)
        except CalibrationMissing:
            raise _CannotTell("co2_never_calibrated", cargo=cargo.value) from None
        llr = fit.llr(score)
        if breathes:
            llr = max(llr, 0.0)
        return Evidence(self.name, EvidenceState.READY, llr, reason, score, features, calibration_id=fit.id)

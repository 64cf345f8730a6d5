"""Which CO2 probes are read, and whether they can be believed now."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from calibration.certificates import CalibrationExpired, CalibrationMissing, Certificate, check_valid
from calibration.co2 import corrected_ppm, standard_uncertainty_ppm
from drivers.api import ConnectionState, DeviceState, Quality, Role, Sample
from scanner.evidence import Reason
from scanner.modalities.co2_series import Co2Log, quality_of
from scanner.modality import ScanView, Sensor

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


class CannotTell(Exception):
    """The dip says nothing, with the reason; ``waiting`` when it may still."""

    def __init__(
        self,
        code: str,
        *,
        waiting: bool = False,
        values: Mapping[str, float | str] | None = None,
        **named: float | str,
    ) -> None:
        self.reason = Reason(code, {**(values or {}), **named})
        self.waiting = waiting


def patience_s(sensor: Sensor) -> float:
    """How long a probe may be silent before it counts as such."""
    return 2 * sensor.period_s + 1


def choose_probe(role: Role, view: ScanView, log: Co2Log) -> Sensor:
    """Return the role's CO2 probe: one that was heard before one that was not, a healthy one first.

    Raises
    ------
    CannotTell : the lane has none.
    """
    sensors = view.with_role(role, "sample")
    if not sensors:
        raise CannotTell(_NO_PROBE[role])
    heard = [s for s in sensors if log.heard(role, s.name)]
    return min(heard or sensors, key=lambda s: (not view.healthy(s.name), s.name))


def check_believable(
    sensor: Sensor, now_ns: int, view: ScanView, log: Co2Log, over_range: Callable[[Sample], None]
) -> None:
    """Make sure that the probe is there, speaks, and sends values worth reading.

    ``over_range`` is told of a newest value beyond the inside probe's range.

    Raises
    ------
    CannotTell : it cannot be believed now.
    """
    role = sensor.role
    _check_connection(sensor, role, view)
    newest = log.of(role, sensor.name).newest
    age_s = math.inf if newest is None else (now_ns - newest.stamp.mono_ns) / 1e9
    if newest is None or age_s > patience_s(sensor):
        if newest is None and view.elapsed_s <= patience_s(sensor):
            raise CannotTell("co2_waiting", waiting=True, sensor=sensor.name)
        raise CannotTell(_SILENT[role], sensor=sensor.name, seconds=min(age_s, view.elapsed_s))
    certificate_of(sensor, view)
    quality = quality_of(newest)
    if quality is not Quality.GOOD:
        if role is Role.INSIDE and newest.quality is Quality.OVER_RANGE:
            over_range(newest)
        raise CannotTell(_POOR[quality], sensor=sensor.name)


def _check_connection(sensor: Sensor, role: Role, view: ScanView) -> None:
    state: DeviceState | None = view.states.get(sensor.name)
    if state is None:
        if view.elapsed_s <= patience_s(sensor):
            raise CannotTell("co2_waiting", waiting=True, sensor=sensor.name)
        raise CannotTell(_LOST[role], sensor=sensor.name)
    if state.state is not ConnectionState.READY:
        raise CannotTell(_NOT_READY.get(state.state, _LOST[role]), sensor=sensor.name)


def certificate_of(sensor: Sensor, view: ScanView) -> Certificate:
    """Return the probe's certificate.

    Raises
    ------
    CannotTell : it has none that holds now and says what is needed.
    """
    try:
        certificate = check_valid(sensor.certificate, sensor.name, view.utc_ns)
        standard_uncertainty_ppm(certificate)
        corrected_ppm(0.0, certificate)
    except CalibrationMissing as missing:
        raise CannotTell("co2_uncalibrated", sensor=sensor.name) from missing
    except CalibrationExpired as expired:
        held = sensor.certificate
        assert held is not None
        raise CannotTell(
            "co2_certificate_expired", sensor=sensor.name, expires=held.expires.isoformat()
        ) from expired
    return certificate

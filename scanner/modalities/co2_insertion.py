"""One insertion of the CO2 probe: its series read, checked for what spoils it, and fitted to a dip."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from calibration.certificates import Certificate
from calibration.co2 import corrected_ppm, standard_uncertainty_ppm
from calibration.co2_pair import pair_difference
from drivers.api import Role
from scanner.modalities.co2_expect import colder_by_c
from scanner.modalities.co2_probes import CannotTell
from scanner.modalities.co2_series import Co2Log
from scanner.modalities.co2_weigh import Dip, hold_left_s, waiting_s
from scanner.modality import ScanView, Sensor
from scanner.signals.co2_checks import (
    Finding,
    find_breath,
    find_gap,
    find_implausible_air,
    find_jump,
    find_plume,
    find_saturation,
    find_wrong_units,
)
from scanner.signals.co2_dip import fit_dips
from scanner.vehicle import BREATHING

CertifiedProbe = tuple[Sensor, Certificate]


@dataclass(frozen=True, slots=True)
class Insertion:
    """When the tip went in, how far it is read, whether it still is in, and wall time of insertion."""

    inserted_ns: int
    until_ns: int
    still_in: bool
    inserted_utc_ns: int

    @property
    def held_s(self) -> float:
        """How long the tip was in, as far as it is read."""
        return (self.until_ns - self.inserted_ns) / 1e9


def read_dip(
    insertion: Insertion,
    inside: CertifiedProbe,
    outside: CertifiedProbe,
    log: Co2Log,
    view: ScanView,
    features: dict[str, float],
) -> Dip:
    """Return what this insertion measured; ``features`` takes what is known where it measured nothing.

    Raises
    ------
    CannotTell : too early, or something spoilt it.
    """
    (probe, certificate), (reference, its_certificate) = inside, outside
    for sensor in (probe, reference):
        backwards_ns = log.of(sensor.role, sensor.name).backwards_ns
        if backwards_ns is not None and backwards_ns >= insertion.inserted_ns:
            raise CannotTell("co2_time_backwards", sensor=sensor.name)
    needed_s = waiting_s(probe.response_t90_s, probe.period_s)
    if insertion.held_s < needed_s:
        _wait(needed_s - insertion.held_s, insertion, features)
    span = insertion.inserted_ns, insertion.until_ns
    in_s, in_raw = log.of(Role.INSIDE, probe.name).around(*span)
    out_s, out_raw = log.of(Role.OUTSIDE, reference.name).around(*span)
    in_ppm, out_ppm = corrected_ppm(in_raw, certificate), corrected_ppm(out_raw, its_certificate)
    saturated = find_saturation(in_s, in_raw)
    if saturated is not None:
        features.update(over_range=1.0, at_least_ppm=saturated.values["ppm"])
    _refuse(
        probe,
        find_wrong_units(out_ppm, in_ppm, in_s),
        saturated,
        find_gap(in_s, insertion.held_s, probe.period_s),
        find_gap(out_s, insertion.held_s, reference.period_s),
    )
    pair_sigma_ppm = math.hypot(
        standard_uncertainty_ppm(certificate), standard_uncertainty_ppm(its_certificate)
    )
    day = dt.datetime.fromtimestamp(view.utc_ns / 1e9, dt.UTC).date()
    pair = pair_difference(certificate, its_certificate, day)
    if pair is not None:
        in_ppm, pair_sigma_ppm = in_ppm - pair.offset_ppm, pair.sigma_ppm
    colder_c = colder_by_c(view.declaration)
    fit = fit_dips(in_s, in_ppm, out_s, out_ppm, probe.response_t90_s, pair_sigma_ppm, colder_c)
    if fit is None:
        raise CannotTell("co2_too_few_samples", waiting=insertion.still_in)
    noise_ppm = float(fit.noise_ppm[0])
    _refuse(
        probe,
        find_implausible_air(float(fit.outside_ppm[0])),
        find_plume(out_s, out_ppm),
        find_jump(in_s, in_ppm, noise_ppm),
        find_breath(in_s, in_ppm, probe.response_t90_s, noise_ppm),
    )
    if bool(fit.probes_disagree[0]):
        difference_ppm, allowed_ppm = float(fit.before_ppm[0]), 3 * float(fit.before_sigma_ppm[0])
        features["before_difference_ppm"] = difference_ppm
        raise CannotTell("co2_probes_disagree", difference_ppm=difference_ppm, allowed_ppm=allowed_ppm)
    dip = Dip(fit, insertion.inserted_utc_ns, insertion.held_s, probe.response_t90_s, probe.period_s)
    if not dip.answers:
        _wait(hold_left_s(dip), insertion, features)
    if view.declaration.cargo in BREATHING and dip.no_step:
        raise CannotTell("co2_no_step", waiting=insertion.still_in, sensor=probe.name)
    return dip


def _wait(left_s: float, insertion: Insertion, features: dict[str, float]) -> None:
    features["hold_s"] = left_s
    if insertion.still_in:
        raise CannotTell("co2_not_yet_determinable", waiting=True, seconds_left=left_s)
    raise CannotTell("co2_dip_too_short", seconds=insertion.held_s, needed=insertion.held_s + left_s)


def _refuse(probe: Sensor, *findings: Finding | None) -> None:
    for finding in findings:
        if finding is not None:
            values: dict[str, float | str] = {"sensor": probe.name, **finding.values}
            raise CannotTell(finding.code, values=values)

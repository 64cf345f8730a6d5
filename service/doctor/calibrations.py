"""A lane's CO2 probes: whether matched pairs still hold, and whether drift outruns the certificate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from calibration.certificates import CalibrationMissing
from calibration.co2_drift import drift_of, next_due
from calibration.co2_history import history_file, of_same_probe, read_history
from calibration.co2_pair import pair_difference
from drivers.api import Quantity
from scanner.lane.config import LaneConfig
from service.doctor.finding import Finding, ok, warn

SOON_DAYS = 14


def co2_calibrations(config: LaneConfig, today: dt.date) -> Iterator[Finding]:
    """Look at each CO2 probe's match with another probe, and at its history of calibrations."""
    probes = [s.name for s in config.devices if Quantity.CO2_PPM in s.driver_class.capabilities.quantities]
    for name in probes:
        yield from _pair(config, name, [other for other in probes if other != name], today)
        yield from _history(config, name, today)


def _pair(config: LaneConfig, name: str, others: list[str], today: dt.date) -> Iterator[Finding]:
    held = config.sensors[name].certificate
    if held is None or "pair_with" not in held.parameters:
        return
    for other in others:
        beside = config.sensors[other].certificate
        found = pair_difference(held, beside, today) if beside is not None else None
        if found is not None:
            yield ok(name, f"matched with {other}, ± {2 * found.sigma_ppm:.0f} ppm (k = 2) today")
            return
    words = "was matched with a probe whose correction has changed since: the match is not used"
    yield warn(name, words, f"match them again with lorryscan calibrate co2 --device {name} --pair OTHER")


def _history(config: LaneConfig, name: str, today: dt.date) -> Iterator[Finding]:
    path = history_file(config.data_dir, name)
    if not path.exists():
        return
    mend = f"calibrate it with lorryscan calibrate co2 --device {name}"
    try:
        known = of_same_probe(read_history(path))
    except CalibrationMissing as error:
        words, _, how = str(error).rpartition(": ")
        yield warn(name, words, how)
        return
    if not known:
        return
    drift = drift_of(known)
    due = next_due(known, drift)
    if due.because == "rebase":
        yield warn(name, "its newest calibration lies off by itself: a rebase, or a bad calibration", mend)
    elif due.because == "drift" and (due.due - today).days < SOON_DAYS:
        words = f"drifts by {drift.ppm_per_year:+.0f} ppm a year: its certificate's uncertainty"
        yield warn(name, f"{words} may be used up on {due.due}", mend)
    elif len(known) > 1:
        yield ok(name, f"{len(known)} calibrations, due again on {due.due}")

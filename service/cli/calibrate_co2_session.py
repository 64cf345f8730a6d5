"""One calibration of a CO2 probe: what is asked for, what is read, and the certificate it makes."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from calibration.certificates import Certificate
from calibration.co2 import corrected_ppm
from calibration.co2_budget import GAIN_SIGMA, Budget, Influences, Reference, calibrate, certificate
from calibration.co2_history import COMPARED_AT_PPM, Calibrated
from calibration.co2_line import CalibrationRefused
from calibration.co2_pair import MIN_BLOCK_S, MIN_BLOCKS, PairMatch, match_pair, pair_parameters
from calibration.co2_plateau import Plateau, plateau
from drivers.api import ConfigError, Quantity
from drivers.runner import DeviceSpec
from scanner.lane.config import LaneConfig
from service.cli.calibrate_co2_probes import FAULT_WORDS, LiveProbes, Say, check_plausible, read_table

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe as the lane's configuration has it, or one that is known by its readings alone.

    Parameters
    ----------
    spec : None without a lane.
    held : the certificate it has now.
    """

    name: str
    t90_s: float
    highest_ppm: float
    spec: DeviceSpec | None = None
    held: Certificate | None = None

    @property
    def self_calibration_unread(self) -> bool:
        """Whether the lane uses it though nobody could read back that its self-calibration is off."""
        return bool(getattr(getattr(self.spec, "config", None), "accept_unread_self_calibration", False))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a person asked for.

    Parameters
    ----------
    references : gases in order; none for a match alone.
    readings : a table for each gas; empty reads the probe itself.
    other : the probe that hangs beside it.
    pair_readings : a table of both; None reads them themselves.
    average_s, flush_s, limit_s, pair_s : as the options of the command.
    """

    probe: Probe
    references: tuple[Reference, ...]
    other: Probe | None
    day: dt.date
    valid_days: int
    influences: Influences
    readings: tuple[Path, ...] = ()
    pair_readings: Path | None = None
    average_s: float = 60.0
    flush_s: float = -1.0
    limit_s: float = 1200.0
    pair_s: float = 0.0

    def check(self) -> None:
        """Refuse what cannot be meant, before anything opens.

        Raises
        ------
        ConfigError : says what is missing.
        """
        if self.readings and len(self.readings) != len(self.references):
            raise ConfigError(
                f"{len(self.references)} gases and {len(self.readings)} --readings: "
                "give one file for each gas"
            )
        if self.other is not None and self.readings and self.pair_readings is None:
            raise ConfigError("--readings with --pair: give --pair-readings too")
        if self.other is not None and self.other.name == self.probe.name:
            raise ConfigError(f"--pair {self.other.name}: name the other probe")
        if self.other is not None and self.other.held is None:
            raise ConfigError(f"{self.other.name} has no certificate yet: calibrate it first, then the pair")
        if not self.references and self.probe.held is None:
            raise ConfigError(
                f"{self.probe.name} has no certificate yet: name a gas or --outside-air as well"
            )

    @property
    def opened(self) -> list[DeviceSpec]:
        """Devices that must be read themselves."""
        found = []
        if self.probe.spec is not None and self.references and not self.readings:
            found.append(self.probe.spec)
        if self.other is not None and self.pair_readings is None:
            found += [
                one.spec for one in (self.probe, self.other) if one.spec is not None and one.spec not in found
            ]
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished calibration: the certificate, and what it rests on."""

    made: Certificate
    budget: Budget | None
    match: PairMatch | None
    serial: str


def lane_probe(lane: LaneConfig, name: str) -> Probe:
    """Return a lane's CO2 probe by name.

    Raises
    ------
    ConfigError : there is none; says which there are.
    """
    for spec in lane.devices:
        if spec.name == name and name in probe_names(lane):
            declared = spec.driver_class.capabilities
            highest = declared.valid_range[1] if declared.valid_range else math.inf
            highest = min(highest, float(getattr(spec.config, "range_ppm", math.inf)))
            return Probe(name, declared.response_t90_s, highest, spec, lane.sensors[name].certificate)
    raise ConfigError(f"{name}: no CO2 probe of this lane has that name ({', '.join(probe_names(lane))})")


def probe_names(lane: LaneConfig) -> list[str]:
    """Return the names of a lane's CO2 probes."""
    return [s.name for s in lane.devices if Quantity.CO2_PPM in s.driver_class.capabilities.quantities]


def carry_out(plan: Plan, say: Say, note: Say, ask: Callable[[str], None], identity: str = "") -> Outcome:
    """Read what the plan asks for and make the certificate.

    Parameters
    ----------
    say : shows how it goes; what it showed may be overwritten.
    note : says what was found.
    ask : waits until a person has done something.
    identity : number of the certificate; "" makes one of name and day.
    """
    live: AbstractContextManager[LiveProbes | None] = (
        LiveProbes(plan.opened, say) if plan.opened else nullcontext()
    )
    budget: Budget | None = None
    match: PairMatch | None = None
    with live as probes:
        if plan.references:
            plateaus = [_plateau(plan, place, probes, note, ask) for place in range(len(plan.references))]
            gain = _known_gain(plan.probe.held)
            budget = calibrate(plan.references, plateaus, plan.valid_days, plan.influences, gain)
        if plan.other is not None:
            match = _match(plan, plan.other, budget, probes, ask)
        serial = probes.serial(plan.probe.name) if probes is not None else ""
    return Outcome(_certificate(plan, budget, match, identity), budget, match, serial)


def history_entry(outcome: Outcome, budget: Budget, plan: Plan, serial: str) -> Calibrated:
    """Return the line that a calibration adds to the probe's history."""
    line, made = budget.line, outcome.made
    return Calibrated(
        day=made.issued,
        sensor=plan.probe.name,
        serial=serial,
        error_ppm=round((line.gain - 1.0) * COMPARED_AT_PPM + line.offset_ppm, 2),
        sigma_ppm=round(max(float(line.sigma_at_ppm(COMPARED_AT_PPM)) * line.gain, 0.1), 2),
        offset_ppm=float(made.parameters["offset_ppm"]),
        gain=float(made.parameters["gain"]),
        uncertainty_ppm=float(made.parameters["uncertainty_ppm"]),
        certificate_id=made.id,
        expires=made.expires,
        reference=", ".join(reference.name for reference in plan.references),
    )


def _plateau(
    plan: Plan, place: int, probes: LiveProbes | None, note: Say, ask: Callable[[str], None]
) -> Plateau:
    probe, reference = plan.probe, plan.references[place]
    if plan.readings:
        path = plan.readings[place]
        table = read_table(path, ("t_s", "ppm"))
        found = plateau(table["t_s"], table["ppm"], probe.t90_s, plan.average_s, probe.highest_ppm)
        if found.faults:
            raise CalibrationRefused(f"{path}, {reference.name}: {FAULT_WORDS[found.faults[0]]}")
        check_plausible(str(path), reference, found)
    else:
        assert probes is not None
        ask(f"Let {probe.name} breathe {reference.name}")
        flush_s = 2.0 * probe.t90_s if plan.flush_s < 0 else plan.flush_s
        found = probes.settle(probe.name, reference, plan.average_s, flush_s, plan.limit_s)
    note(f"{reference.name}: {found.mean_ppm:.1f} ± {2 * found.sigma_ppm:.1f} ppm (k = 2)")
    return found


def _match(
    plan: Plan, other: Probe, budget: Budget | None, probes: LiveProbes | None, ask: Callable[[str], None]
) -> PairMatch:
    probe = plan.probe
    if plan.pair_readings is not None:
        table = read_table(plan.pair_readings, ("t_s", "ppm", "other_ppm"))
        t_s, ppm, other_ppm = table["t_s"], table["ppm"], table["other_ppm"]
        other_t_s = t_s
    else:
        assert probes is not None
        ask(f"Hang {probe.name} and {other.name} side by side in free air")
        slower_s = max(MIN_BLOCK_S, probe.t90_s, other.t90_s)
        probes.together(plan.pair_s or 2.0 * MIN_BLOCKS * slower_s)
        (t_s, ppm), (other_t_s, other_ppm) = (
            (np.array(probes.series[name].t_s), np.array(probes.series[name].ppm))
            for name in (probe.name, other.name)
        )
    own = probe.held
    if budget is not None:
        line = budget.line
        own = Certificate("new", plan.day, plan.day, {"offset_ppm": line.offset_ppm, "gain": line.gain})
    assert own is not None
    assert other.held is not None
    return match_pair(
        t_s,
        corrected_ppm(ppm, own),
        other_t_s,
        corrected_ppm(other_ppm, other.held),
        probe.t90_s,
        other.t90_s,
        plan.influences,
    )


def _certificate(plan: Plan, budget: Budget | None, match: PairMatch | None, identity: str) -> Certificate:
    more: dict[str, float] = {}
    if match is not None and plan.other is not None and plan.other.held is not None:
        more = pair_parameters(match, plan.other.held, plan.day, plan.influences.drift_ppm_per_year)
    if budget is None:
        held = plan.probe.held
        assert held is not None
        kept = {name: value for name, value in held.parameters.items() if not name.startswith("pair_")}
        return Certificate(held.id, held.issued, held.expires, {**kept, **more}, held.method)
    parts = [", ".join(reference.name for reference in plan.references)]
    parts.append("offset alone" if budget.zero_only else "offset and gain")
    if plan.other is not None:
        parts.append(f"beside {plan.other.name}")
    if plan.probe.self_calibration_unread:
        parts.append("self-calibration could not be read back")
    number = identity or f"{plan.probe.name}-{plan.day:%Y%m%d}"
    return certificate(budget, number, plan.day, plan.valid_days, "; ".join(parts), **more)


def _known_gain(held: Certificate | None) -> tuple[float, float]:
    """Return the gain of the certificate that the probe has, and its uncertainty; the maker's without one."""
    if held is None or "gain" not in held.parameters:
        return 1.0, GAIN_SIGMA
    return (
        float(held.parameters["gain"]),
        max(float(held.parameters.get("gain_uncertainty", 2.0 * GAIN_SIGMA)) / 2.0, 1e-4),
    )

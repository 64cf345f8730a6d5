"""CO2 probes read for a calibration: live from a lane's devices, or from a table of readings."""

from __future__ import annotations

import csv
import math
import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from calibration.co2_budget import Reference
from calibration.co2_line import CalibrationRefused
from calibration.co2_plateau import Plateau, PlateauFault, plateau
from drivers.api import ConfigError, ConnectionState, DeviceState, DeviceTimeout, Quality, Quantity, Sample
from drivers.runner import DeviceGroup, DeviceSpec, QueuePolicy

Array = npt.NDArray[np.float64]

LOOK_EVERY_S = 0.5
POOR_LIMIT_S = 10.0
"""So long of readings that a probe itself calls bad end a step (assumption)."""
ZERO_GAS_BELOW_PPM = 200.0
"""Gas that holds less than any air: a reading below the driver's range is what it must be (assumption)."""
PLAUSIBLE_PPM, PLAUSIBLE_SHARE = 1000.0, 0.25
"""What a probe may be wrong by and still be adjusted (Vaisala GMP252 User Guide M211897EN, 9.3.3)."""

FAULT_WORDS = {
    PlateauFault.TOO_FEW: "too few readings yet",
    PlateauFault.UNSETTLED: "not settled yet",
    PlateauFault.UNSTEADY: (
        "readings move too much: shield the probe from wind and breath, check the gas flow"
    ),
    PlateauFault.SATURATED: "at the end of its range: take a leaner gas",
    PlateauFault.CLIPPED: (
        "it shows 0 for everything below: zero gas tells nothing, take outside air or a lean gas"
    ),
}
POOR_WORDS = {
    Quality.WARMING_UP: "is warming up",
    Quality.OVER_RANGE: "is saturated: take a leaner gas",
    Quality.UNDER_RANGE: "reads below what any air holds: check which gas it breathes",
    Quality.UNRELIABLE: "says that its own values are not reliable: check its power and optics, restart it",
    Quality.INVALID: "sends values that stand for no measurement: restart or replace it",
    Quality.FROZEN: "repeats one value without any change: restart or replace it",
}

Say = Callable[[str], None]


@dataclass(slots=True)
class ProbeSeries:
    """What one probe said since the step began."""

    spec: DeviceSpec
    t_s: list[float] = field(default_factory=list)
    ppm: list[float] = field(default_factory=list)
    quality: Quality = Quality.GOOD
    poor_since_s: float | None = None
    state: DeviceState | None = None
    first_s: float | None = None
    warm: bool = False
    since_s: float = 0.0

    @property
    def t90_s(self) -> float:
        """T90 as its driver declares it, s."""
        return self.spec.driver_class.capabilities.response_t90_s

    @property
    def highest_ppm(self) -> float:
        """End of its range, ppm."""
        configured = float(getattr(self.spec.config, "range_ppm", math.inf))
        declared = self.spec.driver_class.capabilities.valid_range
        return min(configured, declared[1] if declared else math.inf)

    def start_anew(self) -> None:
        """Forget the last gas; what was read before now does not count, even if it still waits in line."""
        self.clear()
        self.since_s = time.monotonic()

    def clear(self) -> None:
        """Forget the readings, for they do not belong to one steady stretch."""
        self.t_s.clear()
        self.ppm.clear()
        self.poor_since_s = None

    def take(self, sample: Sample, zero_gas: bool) -> None:
        """Take one reading; a bad one ends the run of good ones."""
        at_s = sample.stamp.mono_ns / 1e9
        self.first_s = at_s if self.first_s is None else self.first_s
        if at_s < self.since_s:
            return
        self.quality = sample.quality
        self.warm = self.warm or sample.quality is Quality.GOOD or at_s - self.first_s >= self._warm_up_s
        low = sample.quality is Quality.UNDER_RANGE and zero_gas and self.warm
        if (sample.quality is Quality.GOOD or low) and math.isfinite(sample.value):
            self.t_s.append(at_s)
            self.ppm.append(sample.value)
            self.poor_since_s = None
            return
        kept = self.poor_since_s
        self.clear()  # a plateau is whole
        self.poor_since_s = at_s if kept is None else kept

    def poor_words(self, now_s: float) -> str:
        """Return why its readings cannot be used, empty while there is hope."""
        if self.poor_since_s is None or self.quality in (Quality.GOOD, Quality.WARMING_UP):
            return ""
        return POOR_WORDS[self.quality] if now_s - self.poor_since_s > POOR_LIMIT_S else ""

    @property
    def _warm_up_s(self) -> float:
        return float(getattr(self.spec.config, "warm_up_s", self.spec.driver_class.capabilities.warm_up_s))


class LiveProbes:
    """One or two probes under a lane's runner; used in a ``with`` statement.

    Parameters
    ----------
    specs : the devices as the lane's configuration has them.
    say : shows one line of how it goes.
    """

    def __init__(self, specs: Sequence[DeviceSpec], say: Say) -> None:
        for spec in specs:
            if Quantity.CO2_PPM not in spec.driver_class.capabilities.quantities:
                raise ConfigError(f"device {spec.name}: measures no CO2: name one of the lane's CO2 probes")
        self.series = {spec.name: ProbeSeries(spec) for spec in specs}
        self._group = DeviceGroup(specs, 2000, policy=QueuePolicy.DROP_OLDEST)
        self._say = say

    def __enter__(self) -> Self:
        self._group.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._group.stop()

    def serial(self, name: str) -> str:
        """Return the number that the probe says it has; empty when it says none."""
        identity = self._group.metrics()[name].identity
        return identity.serial if identity is not None else ""

    def settle(
        self, name: str, reference: Reference, window_s: float, flush_s: float, limit_s: float
    ) -> Plateau:
        """Wait until the probe has settled in a gas, and return what it reads there.

        Parameters
        ----------
        window_s : stretch of readings that must be steady.
        flush_s : time for the gas to reach the probe; what it reads before does not count.
        limit_s : longest wait.

        Raises
        ------
        CalibrationRefused : it never settled, is saturated, hides what is below 0, or breathes another gas.
        DeviceTimeout : it sent nothing.
        """
        probe = self.series[name]
        begin_s = time.monotonic()
        zero_gas = reference.ppm < ZERO_GAS_BELOW_PPM
        found: Plateau | None = None
        for series in self.series.values():
            series.start_anew()
        while (now_s := time.monotonic()) < begin_s + limit_s:
            self._take_until(now_s + LOOK_EVERY_S, zero_gas)
            now_s = time.monotonic()
            poor = probe.poor_words(now_s)
            if poor:
                raise CalibrationRefused(f"{name} {poor}")
            if now_s < begin_s + flush_s:
                self._say(f"{self._now(probe)}; {begin_s + flush_s - now_s:.0f} s until the gas is there")
                continue
            keep = np.asarray(probe.t_s) >= begin_s + flush_s
            found = plateau(
                np.asarray(probe.t_s)[keep],
                np.asarray(probe.ppm)[keep],
                probe.t90_s,
                window_s,
                probe.highest_ppm,
            )
            for fault in (PlateauFault.SATURATED, PlateauFault.CLIPPED):
                if fault in found.faults:
                    raise CalibrationRefused(f"{name} is {FAULT_WORDS[fault]}")
            if not found.faults:
                check_plausible(name, reference, found)
                return found
            self._say(f"{self._now(probe)}; {waiting_words(found)}")
        if found is None or not probe.ppm:
            reason = probe.state.reason if probe.state is not None else ""
            raise DeviceTimeout(f"{name} gave no reading that can be used within {limit_s:.0f} s: {reason}")
        words = FAULT_WORDS[found.faults[0]]
        raise CalibrationRefused(f"{name} did not settle within {limit_s:.0f} s: {words}")

    def together(self, seconds: float) -> None:
        """Read all probes in the same air for so long; their series hold it afterwards.

        Raises
        ------
        CalibrationRefused : one of them says that its readings are bad.
        """
        for series in self.series.values():
            series.start_anew()
        begin_s: float | None = None
        asked_s = time.monotonic()
        while True:
            now_s = time.monotonic()
            if begin_s is None and all(probe.ppm for probe in self.series.values()):
                begin_s = now_s
            if begin_s is not None and now_s >= begin_s + seconds:
                return
            if begin_s is None and now_s > asked_s + seconds:
                silent = [name for name, probe in self.series.items() if not probe.ppm]
                raise DeviceTimeout(
                    f"{', '.join(silent)}: no reading that can be used: check cable and power"
                )
            self._take_until(now_s + LOOK_EVERY_S, zero_gas=False)
            for name, probe in self.series.items():
                poor = probe.poor_words(time.monotonic())
                if poor:
                    raise CalibrationRefused(f"{name} {poor}")
            left_s = seconds if begin_s is None else begin_s + seconds - time.monotonic()
            shown = ", ".join(self._now(probe) for probe in self.series.values())
            self._say(f"{shown}; {max(left_s, 0.0):.0f} s more")

    def _take_until(self, end_s: float, zero_gas: bool) -> None:
        while True:
            try:
                item = self._group.items.get(timeout=max(end_s - time.monotonic(), 0.001))
            except queue.Empty:
                return
            probe = self.series.get(item.stamp.sensor) if hasattr(item, "stamp") else None
            if probe is None:
                continue
            if isinstance(item, DeviceState):
                probe.state = item
                if item.state in (ConnectionState.LOST, ConnectionState.OPENING):
                    probe.clear()
            elif isinstance(item, Sample) and item.quantity is Quantity.CO2_PPM:
                probe.take(item, zero_gas)
            if time.monotonic() >= end_s:
                return

    def _now(self, probe: ProbeSeries) -> str:
        if probe.ppm:
            return f"{probe.spec.name} {probe.ppm[-1]:.0f} ppm"
        if probe.state is not None and probe.state.reason:
            return f"{probe.spec.name} {probe.state.state.value}: {probe.state.reason}"
        return f"{probe.spec.name} {POOR_WORDS.get(probe.quality, 'has said nothing yet')}"


def waiting_words(found: Plateau) -> str:
    """Return what is still missing and for how long, for a line of how it goes."""
    words = FAULT_WORDS[found.faults[0]]
    missing = f", {found.missing_ppm:+.0f} ppm to go" if math.isfinite(found.missing_ppm) else ""
    return f"{words}{missing}, some {found.wait_s:.0f} s more" if found.wait_s > 0 else words


def check_plausible(name: str, reference: Reference, found: Plateau) -> None:
    """Refuse a reading so far from its gas that it must be another one.

    Raises
    ------
    CalibrationRefused : says both.
    """
    if abs(found.mean_ppm - reference.ppm) > PLAUSIBLE_PPM + PLAUSIBLE_SHARE * reference.ppm:
        raise CalibrationRefused(
            f"{name} reads {found.mean_ppm:.0f} ppm in {reference.name} of {reference.ppm:g} ppm: "
            "check which gas it breathes; a probe that is so far out goes to its maker"
        )


def read_table(path: Path, columns: Sequence[str]) -> dict[str, Array]:
    """Return named columns of a CSV file with a heading, as numbers; an empty field is NaN.

    Raises
    ------
    ConfigError : it cannot be read, a column is missing, a field is no number, or time goes backwards.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, skipinitialspace=True))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}): check the path") from None
    except (UnicodeDecodeError, csv.Error):
        raise ConfigError(f"{path}: is no CSV file: give one with the columns {', '.join(columns)}") from None
    if not rows or any(name not in rows[0] for name in columns):
        raise ConfigError(f"{path}: the columns {', '.join(columns)} are wanted: name them in its first line")
    found: dict[str, Array] = {}
    for name in columns:
        try:
            found[name] = np.array([float(row[name]) if row[name] else math.nan for row in rows])
        except ValueError as error:
            raise ConfigError(f"{path}: column {name}: {error}: write numbers alone") from None
    t_s = found.get("t_s")
    if t_s is not None and not (np.isfinite(t_s).all() and (np.diff(t_s) >= 0).all()):
        raise ConfigError(f"{path}: t_s must rise from line to line: sort it, seconds as numbers")
    return found

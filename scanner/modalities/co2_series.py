"""What CO2 probes sent in this scan: good values by role and probe, the newest whatever they were."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from drivers.api import Quality, Quantity, Role, Sample
from scanner.signals.co2_dip import BEFORE_S


def quality_of(sample: Sample) -> Quality:
    """A value that is not finite is invalid, whatever its probe says of it."""
    return sample.quality if math.isfinite(sample.value) else Quality.INVALID


@dataclass(slots=True)
class Series:
    """Good values of one probe, and its newest sample whatever it was.

    ``backwards_ns`` is the time of the last sample that was older than the one
    before it; such samples are not kept.
    """

    mono_ns: list[int] = field(default_factory=list)
    ppm: list[float] = field(default_factory=list)
    newest: Sample | None = None
    backwards_ns: int | None = None

    def take(self, sample: Sample) -> None:
        """Keep a sample."""
        at_ns = sample.stamp.mono_ns
        if self.newest is not None and at_ns < self.newest.stamp.mono_ns:
            self.backwards_ns = self.newest.stamp.mono_ns
            return
        self.newest = sample
        if quality_of(sample) is Quality.GOOD:
            self.mono_ns.append(at_ns)
            self.ppm.append(sample.value)

    def around(self, insertion_ns: int, last_ns: int) -> tuple[list[float], list[float]]:
        """Seconds since insertion and values, from `BEFORE_S` before it to ``last_ns``."""
        first_ns = insertion_ns - int(BEFORE_S * 1e9)
        pairs = [
            ((ns - insertion_ns) / 1e9, v)
            for ns, v in zip(self.mono_ns, self.ppm, strict=True)
            if first_ns <= ns <= last_ns
        ]
        return [t for t, _ in pairs], [v for _, v in pairs]


class Co2Log:
    """Samples of the inside and outside roles that the CO2 method reads."""

    def __init__(self) -> None:
        self.series: dict[tuple[Role, str], Series] = {}
        self._scalars: dict[Quantity, tuple[int, float]] = {}

    def clear(self) -> None:
        """Forget everything: another visit, perhaps another clock."""
        self.series.clear()
        self._scalars.clear()

    def take(self, sample: Sample) -> bool:
        """Keep what is of use; tell whether it was a CO2 value of one of the two roles."""
        role = sample.stamp.role
        if role not in (Role.INSIDE, Role.OUTSIDE):
            return False
        if sample.quantity is Quantity.CO2_PPM:
            self.series.setdefault((role, sample.stamp.sensor), Series()).take(sample)
            return True
        if role is Role.INSIDE and quality_of(sample) is Quality.GOOD:
            self._scalars[sample.quantity] = (sample.stamp.mono_ns, sample.value)
        return False

    def of(self, role: Role, sensor: str) -> Series:
        """Series of one probe, empty if it was never heard."""
        return self.series.get((role, sensor), Series())

    def heard(self, role: Role, sensor: str) -> bool:
        """Whether this probe ever sent a CO2 value in this visit."""
        return (role, sensor) in self.series

    def newest(self) -> dict[tuple[Role, str], Sample]:
        """Newest sample of each probe."""
        return {key: series.newest for key, series in self.series.items() if series.newest is not None}

    def inside(self, quantity: Quantity, since_ns: int | None = None) -> float | None:
        """Newest good value of another quantity inside, if it was sent since then."""
        found = self._scalars.get(quantity)
        if found is None or (since_ns is not None and found[0] < since_ns):
            return None
        return found[1]

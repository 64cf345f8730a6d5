"""Faults of one sensor in the stream of a visit: drawn, and put between what was measured and what is fed.

They act on readings as a lane records them, behind the drivers. What the wire's fault box does there comes
out of a driver as one of these: a dropped piece as gaps, a doubled one twice, a corrupted one as spikes or
gaps, a delayed one late, a stall held, a hang-up lost.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from drivers.api import (
    ConnectionState,
    DeviceState,
    Event,
    EventKind,
    Item,
    Quality,
    RawBytes,
    Reading,
    Role,
    Stamp,
)
from drivers.freshness import MENDS, ReadingJudge
from scanner.campaign.fault_kinds import (
    CHANNEL,
    CO2,
    FRAMES,
    LINES,
    VALUES,
    WAVES,
    Course,
    Kind,
    reordered,
)
from scanner.campaign.ranges import campaign_ranges
from scanner.simulation.layout import DEMO_LAYOUT, DRIVERS, LaneLayout
from scanner.simulation.priors import stream

READS: dict[str, dict[str, Kind]] = {
    "lines": LINES,
    "waveform": WAVES,
    "frame": FRAMES,
    "sample": CO2,
}
"""Kinds by what a sensor delivers; of several, the first of these."""

_NOISE = {"sample": "noise_ppm", "waveform": "noise_times", "frame": "noise_k"}
_ZERO = {"sample": "zero_ppm", "frame": "zero_k"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one sensor in one visit.

    Parameters
    ----------
    sensor : its name in the lane.
    kind : what it does, a name of `kinds_of`.
    channel : the one channel that fails, "" = the whole sensor.
    values : what was drawn for it: ``at_s`` from the visit's start and others, as in ``campaign.toml``.
    seed : of what it does by chance.

    Examples
    --------
    >>> Fault("geophones", "stuck", "c2").name
    'geophones c2 stuck'
    """

    sensor: str
    kind: str
    channel: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0

    @property
    def name(self) -> str:
        """Sensor, channel and kind in words."""
        return " ".join(part for part in (self.sensor, self.channel, self.kind) if part)


def kinds_of(sensor: str, layout: LaneLayout = DEMO_LAYOUT) -> dict[str, Kind]:
    """Return the kinds of fault that a sensor of a lane can have, by name.

    Examples
    --------
    >>> {"stuck", "reordered"} & set(kinds_of("shake"))
    {'reordered'}
    """
    reads = _reads(sensor, layout)
    kinds = dict(READS[reads])
    if reads == "waveform":
        kinds |= CHANNEL if layout.sensors[sensor].role is Role.CHASSIS else {"reordered": reordered}
    return kinds


def _reads(sensor: str, layout: LaneLayout) -> str:
    return next(name for name in READS if name in layout.sensors[sensor].reads)


def draw_fault(sensor: str, seed: int, layout: LaneLayout = DEMO_LAYOUT, kind: str = "") -> Fault:
    """Draw a fault of a sensor.

    Parameters
    ----------
    seed : of the lorry.
    kind : "" = any, each equally likely.

    Raises
    ------
    KeyError : the lane has no such sensor, or the sensor no such kind.

    Examples
    --------
    >>> fault = draw_fault("xray", 3, kind="beam off")
    >>> fault.name, 6.7 <= fault.values["at_s"] <= 11.7
    ('xray beam off', True)
    """
    kinds = kinds_of(sensor, layout)
    kind = kind or str(stream(seed, "fault kind", sensor).choice(list(kinds)))
    if kind not in kinds:
        raise KeyError(f"{sensor} has no fault called {kind}: {', '.join(kinds)}")
    names = {name: name for name in VALUES.get(kind, ())}
    if kind in ("noisy", "wrong zero"):
        name = (_NOISE if kind == "noisy" else _ZERO)[_reads(sensor, layout)]
        names = {name: name}
    if "at_s" in names and _reads(sensor, layout) == "lines":
        names["at_s"] = "passage_at_s"
    ranges = campaign_ranges()
    values = {
        name: ranges[f"fault.{drawn}"].draw(stream(seed, "fault", sensor, kind, name))
        for name, drawn in names.items()
    }
    channel = ""
    if kind in CHANNEL:
        channel = str(
            stream(seed, "fault channel", sensor, kind).choice([one.name for one in layout.channels])
        )
    return Fault(sensor, kind, channel, values, seed)


def with_fault(
    items: Iterable[Item], fault: Fault | None, layout: LaneLayout = DEMO_LAYOUT
) -> Iterator[Item]:
    """Yield a visit's items with a fault of one sensor, in order of arrival; None changes nothing.

    The runner's own look at readings (`drivers.freshness.ReadingJudge`) comes after the fault, as in a
    lane: it marks values out of range or frozen for long, and tells a state. No other state is told,
    "lost" apart: that a sensor has fallen silent or late is left to the methods.

    Parameters
    ----------
    items : of one visit, with its ANCHOR and VISIT_START.
    """
    if fault is None:
        yield from items
        return
    lane = _Faulty(fault, layout)
    for item in items:
        now_ns = item.mono_ns if isinstance(item, Event) else item.stamp.mono_ns
        yield from lane.due(now_ns)
        if isinstance(item, Event):
            if item.kind is EventKind.VISIT_START:
                lane.begin(item.mono_ns)
            yield item
        elif isinstance(item, RawBytes) or item.stamp.sensor != fault.sensor:
            yield item
        else:
            yield from lane.take(item, now_ns)


class _Faulty:
    """The faulty sensor between its readings and the lane."""

    def __init__(self, fault: Fault, layout: LaneLayout) -> None:
        self._fault = fault
        self._act = kinds_of(fault.sensor, layout)[fault.kind]
        self._course = Course(fault.values, fault.channel or None, stream(fault.seed, "fault", fault.name))
        self._role = layout.sensors[fault.sensor].role
        self._judge = ReadingJudge(DRIVERS[layout.drivers[fault.sensor]].capabilities)
        self._state = ConnectionState.READY
        self._lost_at_ns: int | None = None
        self._start_ns = self._sequence = 0
        self._later: list[tuple[int, int, Reading]] = []
        self._count = itertools.count()

    def begin(self, start_ns: int) -> None:
        """Note the visit's start."""
        self._start_ns = start_ns
        if self._fault.kind == "lost":
            self._lost_at_ns = start_ns + round(self._fault.values["at_s"] * 1e9)

    def take(self, reading: Reading, now_ns: int) -> Iterator[Item]:
        """Yield what arrives now in place of a reading; keep what arrives later."""
        self._course.t_s = (now_ns - self._start_ns) / 1e9
        if isinstance(reading, DeviceState):
            yield self._stamped(reading, now_ns)
            return
        for delay_s, one in self._act(reading, self._course):
            if delay_s > 0:
                heapq.heappush(self._later, (now_ns + round(delay_s * 1e9), next(self._count), one))
            else:
                yield from self._arrives(one, now_ns)

    def due(self, now_ns: int) -> Iterator[Item]:
        """Yield what has arrived up to now."""
        while self._later and self._later[0][0] <= now_ns:
            at_ns, _, one = heapq.heappop(self._later)
            yield from self._arrives(one, at_ns)
        if self._lost_at_ns is not None and self._lost_at_ns <= now_ns:
            why = f"{self._fault.sensor} does not answer: check its cable and power"
            yield self._stated(ConnectionState.LOST, why, self._lost_at_ns)
            self._lost_at_ns = None

    def _arrives(self, one: Reading, at_ns: int) -> Iterator[Item]:
        judged = self._judge.judge(one, at_ns, warming_up=False)
        verdict = self._judge.verdict
        state = ConnectionState.READY if verdict is Quality.GOOD else ConnectionState.DEGRADED
        if state is not self._state:
            self._state = state
            words = "" if verdict is Quality.GOOD else f"{self._fault.sensor} {MENDS[verdict]}"
            yield self._stated(state, words, at_ns)
        yield self._stamped(judged, at_ns)

    def _stated(self, state: ConnectionState, why: str, at_ns: int) -> Item:
        return self._stamped(DeviceState(state, why, at_ns), at_ns)

    def _stamped(self, reading: Reading, at_ns: int) -> Item:
        stamp = Stamp(self._fault.sensor, self._role, at_ns, self._sequence)
        self._sequence += 1
        return replace(reading, stamp=stamp)

"""The newest of each lane: its live view, two minutes of traces, pictures, and whether it speaks.

Never the truth and never stored: it is empty after a start and fills within half a second. All of it
happens on the event loop's thread.
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from scanner.canonical import reason_json
from scanner.evidence import Reason
from scanner.lane.wire import Live, Said, TraceLive
from service.live.pictures import Picture, Pictures
from service.live.traces import Traces
from service.resources import Lane

SILENT_AFTER_S = 1.5
STEPPED_BACK_MS = 2_000
RIVAL_S = 5.0
MOST_FAULTS = 50

log = logging.getLogger("lorryscan.service")


@dataclass(slots=True)
class _LaneNow:
    live: Live | None = None
    traces: Traces = field(default_factory=Traces)
    pictures: Pictures = field(default_factory=Pictures)
    heard_s: float = 0.0
    heard_utc_ms: int = 0
    silent: bool = True
    shown_s: float = -math.inf
    replaced: deque[str] = field(default_factory=lambda: deque(maxlen=8))
    rival_s: float = -math.inf


class Latest:
    """What lanes last said.

    Parameters
    ----------
    clock : a monotonic clock, s; wall : UTC, s since 1970.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._wall = wall
        self._lanes: dict[str, _LaneNow] = {}

    def heard(self, lane_id: str) -> bool:
        """Note that a lane spoke; return whether it was silent before."""
        now = self._lanes.setdefault(lane_id, _LaneNow())
        now.heard_s, now.heard_utc_ms = self._clock(), round(1e3 * self._wall())
        was_silent, now.silent = now.silent, False
        return was_silent

    def fell_silent(self) -> list[str]:
        """Return the lanes that have not spoken for 1.5 s, each once."""
        before_s = self._clock() - SILENT_AFTER_S
        fallen = [i for i, now in self._lanes.items() if not now.silent and now.heard_s < before_s]
        for lane_id in fallen:
            self._lanes[lane_id].silent = True
        return fallen

    def lane(self, lane_id: str, revoked: bool = False) -> Lane:
        """Return a lane as it is heard now."""
        now = self._lanes.get(lane_id)
        heard = now is not None and now.heard_utc_ms > 0
        return Lane(
            id=lane_id,
            heard_utc_ms=now.heard_utc_ms if now and heard else None,
            silent=now is None or now.silent,
            revoked=revoked,
        )

    def is_rival(self, lane_id: str, run: str) -> bool:
        """Tell whether a second process speaks for a lane, and is not to be shown.

        A lane that starts again never comes back under its earlier run. One that does is another process
        with the same token: the one that came last is shown, with a fault, until it has been silent for 5 s.
        """
        now = self._lanes.get(lane_id)
        if now is None or run not in now.replaced or self._clock() - now.shown_s > RIVAL_S:
            return False
        now.rival_s = self._clock()
        return True

    def take(self, lane_id: str, live: Live) -> Live | None:
        """Take a live view; return it with its new points alone, or None when a newer one is here."""
        now = self._lanes.setdefault(lane_id, _LaneNow())
        last = now.live
        if last is not None and last.run == live.run and live.sequence <= last.sequence:
            return None
        if last is not None and live.utc_ms < last.utc_ms - STEPPED_BACK_MS:
            log.warning("lane %s: its clock went back, its traces begin anew", lane_id)
            now.traces = Traces()
        if last is not None and last.run != live.run:
            if live.run in now.replaced:
                now.replaced.remove(live.run)
            now.replaced.append(last.run)
        now.shown_s = self._clock()
        if now.shown_s - now.rival_s < RIVAL_S:
            twice = Said(**reason_json(Reason("lane_twice")))
            live = live.model_copy(update={"faults": [twice, *live.faults][:MOST_FAULTS]})
        new = now.traces.add(live.traces, live.utc_ms)
        now.live = live.model_copy(update={"traces": []})
        return live.model_copy(update={"traces": new})

    def view(self, lane_id: str) -> Live | None:
        """Return a lane's newest live view with two minutes of traces."""
        now = self._lanes.get(lane_id)
        if now is None or now.live is None:
            return None
        return now.live.model_copy(update={"traces": now.traces.all()})

    def traces(self, lane_id: str, since_ms: int) -> list[TraceLive]:
        """Return a lane's curves from a time on, ms since 1970 by the lane's clock."""
        now = self._lanes.get(lane_id)
        return [] if now is None else now.traces.since(since_ms)

    def picture_shown(self, lane_id: str, sensor: str) -> int | None:
        """Return which version of a sensor's picture the lane's newest view speaks of."""
        now = self._lanes.get(lane_id)
        live = None if now is None else now.live
        return next((p.version for p in live.pictures if p.sensor == sensor), None) if live else None

    def picture(self, lane_id: str, sensor: str, heat: bool) -> Picture | None:
        """Return a sensor's newest picture."""
        now = self._lanes.get(lane_id)
        return None if now is None else now.pictures.get(sensor, heat)

    def pictures(self, lane_id: str) -> Pictures:
        """Return a lane's pictures, to put one in."""
        return self._lanes.setdefault(lane_id, _LaneNow()).pictures

    def picture_versions(self, lane_id: str) -> dict[str, int]:
        """Return the pictures that are here whole, by sensor."""
        live = self._lanes.setdefault(lane_id, _LaneNow()).live
        with_heat = frozenset(p.sensor for p in live.pictures if p.heat) if live else frozenset()
        return self.pictures(lane_id).versions(with_heat)

    def forget(self, lane_id: str) -> None:
        """Drop a lane whose token was revoked."""
        self._lanes.pop(lane_id, None)

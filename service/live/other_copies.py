"""What lanes show to one copy of the service reaches the booths of the others, or is dropped.

Each copy puts what it heard into the store's latest-value table and tells the others which lane
spoke; they read it there. The newest value alone waits: where the store is slow, what came between
is never written. Nothing here holds an event up.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from scanner.lane.wire import Live
from service.live.latest import Latest
from service.live.pictures import Picture
from service.store.errors import StoreUnavailable
from service.store.latest_values import SHOWED, Value

VIEW, TRACES = "view", "traces"
OVERLAP_MS = 5_000
"""How far back the curves of each shared view go: so much may be dropped between two."""

WHOLE_EVERY_S = 10.0
"""How often all two minutes of curves are written, for a copy that sees the lane for the first time."""

PAUSE_S = 0.1
AGAIN_S = 1.0

log = logging.getLogger("lorryscan.service")

Put = Callable[[dict[tuple[str, str], Value | None]], Awaitable[None]]
Get = Callable[[str, list[str]], Awaitable[dict[str, Value]]]
Show = Callable[[str, Live | None], None]


def picture_part(sensor: str, heat: bool) -> str:
    """Return under which name a picture is shared."""
    return f"{'heat' if heat else 'picture'}:{sensor}"


@dataclass
class OtherCopies:
    """One copy's side of it. All of it happens on the event loop's thread.

    Attributes
    ----------
    run : this copy.
    dropped : values that gave way to newer ones before they were written.
    """

    run: str
    latest: Latest
    dropped: int = 0
    _waiting: dict[tuple[str, str], Value | None] = field(default_factory=dict)
    _elsewhere: dict[str, bool] = field(default_factory=dict)  # whether the lane showed something
    _whole_s: dict[str, float] = field(default_factory=dict)
    _put_wake: asyncio.Event = field(default_factory=asyncio.Event)
    _get_wake: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self, lane_id: str) -> None:
        """A lane said something to this copy."""
        self._waiting.setdefault((lane_id, VIEW), None)
        self._put_wake.set()

    def shown(self, lane_id: str, view: Live) -> None:
        """A lane showed itself to this copy; its curves are in ``latest`` already."""
        curves = self.latest.traces(lane_id, view.utc_ms - OVERLAP_MS)
        self._wait(lane_id, VIEW, view.sequence, view.model_copy(update={"traces": curves}))
        now_s = time.monotonic()
        if now_s - self._whole_s.get(lane_id, -WHOLE_EVERY_S) >= WHOLE_EVERY_S:
            self._whole_s[lane_id] = now_s
            curves = self.latest.traces(lane_id, 0)
            self._wait(lane_id, TRACES, view.sequence, view.model_copy(update={"traces": curves}))

    def pictured(self, lane_id: str, sensor: str, heat: bool, picture: Picture) -> None:
        """A lane sent this copy a picture."""
        self._keep(lane_id, picture_part(sensor, heat), Value(picture.version, picture.png))

    def _wait(self, lane_id: str, part: str, number: int, view: Live) -> None:
        self._keep(lane_id, part, Value(number, view.model_dump_json().encode()))

    def _keep(self, lane_id: str, part: str, value: Value) -> None:
        if self._waiting.get((lane_id, part)) is not None:
            self.dropped += 1
        self._waiting[lane_id, part] = value
        self._put_wake.set()

    def told(self, note: str) -> None:
        """A notification came: which copy heard which lane."""
        run, how, lane_id = [*note.split(" ", 2), "", ""][:3]
        if lane_id and run != self.run:
            self._elsewhere[lane_id] = self._elsewhere.get(lane_id, False) or how == SHOWED
            self._get_wake.set()

    async def tell(self, put: Put) -> None:
        """Write what waits, until cancelled; what came while the store was away is dropped."""
        while True:
            await self._put_wake.wait()
            self._put_wake.clear()
            values, self._waiting = self._waiting, {}
            try:
                await put(values)
            except StoreUnavailable:
                self.dropped += len(values)
                await asyncio.sleep(AGAIN_S)
            else:
                await asyncio.sleep(PAUSE_S)

    async def listen(self, get: Get, show: Show) -> None:
        """Show what other copies heard, until cancelled; ``show(lane, None)``: it only spoke."""
        while True:
            await self._get_wake.wait()
            self._get_wake.clear()
            lanes, self._elsewhere = self._elsewhere, {}
            for lane_id, showed in lanes.items():
                known = self.latest.view(lane_id) is not None
                parts = [] if not showed else [VIEW] if known else [TRACES, VIEW]
                try:
                    found = await get(lane_id, parts) if parts else {}
                except StoreUnavailable:
                    await asyncio.sleep(AGAIN_S)
                    continue
                views = [_view(found[part]) for part in parts if part in found]
                for view in views or [None]:
                    show(lane_id, view)


def _view(value: Value) -> Live | None:
    try:
        return Live.model_validate_json(value.data)
    except ValueError:  # another version of the service wrote it
        log.warning("another copy's view of a lane cannot be read: run the same version everywhere")
        return None

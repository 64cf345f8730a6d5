"""The fan-out of events to booth streams: each reader has a bounded queue, live views give way first.

All of it happens on the event loop's thread. What must not be lost comes from the event table: a
reader that was cut off comes back and resumes there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Literal

from service.live.payloads import LiveView

MOST_WAITING = 256
SEND_LIMIT_S = 5.0

Ending = Literal["session_ended", "shutting_down"]


class Reader:
    """One open booth stream: what waits for it, and why it ends.

    ``session`` is its session's token; ``abort`` closes its connection at once, whatever waits in it.
    """

    def __init__(self, session: str, abort: Callable[[], None], locked: bool = False) -> None:
        self.session = session
        self.locked = locked  # as its page knows
        self.abort = abort
        self._after: int | None = None  # None: it still reads the table, and nothing waits for it
        self.ending: Ending | None = None
        self.cut = False
        self.wake = asyncio.Event()
        self._queue: deque[bytes] = deque()
        self._live: dict[str, LiveView] = {}
        self._assessments: dict[str, str] = {}  # those that it was sent last
        self._heartbeat: bytes | None = None

    @property
    def follows(self) -> bool:
        """Whether events wait for it."""
        return self._after is not None

    def follow(self, last: int) -> None:
        """Have events wait from now on; those up to ``last`` were read from the table."""
        self._after = last

    def put(self, sequence: int | None, payload: bytes) -> bool:
        """Have an event wait; return False when too many do."""
        if self._after is None or (sequence is not None and sequence <= self._after):
            return True
        if len(self._queue) >= MOST_WAITING:
            return False
        self._queue.append(payload)
        self.wake.set()
        return True

    def put_live(self, view: LiveView) -> bool:
        """Have a live view wait in place of the lane's last; return whether one gave way."""
        replaced = view.lane_id in self._live
        self._live[view.lane_id] = view
        self.wake.set()
        return replaced

    def put_heartbeat(self, payload: bytes) -> None:
        """Have a heartbeat wait in place of the last."""
        self._heartbeat = payload
        self.wake.set()

    def take_heartbeat(self) -> bytes:
        """Return the heartbeat that waits, or nothing."""
        payload, self._heartbeat = self._heartbeat or b"", None
        return payload

    def take(self) -> bytes:
        """Return all that waits as one piece: events, then the heartbeat, then live views."""
        live = [self._take_live(view) for view in self._live.values()]
        payload = b"".join((*self._queue, self.take_heartbeat(), *live))
        self._queue.clear()
        self._live.clear()
        return payload

    def _take_live(self, view: LiveView) -> bytes:
        known = self._assessments.get(view.lane_id) == view.assessment
        self._assessments[view.lane_id] = view.assessment
        return view.lean if known else view.whole


class Hub:
    """Everybody who reads the booth stream.

    ``sequence`` is the newest event that was put before the readers; ``counted`` is called with what
    happened: "sent", "live_dropped", "cut_off".
    """

    def __init__(self, counted: Callable[[str], None] = lambda _: None) -> None:
        self.sequence = 0
        self.closing = False
        self.readers: set[Reader] = set()
        self._counted = counted

    def open(self, session: str, abort: Callable[[], None], locked: bool = False) -> Reader:
        """Add a reader."""
        reader = Reader(session, abort, locked)
        if self.closing:
            reader.ending = "shutting_down"
        self.readers.add(reader)
        return reader

    def close(self, reader: Reader) -> None:
        """Take a reader out."""
        self.readers.discard(reader)

    def publish(self, sequence: int, payload: bytes) -> None:
        """Put an event of the table before everybody."""
        self.sequence = sequence
        self._to_all(sequence, payload)

    def announce(self, payload: bytes) -> None:
        """Put an event before everybody that is not in the table."""
        self._to_all(None, payload)

    def _to_all(self, sequence: int | None, payload: bytes) -> None:
        for reader in self.readers:
            if not reader.put(sequence, payload):
                self.cut_off(reader)

    def live(self, view: LiveView) -> None:
        """Put a live view before everybody, in place of the lane's last where that still waits."""
        for reader in self.readers:
            if reader.put_live(view):
                self._counted("live_dropped")

    def heartbeat(self, payload: bytes) -> None:
        """Put a heartbeat before everybody."""
        for reader in self.readers:
            reader.put_heartbeat(payload)

    def say_locked(self, session: str, locked: bool, payload: bytes) -> None:
        """Put before a session's own pages that it was locked or unlocked, where they do not know."""
        for reader in self.readers:
            if reader.session == session and reader.locked != locked and reader.follows:
                reader.locked = locked
                if not reader.put(None, payload):
                    self.cut_off(reader)

    def cut_off(self, reader: Reader) -> None:
        """End a reader that does not read, at once."""
        if not reader.cut:
            reader.cut = True
            self._counted("cut_off")
            reader.wake.set()
            reader.abort()

    def sessions(self) -> set[str]:
        """Return the sessions that have a stream open."""
        return {reader.session for reader in self.readers}

    def open_of(self, session: str) -> int:
        """Return how many streams a session has open."""
        return sum(reader.session == session for reader in self.readers)

    def end(self, sessions: Iterable[str]) -> None:
        """End the streams of sessions that are over."""
        over = set(sessions)
        for reader in self.readers:
            if reader.session in over:
                reader.ending = reader.ending or "session_ended"
                reader.wake.set()

    def shut_down(self) -> None:
        """End every stream, and those that open from now on."""
        self.closing = True
        for reader in self.readers:
            reader.ending = reader.ending or "shutting_down"
            reader.wake.set()

"""One port for several devices: whose turn it is, and what happens to all when it dies.

Probes on one RS-485 pair have a thread each and open the same URL. They get one
port, and each holds it for one question and its answer (`Link.turn`), in the
order in which they asked for it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from drivers.api import ConfigError, DeviceLost, Link

T = TypeVar("T")


class FairLock:
    """A lock that is given to whoever has waited longest."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def acquire(self) -> None:
        """Wait for one's turn."""
        with self._mutex:
            if not self._held:
                self._held = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        mine.acquire()

    def release(self) -> None:
        """Hand over to the next who waits."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


class _Line:
    """One open port and who uses it."""

    def __init__(self, url: str, settings: Mapping[str, Any]) -> None:
        self.url = url
        self.settings = dict(settings)
        self.turns = FairLock()
        self.opened = threading.Event()
        self.failure: BaseException | None = None  # why it could not be opened
        self.wire: Link | None = None
        self.users = 1
        self.lost = ""  # why it is gone

    def must_agree(self, settings: Mapping[str, Any]) -> None:
        if dict(settings) != self.settings:
            raise ConfigError(
                f"{self.url} is open with {_in_words(self.settings)} and a second device asks for "
                f"{_in_words(settings)}: give all devices on this line the same line settings, "
                "or each its own line"
            )


class SharedLines:
    """The ports that devices of this process share, by URL."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}

    def open(self, url: str, settings: Mapping[str, Any], open_wire: Callable[[], Link]) -> SharedLink:
        """Join a line, or open it as the first.

        Parameters
        ----------
        url : names the line.
        settings : must be those of the devices that are on it already.
        open_wire : opens the port; called when nobody has it open. Who asks
            while it is being opened gets what comes of that.

        Raises
        ------
        DeviceOpenError : the port is missing or busy, the connection refused.
        ConfigError : the settings differ from those the line is open with.
        """
        with self._lock:
            line = self._lines.get(url)
            first = line is None
            if line is None:
                line = self._lines[url] = _Line(url, settings)
            else:
                line.must_agree(settings)
                line.users += 1
        if first:
            try:
                line.wire = open_wire()
            except BaseException as error:  # those who wait must hear of it, whatever it is
                line.failure = error
                with self._lock:
                    self._forget(line)
                raise
            finally:
                line.opened.set()
        else:
            line.opened.wait()
            if line.failure is not None:
                raise type(line.failure)(*line.failure.args) from line.failure
        return SharedLink(self, line)

    def leave(self, line: _Line) -> None:
        """Take one device off a line; the last one closes the port."""
        with self._lock:
            line.users -= 1
            if line.users == 0:
                self._shut(line)

    def lose(self, line: _Line, why: str) -> None:
        """Close a port that died, so that whoever opens next opens it anew."""
        with self._lock:
            line.lost = line.lost or why
            self._shut(line)

    def _shut(self, line: _Line) -> None:
        # With the lock held: a port must be closed before the next may open it.
        self._forget(line)
        if line.wire is not None:
            line.wire.close()
            line.wire = None

    def _forget(self, line: _Line) -> None:
        if self._lines.get(line.url) is line:
            del self._lines[line.url]


class SharedLink:
    """One device's end of a shared line; reads and writes belong into a `turn`."""

    def __init__(self, lines: SharedLines, line: _Line) -> None:
        self._lines = lines
        self._line = line
        self._holds = False
        self._closed = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the line; what came while nobody held it is dropped. See `drivers.api.Link.turn`."""
        if self._holds:
            yield
            return
        self._line.turns.acquire()
        self._holds = True
        try:
            self._use(lambda wire: wire.discard_input())
            yield
        finally:
            self._holds = False
            self._line.turns.release()

    def read(self, size: int = 65536) -> bytes:
        return self._use(lambda wire: wire.read(size))

    def write(self, data: bytes) -> None:
        self._use(lambda wire: wire.write(data))

    def discard_input(self) -> None:
        self._use(lambda wire: wire.discard_input())

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._lines.leave(self._line)

    def _use(self, action: Callable[[Link], T]) -> T:
        if not self._holds:
            raise RuntimeError(
                f"the shared line {self._line.url} is used outside a turn: its driver must read and write "
                "inside `with link.turn():`"
            )
        wire = self._line.wire
        if self._closed or wire is None:
            raise DeviceLost(self._line.lost or f"the line {self._line.url} is closed: open it again")
        try:
            return action(wire)
        except DeviceLost as error:
            self._lines.lose(self._line, str(error))
            raise


def _in_words(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(settings.items())) or "no settings"


SHARED_LINES = SharedLines()
"""All shared lines of this process: every device has its own opener, they meet here."""

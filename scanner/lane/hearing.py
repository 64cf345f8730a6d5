"""Whether the service hears the lane, as its threads find out: for the terminal, and as faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from scanner.evidence import Reason

AWAY_AFTER_S = 3.0
CLOCK_LIMIT_S = 5.0
TWICE = "lane_twice"
_TOKEN = "token_refused"


class Hearing:
    """What the lane's threads know of the service; every method may be called from any thread.

    Parameters
    ----------
    clock : monotonic time, s.

    Attributes
    ----------
    on_back : called when the service is heard again after it was away.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.on_back: list[Callable[[], None]] = []
        self._clock = clock
        self._lock = threading.Lock()
        self._away_since_s = clock()
        self._heard_s: float | None = None
        self._was_away = True
        self._troubles: dict[str, Reason] = {}

    def heard(self) -> None:
        """Note that the service answered as it should."""
        with self._lock:
            now_s = self._clock()
            back = self._was_away or self._is_away(now_s)
            self._heard_s, self._was_away = now_s, False
            for code in (_TOKEN, "service_untrusted", "service_foreign"):
                self._troubles.pop(code, None)
        if back:
            for call in self.on_back:
                call()

    def failed(self, trouble: Reason | None = None) -> None:
        """Note that it did not answer, and why where an officer can do something about it."""
        with self._lock:
            if not self._was_away:
                self._was_away = True
                self._away_since_s = self._clock()
            if trouble is not None:
                self._troubles[trouble.code] = trouble

    def alone(self) -> None:
        """Note that no other process speaks for this lane, as far as the service shows."""
        with self._lock:
            self._troubles.pop(TWICE, None)

    @property
    def is_second(self) -> bool:
        """Whether the service shows another process that speaks for this lane."""
        with self._lock:
            return TWICE in self._troubles

    def clocks_differ(self, seconds: float) -> None:
        """Note by how much the service's clock is ahead of the lane's."""
        with self._lock:
            if abs(seconds) > CLOCK_LIMIT_S:
                self._troubles["service_clock"] = Reason("service_clock", {"seconds": abs(seconds)})
            else:
                self._troubles.pop("service_clock", None)

    @property
    def connected(self) -> bool:
        """Whether the service has answered a moment ago."""
        with self._lock:
            return not self._is_away(self._clock())

    def faults(self) -> tuple[Reason, ...]:
        """Return what is wrong with the link beyond the service being away."""
        with self._lock:
            return tuple(self._troubles.values())

    def status(self, waiting: int) -> Reason:
        """Return one line for the terminal.

        Parameters
        ----------
        waiting : messages that the service does not have yet.
        """
        with self._lock:
            now_s = self._clock()
            if _TOKEN in self._troubles:
                return Reason("link_token_refused", {"waiting": waiting})
            if not self._is_away(now_s):
                return Reason("link_connected", {"waiting": waiting})
            since_s = self._away_since_s if self._heard_s is None else self._heard_s
            return Reason("link_away", {"seconds": now_s - since_s, "waiting": waiting})

    def _is_away(self, now_s: float) -> bool:
        return self._heard_s is None or now_s - self._heard_s > AWAY_AFTER_S

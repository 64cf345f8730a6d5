"""How often a login may fail: per name and per address, without locking an officer out of a known booth."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from dataclasses import dataclass

FAILURES = 5
WITHIN_S = 300.0
WAIT_S = 30.0
MOST_FAILURES = 10_000
MOST_KNOWN = 10_000


@dataclass(slots=True)
class Attempt:
    """One try, counted as failed until it succeeds: a hundred at once are not one."""

    at_s: float
    name: str
    place: str


class LoginThrottle:
    """Counts failed logins of the last five minutes.

    After five from one address, that address waits 30 s after its last try. After five for one name,
    the name waits too. A name that has logged in from an address before waits there for its own failures
    only: a stranger cannot lock an officer out of her own booth, nor can others behind the same proxy.
    A try while waiting is not counted.
    """

    def __init__(self) -> None:
        self._attempts: deque[Attempt] = deque(maxlen=MOST_FAILURES)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def begin(self, name: str, address: str, now_s: float, known: bool = False) -> Attempt | float:
        """Return the attempt, or how many seconds to wait before the next.

        ``known``: somebody with a session asks, who waits for their own failures only.
        """
        place = place_of(address)
        while self._attempts and self._attempts[0].at_s < now_s - WITHIN_S:
            self._attempts.popleft()
        known = known or (name, place) in self._known
        here = [tried for tried in self._attempts if tried.place == place]
        own = [tried for tried in here if tried.name == name]
        named = [tried for tried in self._attempts if tried.name == name]
        wait_s = _wait_s(own, now_s) if known else max(_wait_s(here, now_s), _wait_s(named, now_s))
        if wait_s > 0:
            return wait_s
        attempt = Attempt(now_s, name, place)
        self._attempts.append(attempt)
        return attempt

    def succeeded(self, attempt: Attempt) -> None:
        """Forget the failures of this name from this address, and know the pair from now on."""
        pair = (attempt.name, attempt.place)
        kept = [tried for tried in self._attempts if (tried.name, tried.place) != pair]
        self._attempts = deque(kept, maxlen=MOST_FAILURES)
        self._known[pair] = None
        self._known.move_to_end(pair)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)


def _wait_s(tries: list[Attempt], now_s: float) -> float:
    return max(tries[-1].at_s + WAIT_S - now_s, 0.0) if len(tries) >= FAILURES else 0.0


def place_of(address: str) -> str:
    """Return the address, of IPv6 the /64: one machine has all of it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return address

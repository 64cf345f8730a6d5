"""How often anybody may ask: a bucket for each session, token or address, refilled all the time."""

from __future__ import annotations

from collections import OrderedDict

MOST_KNOWN = 20_000


class Rate:
    """Lets ``per_min`` requests of each key through in a minute, all at once if need be."""

    def __init__(self, per_min: int) -> None:
        self._most = float(per_min)
        self._per_s = per_min / 60.0
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str, now_s: float) -> float:
        """Take one request and return 0, or return how many seconds to wait for the next."""
        left, at_s = self._left.pop(key, (self._most, now_s))
        left = min(left + max(now_s - at_s, 0.0) * self._per_s, self._most)
        wait_s = 0.0 if left >= 1.0 else (1.0 - left) / self._per_s
        self._left[key] = (left if wait_s else left - 1.0, now_s)
        if len(self._left) > MOST_KNOWN:
            self._left.popitem(last=False)
        return wait_s

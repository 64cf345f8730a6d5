"""Who was shown what a moment ago: a page that asks again and again makes one entry, not hundreds."""

from __future__ import annotations

import threading
from collections import OrderedDict

AGAIN_MS = 15 * 60_000
MOST = 10_000


class RecentLooks:
    """Looks that are in the audit log already.

    Examples
    --------
    >>> looks = RecentLooks()
    >>> looks.is_new(("anna", "scan 1"), 0), looks.is_new(("anna", "scan 1"), 60_000)
    (True, False)
    >>> looks.is_new(("anna", "scan 1"), AGAIN_MS)
    True
    """

    def __init__(self) -> None:
        self._at_ms: OrderedDict[tuple[str, ...], int] = OrderedDict()
        self._lock = threading.Lock()

    def is_new(self, look: tuple[str, ...], now_ms: int) -> bool:
        """Say whether a look has to be noted, and take it for noted."""
        with self._lock:
            before = self._at_ms.get(look)
            if before is not None and 0 <= now_ms - before < AGAIN_MS:
                return False
            self._at_ms[look] = now_ms
            self._at_ms.move_to_end(look)
            if len(self._at_ms) > MOST:
                self._at_ms.popitem(last=False)
            return True

    def forget(self, look: tuple[str, ...]) -> None:
        """Have a look noted next time: it could not be written."""
        with self._lock:
            self._at_ms.pop(look, None)

"""Tells the service through the outbox, and keeps what a refusing disk does not take."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from scanner.evidence import Reason
from scanner.outbox import Outbox, OutboxError
from scanner.wording import sentence

_log = logging.getLogger(__name__)


class Teller:
    """A lane's messages in order; ``fault`` says why some are not on disk yet, None when all are.

    Parameters
    ----------
    outbox : where messages go; `close` closes it.
    wall : wall time, ns since 1970.
    """

    def __init__(self, outbox: Outbox, wall: Callable[[], int]) -> None:
        self.fault: Reason | None = None
        self._outbox, self._wall = outbox, wall
        self._untold: deque[tuple[str, str, int, dict[str, object]]] = deque()

    def tell(self, kind: str, scan: str, /, **body: object) -> None:
        """Put a message on disk, after those that are still waiting."""
        self._untold.append((kind, scan, self._wall(), body))
        self.tell_the_rest()

    def tell_the_rest(self) -> None:
        """Try again with what the disk refused."""
        self.fault = None
        while self._untold and self.fault is None:
            try:
                self._outbox.put(*self._untold[0])
                self._untold.popleft()
            except OutboxError as error:
                self.fault = Reason("outbox_refuses", {"why": str(error)})

    def has_told(self, kind: str, scan: str) -> bool:
        """Say whether a message of this kind about a scan is on disk."""
        return any(entry.kind == kind for entry in self._outbox.entries(scan_id=scan))

    def close(self) -> None:
        """Try once more, and close the outbox."""
        self.tell_the_rest()
        if self._untold:
            why = sentence(self.fault) if self.fault is not None else ""
            _log.error("%s: %d messages were not kept", why, len(self._untold))
        self._outbox.close()

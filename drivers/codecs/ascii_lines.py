"""Cuts a byte stream into text lines of bounded length, for the codecs of devices that speak ASCII."""

from __future__ import annotations

from drivers.codecs.counters import DecodeCounters

MAX_LINE = 256
"""Longest line that a device here sends, with room; a longer one is noise."""


class LineCutter:
    """Returns whole lines, ended by CR, LF or both, without their ends; empty ones are left out.

    Parameters
    ----------
    counters : the drop reason is "too long"; the owner counts what it cannot read in a line.
    """

    def __init__(self, counters: DecodeCounters) -> None:
        self._counters = counters
        self._rest = b""
        self._lost = 0  # bytes of a line that is too long and not yet ended

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they arrive; return the lines that they complete. Never raises."""
        self._counters.bytes_in += len(data)
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if not end:
            self._keep(self._rest + data)
            return []
        lines = (self._rest + data[:end]).replace(b"\r", b"\n").split(b"\n")
        if self._lost:
            self._counters.drop("too long", self._lost + len(lines[0]))
            self._lost = 0
            del lines[0]
        self._rest = b""
        self._keep(data[end:])
        if max(map(len, lines), default=0) > MAX_LINE:
            for line in lines:
                if len(line) > MAX_LINE:
                    self._counters.drop("too long", len(line))
            lines = [line for line in lines if len(line) <= MAX_LINE]
        return [line for line in lines if line]

    def clear(self) -> None:
        """Forget the beginning of a line: what follows on the wire does not continue it."""
        self._rest, self._lost = b"", 0

    def _keep(self, rest: bytes) -> None:
        if self._lost or len(rest) > MAX_LINE:
            self._lost += len(rest)
            rest = b""
        self._rest = rest

"""The Air-2's lines as a pure codec: bytes in, checked texts out; no input or output here."""

from __future__ import annotations

from functools import reduce
from operator import xor

LONGEST = 64  # no answer is longer: what waits for its end is bounded by this


def check(text: bytes) -> bytes:
    """Return the two hexadecimal digits that close a line.

    Examples
    --------
    >>> check(b"ABC 0")
    b'50'
    """
    return b"%02X" % reduce(xor, text, 0)


class LineDecoder:
    """Finds whole, checked lines in whatever the wire delivers; never raises.

    Attributes
    ----------
    dropped : lines and runs of bytes that were none, by reason.
    """

    def __init__(self) -> None:
        self.dropped = {"long": 0, "checksum": 0}
        self._buffer = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes in any pieces; return the texts of the lines that they complete."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > LONGEST:
            self._buffer = self._buffer[-LONGEST:]
            self.dropped["long"] += 1
        texts = []
        for line in lines:
            text, star, digits = line.rstrip(b"\r").rpartition(b"*")
            if star and len(line) <= LONGEST and digits == check(text):
                texts.append(text)
            elif line:
                self.dropped["checksum"] += 1
        return texts

"""Raspberry Shake UDP datacast: one text packet per channel and quarter second.

``{'EHZ', 1580372810.003, 16235, 16274, ...}``: channel, epoch seconds of the
first sample, integer counts. The format has no check and no sequence number:
what reads well may still be wrong, and loss shows only in the time.

References
----------
Raspberry Shake manual, "Data producer: UDP data port".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drivers.codecs.counters import DecodeCounters

MAX_PACKET = 65536  # no datagram is longer

_INT32 = np.iinfo(np.int32)
# Digits, comma, optional blanks: anything else in a packet drops it whole.
_PACKET = re.compile(
    rb"\s*['\"]([A-Za-z0-9]{1,8})['\"]\s*,\s*(\d{1,10})(?:\.(\d*))?\s*((?:,\s*-?\d{1,10}\s*)+)"
)


@dataclass(frozen=True, slots=True, eq=False)
class ShakePacket:
    """Samples of one channel: ``counts`` int32 ``(n_samples,)``, time of the first in ns since 1970."""

    channel: str
    start_ns: int
    counts: npt.NDArray[np.int32]


def encode(packet: ShakePacket) -> bytes:
    """Return the datagram of a packet; its time is rounded to the millisecond as a Shake does.

    Examples
    --------
    >>> encode(ShakePacket("EHZ", 1_580_372_810_003_000_000, np.array([16235, -7], np.int32)))
    b"{'EHZ', 1580372810.003, 16235, -7}"
    """
    seconds, millis = divmod((packet.start_ns + 500_000) // 1_000_000, 1000)
    # The maker's program prints a float: no zeros at the end, but one digit at least.
    fraction = f"{millis:03d}".rstrip("0") or "0"
    values = ", ".join(map(str, packet.counts.tolist()))
    return f"{{'{packet.channel}', {seconds}.{fraction}, {values}}}".encode()


class RaspberryShakeDecoder:
    """Turns datagrams, or any stream of them, into packets.

    Attributes
    ----------
    counters : drop reasons are "garbage" (something outside braces), "cut" (a
        packet begins inside another, or its end never came), "fields" (not the
        declared text) and "long".
    """

    def __init__(self) -> None:
        self._tail = bytearray()  # bytes since the last "}"
        self._skipped = 0  # bytes of an over-long packet already thrown away
        self.counters = DecodeCounters()

    def feed(self, data: bytes) -> list[ShakePacket]:
        """Take bytes as they arrive; return the packets that they complete. Never raises."""
        self.counters.bytes_in += len(data)
        *texts, rest = data.split(b"}")
        packets = []
        for text in texts:
            whole = bytes(self._tail) + text
            self._tail.clear()
            if (packet := self._parse(whole)) is not None:
                packets.append(packet)
        self._tail += rest
        if len(self._tail) + self._skipped > MAX_PACKET:
            self._skipped += len(self._tail)
            self._tail.clear()
        return packets

    def end_of_datagram(self) -> None:
        """Drop a packet left open: over UDP the rest of it cannot come any more."""
        left = bytes(self._tail).strip()
        if left or self._skipped:
            self.counters.drop("cut" if b"{" in left else "garbage", len(left) + self._skipped)
        self._tail.clear()
        self._skipped = 0

    def _parse(self, text: bytes) -> ShakePacket | None:
        n_bytes = len(text) + self._skipped + 1
        self._skipped = 0
        if n_bytes > MAX_PACKET:
            self.counters.drop("long", n_bytes)
            return None
        before, opened, body = text.rpartition(b"{")
        if before := before.strip():
            self.counters.drop("cut" if b"{" in before else "garbage", len(before))
        found = _PACKET.fullmatch(body)
        if found is not None:
            channel, seconds, fraction, values = found.groups()
            counts = np.array(list(map(int, values[1:].split(b","))), dtype=np.int64)
            if counts.min() >= _INT32.min and counts.max() <= _INT32.max:
                # Decimal digits, not a float: a double of epoch seconds is off by up to 120 ns.
                nanos = int((fraction or b"0")[:9].ljust(9, b"0"))
                self.counters.frames += 1
                return ShakePacket(channel.decode(), int(seconds) * 10**9 + nanos, counts.astype(np.int32))
        self.counters.drop("fields", len(opened + body) + 1)
        return None

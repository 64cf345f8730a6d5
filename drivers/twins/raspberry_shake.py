"""Far end of the Raspberry Shake's datacast: UDP packets fed from any source of counts."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from drivers.codecs.raspberry_shake import ShakePacket, encode
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin
from drivers.twins.wave_stream import SampleSource

PACKET_SAMPLES = 25
_CATCH_UP_STEPS = 4


class RaspberryShakeTwin(Twin):
    """A Shake that sends one packet per channel and quarter second, heard or not.

    Parameters
    ----------
    port : where it sends.
    next_block : source of counts, int32 ``(n_channels, n_samples)``; fewer
        samples than asked end the datacast.
    channels : names in the source's order.
    fs_hz : sampling rate.
    pace : device seconds per second of host time.
    epoch_ns : time of the first sample, ns since 1970; None = now.

    Attributes
    ----------
    finished : set when the source has ended and everything is sent.
    """

    def __init__(
        self,
        port: WirePort,
        next_block: SampleSource,
        channels: Sequence[str] = ("EHZ",),
        *,
        fs_hz: float = 100.0,
        pace: float = 1.0,
        epoch_ns: int | None = None,
    ) -> None:
        super().__init__(port, pace_s=min(0.02, PACKET_SAMPLES / fs_hz / pace / 2))
        self.finished = threading.Event()
        self._next_block = next_block
        self._channels = tuple(channels)
        self._fs_hz = fs_hz
        self._pace = pace
        self._epoch_ns = time.time_ns() if epoch_ns is None else epoch_ns
        self._began: float | None = None
        self._samples = 0
        self._lose: dict[str, int] = {}

    def lose_packets(self, channel: str, n_packets: int) -> None:
        """Let the network lose the next packets of one channel."""
        self._lose[channel] = self._lose.get(channel, 0) + n_packets

    def step(self, received: bytes) -> None:  # noqa: ARG002 - the datacast is one way
        """Send the packets that are due."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        due = (now - self._began) * self._pace * self._fs_hz
        for _ in range(_CATCH_UP_STEPS):
            if self.finished.is_set() or self._samples + PACKET_SAMPLES > due:
                return
            counts = self._next_block(PACKET_SAMPLES)
            start_ns = self._epoch_ns + round(self._samples * 1e9 / self._fs_hz)
            self._samples += counts.shape[1]
            if counts.shape[1]:
                for name, values in zip(self._channels, counts, strict=True):
                    if self._lose.get(name, 0):
                        self._lose[name] -= 1
                    else:
                        self.send(encode(ShakePacket(name, start_ns, values)))
            if counts.shape[1] < PACKET_SAMPLES:
                self.finished.set()

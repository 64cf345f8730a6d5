"""Far end of the waveform stream: a converter board fed from any source of counts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from drivers.codecs import wave_stream as wire
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin

SampleSource: TypeAlias = Callable[[int], npt.NDArray[np.int32]]
"""Given a number of samples returns int32 ``(n_channels, n_samples)``; fewer end the stream."""

STATE_EVERY_S = 5.0
_CATCH_UP_BLOCKS = 20  # a step sends no more, so that commands are heard


class WaveStreamTwin(Twin):
    """A board that says HELLO on connecting and streams after START.

    Parameters
    ----------
    port : the wire's far end.
    hello : what the board declares; its rate paces the stream.
    next_block : source of counts; clipped to ``hello.bits`` as a converter does.
    block_s : length of a block, s of device time.
    pace : device seconds per second of host time.
    epoch_ns : device time at the first START, ns since 1970; None = now.
    lock : 0 none, 1 NTP, 2 GPS.
    temperature_c, supply_mv : what STATE says.

    Attributes
    ----------
    finished : set when the source has ended and everything is sent.
    commands : codes received, in order.
    """

    def __init__(
        self,
        port: WirePort,
        hello: wire.WaveHello,
        next_block: SampleSource,
        *,
        block_s: float = 0.1,
        pace: float = 1.0,
        epoch_ns: int | None = None,
        lock: int = 2,
        temperature_c: float = 21.5,
        supply_mv: int = 12000,
    ) -> None:
        super().__init__(port, pace_s=min(0.02, block_s / pace / 2))
        self.hello = hello
        self.finished = threading.Event()
        self.commands: list[int] = []
        self._next_block = next_block
        self._pace = pace
        self._rate_mhz = round(hello.fs_hz * 1000)
        self._block_samples = max(1, round(block_s * hello.fs_hz))
        self._device_ns = time.time_ns() if epoch_ns is None else epoch_ns  # at the last START
        self._lock = lock
        self._temperature_c = temperature_c
        self._supply_mv = supply_mv
        self._self_test = 0
        self._decoder = wire.WaveStreamDecoder()
        self._connections = 0
        self._streaming = False
        self._powered_on = time.monotonic()
        self._began: float | None = None  # when the last START came
        self._samples = 0  # taken since the last START
        self._sequence = 0
        self._lose = 0
        self._blocks_lost = 0
        self._overrun = False
        self._state_due = 0.0

    def lose_blocks(self, n_blocks: int) -> None:
        """Let the board lose its next ``n_blocks`` blocks, as one whose buffer overran."""
        self._lose += n_blocks

    def step(self, received: bytes) -> None:
        """Answer commands; send the blocks and the STATE that are due."""
        if self.port.connections != self._connections:
            self._connections = self.port.connections
            self._streaming = False
            self._decoder = wire.WaveStreamDecoder()
            self.send(wire.encode(self.hello))
        for message in self._decoder.feed(received):
            if isinstance(message, wire.WaveCommand):
                self._obey(message.code)
        if self._streaming:
            self._stream()

    def _obey(self, code: int) -> None:
        self.commands.append(code)
        if code == wire.START:
            self.send(wire.encode(self.hello))
            if not self._streaming:
                now = time.monotonic()
                if self._began is not None:  # the device's clock went on while it stood
                    self._device_ns += round((now - self._began) * self._pace * 1e9)
                self._began, self._samples, self._state_due = now, 0, 0.0
            self._streaming = True
        elif code == wire.STOP:
            self._streaming = False
        else:
            self._self_test = 1
            self._send_state()

    def _stream(self) -> None:
        assert self._began is not None
        elapsed = (time.monotonic() - self._began) * self._pace
        if elapsed >= self._state_due:
            self._state_due += STATE_EVERY_S
            self._send_state()
        due = elapsed * self.hello.fs_hz
        for _ in range(_CATCH_UP_BLOCKS):
            if self._samples + self._block_samples > due:
                return
            counts = self._next_block(self._block_samples)
            if counts.shape[1]:
                self._send_block(counts)
            if counts.shape[1] < self._block_samples:
                self._streaming = False
                self.finished.set()
                return

    def _send_block(self, counts: npt.NDArray[np.int32]) -> None:
        device_ns = self._device_ns + self._samples * 10**12 // self._rate_mhz
        sequence = self._sequence
        self._samples += counts.shape[1]
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        if self._lose:
            self._lose -= 1
            self._blocks_lost += 1
            self._overrun = True
            return
        top = (1 << (self.hello.bits - 1)) - 1
        at_stop = (counts >= top).any(axis=1) | (counts <= -top - 1).any(axis=1)
        mask = sum(1 << int(k) for k in np.flatnonzero(at_stop))
        clipped = np.clip(counts, -top - 1, top).astype(np.int32)
        self.send(
            wire.encode(wire.WaveBlock(sequence, device_ns, self._lock > 0, self._overrun, mask, clipped))
        )
        self._overrun = False

    def _send_state(self) -> None:
        uptime_s = int((time.monotonic() - self._powered_on) * self._pace)
        self.send(
            wire.encode(
                wire.WaveState(
                    uptime_s,
                    self._temperature_c,
                    self._supply_mv,
                    self._lock,
                    self._self_test,
                    self._blocks_lost,
                )
            )
        )

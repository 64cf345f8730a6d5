"""Waveform stream: a geophone converter board on a serial line or TCP.

The board names its channels and their response in a HELLO; START makes it
stream. Verified against the twin and the format's test bytes alone: there is no
board of another maker yet.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from drivers.api import (
    Capabilities,
    Channel,
    ClockLock,
    ConfigError,
    Device,
    DeviceLost,
    DeviceTimeout,
    Flag,
    Identity,
    Link,
    LinkOpener,
    ProtocolError,
    Quantity,
    Reading,
    Role,
    Sample,
    WaveformBlock,
)
from drivers.codecs import wave_stream as wire
from drivers.codecs.counters import DecodeCounters

ROLES = (Role.CHASSIS, Role.GROUND, Role.AIR)
LOCKS = (ClockLock.NONE, ClockLock.NTP, ClockLock.GPS)
SELF_TEST_FAILED = 2
UNASKED_S = 0.3  # a board that speaks first does so at once; then it is asked
RESTART_S = 0.5  # after a HELLO without blocks START is given again


@dataclass(frozen=True, slots=True)
class WaveStreamConfig:
    """Where the board is.

    Parameters
    ----------
    url : ``/dev/ttyUSB0`` or ``socket://host:port``.
    baudrate : line speed, Bd; no matter for TCP.
    channel_names : names in the board's order; without them "ch1", "ch2", ...
    hello_timeout_s : how long `WaveStream.open` waits for the HELLO, s.
    """

    url: str
    baudrate: int = 921600
    channel_names: tuple[str, ...] = ()
    hello_timeout_s: float = 2.0


class WaveStream(Device[WaveStreamConfig]):
    """Turns BLOCK into `WaveformBlock` and STATE into a board temperature `Sample`.

    A block's clock lock is what the last STATE said while the block itself says
    "locked"; before the first STATE a locked clock counts as NTP, the weaker claim.
    ``samples_lost`` assumes that lost blocks were as long as the one that follows.

    Attributes
    ----------
    state : the board's last STATE (supply, self-test, blocks it lost itself).
    blocks_doubled : blocks dropped because they came a second time.
    """

    Config: ClassVar[type] = WaveStreamConfig
    # No frozen_after_s: the board's temperature may well stand still, and it is judged by that too.
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads=("waveform", "sample"), quantities=(Quantity.TEMPERATURE_C,), period_s=0.5
    )

    def __init__(self, config: WaveStreamConfig, links: LinkOpener) -> None:
        super().__init__(config, links)
        self.state: wire.WaveState | None = None
        self.blocks_doubled = 0
        self._decoder = wire.WaveStreamDecoder()
        self._link: Link | None = None
        self._hello: wire.WaveHello | None = None
        self._channels: tuple[Channel, ...] = ()
        self._expected: int | None = None  # sequence of the next block
        self._last_block = (-1, -1)  # sequence and time
        self._reopened = False
        self._start_at: float | None = None
        self._pending: deque[wire.WaveMessage] = deque()

    @property
    def counters(self) -> DecodeCounters:
        """What the decoder saw and dropped since the last `open`."""
        return self._decoder.counters

    def complaint(self) -> str:
        """What the board says is wrong with itself, and what to do; else empty."""
        failed = self.state is not None and self.state.self_test == SELF_TEST_FAILED
        return "failed its self-test: check the geophones and their cables" if failed else ""

    def open(self) -> None:
        """Open the wire, wait for the HELLO, send START.

        A board on a serial line may have said its HELLO long ago: when none
        comes unasked, START asks for it.

        Raises
        ------
        DeviceOpenError : no such port, busy, refused.
        DeviceTimeout : nothing arrives.
        ProtocolError : something else arrives, or a HELLO that cannot be used.
        """
        self.close()
        self._decoder = wire.WaveStreamDecoder()
        self._pending.clear()
        self._reopened = self._expected is not None
        self._link = self.links.open(self.config.url, baudrate=self.config.baudrate)
        try:
            if not self._wait_for_hello(UNASKED_S):
                self._command(wire.START)
                if not self._wait_for_hello(self.config.hello_timeout_s):
                    raise self._no_hello()
            else:
                self._command(wire.START)
        except Exception:
            self.close()
            raise

    def identify(self) -> Identity:
        """Return what the HELLO said."""
        if self._hello is None:
            raise DeviceTimeout(f"{self.config.url} has not said its HELLO: open it first")
        return Identity("", f"waveform stream, {len(self._channels)} channels", self._hello.device_id)

    def self_test(self) -> None:
        """Let the board drive its test coil; the result comes with a later STATE."""
        self._command(wire.TEST)

    def read(self) -> Sequence[Reading]:
        """Return blocks and temperatures that have arrived.

        Raises
        ------
        DeviceLost : the wire is gone.
        ProtocolError : a block has other channels than the HELLO declared.
        """
        self._receive()
        readings: list[Reading] = []
        while self._pending:
            message = self._pending.popleft()
            if isinstance(message, wire.WaveBlock):
                readings += self._block(message)
            elif isinstance(message, wire.WaveState):
                self.state = message
                readings.append(self._temperature(message))
            elif isinstance(message, wire.WaveHello):
                # The board was switched on again, or answers our START.
                self._accept(message)
                self._start_at = time.monotonic() + RESTART_S
        if self._start_at is not None and time.monotonic() >= self._start_at:
            self._start_at = None
            self._command(wire.START)
        return readings

    def close(self) -> None:
        """Send STOP and close the wire."""
        link, self._link = self._link, None
        if link is not None:
            try:
                link.write(wire.encode(wire.WaveCommand(wire.STOP)))
            except DeviceLost:
                pass  # it is gone: nothing to stop
            finally:
                link.close()

    def _receive(self) -> None:
        if self._link is None:
            raise DeviceLost(f"{self.config.url} is not open")
        self._pending += self._decoder.feed(self._link.read())

    def _command(self, code: int) -> None:
        if self._link is None:
            raise DeviceLost(f"{self.config.url} is not open")
        self._link.write(wire.encode(wire.WaveCommand(code)))

    def _wait_for_hello(self, wait_s: float) -> bool:
        end = time.monotonic() + wait_s
        while time.monotonic() < end:
            self._receive()
            while self._pending:
                message = self._pending.popleft()
                if isinstance(message, wire.WaveHello):
                    self._accept(message)
                    self._start_at = time.monotonic() + RESTART_S
                    return True
        return False

    def _no_hello(self) -> ProtocolError | DeviceTimeout:
        if self.counters.frames:
            return ProtocolError(
                f"{self.config.url} sends blocks but no HELLO in answer to START: restart the board"
            )
        if self.counters.bytes_in:
            return ProtocolError(
                f"{self.config.url} sends something that is no waveform stream: check the port and "
                f"the line speed ({self.config.baudrate} Bd)"
            )
        return DeviceTimeout(
            f"{self.config.url} sent no HELLO for {self.config.hello_timeout_s:g} s: "
            "check the board's power and cable"
        )

    def _accept(self, hello: wire.WaveHello) -> None:
        if not 1 <= len(hello.channels) <= wire.MAX_CHANNELS or hello.fs_hz <= 0:
            raise ProtocolError(
                f"{self.config.url} declares {len(hello.channels)} channels at {hello.fs_hz:g} Hz: "
                "check the board's settings"
            )
        names = self.config.channel_names or tuple(f"ch{k + 1}" for k in range(len(hello.channels)))
        if len(names) != len(hello.channels):
            raise ConfigError(
                f"{self.config.url} has {len(hello.channels)} channels, the configuration names {len(names)}"
            )
        self._channels = tuple(
            _channel(name, declared, hello.counts_per_volt)
            for name, declared in zip(names, hello.channels, strict=True)
        )
        self._hello = hello

    def _block(self, block: wire.WaveBlock) -> list[Reading]:
        if self._hello is None:
            return []
        if (block.sequence, block.device_ns) == self._last_block:
            self.blocks_doubled += 1
            return []
        self._last_block = (block.sequence, block.device_ns)
        n_channels, n_samples = block.counts.shape
        lost_blocks, gap = self._missing_before(block.sequence)
        if n_samples == 0:
            return []
        if n_channels != len(self._channels):
            raise ProtocolError(
                f"{self.config.url} sent a block of {n_channels} channels after declaring "
                f"{len(self._channels)}: restart the board"
            )
        flags = Flag.GAP_BEFORE if gap else Flag.NONE
        if block.overrun:
            flags |= Flag.OVERRUN
        if block.clipped:
            flags |= Flag.CLIPPED
        return [
            WaveformBlock(
                block.counts,
                self._hello.fs_hz,
                self._channels,
                device_ns=block.device_ns,
                clock_lock=self._lock(block.clock_locked),
                device_sequence=block.sequence,
                clipped=block.clipped,
                samples_lost=lost_blocks * n_samples,
                flags=flags,
            )
        ]

    def _missing_before(self, sequence: int) -> tuple[int, bool]:
        """Return how many blocks are known to be missing, and whether anything is."""
        expected, reopened = self._expected, self._reopened
        self._expected, self._reopened, self._start_at = (sequence + 1) & 0xFFFFFFFF, False, None
        if expected is None:
            return 0, False
        missing = (sequence - expected) & 0xFFFFFFFF
        if missing >= 1 << 31:
            return 0, True  # the board counts from the start again: how much is gone nobody knows
        return missing, missing > 0 or reopened

    def _lock(self, locked: bool) -> ClockLock:
        if not locked:
            return ClockLock.NONE
        said = _lock(self.state)
        return ClockLock.NTP if said is ClockLock.NONE else said

    def _temperature(self, state: wire.WaveState) -> Sample:
        return Sample(Quantity.TEMPERATURE_C, state.temperature_c, clock_lock=_lock(state))


def _lock(state: wire.WaveState | None) -> ClockLock:
    return LOCKS[state.lock] if state is not None and state.lock < len(LOCKS) else ClockLock.NONE


def _channel(name: str, declared: wire.WaveChannel, counts_per_volt: int) -> Channel:
    if declared.role >= len(ROLES):
        raise ProtocolError(
            f"channel {name} has the unknown role {declared.role}: check the board's settings"
        )
    return Channel(
        name,
        ROLES[declared.role],
        sensitivity_v_per_m_s=declared.sensitivity_v_per_m_s or None,
        natural_frequency_hz=declared.natural_frequency_hz or None,
        damping=declared.damping or None,
        counts_per_volt=float(counts_per_volt) or None,
    )

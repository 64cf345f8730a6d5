"""Line-scan stream: an X-ray detector array on TCP or a serial line.

Lines are read, nothing is ever sent: the driver cannot switch anything on.
Verified against the twin and the format's test bytes alone.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np

from drivers.api import (
    Capabilities,
    Device,
    DeviceLost,
    DeviceTimeout,
    Flag,
    Identity,
    LineBlock,
    LineKind,
    LineScanEnd,
    Link,
    LinkOpener,
    ProtocolError,
    Reading,
)
from drivers.codecs import line_scan as wire
from drivers.codecs.counters import DecodeCounters

KINDS = (LineKind.DATA, LineKind.DARK, LineKind.AIR)
COLLECT_S = 0.05  # lines of one read are put together for so long: 20 blocks/s at any line rate
STRANGER_BYTES = 2048  # so much without a message is no detector
STRANGER_S = 1.0
REMEMBERED_LINES = 1024
"""A line that comes a second time does so soon; a detector that was switched on again counts anew, at
another time."""
MAX_BLOCK_LINES = 512

_Group: TypeAlias = tuple[int, int]  # kind, energy
_LineKey: TypeAlias = tuple[int, int, int, int, int]  # scan, number, kind, energy, device time


@dataclass(frozen=True, slots=True)
class LineScanConfig:
    """Where the detector is.

    Parameters
    ----------
    url : ``socket://host:port`` or a serial port.
    baudrate : line speed, Bd; no matter for TCP.
    hello_timeout_s : how long `LineScan.open` waits for the HELLO on TCP, s; on
        a serial line it comes with the passage.
    """

    url: str
    baudrate: int = 921600
    hello_timeout_s: float = 2.0


class LineScan(Device[LineScanConfig]):
    """Turns LINE into `LineBlock` and END into `LineScanEnd`.

    A block holds consecutive lines of one scan, kind and energy; lost lines
    (a jump of the number) end it and put `Flag.GAP_BEFORE` on the next. Lines
    are numbered from 1. Lines before a HELLO cannot be interpreted: they are
    dropped, and END's count and hash will not match.

    Attributes
    ----------
    lines_missing : lines of the scan at hand that number jumps show to be lost.
    lines_without_hello : lines dropped because no HELLO had come.
    lines_doubled : lines dropped because they had come before.
    """

    Config: ClassVar[type] = LineScanConfig
    capabilities: ClassVar[Capabilities] = Capabilities(reads=("lines", "line_scan_end"), period_s=0.0)

    def __init__(self, config: LineScanConfig, links: LinkOpener) -> None:
        super().__init__(config, links)
        self.lines_missing = 0
        self.lines_without_hello = 0
        self.lines_doubled = 0
        self._recent: deque[_LineKey] = deque()
        self._came: set[_LineKey] = set()  # what is in it, to be found quickly
        self._ended: wire.LineEnd | None = None  # the newest END, until a new line comes
        self._opened = 0.0
        self._decoder = wire.LineScanDecoder()
        self._link: Link | None = None
        self._hello: wire.LineHello | None = None
        self._early: list[wire.LineMessage] = []
        self._begin_scan(None)

    @property
    def counters(self) -> DecodeCounters:
        """What the decoder saw and dropped since the last `open`."""
        return self._decoder.counters

    def open(self) -> None:
        """Open the wire; on TCP wait for the HELLO that a detector says on connecting.

        Raises
        ------
        DeviceOpenError : no such port, busy, refused.
        DeviceTimeout : TCP, and no HELLO.
        ProtocolError : something else arrives.
        """
        self.close()
        self._decoder = wire.LineScanDecoder()
        self._early.clear()
        self._hello = None
        link = self._link = self.links.open(self.config.url, baudrate=self.config.baudrate)
        self._opened = time.monotonic()
        if not self.config.url.startswith("socket://"):
            return
        try:
            end = time.monotonic() + self.config.hello_timeout_s
            while not any(isinstance(message, wire.LineHello) for message in self._early):
                if time.monotonic() >= end:
                    raise self._no_hello()
                self._early += self._decoder.feed(link.read())
        except Exception:
            self.close()
            raise

    def identify(self) -> Identity:
        """Return what the HELLO said; empty on a serial line before the first passage."""
        hellos = [message for message in self._early if isinstance(message, wire.LineHello)]
        hello = hellos[0] if hellos else self._hello
        if hello is None:
            return Identity("", "line-scan stream")
        return Identity("", f"line-scan stream, {hello.pixels} pixels", hello.device_id)

    def read(self) -> Sequence[Reading]:
        """Return the lines that have arrived, put together, and the ends of passages.

        Raises
        ------
        DeviceLost : the wire is gone.
        ProtocolError : a line is longer or shorter than the HELLO declared, or what
            comes on a serial line is no line-scan stream.
        """
        if self._link is None:
            raise DeviceLost(f"{self.config.url} is not open")
        messages, self._early = self._early, []
        if not messages:
            end = time.monotonic() + COLLECT_S
            while True:
                data = self._link.read()
                messages += self._decoder.feed(data)
                if not data or time.monotonic() >= end or len(messages) >= MAX_BLOCK_LINES:
                    break
            self._refuse_stranger()
        return self._readings(messages)

    def close(self) -> None:
        """Close the wire."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _refuse_stranger(self) -> None:
        # A detector on a serial line may be silent for hours; one that speaks says whole messages.
        seen = self.counters
        if (
            not seen.frames
            and seen.bytes_in >= STRANGER_BYTES
            and time.monotonic() - self._opened > STRANGER_S
        ):
            raise ProtocolError(
                f"{self.config.url} sends something that is no line-scan stream: check the port and the line "
                f"speed ({self.config.baudrate} Bd)"
            )

    def _no_hello(self) -> ProtocolError | DeviceTimeout:
        if self.counters.bytes_in:
            return ProtocolError(
                f"{self.config.url} sends something that is no line-scan stream: check the port number"
            )
        return DeviceTimeout(
            f"{self.config.url} sent no HELLO for {self.config.hello_timeout_s:g} s: "
            "check that the detector has started"
        )

    def _begin_scan(self, scan: int | None) -> None:
        self._scan = scan
        self._sha256 = hashlib.sha256()
        self._received = 0
        self._last_number = 0
        self.lines_missing = 0
        self._gaps: set[int] = set()  # energies whose next block follows lost lines

    def _readings(self, messages: list[wire.LineMessage]) -> list[Reading]:
        readings: list[Reading] = []
        groups: dict[_Group, list[wire.Line]] = {}
        for message in messages:
            if isinstance(message, wire.Line):
                if self._hello is None:
                    self.lines_without_hello += 1
                    continue
                if self._came_before(message):
                    self.lines_doubled += 1
                    continue
                self._ended = None
                if message.scan != self._scan or self._jumps(message):
                    readings += self._blocks(groups)
                    self._take_place(message)
                self._last_number = message.number
                self._received += 1
                self._sha256.update(wire.pixel_bytes(message.pixels))
                groups.setdefault((message.kind, message.energy), []).append(message)
            else:
                readings += self._blocks(groups)
                if isinstance(message, wire.LineHello):
                    self._hello = message
                elif message != self._ended:
                    readings.append(self._end(message))
                    self._ended = message
        return readings + self._blocks(groups)

    def _came_before(self, line: wire.Line) -> bool:
        key = (line.scan, line.number, line.kind, line.energy, line.device_ns)
        if key in self._came:
            return True
        self._came.add(key)
        self._recent.append(key)
        if len(self._recent) > REMEMBERED_LINES:
            self._came.discard(self._recent.popleft())
        return False

    def _jumps(self, line: wire.Line) -> bool:
        # The energies of one position may share a number or be counted one by one.
        return line.number - self._last_number not in (0, 1)

    def _take_place(self, line: wire.Line) -> None:
        """Note a new scan or a jump of the line number."""
        if line.scan != self._scan:
            self._begin_scan(line.scan)
        if self._jumps(line) and self._hello is not None:
            self.lines_missing += max(0, line.number - self._last_number - 1)
            self._gaps = set(range(max(1, self._hello.energies)))

    def _blocks(self, groups: dict[_Group, list[wire.Line]]) -> list[LineBlock]:
        blocks = [self._block(lines, kind, energy) for (kind, energy), lines in groups.items()]
        groups.clear()
        return blocks

    def _block(self, lines: list[wire.Line], kind: int, energy: int) -> LineBlock:
        hello = self._hello
        assert hello is not None
        if any(line.pixels.size != hello.pixels for line in lines):
            raise ProtocolError(
                f"{self.config.url} sent a line of another length than the {hello.pixels} pixels "
                "that it declared: restart the detector"
            )
        line_flags = np.array([line.flags for line in lines], np.uint16)
        flags = Flag(int(np.bitwise_or.reduce(line_flags)) & 0xF)
        if energy in self._gaps:
            flags |= Flag.GAP_BEFORE
            self._gaps.remove(energy)
        return LineBlock(
            np.stack([line.pixels for line in lines]),
            scan=lines[0].scan,
            line_numbers=np.array([line.number for line in lines], np.int64),
            encoder=np.array([line.encoder for line in lines], np.int64),
            dose=np.array([line.dose for line in lines], np.uint16),
            line_flags=line_flags,
            kind=KINDS[kind],
            energy=energy,
            bits=hello.bits,
            pixel_pitch_um=hello.pixel_pitch_um,
            line_pitch_um=hello.line_pitch_um,
            calibration_hash="" if hello.calibration_hash == wire.NO_HASH else hello.calibration_hash.hex(),
            device_ns=lines[0].device_ns,
            flags=flags,
        )

    def _end(self, end: wire.LineEnd) -> LineScanEnd:
        if end.scan != self._scan:
            self._begin_scan(end.scan)  # not one line of it arrived
        reading = LineScanEnd(
            end.scan,
            end.lines_sent,
            end.lines_lost,
            end.pixel_sha256.hex(),
            lines_received=self._received,
            hash_matches=self._sha256.digest() == end.pixel_sha256,
        )
        self._scan = None
        return reading

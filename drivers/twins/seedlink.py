"""Far end of SeedLink: a server of one station, fed with miniSEED records or any source of counts."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

from drivers.codecs import miniseed
from drivers.codecs import seedlink as wire
from drivers.codecs.counters import DecodeCounters
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin
from drivers.twins.wave_stream import SampleSource

RING_PACKETS = 4096
_AFTER_OK_S = 0.3  # ObsPy's client takes what comes together with an OK for a part of it
_A_STEP = 64  # packets sent in one step, so that unplugging is noticed
_CATCH_UP_STEPS = 4
_SELECTOR = re.compile(r"(!?)(?:([A-Z0-9?-]{2})(?=[A-Z0-9?]{3}))?([A-Z0-9?]{3})?(?:\.([A-Z]))?")


class SeedLinkTwin(Twin):
    """A server that keeps the newest packets of one station and serves one client at a time.

    Parameters
    ----------
    port : the wire's far end; a new connection is a new client.
    next_block : source of counts, int32 ``(n_channels, n_samples)``; fewer
        samples than asked end it. None: only what `add_record` is given.
    channels : names in the source's order.
    network, station, location : codes of the station.
    fs_hz : sampling rate of the source.
    record_samples : samples of the source that go into one record.
    pace : device seconds per second of host time.
    epoch_ns : time of the source's first sample, ns since 1970; None = now.
    first_sequence : number of the first packet.
    answers_uni_station : whether DATA without STATION is answered with OK:
        ObsPy's client waits for that, libslink does not.
    hello : what it says it is.

    Attributes
    ----------
    finished : set when the source has ended and all of it is in packets.
    commands : commands received, in order.
    """

    def __init__(
        self,
        port: WirePort,
        next_block: SampleSource | None = None,
        channels: Sequence[str] = ("EHZ",),
        *,
        network: str = "AM",
        station: str = "R24FA",
        location: str = "00",
        fs_hz: float = 100.0,
        record_samples: int = 50,
        pace: float = 1.0,
        epoch_ns: int | None = None,
        first_sequence: int = 1,
        answers_uni_station: bool = False,
        hello: tuple[str, str] = ("SeedLink v3.1 (twin) :: SLPROTO:3.1 CAP", "Twin of a station"),
    ) -> None:
        super().__init__(port, pace_s=min(0.02, record_samples / fs_hz / pace / 2))
        self.finished = threading.Event()
        self.commands: list[list[str]] = []
        self.hello = hello
        self._next_block = next_block
        self._channels = tuple(channels)
        self._codes = network, station, location
        self._fs_hz = fs_hz
        self._record_samples = record_samples
        self._pace = pace
        self._epoch_ns = time.time_ns() if epoch_ns is None else epoch_ns
        self._answers_uni_station = answers_uni_station
        self._ring: deque[_Kept] = deque(maxlen=RING_PACKETS)
        self._count = first_sequence  # of packets made, not modulo: the next one's number
        self._ring_lock = threading.Lock()
        self._lose = 0
        self._began: float | None = None
        self._samples = 0
        self._connections = -1
        self._client = _Client()

    @property
    def clients_streaming(self) -> bool:
        """Whether a client has asked for data and gets it."""
        return self._client.streaming

    def add_record(self, record: bytes) -> None:
        """Take a miniSEED record of 512 bytes, as another program made it, for the next packet."""
        decoded = miniseed.decode(record, DecodeCounters())
        with self._ring_lock:
            if self._lose:
                self._lose -= 1
                return
            # What cannot be decoded here is sent all the same; it counts as always new.
            start_ns = None if decoded is None else decoded.start_ns
            self._ring.append(_Kept(self._count, record[13:18].decode("ascii", "replace"), start_ns, record))
            self._count += 1

    def lose_records(self, n_records: int) -> None:
        """Let the digitiser lose the next records before the server has them."""
        with self._ring_lock:
            self._lose = n_records

    def step(self, received: bytes) -> None:
        """Answer commands; make the packets that are due, and send them."""
        if self.port.connections != self._connections:
            self._connections = self.port.connections
            self._client = _Client()
        for words in self._client.decoder.feed(received):
            self.commands.append(words)
            self._obey(words[0].upper(), words[1:])
        self._make_records()
        if self._client.streaming:
            self._stream()

    def _make_records(self) -> None:
        if self._next_block is None:
            return
        now = time.monotonic()
        if self._began is None:
            self._began = now
        due = (now - self._began) * self._pace * self._fs_hz
        for _ in range(_CATCH_UP_STEPS):
            if self.finished.is_set() or self._samples + self._record_samples > due:
                return
            counts = self._next_block(self._record_samples)
            start_ns = self._epoch_ns + round(self._samples * 1e9 / self._fs_hz)
            self._samples += counts.shape[1]
            network, station, location = self._codes
            if counts.shape[1]:
                for name, values in zip(self._channels, counts, strict=True):
                    record = miniseed.MiniSeedRecord(
                        network, station, location, name, start_ns, self._fs_hz, values
                    )
                    self.add_record(miniseed.encode(record, self._count))
            if counts.shape[1] < self._record_samples:
                self.finished.set()

    def _obey(self, name: str, arguments: list[str]) -> None:
        client = self._client
        if name == "HELLO":
            # in one piece: ObsPy's client takes what comes first for the whole answer
            self.send(b"".join(wire.encode(wire.Line(line)) for line in self.hello))
        elif name == "INFO":
            self._inform(arguments)
        elif name == "STATION":
            client.multi_station = self._answer(arguments == [self._codes[1], self._codes[0]])
        elif name == "SELECT":
            self._answer(client.select(arguments))
        elif name in ("DATA", "FETCH", "TIME"):
            self._begin(name, arguments)
        elif name == "END" and client.multi_station:
            client.streaming = client.asked
        elif name != "BYE":
            self._answer(False)

    def _answer(self, good: bool) -> bool:
        self.send(wire.encode(wire.Line(wire.OK if good else wire.ERROR)))
        return good

    def _begin(self, name: str, arguments: list[str]) -> None:
        client = self._client
        try:
            if name == "TIME":
                client.begin_ns = _time_ns(arguments[0])
                client.end_ns = _time_ns(arguments[1]) if len(arguments) > 1 else None
                client.next = 0
            elif arguments:
                client.next = self._numbered(int(arguments[0], 16))
            else:
                client.next = self._count
        except (ValueError, IndexError):
            self._answer(False)
            return
        client.fetching = name == "FETCH"
        client.asked = True
        if client.multi_station or self._answers_uni_station:
            self._answer(True)
        client.streaming = not client.multi_station
        if self._answers_uni_station:
            client.silent_until = time.monotonic() + _AFTER_OK_S

    def _numbered(self, sequence: int) -> int:
        """Return the count of the packet with this number; the next one's when it is not kept."""
        kept = (packet.count for packet in self._ring if packet.count % wire.SEQUENCES == sequence)
        return next(kept, self._count)

    def _inform(self, arguments: list[str]) -> None:
        if [word.upper() for word in arguments] != ["ID"]:
            self.send(wire.encode(wire.InfoPacket(True, miniseed.encode_text("ERROR", "ERR"))))
            return
        text = f'<?xml version="1.0"?><seedlink software="{self.hello[0]}" organization="{self.hello[1]}"/>'
        self.send(wire.encode(wire.InfoPacket(True, miniseed.encode_text(text))))

    def _stream(self) -> None:
        client = self._client
        if time.monotonic() < client.silent_until:
            return
        with self._ring_lock:
            waiting = [packet for packet in self._ring if packet.count >= client.next]
        for packet in waiting[:_A_STEP]:
            client.next = packet.count + 1
            if client.end_ns is not None and (packet.start_ns or 0) > client.end_ns:
                client.fetching, waiting = True, []
                break
            if client.wants(packet):
                self.send(wire.encode(wire.Packet(packet.count % wire.SEQUENCES, packet.record)))
        if client.fetching and len(waiting) <= _A_STEP:
            client.streaming = False
            self.send(wire.encode(wire.Line(wire.END)))


class _Kept:
    """A packet in the ring."""

    def __init__(self, count: int, channel: str, start_ns: int | None, record: bytes) -> None:
        self.count = count
        self.channel = channel
        self.start_ns = start_ns
        self.record = record


class _Client:
    """What one client has asked for."""

    def __init__(self) -> None:
        self.decoder = wire.SeedLinkCommandDecoder()
        self.multi_station = False
        self.asked = False
        self.streaming = False
        self.fetching = False
        self.silent_until = 0.0
        self.next = 0
        self.begin_ns = 0
        self.end_ns: int | None = None
        self._selectors: list[tuple[bool, re.Pattern[str]]] = []

    def select(self, arguments: list[str]) -> bool:
        """Take a selector ``[!][LL][CCC][.T]``; none takes all back. Tell whether it is one."""
        if not arguments:
            self._selectors.clear()
            return True
        found = _SELECTOR.fullmatch(arguments[0])
        if found is None or len(arguments) > 1:
            return False
        without, location, channel, kind = found.groups()
        if kind in (None, "D"):
            pattern = (location or "??").replace("-", " ") + (channel or "???")
            self._selectors.append((not without, re.compile(pattern.replace("?", "."))))
        return True

    def wants(self, packet: _Kept) -> bool:
        """Tell whether a packet is selected."""
        if packet.start_ns is not None and packet.start_ns < self.begin_ns:
            return False
        takes = [pattern for take, pattern in self._selectors if take]
        leaves = [pattern for take, pattern in self._selectors if not take]
        chosen = not takes or any(pattern.fullmatch(packet.channel) for pattern in takes)
        return chosen and not any(pattern.fullmatch(packet.channel) for pattern in leaves)


def _time_ns(text: str) -> int:
    parts = [int(part) for part in text.split(",")]
    return round(datetime(*parts[:6], tzinfo=UTC).timestamp() * 1e9)  # type: ignore[arg-type,misc]

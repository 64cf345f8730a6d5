"""A seismograph behind a SeedLink v3 server: miniSEED records over TCP, joined to blocks of all channels.

One station is asked for (or the server's only one, without STATION), its
channels are selected, and the stream is followed from now on. After a loss it
is taken up again at the packet after the last one that came, as long as the
server still holds it. Packets are numbered over everything that the server
holds, so numbers that are missing here may be another channel's: loss is found
by the records' times. A server that has nothing to send is asked for its name,
which tells a quiet one from a dead one.

References
----------
SeisComP, SeedLink protocol (SeedLink 3.1); Raspberry Shake manual, "SeedLink".

Not verified on a device: the server of a Raspberry Shake and of SeisComP itself
(ObsPy's client and records were the far ends); that ``SELECT`` without a
location is taken by every server; what the clock flag of a digitiser's records
means in detail (``clock`` in the configuration names what disciplines it).
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from weakref import WeakKeyDictionary

from drivers.api import (
    Capabilities,
    ClockLock,
    Device,
    DeviceLost,
    DeviceTimeout,
    Identity,
    Link,
    LinkOpener,
    ProtocolError,
    Reading,
)
from drivers.codecs import miniseed
from drivers.codecs import seedlink as wire
from drivers.codecs.counters import DecodeCounters
from drivers.devices.channel_track import Piece
from drivers.devices.joined_channels import ChannelJoiner, Habits
from drivers.devices.seedlink_config import SeedLinkConfig, seedlink_time
from drivers.devices.seismic_channels import seismic_channels

ANSWER_LIMIT_S = 1.0
INFO_SINCE = (2, 92)  # the version that can be asked for its name while it streams
UNREADABLE_SHOWN_S = 30.0

SET_BACK_RECORDS = 3
"""So many records of one channel in a row that lie before their time: its clock was set back."""

_HELLO = re.compile(r"SeedLink v(\d+)\.(\d+)\S*", re.IGNORECASE)


@dataclass(slots=True)
class _Stream:
    """What is kept of a stream over a broken connection."""

    joiner: ChannelJoiner
    sequence: int | None = None
    heard: float = 0.0


_STREAMS: WeakKeyDictionary[LinkOpener, dict[tuple[str, ...], _Stream]] = WeakKeyDictionary()
"""Streams by who runs the driver (its opener) and by station: a runner makes a new driver after a loss."""


class SeedLink(Device[SeedLinkConfig]):
    """Turns miniSEED records into `WaveformBlock`; see `joined_channels` for how channels are put together.

    ``counts_per_m_s`` is handed on as sensitivity with ``counts_per_volt`` = 1:
    only the product of the two is known. Records that were packed without a
    check (plain integers) are flagged unverified.

    Attributes
    ----------
    records_late : records dropped because their time had been given out already.
    records_ignored : records of stations and channels that are not configured.
    records : counts of records decoded and dropped since the last `open`.
    """

    Config: ClassVar[type] = SeedLinkConfig
    # A record holds what fits: up to 7 s of a quiet channel at 100 Hz.
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads=("waveform",), period_s=8.0, frozen_after_s=20.0
    )

    def __init__(self, config: SeedLinkConfig, links: LinkOpener) -> None:
        super().__init__(config, links)
        self.records_ignored = 0
        self.records = DecodeCounters()
        self._decoder = wire.SeedLinkDecoder()
        self._link: Link | None = None
        self._stream = self._remembered()
        self._locations: dict[str, str] = {}
        self._answers: deque[str] = deque()
        self._packets: deque[wire.Packet] = deque()
        self._identity = Identity("", "SeedLink server")
        self._can_tell_its_name = True
        self._streaming = False
        self._heard = self._asked = self._unreadable_at = -1e9
        self._unreadable = ""

    @property
    def counters(self) -> DecodeCounters:
        """What the wire's decoder saw and dropped since the last `open`."""
        return self._decoder.counters

    @property
    def records_late(self) -> int:
        """Records dropped because their time had been given out already."""
        return self._stream.joiner.late

    def open(self) -> None:
        """Connect, say hello, choose station and channels, start the stream.

        Raises
        ------
        DeviceOpenError : the server does not answer, or refuses the connection.
        DeviceTimeout : it is connected and says nothing.
        ProtocolError : it is no SeedLink server, or has no such station or channel.
        """
        self.close()
        self._decoder = wire.SeedLinkDecoder()
        self.records = DecodeCounters()
        self._answers.clear()
        self._packets.clear()
        now = time.monotonic()
        self._stream = self._remembered()
        self._stream.joiner.restart(now)
        self._link = self.links.open(self.config.url)
        try:
            self._say_hello()
            self._choose()
        except Exception:
            self.close()
            raise
        self._streaming = True
        self._heard = time.monotonic()

    def identify(self) -> Identity:
        """Return what the server said in its HELLO; the station's codes stand for a serial number."""
        return self._identity

    def read(self) -> Sequence[Reading]:
        """Return the blocks that have become complete.

        Raises
        ------
        DeviceLost : the connection is gone, or the server ended the stream.
        DeviceTimeout : the server says nothing, not even its name.
        ProtocolError : the server reports an error.
        """
        if not self._packets:
            self._receive()
        now = time.monotonic()
        while self._packets:
            self._take(self._packets.popleft(), now)
        while self._answers:
            self._heed(self._answers.popleft())
        self._keep_alive(now)
        return self._stream.joiner.joined(now)

    def complaint(self) -> str:
        """Which channels are silent, or which records cannot be read, and what to do; else empty."""
        now = time.monotonic()
        if now - self._unreadable_at < UNREADABLE_SHOWN_S:
            return (
                f"sends records that cannot be read ({self._unreadable}): "
                "let it send Steim or integer records of 512 bytes"
            )
        silent = self._stream.joiner.silent(now)
        if not silent:
            return ""
        return f"sends no records of {', '.join(silent)}: check its channels and digitiser"

    def close(self) -> None:
        """Close the connection; what was received is remembered for a while."""
        link, self._link = self._link, None
        if link is not None:
            self._streaming = False
            link.close()

    def _remembered(self) -> _Stream:
        config, now = self.config, time.monotonic()
        key = (config.url, config.network, config.station, *config.channels)
        channels = seismic_channels(config.channels, config.counts_per_m_s)
        habits = Habits(config.wait_for_channels_s, set_back_records=SET_BACK_RECORDS)
        fresh = _Stream(ChannelJoiner(channels, config.full_scale_counts, habits), heard=now)
        try:
            streams = _STREAMS.setdefault(self.links, {})
        except TypeError:  # an opener that cannot be referred to weakly: nothing is remembered
            return fresh
        known = streams.get(key)
        if known is None or now - known.heard > config.resume_s:
            streams[key] = known = fresh
        return known

    def _say_hello(self) -> None:
        self._send("HELLO")
        first = self._answer("HELLO")
        found = _HELLO.match(first)
        if found is None:
            raise ProtocolError(
                f"{self.config.url} answers {first[:40]!r}, it is no SeedLink server: check address and port"
            )
        second = self._answer("HELLO")
        version = int(found[1]), int(found[2])
        self._can_tell_its_name = version >= INFO_SINCE
        name = f"{self.config.network}.{self.config.station}" if self.config.station else ""
        self._identity = Identity(second.strip(), "SeedLink server", name, first[9:].split("::")[0].strip())

    def _choose(self) -> None:
        config = self.config
        if config.station:
            self._ask("STATION", config.station, config.network)
        for name in config.channels:
            self._ask("SELECT", f"{name.replace('.', '')}.D")
        start: tuple[str, ...] = ("DATA",)
        if self._stream.sequence is not None:
            start = ("DATA", f"{(self._stream.sequence + 1) % wire.SEQUENCES:06X}")
        elif config.since:
            start = ("TIME", seedlink_time(config.since))
        if config.station:
            self._ask(*start)
            self._send("END")
        else:
            self._send(*start)  # the data is the answer

    def _send(self, *words: str) -> None:
        self._open_link.write(wire.command(*words))

    def _ask(self, *words: str) -> None:
        self._send(*words)
        answer = self._answer(words[0])
        if answer != wire.OK:
            mends = {"STATION": "network and station", "SELECT": "channels"}
            raise ProtocolError(
                f"{self.config.url} answers {answer[:40]!r} to {' '.join(words)!r}: "
                f"correct {mends.get(words[0], 'since')} in the configuration"
            )

    def _answer(self, to: str) -> str:
        end = time.monotonic() + ANSWER_LIMIT_S
        while not self._answers:
            if time.monotonic() >= end:
                if self.counters.bytes_in:
                    raise ProtocolError(
                        f"{self.config.url} does not answer {to} as SeedLink does: check address and port"
                    )
                raise DeviceTimeout(
                    f"{self.config.url} does not answer {to}: check that a SeedLink server runs there"
                )
            self._receive()
        return self._answers.popleft()

    @property
    def _open_link(self) -> Link:
        if self._link is None:
            raise DeviceLost(f"{self.config.url} is not open")
        return self._link

    def _receive(self) -> None:
        data = self._open_link.read()
        if data:
            self._heard = time.monotonic()
        for message in self._decoder.feed(data):
            if isinstance(message, wire.Packet):
                self._packets.append(message)
            elif isinstance(message, wire.Line):
                self._answers.append(message.text)

    def _heed(self, line: str) -> None:
        if line == wire.END:
            raise DeviceLost(f"{self.config.url} has ended the stream: check the server")
        if line == wire.ERROR:
            raise ProtocolError(f"{self.config.url} reports an error: check the server's log")

    def _keep_alive(self, now: float) -> None:
        if not self._can_tell_its_name:
            return
        if now - self._heard > self.config.silence_timeout_s:
            raise DeviceTimeout(
                f"{self.config.url} has said nothing for {self.config.silence_timeout_s:g} s: "
                "check the seismograph's power and its network cable"
            )
        if now - max(self._heard, self._asked) > self.config.keep_alive_s:
            self._asked = now
            self._send("INFO", "ID")

    def _take(self, packet: wire.Packet, now: float) -> None:
        self._stream.sequence, self._stream.heard = packet.sequence, now
        record = miniseed.decode(packet.record, self.records)
        if record is None:
            self._unreadable, self._unreadable_at = "/".join(self.records.dropped), now
            return
        name = self._name_of(record)
        if not name:
            self.records_ignored += 1
            return
        piece = Piece(
            record.start_ns,
            record.fs_hz,
            record.counts,
            self.config.clock if record.clock_locked else ClockLock.NONE,
            record.clipped,
            record.checked,
        )
        self._stream.joiner.take(name, piece, now)

    def _name_of(self, record: miniseed.MiniSeedRecord) -> str:
        config = self.config
        if config.station and (record.network, record.station) != (config.network, config.station):
            return ""
        full = f"{record.location}.{record.channel}"
        if full in config.channels:
            return full
        if record.channel not in config.channels:
            return ""
        # Two locations have channels of the same name: only the first that came is this channel.
        known = self._locations.setdefault(record.channel, record.location)
        return record.channel if known == record.location else ""

"""Raspberry Shake: the UDP datacast of a seismograph, received on a port of this computer.

The wire carries no check, no sequence and no lock state of the clock: every
block is flagged unverified, and loss is found by the packets' times. Decoding
was verified on real packets of a Shake 4D against the same samples as miniSEED.

How channels are put together. A Shake sends one packet per channel and time
step. Packets of equal start and length become one block, its channels in the
configured order, as soon as all configured channels are there. A step that
stays incomplete is given out with the channels it has when the sender has moved
on, at the latest one packet length after its first packet came. Blocks with the
same channels form one series, and ``samples_lost`` is what is missing in that
series: where one channel lost a packet, the series of all channels has a gap,
though the others' samples came in a smaller block.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from drivers.api import (
    Capabilities,
    Channel,
    ConfigError,
    Device,
    DeviceLost,
    DeviceTimeout,
    Flag,
    Identity,
    Link,
    LinkOpener,
    ProtocolError,
    Reading,
    Role,
    WaveformBlock,
)
from drivers.codecs.counters import DecodeCounters
from drivers.codecs.raspberry_shake import RaspberryShakeDecoder, ShakePacket

LATE_NS = 1_000_000_000  # what is older came after its time; older still: the clock was set back


@dataclass(frozen=True, slots=True)
class RaspberryShakeConfig:
    """Where the Shake sends and what its channels are for.

    Parameters
    ----------
    url : ``udp://address:port`` of this computer; the Shake's datacast is set to it.
    channels : role of each channel to use ("ground", "chassis", "air"); others
        are ignored. EHZ is the vertical geophone.
    counts_per_m_s : counts per m/s of a channel, from the station's response
        file; without it the channel's sensitivity is unknown.
    fs_hz : sampling rate; the packets do not say it.
    full_scale_counts : a sample this large, either sign, is clipped.
    silence_timeout_s : no packet for so long means that the Shake is silent, s.
    """

    url: str = "udp://0.0.0.0:8888"
    channels: Mapping[str, Role] = field(default_factory=lambda: {"EHZ": Role.GROUND})
    counts_per_m_s: Mapping[str, float] = field(default_factory=dict)
    fs_hz: float = 100.0
    full_scale_counts: int = 8_388_607
    silence_timeout_s: float = 2.0

    def __post_init__(self) -> None:
        if not self.url.startswith("udp://"):
            raise ConfigError(f"url = {self.url}: a Raspberry Shake sends to udp://address:port")
        if not self.channels:
            raise ConfigError("channels is empty: name at least one, for example EHZ = 'ground'")
        strangers = set(self.counts_per_m_s) - set(self.channels)
        if strangers:
            raise ConfigError(f"counts_per_m_s names {sorted(strangers)}, which channels does not")
        if self.fs_hz <= 0 or self.silence_timeout_s <= 0:
            raise ConfigError("fs_hz and silence_timeout_s must be above 0")


class RaspberryShake(Device[RaspberryShakeConfig]):
    """Turns packets into `WaveformBlock`; see the module for how channels are put together.

    ``counts_per_m_s`` is handed on as sensitivity with ``counts_per_volt`` = 1:
    only the product of the two is known.

    Attributes
    ----------
    packets_late : packets dropped because they were doubled or came after their time.
    packets_ignored : packets of channels that are not configured.
    """

    Config: ClassVar[type] = RaspberryShakeConfig
    capabilities: ClassVar[Capabilities] = Capabilities(reads=("waveform",), period_s=0.5, frozen_after_s=5.0)

    def __init__(self, config: RaspberryShakeConfig, links: LinkOpener) -> None:
        super().__init__(config, links)
        self.packets_late = 0
        self.packets_ignored = 0
        self._decoder = RaspberryShakeDecoder()
        self._link: Link | None = None
        self._channels = {name: _channel(config, name) for name in config.channels}
        self._expected_ns: dict[str, int] = {}  # start of each channel's next packet
        self._series_ns: dict[tuple[str, ...], int] = {}  # start of each series' next block
        self._set_back: set[tuple[str, ...]] = set()  # series whose time went back
        self._ready: list[WaveformBlock] = []
        self._steps: list[_Step] = []
        self._early: list[ShakePacket] = []
        self._heard: dict[str, float] = {}

    @property
    def counters(self) -> DecodeCounters:
        """What the decoder saw and dropped since the last `open`."""
        return self._decoder.counters

    def complaint(self) -> str:
        """Which configured channels are silent while others come, and what to do; else empty."""
        limit = time.monotonic() - self.config.silence_timeout_s
        silent = [name for name, heard in self._heard.items() if heard < limit]
        if not silent:
            return ""
        return f"sends no packets of {', '.join(silent)}: check its channels and the network"

    def open(self) -> None:
        """Bind the port and wait for the first packet.

        Raises
        ------
        DeviceOpenError : another program listens there.
        DeviceTimeout : nobody sends.
        ProtocolError : somebody else sends, or none of the configured channels comes.
        """
        self.close()
        self._decoder = RaspberryShakeDecoder()
        self._steps.clear()
        self._early.clear()
        self._link = self.links.open(self.config.url)
        end = time.monotonic() + self.config.silence_timeout_s
        seen: set[str] = set()
        try:
            while not self._early:
                for packet in self._receive():
                    seen.add(packet.channel)
                    if packet.channel in self._channels:
                        self._early.append(packet)
                if not self._early and time.monotonic() >= end:
                    raise self._nothing_usable(seen)
        except Exception:
            self.close()
            raise
        self._heard = dict.fromkeys(self._channels, time.monotonic())

    def identify(self) -> Identity:
        """Return the maker; the datacast says nothing about the station."""
        return Identity("Raspberry Shake", "UDP datacast")

    def read(self) -> Sequence[Reading]:
        """Return the blocks that have become complete.

        Raises
        ------
        DeviceLost : the network interface failed.
        DeviceTimeout : no packet of a configured channel for ``silence_timeout_s``.
        """
        packets, self._early = self._early, []
        if not packets:
            packets = self._receive()
        now = time.monotonic()
        for packet in packets:
            if packet.channel in self._channels:
                self._heard[packet.channel] = now
                self._take(packet, now)
            else:
                self.packets_ignored += 1
        blocks = self._complete(now)
        if not blocks and now - max(self._heard.values()) > self.config.silence_timeout_s:
            raise DeviceTimeout(
                f"no packet on {self.config.url} for {self.config.silence_timeout_s:g} s: "
                "check the Raspberry Shake's power, its network cable and its datacast address"
            )
        return blocks

    def close(self) -> None:
        """Close the port."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _receive(self) -> list[ShakePacket]:
        if self._link is None:
            raise DeviceLost(f"{self.config.url} is not open")
        packets = self._decoder.feed(self._link.read())
        self._decoder.end_of_datagram()
        return packets

    def _nothing_usable(self, seen: set[str]) -> ProtocolError | DeviceTimeout:
        wanted = ", ".join(self._channels)
        if seen:
            return ProtocolError(
                f"{self.config.url} receives {', '.join(sorted(seen))} but not {wanted}: "
                "correct channels in the configuration"
            )
        if self.counters.bytes_in:
            return ProtocolError(
                f"{self.config.url} receives something that is no datacast: check who sends to this port"
            )
        return DeviceTimeout(
            f"nobody sends to {self.config.url}: switch the Raspberry Shake's datacast on and "
            "set it to this computer's address"
        )

    def _take(self, packet: ShakePacket, now: float) -> None:
        half_ns = self._samples_ns(1) // 2
        length = packet.counts.size
        expected = self._expected_ns.get(packet.channel)
        # A doubled or overtaken packet is a whole length early; a clock being put right is a little.
        if expected is not None and packet.start_ns < expected - self._samples_ns(length) // 2:
            if packet.start_ns >= expected - LATE_NS:
                self.packets_late += 1
                return
            self._clock_was_set_back()
        for at, step in enumerate(self._steps):
            if abs(packet.start_ns - step.start_ns) <= half_ns and length == step.length:
                if packet.channel in step.packets:
                    self.packets_late += 1
                else:
                    step.packets[packet.channel] = packet
                return
            if packet.start_ns < step.start_ns:
                self._steps.insert(at, _Step(packet, now))
                return
        self._steps.append(_Step(packet, now))

    def _clock_was_set_back(self) -> None:
        # What still waits belongs to the old time and must be out before the new one begins.
        for step in self._steps:
            self._ready.append(self._block(step))
        self._steps.clear()
        self._set_back |= set(self._series_ns)
        self._series_ns.clear()
        self._expected_ns.clear()

    def _complete(self, now: float) -> list[WaveformBlock]:
        blocks, self._ready = self._ready, []
        while self._steps:
            step, later = self._steps[0], self._steps[1:]
            moved_on = any(not step.packets.keys().isdisjoint(other.packets) for other in later)
            too_old = now - step.since >= step.length / self.config.fs_hz
            if not (moved_on or too_old or len(step.packets) == len(self._channels)):
                break
            del self._steps[0]
            blocks.append(self._block(step))
        return blocks

    def _block(self, step: _Step) -> WaveformBlock:
        names = tuple(name for name in self._channels if name in step.packets)
        after_ns = step.start_ns + self._samples_ns(step.length)
        # before the first block of a series, what its channels lack
        ended_ns = min(self._expected_ns.get(name, step.start_ns) for name in names)
        self._expected_ns.update(dict.fromkeys(names, after_ns))
        begins_ns = self._series_ns.get(names, ended_ns)
        lost = max(0, round((step.start_ns - begins_ns) * self.config.fs_hz / 1e9))
        gap = lost > 0 or names in self._set_back
        self._series_ns[names] = after_ns
        self._set_back.discard(names)
        counts = np.stack([step.packets[name].counts for name in names])
        at_stop = (np.abs(counts.astype(np.int64)) >= self.config.full_scale_counts).any(axis=1)
        clipped = sum(1 << int(k) for k in np.flatnonzero(at_stop))
        flags = Flag.UNVERIFIED
        if gap:
            flags |= Flag.GAP_BEFORE
        if clipped:
            flags |= Flag.CLIPPED
        return WaveformBlock(
            counts,
            self.config.fs_hz,
            tuple(self._channels[name] for name in names),
            device_ns=step.start_ns,
            clipped=clipped,
            samples_lost=lost,
            flags=flags,
        )

    def _samples_ns(self, n_samples: int) -> int:
        return round(n_samples * 1e9 / self.config.fs_hz)


class _Step:
    """Packets of one time step, waiting for each other."""

    def __init__(self, packet: ShakePacket, now: float) -> None:
        self.start_ns = packet.start_ns
        self.length = packet.counts.size
        self.since = now
        self.packets = {packet.channel: packet}


def _channel(config: RaspberryShakeConfig, name: str) -> Channel:
    sensitivity = config.counts_per_m_s.get(name)
    return Channel(
        name,
        Role(config.channels[name]),
        sensitivity_v_per_m_s=sensitivity,
        counts_per_volt=None if sensitivity is None else 1.0,
    )

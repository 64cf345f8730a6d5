"""Raspberry Shake: the UDP datacast of a seismograph, received on a port of this computer.

The wire carries no check, no sequence and no lock state of the clock: every
block is flagged unverified, and loss is found by the packets' times. Decoding
was verified on real packets of a Shake 4D against the same samples as miniSEED.

A Shake sends one packet per channel and time step, which become one block (see
`joined_channels`). A step that stays incomplete is given out with the channels
it has when the sender has moved on, at the latest one packet length after its
first packet came: where one channel lost a packet, the series of all channels
has a gap, though the others' samples came in a smaller block.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from drivers.api import (
    Capabilities,
    ConfigError,
    Device,
    DeviceLost,
    DeviceTimeout,
    Identity,
    Link,
    LinkOpener,
    ProtocolError,
    Reading,
    Role,
)
from drivers.codecs.counters import DecodeCounters
from drivers.codecs.raspberry_shake import RaspberryShakeDecoder, ShakePacket
from drivers.devices.channel_track import Piece
from drivers.devices.joined_channels import ChannelJoiner, Habits
from drivers.devices.seismic_channels import check_sensitivities, seismic_channels

PACKET_S = 0.25

HABITS = Habits(
    patience_s=PACKET_S,
    set_back_s=1.0,
    # A doubled or overtaken packet is a whole length early; a clock being put right is a little.
    put_right_s=PACKET_S / 2,
    most_waiting=1,
)


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
        check_sensitivities(self.channels, self.counts_per_m_s)
        if self.fs_hz <= 0 or self.silence_timeout_s <= 0:
            raise ConfigError("fs_hz and silence_timeout_s must be above 0")


class RaspberryShake(Device[RaspberryShakeConfig]):
    """Turns packets into `WaveformBlock`; see `joined_channels` for how channels are put together.

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
        self.packets_ignored = 0
        self._decoder = RaspberryShakeDecoder()
        self._link: Link | None = None
        channels = seismic_channels(config.channels, config.counts_per_m_s)
        self._joiner = ChannelJoiner(channels, config.full_scale_counts, HABITS)
        self._early: list[ShakePacket] = []
        self._heard: dict[str, float] = {}

    @property
    def packets_late(self) -> int:
        """Packets dropped because they were doubled or came after their time."""
        return self._joiner.late

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
        self._early.clear()
        self._link = self.links.open(self.config.url)
        end = time.monotonic() + self.config.silence_timeout_s
        seen: set[str] = set()
        try:
            while not self._early:
                for packet in self._receive():
                    seen.add(packet.channel)
                    if packet.channel in self.config.channels:
                        self._early.append(packet)
                if not self._early and time.monotonic() >= end:
                    raise self._nothing_usable(seen)
        except Exception:
            self.close()
            raise
        now = time.monotonic()
        self._heard = dict.fromkeys(self.config.channels, now)
        self._joiner.restart(now)

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
            if packet.channel in self.config.channels:
                self._heard[packet.channel] = now
                piece = Piece(packet.start_ns, self.config.fs_hz, packet.counts, checked=False)
                self._joiner.take(packet.channel, piece, now)
            else:
                self.packets_ignored += 1
        blocks = self._joiner.joined(now)
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
        wanted = ", ".join(self.config.channels)
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

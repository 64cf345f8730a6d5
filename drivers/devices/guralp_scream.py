"""Güralp GCF over a network: a Scream server, or a digitiser with an Ethernet module.

With ``udp://`` the server is asked for datagrams, again and again, and packets
that were lost on the way are fetched over TCP; without a ``server`` it has to be
set to send here by itself, and nothing can be fetched. With ``socket://`` all
blocks come over one TCP connection. Samples are proved by the block's own last
value. A block covers up to 1000 samples, and comes when it is full: choose an
output tap of 500 Hz or more (2 s at most between blocks).

Not verified on a server: requests, fetching and the TCP stream, which are from
the maker's papers and client; how often it has to be asked; whether its sequence
counts packets of this client alone (if not, packets are fetched in vain). The
samples were verified on real files, sent by a twin.

References
----------
See `drivers.codecs.gcf_block`, `drivers.codecs.scream`, `drivers.codecs.gcf_status`.
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
from drivers.codecs import scream as wire
from drivers.codecs.counters import DecodeCounters
from drivers.devices.gcf_channels import GcfChannels, check_channels
from drivers.devices.scream_recovery import ScreamRecovery

ASK_EVERY_S = 20.0
"""A server stops sending to a client that has not asked for long; the maker's own asks in minutes."""

RECOVER_S = 2.0
OVERTAKEN_S = 0.3
"""How long a block that is missing may take to come where it cannot be fetched: datagrams overtake."""

MOST_MISSING = 256
"""A sequence that jumps further is a server that restarted."""


@dataclass(frozen=True, slots=True)
class GuralpScreamConfig:
    """Where the blocks come from and what their streams are for.

    Parameters
    ----------
    url : ``udp://address:port`` of this computer (``udp://0.0.0.0:0`` takes any
        free port where the server is asked), or ``socket://server:port``.
    server : ``host:port`` of the server that is asked for datagrams, as 192.0.2.7:1567.
    channels : role ("chassis", "ground", "air") of each stream to use by its ID,
        as 6018N2; others are ignored.
    counts_per_m_s : counts per m/s of a channel, from the calibration sheets of
        sensor and digitiser; without it the channel's sensitivity is unknown.
    full_scale_counts : a sample this large, either sign, is clipped.
    block_timeout_s : no block of a configured stream for so long means that the
        server is silent, s; a tap of f Hz sends at least every 1000/f s.
    """

    url: str
    channels: Mapping[str, Role]
    server: str = ""
    counts_per_m_s: Mapping[str, float] = field(default_factory=dict)
    full_scale_counts: int = 8_388_607
    block_timeout_s: float = 11.0

    def __post_init__(self) -> None:
        check_channels(self.channels, self.counts_per_m_s, self.full_scale_counts)
        if not self.url.startswith(("udp://", "socket://")):
            raise ConfigError(
                f"url = {self.url}: write udp://address:port (datagrams) or socket://server:port (TCP)"
            )
        if self.server and not self.url.startswith("udp://"):
            raise ConfigError("server is for udp:// alone: socket:// names the server already")
        host, _, port = self.server.rpartition(":")
        if self.server and not (host and port.isdecimal()):
            raise ConfigError(f'server = "{self.server}": write host:port, for example 192.0.2.7:{wire.PORT}')
        if self.block_timeout_s <= 0:
            raise ConfigError("block_timeout_s must be above 0")


class GuralpScream(Device[GuralpScreamConfig]):
    """Turns blocks into `WaveformBlock`; see `drivers.devices.joined_channels` for how channels join.

    Attributes
    ----------
    channels : what became of the blocks: ignored, late, clock lock.
    recovery : what was fetched, refused, or could not be asked for.
    missing : packets that the sequence showed as missing.
    """

    Config: ClassVar[type] = GuralpScreamConfig
    # 10 s: a 100 Hz tap whose samples pack tightly. Faster taps are timed out sooner, in read().
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads=("waveform",), period_s=10.0, frozen_after_s=5.0
    )

    def __init__(self, config: GuralpScreamConfig, links: LinkOpener) -> None:
        super().__init__(config, links)
        self.missing = 0
        self._datagrams = config.url.startswith("udp://")
        recover_s = 0.0 if not self._datagrams else RECOVER_S if config.server else OVERTAKEN_S
        self.channels = GcfChannels(
            config.channels, config.counts_per_m_s, config.full_scale_counts, recover_s
        )
        self.recovery = ScreamRecovery(links, f"socket://{config.server}" if config.server else "")
        self._decoder = wire.ScreamDecoder()
        self._link: Link | None = None
        self._newest: int | None = None
        self._asked = float("-inf")
        self._ended = False

    @property
    def counters(self) -> DecodeCounters:
        """What the decoder saw and dropped since the last `open`."""
        return self._decoder.counters

    def complaint(self) -> str:
        """Which configured streams are silent while others come, and what to do; else empty."""
        return self.channels.complaint(time.monotonic(), self.config.block_timeout_s)

    def open(self) -> None:
        """Bind or connect, ask for blocks, wait for the first one of a configured stream.

        Raises
        ------
        DeviceOpenError : the port is taken, the connection refused.
        DeviceTimeout : nobody sends.
        ProtocolError : somebody else sends, or none of the configured streams comes.
        """
        self.close()
        self._decoder = wire.ScreamDecoder()
        self._newest, self._asked, self._ended = None, float("-inf"), False
        self.channels.begin(time.monotonic())
        end = time.monotonic() + self.config.block_timeout_s
        if self._datagrams:
            self._link = self.links.open(self.config.url, peer=self.config.server)
        else:
            self._link = self.links.open(self.config.url)
        try:
            if not self._datagrams:
                self._link.write(wire.START_STREAM)
            while not self.channels.heard:
                self._receive()
                if not self.channels.heard and time.monotonic() >= end:
                    raise self._nothing_usable()
        except Exception:
            self.close()
            raise

    def identify(self) -> Identity:
        """Return maker, model and system ID, as the blocks say them."""
        return self.channels.identity()

    def read(self) -> Sequence[Reading]:
        """Return the blocks that have become complete.

        Raises
        ------
        DeviceLost : the connection broke, the server took leave, the network interface failed.
        DeviceTimeout : no block of a configured stream for longer than one can take.
        """
        blocks = self.channels.ready(time.monotonic())
        if blocks:
            return blocks
        self._receive()
        now = time.monotonic()
        blocks = self.channels.ready(now)
        if blocks:
            return blocks
        if self._ended:
            raise DeviceLost(f"the server that sends to {self.config.url} has ended: start it again")
        limit_s = self.channels.silence_limit_s(self.config.block_timeout_s)
        if self.channels.silent_for(now) > limit_s:
            raise DeviceTimeout(
                f"no block on {self.config.url} for {limit_s:.3g} s: check digitiser, server and network"
            )
        return []

    def close(self) -> None:
        """Close port and connections."""
        self.recovery.close()
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _receive(self) -> None:
        if self._link is None:
            raise DeviceLost(f"{self.config.url} is not open")
        if self._datagrams:
            self._ask(self._link)
        messages = self._decoder.feed(self._link.read())
        if self._datagrams:
            self._decoder.end_of_datagram()
        now = time.monotonic()
        for message in messages:
            if isinstance(message, wire.ScreamPacket):
                self._follow(message.sequence)
                self.channels.take(message.content, now)
            elif isinstance(message, wire.ScreamNotice) and message.text == "GCFNOSV":
                self._ended = True
        for packet in self.recovery.poll():
            self.channels.take(packet.content, now)

    def _ask(self, link: Link) -> None:
        now = time.monotonic()
        # Without a server's address the first datagram has to tell who is to be asked.
        if now - self._asked >= ASK_EVERY_S and (self.config.server or self.counters.bytes_in):
            link.write(wire.SEND)
            self._asked = now

    def _follow(self, sequence: int) -> None:
        """Ask for what the sequence shows as missing."""
        if not self._datagrams:
            return
        newest, self._newest = self._newest, sequence
        if newest is None:
            return
        ahead = (sequence - newest) & 0xFFFF
        if 1 < ahead <= MOST_MISSING:
            missing = [(newest + k) & 0xFFFF for k in range(1, ahead)]
            self.missing += len(missing)
            self.recovery.want(missing)
        elif ahead > 0xFFFF - MOST_MISSING or ahead == 0:
            self._newest = newest  # doubled or overtaken

    def _nothing_usable(self) -> ProtocolError | DeviceTimeout:
        url, wait_s = self.config.url, self.config.block_timeout_s
        others = self.channels.no_such_stream(url)
        if others is not None:
            return others
        if self.counters.frames:
            return DeviceTimeout(
                f"{url} received status but no samples for {wait_s:g} s: "
                "switch the digitiser's output taps on"
            )
        if self.counters.frames_dropped:
            return ProtocolError(f"{url} receives something that is no GCF block: check address and port")
        if self.config.server:
            return DeviceTimeout(
                f"{self.config.server} sent no block for {wait_s:g} s: check that the Scream server runs, "
                "its address, and that it may send to this computer"
            )
        return DeviceTimeout(
            f"nobody sends to {url}: check the Scream server, and set server if it has to be asked"
        )

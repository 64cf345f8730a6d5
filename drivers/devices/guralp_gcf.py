"""Güralp digitiser (DM24, CD24, Affinity, Minimus) that sends GCF blocks on a serial line.

Every block is answered as soon as its last byte is here, for the digitiser waits
150 ms: acknowledged when its sum holds, else asked for again, as are blocks that
the sequence shows as missing. Samples are proved by the block's own last value.

A block covers up to 1000 samples, and comes when it is full: choose an output
tap of 500 Hz or more (2 s at most between blocks); at 100 Hz it may be 10 s.

Not verified on a device: the framing and the answers, which are from the maker's
papers and client library; the length of the wait; the wording of the status
text, from which the clock's lock is read; the line speed as delivered. The
samples were verified on real files, framed by a twin.

References
----------
See `drivers.codecs.gcf_block`, `drivers.codecs.gcf_serial`, `drivers.codecs.gcf_status`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

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
from drivers.codecs import gcf_serial as wire
from drivers.codecs.counters import DecodeCounters
from drivers.devices.gcf_channels import GcfChannels, check_channels

RECOVER_S = 2.0
"""How long a missing block may take to come again; the digitiser goes back to it at once."""


@dataclass(frozen=True, slots=True)
class GuralpGcfConfig:
    """Where the digitiser is and what its streams are for.

    Parameters
    ----------
    url : serial port.
    channels : role ("chassis", "ground", "air") of each stream to use by its ID,
        as 6018N2; others are acknowledged and ignored.
    counts_per_m_s : counts per m/s of a channel, from the calibration sheets of
        sensor and digitiser; without it the channel's sensitivity is unknown.
    baudrate : line speed of the digitiser's DATA OUT port, Bd.
    answers : "recovery" acknowledges with six bytes and asks for missing blocks;
        "short" with two, for digitisers without the recovery protocol; "none"
        only listens, beside another that answers.
    full_scale_counts : a sample this large, either sign, is clipped.
    block_timeout_s : no block of a configured stream for so long means that the
        digitiser is silent, s; a tap of f Hz sends at least every 1000/f s.
    """

    url: str
    channels: Mapping[str, Role]
    counts_per_m_s: Mapping[str, float] = field(default_factory=dict)
    baudrate: int = 38400
    answers: Literal["recovery", "short", "none"] = "recovery"
    full_scale_counts: int = 8_388_607
    block_timeout_s: float = 11.0

    def __post_init__(self) -> None:
        check_channels(self.channels, self.counts_per_m_s, self.full_scale_counts)
        if self.baudrate <= 0 or self.block_timeout_s <= 0:
            raise ConfigError("baudrate and block_timeout_s must be above 0")


class GuralpGcf(Device[GuralpGcfConfig]):
    """Turns blocks into `WaveformBlock`; see `drivers.devices.joined_channels` for how channels join.

    Attributes
    ----------
    channels : what became of the blocks: ignored, late, clock lock.
    """

    Config: ClassVar[type] = GuralpGcfConfig
    # 10 s: a 100 Hz tap whose samples pack tightly. Faster taps are timed out sooner, in read().
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads=("waveform",), period_s=10.0, frozen_after_s=5.0
    )

    def __init__(self, config: GuralpGcfConfig, links: LinkOpener) -> None:
        super().__init__(config, links)
        # Without recovery a block is sent again at once or never.
        recover_s = 0.0 if config.answers == "short" else RECOVER_S
        self.channels = GcfChannels(
            config.channels, config.counts_per_m_s, config.full_scale_counts, recover_s
        )
        self._decoder = wire.GcfSerialDecoder()
        self._link: Link | None = None

    @property
    def counters(self) -> DecodeCounters:
        """What the decoder saw and dropped since the last `open`."""
        return self._decoder.counters

    def complaint(self) -> str:
        """Which configured streams are silent while others come, and what to do; else empty."""
        return self.channels.complaint(time.monotonic(), self.config.block_timeout_s)

    def open(self) -> None:
        """Open the port and wait for the first block of a configured stream.

        Raises
        ------
        DeviceOpenError : no such port, busy.
        DeviceTimeout : no byte comes.
        ProtocolError : something else comes, or none of the configured streams.
        """
        self.close()
        self._decoder = wire.GcfSerialDecoder(recover=self.config.answers == "recovery")
        self._link = self.links.open(self.config.url, baudrate=self.config.baudrate)
        self.channels.begin(time.monotonic())
        end = time.monotonic() + self.config.block_timeout_s
        try:
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
        """Answer and return the blocks that have become complete.

        Raises
        ------
        DeviceLost : the wire is gone.
        DeviceTimeout : no block of a configured stream for longer than one can take.
        """
        blocks = self.channels.ready(time.monotonic())
        if blocks:
            return blocks
        self._receive()
        now = time.monotonic()
        blocks = self.channels.ready(now)
        limit_s = self.channels.silence_limit_s(self.config.block_timeout_s)
        if not blocks and self.channels.silent_for(now) > limit_s:
            raise DeviceTimeout(
                f"{self.config.url} sent no block for {limit_s:.3g} s: check the digitiser's power and cable"
            )
        return blocks

    def close(self) -> None:
        """Close the port; the digitiser keeps what is not acknowledged, as far as its memory goes."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _receive(self) -> None:
        if self._link is None:
            raise DeviceLost(f"{self.config.url} is not open")
        frames = self._decoder.feed(self._link.read())
        if self.config.answers != "none":
            for frame in frames:  # before anything else is done with them: the digitiser waits
                self._link.write(wire.encode_answer(frame.answer, short=self.config.answers == "short"))
        now = time.monotonic()
        for frame in frames:
            if frame.content is not None:
                self.channels.take(frame.content, now)

    def _nothing_usable(self) -> ProtocolError | DeviceTimeout:
        others = self.channels.no_such_stream(self.config.url)
        if others is not None:
            return others
        wait_s = self.config.block_timeout_s
        if self.counters.frames:
            return DeviceTimeout(
                f"{self.config.url} sent status but no samples for {wait_s:g} s: "
                "switch the digitiser's output taps on"
            )
        if self.counters.bytes_in:
            return ProtocolError(
                f"{self.config.url} sends something that is no GCF block: check the port and "
                f"the digitiser's line speed ({self.config.baudrate} Bd expected)"
            )
        return DeviceTimeout(
            f"{self.config.url} sent nothing for {wait_s:g} s: check the digitiser's power and cable"
        )

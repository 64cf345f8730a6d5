"""FLIR Lepton thermal camera core behind a bridge that forwards its SPI packets over a serial line or TCP.

The bridge is an assumption of ours: a microcontroller that reads the Lepton's
VoSPI port and sends on every packet of 164 bytes as it is, in order, without a
frame of its own; it may leave out discard packets and void segments. What is
set in the camera (telemetry, TLinear) was set by the bridge or at the factory
and has to be named in the configuration; it is checked against what comes.

A Lepton sends each new image several times (Lepton 2) or void segments between
(Lepton 3): repeats are not passed on, unless there are more of them than there
can be, which means that the image is frozen.

References
----------
FLIR Lepton engineering datasheet 500-0659-00-09 rev. 203.

Not verified on a device: that a Lepton 2 leaves the segment bits of its packets
0; the order of the two words of 32-bit values in telemetry (high word first);
the bridge. A Lepton 3 at 115200 Bd sends an image in 3.4 s: it needs TCP, USB or
more than 1.6 MBd for 4 images a second.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from drivers.api import (
    Capabilities,
    ConfigError,
    Device,
    DeviceLost,
    DeviceTimeout,
    Flag,
    Frame,
    Identity,
    Link,
    LinkOpener,
    ProtocolError,
    Reading,
)
from drivers.codecs import lepton_vospi as wire
from drivers.codecs.counters import DecodeCounters

ZERO_C_KELVIN = 273.15
RAW_BITS = 14
FIRST_FRAME_S = 1.5
SETTLE_S = 0.15  # a Lepton 3's images and void segments come round in 113 ms
MOST_REPEATS = 2  # of an image at 27 per second, 9 of them new
LOWEST_KELVIN = 200.0
"""Half of an image is never colder: such pixels are no temperatures."""


@dataclass(frozen=True, slots=True)
class FlirLeptonConfig:
    """Where the bridge is, and how the camera is set.

    Parameters
    ----------
    url : serial port, ``socket://host:port`` or ``rfc2217://``.
    model : "lepton2" (80 x 60) or "lepton3" (160 x 120).
    telemetry : where telemetry lines stand: "none", "header" or "footer".
    tlinear_kelvin : step of a pixel in K where TLinear is on (0.01 or 0.1; Lepton
        2.5 and 3.5), 0 where pixels are raw counts.
    baudrate : line speed of a serial bridge, Bd; without meaning elsewhere.
    """

    url: str
    model: wire.Model = wire.Model.LEPTON3
    telemetry: wire.TelemetryPlace = wire.TelemetryPlace.NONE
    tlinear_kelvin: float = 0.01
    baudrate: int = 921600

    def __post_init__(self) -> None:
        if self.tlinear_kelvin not in (0.0, 0.01, 0.1):
            raise ConfigError(
                f"tlinear_kelvin = {self.tlinear_kelvin:g}: choose 0.01 or 0.1, or 0 for raw counts"
            )
        if self.baudrate <= 0:
            raise ConfigError(f"baudrate = {self.baudrate} is no line speed")


class FlirLepton(Device[FlirLeptonConfig]):
    """Turns packets into `Frame`: uint16, in °C where TLinear is on, else raw counts without a unit.

    ``ambient_c`` is the sensor's own temperature, where telemetry tells it. A raw
    pixel at an end of its 14 bits, or a TLinear pixel at an end of its 16, sets
    `Flag.SATURATED`.
    """

    Config: ClassVar[type] = FlirLeptonConfig
    capabilities: ClassVar[Capabilities] = Capabilities(reads=("frame",), period_s=0.5, frozen_after_s=5.0)

    def __init__(self, config: FlirLeptonConfig, links: LinkOpener) -> None:
        super().__init__(config, links)
        self._decoder = self._new_decoder()
        self._link: Link | None = None
        self._pending: deque[wire.LeptonFrame] = deque()
        self._gap = False
        self._dropped = 0
        self._last: npt.NDArray[np.uint16] | None = None
        self._repeats = 0
        self._complaint = ""

    @property
    def counters(self) -> DecodeCounters:
        """What the decoder saw and dropped since the last `open`."""
        return self._decoder.counters

    def open(self) -> None:
        """Open the line and wait for an image.

        Raises
        ------
        DeviceOpenError : no such port, busy, refused.
        DeviceTimeout : no byte comes.
        ProtocolError : something else comes, or the camera is set otherwise.
        """
        self.close()
        self._gap = self._gap or self.counters.frames > 0
        self._decoder = self._new_decoder()
        self._pending.clear()
        self._last, self._repeats, self._complaint = None, 0, ""
        self._link = self.links.open(self.config.url, baudrate=self.config.baudrate)
        try:
            self._wait_for_frame()
        except Exception:
            self.close()
            raise
        self._dropped = self._pending[0].drops  # opened in the middle of an image: no loss

    def identify(self) -> Identity:
        """Return the model; its serial number is on another bus (CCI), which the bridge does not forward."""
        name = "Lepton 2" if self.config.model is wire.Model.LEPTON2 else "Lepton 3"
        return Identity("Teledyne FLIR", name)

    def read(self) -> Sequence[Reading]:
        """Return images that have arrived and are new.

        Raises
        ------
        DeviceLost : the wire is gone.
        ProtocolError : the camera is set otherwise than configured.
        """
        if not self._pending:
            self._receive()
        frames = []
        while self._pending:
            image = self._pending.popleft()
            if self._is_new(image.counts):
                frames.append(self._frame(image))
        return frames

    def complaint(self) -> str:
        """What telemetry says is wrong with the camera, and what to do; else empty."""
        return self._complaint

    def close(self) -> None:
        """Close the line; the bridge goes on."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _new_decoder(self) -> wire.LeptonVospiDecoder:
        return wire.LeptonVospiDecoder(
            wire.Model(self.config.model), wire.TelemetryPlace(self.config.telemetry)
        )

    def _receive(self) -> None:
        if self._link is None:
            raise DeviceLost(f"{self.config.url} is not open")
        self._pending += self._decoder.feed(self._link.read())
        dropped = self.counters.dropped
        if "model" in dropped:
            raise ProtocolError(f'{self.config.url} sends the segments of a Lepton 3: set model = "lepton3"')
        if "telemetry" in dropped:
            raise ProtocolError(
                f"{self.config.url} sends more packets than an image has: "
                'set telemetry = "header" or "footer", as in the camera'
            )

    def _wait_for_frame(self) -> None:
        began = time.monotonic()
        while not self._pending or time.monotonic() < began + SETTLE_S:
            if time.monotonic() >= began + FIRST_FRAME_S:
                raise self._no_frame()
            self._receive()
        self._checked(self._pending[0])

    def _no_frame(self) -> ProtocolError | DeviceTimeout:
        url = self.config.url
        if self._decoder.segments_void > SETTLE_S * 100:
            return ProtocolError(
                f'{url} sends segments without a number only: set model = "lepton2", or restart the camera'
            )
        if "segment" in self.counters.dropped:
            return ProtocolError(
                f"{url} sends packets that make no whole image: check model and telemetry in the "
                f"configuration, and that the line carries them ({self.config.baudrate} Bd)"
            )
        if self.counters.bytes_in:
            return ProtocolError(
                f"{url} sends something that is no VoSPI packet: check the port and the bridge's line speed "
                f"({self.config.baudrate} Bd expected)"
            )
        return DeviceTimeout(
            f"{url} sent nothing for {FIRST_FRAME_S:g} s: check the bridge's power and cable"
        )

    def _checked(self, image: wire.LeptonFrame) -> wire.LeptonTelemetry | None:
        """Return what telemetry says; refuse a camera that is set otherwise than configured."""
        url, tlinear = self.config.url, self.config.tlinear_kelvin
        if not tlinear and int(image.counts.max()) >> RAW_BITS:
            raise ProtocolError(
                f"{url} sends pixels of more than {RAW_BITS} bits, they are temperatures: set tlinear_kelvin"
            )
        if tlinear and float(np.median(image.counts)) * tlinear < LOWEST_KELVIN:
            raise ProtocolError(
                f"{url} sends pixels that would be below {LOWEST_KELVIN:g} K: "
                "set tlinear_kelvin as in the camera, 0 when its TLinear is off"
            )
        if image.telemetry is None:
            return None
        told = wire.telemetry_of(image.telemetry)
        if told is None:
            raise ProtocolError(
                f"{url} sends no telemetry where it should stand: set telemetry as in the camera"
            )
        if told.tlinear != bool(tlinear) or (tlinear and told.tlinear_kelvin != tlinear):
            says = f"{told.tlinear_kelvin:g}" if told.tlinear else "0"
            raise ProtocolError(f"{url} says that its pixels are otherwise: set tlinear_kelvin = {says}")
        return told

    def _is_new(self, counts: npt.NDArray[np.uint16]) -> bool:
        if self._last is not None and np.array_equal(counts, self._last):
            self._repeats += 1
            if self._repeats <= MOST_REPEATS:
                return False
        self._repeats = 0
        self._last = counts
        return True

    def _frame(self, image: wire.LeptonFrame) -> Frame:
        told = self._checked(image)
        flags = Flag.NONE
        if image.drops != self._dropped or self._gap:
            flags |= Flag.GAP_BEFORE
        self._dropped, self._gap = image.drops, False
        tlinear = self.config.tlinear_kelvin
        top = np.iinfo(np.uint16).max if tlinear else (1 << RAW_BITS) - 1
        if int(image.counts.max()) >= top or int(image.counts.min()) == 0:
            flags |= Flag.SATURATED
        ambient_c = None if told is None else told.fpa_kelvin - ZERO_C_KELVIN
        self._complaint = "" if told is None else _complaint(told)
        if not tlinear:
            return Frame(image.counts, unit="", ambient_c=ambient_c, flags=flags)
        return Frame(
            image.counts,
            unit="°C",
            scale=tlinear,
            offset=-ZERO_C_KELVIN,
            ambient_c=ambient_c,
            flags=flags,
        )


def _complaint(told: wire.LeptonTelemetry) -> str:
    if told.overheating:
        return "reports that it will shut itself off for heat: give it shade and air"
    if told.ffc_state == 0:
        return "reports that its image was never corrected since power-on: have it close its shutter (FFC)"
    return ""

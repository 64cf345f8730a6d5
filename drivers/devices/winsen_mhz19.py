"""Winsen MH-Z19B and MH-Z19C carbon dioxide sensors on their UART.

Its self-calibration (ABC) takes the lowest value of a day for fresh air, which in a
closed load space rebases the sensor silently: it is switched off, and read back
every minute. The command that reads it back is in no manual; a sensor that does
not know it is refused unless ``accept_unread_self_calibration`` says otherwise, and
then self-calibration is switched off again every ten minutes. No command that calibrates
(87 zero, 88 span) is ever sent.

References
----------
Winsen MH-Z19B user's manual v1.0, MH-Z19C terminal manual: preheating 1 min, T90
below 120 s, 400 to 2000, 5000 or 10 000 ppm. That the value stands at exactly 400
or 410 ppm until preheating is over is known of both models.

Not verified on a device: commands 7D, 9B and A0 (from published programs); the
meaning of the status byte (read, not judged) and of the temperature byte (the
temperature of the sensor itself, not passed on); whether the setting of
self-calibration survives a power cut (hence the check); ``frozen_after_s``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from drivers.api import (
    Capabilities,
    Device,
    DeviceTimeout,
    Identity,
    Link,
    LinkOpener,
    ProtocolError,
    Quality,
    Quantity,
    Reading,
    Sample,
)
from drivers.codecs import winsen_mhz19 as wire
from drivers.devices.pace import LOWEST_AIR_PPM, Pace, SamplePace

ANSWER_LIMIT_S = 0.3
TRIES = 2
SELF_CALIBRATION_CHECK_S = 60.0
SWITCH_OFF_AGAIN_S = 600.0
STUCK_LIMIT_S = 180.0
"""Longest time that a preheating sensor keeps its first value; manuals say one minute."""

PREHEATING_PPM = (400, 410)
FALL_PPM = 100
"""From one value to exactly 400 or 410 air falls by less: the sensor takes seconds to follow."""


@dataclass(frozen=True, slots=True)
class Mhz19Config:
    """Where the sensor is.

    Parameters
    ----------
    url : its port, as for `LinkOpener.open`.
    poll_s : time between polls, s; a lost sensor is noticed within this + 1 s.
    range_ppm : measuring range; a sensor that says that it has another is set to it.
    accept_unread_self_calibration : use a sensor that cannot say whether its
        self-calibration is off.
    warm_up_s : time after opening until readings are trusted, s; 0 only for a
        sensor that is never switched off.
    """

    url: str
    poll_s: Annotated[float, Field(ge=0.1, le=1.0)] = 0.5
    range_ppm: Literal[2000, 5000, 10_000] = 5000
    accept_unread_self_calibration: bool = False
    warm_up_s: Annotated[float, Field(ge=0)] = 60.0


class WinsenMhz19(Device[Mhz19Config]):
    """Polls the value every ``poll_s``; returns a sample every 2 s, a bad one at once."""

    Config = Mhz19Config
    capabilities = Capabilities(
        reads=("sample",),
        quantities=(Quantity.CO2_PPM,),
        period_s=2.0,
        warm_up_s=60.0,
        response_t90_s=120.0,
        frozen_after_s=300.0,
        valid_range=(LOWEST_AIR_PPM, 10_000.0),
    )

    def __init__(self, config: Mhz19Config, links: LinkOpener) -> None:
        super().__init__(config, links)
        self._complaint = ""
        self._link: Link | None = None
        self._decoder = wire.WinsenDecoder()
        self._pace = Pace(config.poll_s)
        self._samples = SamplePace(self.capabilities.period_s, config.poll_s)
        self._check_due = 0.0
        self._can_say = True  # whether it knows the command that reads self-calibration back
        self._firmware = ""
        self._last_ppm: int | None = None
        self._stuck_since: float | None = None

    def open(self) -> None:
        self._link = self.links.open(self.config.url, baudrate=9600, parity="N", stopbits=1)
        try:
            self._decoder = wire.WinsenDecoder()
            self._ask(wire.READ_CO2)
            self._firmware = self._ask_firmware()
            self._set_range()
            self._switch_self_calibration_off()
        except BaseException:
            self.close()
            raise
        self._pace = Pace(self.config.poll_s)
        self._samples = SamplePace(self.capabilities.period_s, self.config.poll_s)
        self._last_ppm = self._stuck_since = None

    def identify(self) -> Identity:
        return Identity("Winsen", "MH-Z19", "", self._firmware)

    def read(self) -> Sequence[Reading]:
        if not self._pace.due():
            return ()
        if time.monotonic() >= self._check_due:
            self._check_self_calibration()
        high, low = self._ask(wire.READ_CO2)[:2]
        co2_ppm = high << 8 | low
        quality = self._quality(co2_ppm)
        if not self._samples.due() and quality is Quality.GOOD:
            return ()
        return (Sample(Quantity.CO2_PPM, float(co2_ppm), quality),)

    def complaint(self) -> str:
        return self._complaint

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _quality(self, co2_ppm: int) -> Quality:
        self._complaint = ""
        stuck_s = self._stuck_s(co2_ppm)
        if stuck_s > STUCK_LIMIT_S:
            self._complaint = (
                f"stands at {co2_ppm} ppm since it was started: let it see free air, "
                "cut its power and restore it, replace it if that fails"
            )
            return Quality.UNRELIABLE
        if stuck_s >= 0:
            return Quality.WARMING_UP
        if co2_ppm == 0:
            return Quality.INVALID
        return Quality.OVER_RANGE if co2_ppm >= self.config.range_ppm else Quality.GOOD

    def _stuck_s(self, co2_ppm: int) -> float:
        """How long the value has been one of a preheating sensor, s; negative when it is not."""
        last, self._last_ppm = self._last_ppm, co2_ppm
        if co2_ppm not in PREHEATING_PPM:
            self._stuck_since = None
        elif last is None or last - co2_ppm > FALL_PPM:
            # after opening, or after a fall that air does not make: its power was away
            self._stuck_since = time.monotonic()
        return -1.0 if self._stuck_since is None else time.monotonic() - self._stuck_since

    def _set_range(self) -> None:
        wanted, found = self.config.range_ppm, self._range_ppm()
        if found in (wanted, None):
            return
        self._wire.write(wire.range_request(wanted))
        found = self._range_ppm()
        if found != wanted:
            raise ProtocolError(f"its range stays at {found} ppm, not {wanted}: set range_ppm to {found}")

    def _range_ppm(self) -> int | None:
        try:
            return int.from_bytes(self._ask(wire.RANGE, tries=1)[2:4], "big")
        except DeviceTimeout:
            return None  # a firmware without this command

    def _ask_firmware(self) -> str:
        try:
            text = self._ask(wire.FIRMWARE, tries=1)[:4]
        except DeviceTimeout:
            return ""
        return text.decode("ascii") if text.isalnum() else ""

    def _switch_self_calibration_off(self) -> None:
        self._wire.write(wire.request(wire.SELF_CALIBRATION))
        self._can_say = True
        try:
            self._check_self_calibration()
        except DeviceTimeout:
            if not self.config.accept_unread_self_calibration:
                raise ProtocolError(
                    "it does not say whether its self-calibration is off, so it cannot be trusted in a "
                    "closed space: use another, or accept that with accept_unread_self_calibration = true"
                ) from None
            self._can_say = False
            self._check_due = time.monotonic() + SWITCH_OFF_AGAIN_S

    def _check_self_calibration(self) -> None:
        if not self._can_say:
            self._wire.write(wire.request(wire.SELF_CALIBRATION))
            self._check_due = time.monotonic() + SWITCH_OFF_AGAIN_S
            return
        if self._ask(wire.SELF_CALIBRATION_STATE)[5]:
            raise ProtocolError(
                "its self-calibration is on though it was switched off, so its values cannot be trusted in a "
                "closed space: cut its power and restore it, replace it if that fails"
            )
        self._check_due = time.monotonic() + SELF_CALIBRATION_CHECK_S

    def _ask(self, command: int, tries: int = TRIES) -> bytes:
        """Send a request and return the six bytes of its answer; again when none comes.

        Raises
        ------
        DeviceTimeout : no valid answer to any try.
        ProtocolError : another device's frames come.
        """
        dropped = self._decoder.counters.dropped
        before = dict(dropped)
        answer: bytes | None = None
        for _ in range(tries):
            look_alikes = dropped.get("look-alike", 0)
            answer = self._ask_once(command)
            if answer is not None and dropped.get("look-alike", 0) == look_alikes:
                return answer
        if dropped.get("look-alike", 0) > before.get("look-alike", 0):
            raise ProtocolError(
                "another device's frames (42 4D ...) arrive: check that an MH-Z19 is on this port, "
                "not a dust sensor or another Winsen module"
            )
        if dropped.get("garbage", 0) > before.get("garbage", 0):
            raise DeviceTimeout(
                "what arrives is no answer of an MH-Z19: check that the right device is on this port, "
                "its cable and the line speed"
            )
        raise DeviceTimeout("the sensor does not answer: check its cable and power")

    def _ask_once(self, command: int) -> bytes | None:
        self._wire.discard_input()  # a late answer to another question looks like this one's
        self._decoder.clear()
        self._wire.write(wire.request(command))
        end = time.monotonic() + ANSWER_LIMIT_S
        while time.monotonic() < end:
            for frame in self._decoder.feed(self._wire.read()):
                if frame.kind == command:
                    return frame.body
        return None

    @property
    def _wire(self) -> Link:
        if self._link is None:
            raise ProtocolError("the sensor is asked before it was opened")
        return self._link

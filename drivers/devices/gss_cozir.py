"""GSS CozIR and SprintIR carbon dioxide sensors, ASCII on their UART.

The sensor streams every measurement (CozIR two a second, SprintIR twenty). Before
that it is asked for the multiplier of its counts, which is never assumed, its
filter is set, and its self-calibration ("auto-zero") is switched off and read
back: it takes the lowest value of some days for fresh air, which in a closed load
space rebases the sensor silently, and power loss brings it back on some models.
It is asked again every minute; a sensor that keeps it on is not used.

References
----------
GSS Sensor User's Manual (CozIR, SprintIR, MISIR, MinIR), Rev. I; CozIR-A data
sheet Rev. 4.4: 2 readings/s, first reading after 1.2 s, T90 30 s at filter 32.

Not verified on a device: the answer to ``@``, and whether a change of it needs
mode 0 (both ways are tried); the form of the answer to ``Y`` (identity stays empty
where it differs); ``warm_up_s`` and ``frozen_after_s`` (assumptions); what the sensor
says above its range (``range_ppm`` is compared here); T 01000 with H 00000 as the sign
that no humidity sensor is fitted; the multiplier of other ranges than 20 %. Nothing
that it says tells a CozIR from a SprintIR.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

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
from drivers.codecs import gss_ascii as wire
from drivers.devices.pace import LOWEST_AIR_PPM

ANSWER_LIMIT_S = 0.4
"""Time for one answer, s; a sensor that measures answers some 10 ms later than at rest."""
TRIES = 2
AUTO_ZERO_CHECK_S = 60.0
MULTIPLIERS = (1, 10, 100)

_NOT_FITTED = (0.0, 0.0)  # temperature and humidity as the sensor writes them without such a sensor
_OFF = re.compile(
    r"0+(?:\.0*)?(?: 0+(?:\.0*)?)?"
)  # of the whole answer to @: 1.0 8.0 are the intervals in days


@dataclass(frozen=True, slots=True)
class CozirConfig:
    """Where the sensor is, and how it is set.

    Parameters
    ----------
    url : its port, as for `LinkOpener.open`.
    baudrate : line speed.
    digital_filter : its filter, 1 (none) to 255; more is smoother and slower.
    climate : read temperature and humidity too, where the sensor has them.
    range_ppm : the end of its measuring range, ppm, as on its label.
    warm_up_s : time after opening until readings are trusted, s; 0 only for a
        sensor that is never switched off.
    """

    url: str
    baudrate: Annotated[int, Field(ge=9600, le=115200)] = 9600
    digital_filter: Annotated[int, Field(ge=1, le=255)] = 32
    climate: bool = False
    range_ppm: Annotated[float, Field(gt=0, le=1_000_000)] = 10_000.0
    warm_up_s: Annotated[float, Field(ge=0)] = 10.0


@dataclass(frozen=True, slots=True)
class SprintirConfig(CozirConfig):
    """As `CozirConfig`, for the SprintIR of 20 %."""

    range_ppm: Annotated[float, Field(gt=0, le=1_000_000)] = 200_000.0
    warm_up_s: Annotated[float, Field(ge=0)] = 30.0


class GssCozir(Device[CozirConfig]):
    """Returns every filtered value that the sensor streams, in ppm."""

    Config = CozirConfig
    model = "CozIR"
    capabilities = Capabilities(
        reads=("sample",),
        quantities=(Quantity.CO2_PPM, Quantity.TEMPERATURE_C, Quantity.HUMIDITY_PCT),
        period_s=0.5,
        warm_up_s=10.0,
        response_t90_s=30.0,
        frozen_after_s=300.0,
        valid_range=(LOWEST_AIR_PPM, 1_000_000.0),
    )

    def __init__(self, config: CozirConfig, links: LinkOpener) -> None:
        super().__init__(config, links)
        self._link: Link | None = None
        self._decoder = wire.GssDecoder()
        self._multiplier = 0
        self._identity = Identity("Gas Sensing Solutions", self.model)
        self._complaint = ""
        self._check_due = self._answer_due = 0.0
        self._asked = 0

    def open(self) -> None:
        config = self.config
        self._link = self.links.open(config.url, baudrate=config.baudrate, parity="N", stopbits=1)
        try:
            self._decoder = wire.GssDecoder()
            self._set_mode(wire.Mode.POLL)
            self._multiplier = self._number(".")
            if self._multiplier not in MULTIPLIERS:
                raise ProtocolError(
                    f"its multiplier is {self._multiplier}, none of 1, 10 and 100, so its counts have no "
                    "unit: check that it is a CozIR or SprintIR"
                )
            self._set_filter()
            self._switch_auto_zero_off()
            self._set_mode(wire.Mode.COMMAND)
            self._identity = self._ask_identity()
            self._set_outputs()
            self._set_mode(wire.Mode.STREAM)
        except BaseException:
            self.close()
            raise
        self._check_due = time.monotonic() + AUTO_ZERO_CHECK_S
        self._asked = 0

    def identify(self) -> Identity:
        return self._identity

    def read(self) -> Sequence[Reading]:
        samples: list[Reading] = []
        for message in self._decoder.feed(self._wire.read()):
            if isinstance(message, wire.GssValues):
                samples += self._samples(message)
            elif message.letter == "@":
                self._judge_auto_zero(message.text)
        self._check_auto_zero()
        return samples

    def complaint(self) -> str:
        return self._complaint

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _samples(self, values: wire.GssValues) -> list[Reading]:
        if values.co2 is None:
            return []
        co2_ppm = float(values.co2 * self._multiplier)
        samples: list[Reading] = [Sample(Quantity.CO2_PPM, co2_ppm, self._quality(values.co2, co2_ppm))]
        if not self.config.climate or values.temperature_c is None or values.humidity_pct is None:
            return samples
        # one of them may be 0; both together stand for no sensor
        missing = (values.temperature_c, values.humidity_pct) == _NOT_FITTED
        self._complaint = (
            "has no temperature and humidity sensor, or a broken one: set climate = false or replace it"
            if missing
            else ""
        )
        quality = Quality.INVALID if missing else Quality.GOOD
        samples.append(Sample(Quantity.TEMPERATURE_C, values.temperature_c, quality))
        samples.append(Sample(Quantity.HUMIDITY_PCT, values.humidity_pct, quality))
        return samples

    def _quality(self, count: int, co2_ppm: float) -> Quality:
        if count == 0:
            return Quality.INVALID
        over = count >= wire.HIGHEST_COUNT or co2_ppm > self.config.range_ppm
        return Quality.OVER_RANGE if over else Quality.GOOD

    def _set_mode(self, mode: wire.Mode) -> None:
        if self._number(f"K {mode}") != mode:
            raise ProtocolError(
                f"it does not take operating mode {mode}: check that it is a CozIR or SprintIR"
            )

    def _set_filter(self) -> None:
        wanted = self.config.digital_filter
        if self._number("a") == wanted:
            return  # it is kept over power loss, in a memory that wears out by writing
        self._number(f"A {wanted}")
        found = self._number("a")
        if found != wanted:
            raise ProtocolError(
                f"its filter stays at {found}, not {wanted}: set digital_filter to what it takes"
            )

    def _set_outputs(self) -> None:
        mask = wire.Output.FILTERED | wire.Output.RAW
        if self.config.climate:
            mask |= wire.Output.TEMPERATURE | wire.Output.HUMIDITY
        if self._number(f"M {mask.value}") != mask:
            raise ProtocolError("it does not take its output fields: set climate = false, or replace it")

    def _switch_auto_zero_off(self) -> None:
        found = self._ask("@")
        for mode in (wire.Mode.POLL, wire.Mode.COMMAND):
            if _OFF.fullmatch(found):
                return
            self._set_mode(mode)
            self._ask("@ 0")
            found = self._ask("@")
        self._judge_auto_zero(found)

    def _check_auto_zero(self) -> None:
        now = time.monotonic()
        if now < (self._answer_due if self._asked else self._check_due):
            return
        if self._asked == TRIES:
            raise DeviceTimeout(
                "it streams but does not say whether its self-calibration is off: "
                "check the line to its receiver, cut its power and restore it"
            )
        self._wire.write(wire.encode_command("@"))
        self._asked += 1
        self._answer_due = now + ANSWER_LIMIT_S

    def _judge_auto_zero(self, text: str) -> None:
        if not _OFF.fullmatch(text):
            raise ProtocolError(
                f"its self-calibration is on ({text or 'no intervals'}) though it was switched off, so its "
                "values cannot be trusted in a closed space: cut its power and restore it, "
                "replace it if that fails"
            )
        self._asked = 0
        self._check_due = time.monotonic() + AUTO_ZERO_CHECK_S

    def _ask_identity(self) -> Identity:
        firmware = serial = ""
        self._send("Y")
        end = time.monotonic() + ANSWER_LIMIT_S
        while not (firmware and serial) and time.monotonic() < end:
            for message in self._decoder.feed(self._wire.read()):
                if not isinstance(message, wire.GssAnswer):
                    continue
                if message.letter == "Y":
                    firmware = message.text.rpartition(",")[2].strip()
                elif message.letter == "B":
                    serial = message.text
        return Identity("Gas Sensing Solutions", self.model, serial, firmware)

    def _number(self, command: str) -> int:
        text = self._ask(command)
        if not text.isdecimal():
            raise ProtocolError(f"it answers {command!r} with {text!r}: check that it is a CozIR or SprintIR")
        return int(text)

    def _ask(self, command: str) -> str:
        """Send a command and return its answer; once more when none comes."""
        refused = heard = False
        for _ in range(TRIES):
            self._send(command)
            end = time.monotonic() + ANSWER_LIMIT_S
            while time.monotonic() < end:
                data = self._wire.read()
                heard = heard or bool(data)
                for message in self._decoder.feed(data):
                    if isinstance(message, wire.GssAnswer):
                        if message.letter == command[0]:
                            return message.text
                        refused = refused or message.letter == "?"
        if refused:
            raise ProtocolError(f"it does not know the command {command!r}: check that it is the right model")
        if heard:
            raise DeviceTimeout(
                f"what arrives holds no answer to {command!r}: check that a CozIR or SprintIR is on this "
                "port, the line to its receiver and the line speed"
            )
        raise DeviceTimeout("the sensor does not answer: check its cable, power and line speed")

    def _send(self, command: str) -> None:
        self._wire.discard_input()  # a late answer to another question looks like this one's
        self._decoder.clear()
        self._wire.write(wire.encode_command(command))

    @property
    def _wire(self) -> Link:
        if self._link is None:
            raise ProtocolError("the sensor is asked before it was opened")
        return self._link


class GssSprintir(GssCozir):
    """The fast sensor: twenty values a second."""

    Config = SprintirConfig
    model = "SprintIR"
    capabilities = Capabilities(
        reads=("sample",),
        quantities=(Quantity.CO2_PPM, Quantity.TEMPERATURE_C, Quantity.HUMIDITY_PCT),
        period_s=0.05,
        warm_up_s=30.0,
        response_t90_s=3.0,
        frozen_after_s=300.0,
        valid_range=(LOWEST_AIR_PPM, 1_000_000.0),
    )

"""The driver: a plain blocking class that opens, identifies, reads and closes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from acme_air.codec import LineDecoder
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

ANSWER_LIMIT_S = 0.3
TRIES = 2
ABC_CHECK_S = 60.0
QUALITY = {b"OK": Quality.GOOD, b"WARM": Quality.WARMING_UP, b"FAIL": Quality.UNRELIABLE}


@dataclass(frozen=True, slots=True)
class AcmeAirConfig:
    """What a lane's ``[device.config]`` may hold.

    Parameters
    ----------
    url : serial port, ``socket://host:port`` or ``rfc2217://host:port``.
    poll_s : time between polls, s.
    """

    url: str
    poll_s: Annotated[float, Field(ge=0.1, le=1.0)] = 0.5


class AcmeAir(Device[AcmeAirConfig]):
    """Polls CO2 and temperature."""

    api_version: ClassVar[str] = "0.2"
    Config: ClassVar[type] = AcmeAirConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads=("sample",),
        quantities=(Quantity.CO2_PPM, Quantity.TEMPERATURE_C),
        period_s=1.0,
        warm_up_s=30.0,
        response_t90_s=45.0,
        frozen_after_s=120.0,
        valid_range=(50.0, 20_000.0),  # of the first quantity
    )

    def __init__(self, config: AcmeAirConfig, links: LinkOpener) -> None:
        super().__init__(config, links)
        self._link: Link | None = None
        self._decoder = LineDecoder()
        self._number = 0
        self._due = 0.0
        self._abc_due = 0.0
        self._complaint = ""
        self._who = b""

    def open(self) -> None:
        self.close()
        self._link = self.links.open(self.config.url, baudrate=9600)
        try:
            # who is it? before anything it says is trusted
            self._who = self._ask(b"ID", b"ACME AIR-2,")
            self._ask(b"ABC 0", b"ABC ")
            self._check_abc()
        except BaseException:
            self.close()  # a failed opening leaves nothing open
            raise

    def identify(self) -> Identity:
        model, serial, firmware = [*self._who.decode("ascii", "replace").split(","), "", ""][:3]
        return Identity("Acme", model.removeprefix("ACME "), serial, firmware)

    def read(self) -> Sequence[Reading]:
        wait = self._due - time.monotonic()
        if wait > 0:  # not yet: wait a little and let the runner look at other things
            time.sleep(min(wait, 0.1))
            return ()
        self._due = time.monotonic() + self.config.poll_s
        if time.monotonic() > self._abc_due:
            self._check_abc()
        # the number tells this answer from a late one to an earlier question
        self._number = (self._number + 1) % 100
        head = b"V %d," % self._number
        answer = self._ask(b"V %d" % self._number, head)
        try:
            ppm, celsius, status = answer.removeprefix(head).split(b",")
            values = float(ppm), float(celsius)
        except ValueError:
            raise ProtocolError(f"its answer {answer!r} has another form: check its firmware") from None
        quality = QUALITY.get(status, Quality.UNRELIABLE)
        self._complaint = "reports a failure: send it to service" if status == b"FAIL" else ""
        return (
            Sample(Quantity.CO2_PPM, values[0], quality),
            Sample(Quantity.TEMPERATURE_C, values[1], quality),
        )

    def complaint(self) -> str:
        return self._complaint

    def close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _check_abc(self) -> None:
        # it takes the week's lowest value for fresh air: in a closed load space that rebases it
        if self._ask(b"ABC ?", b"ABC ") != b"ABC 0":
            raise ProtocolError("its self-calibration stays on: cut its power and restore it, or replace it")
        self._abc_due = time.monotonic() + ABC_CHECK_S

    def _ask(self, command: bytes, head: bytes) -> bytes:
        """Send a command; return the line that answers it."""
        if self._link is None:
            raise ProtocolError("the probe is asked before it was opened: open it first")
        for _ in range(TRIES):  # garbage on the line may cost an answer, not the probe
            self._link.discard_input()  # stale bytes answer another question
            self._decoder = LineDecoder()
            self._link.write(command + b"\r")
            end = time.monotonic() + ANSWER_LIMIT_S
            while time.monotonic() < end:
                for line in self._decoder.feed(self._link.read()):
                    if line.startswith(head):
                        return line
        raise DeviceTimeout(f"no answer to {command.decode()}: check the probe's cable and power")

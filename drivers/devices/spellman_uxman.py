"""Spellman uX X-ray supply: its state, high voltage and tube current are read, nothing is ever commanded.

All that this driver sends are the requests in `drivers.codecs.spellman_uxman.READ_COMMANDS`.
Switching on, off, programming and clearing faults stay with the X-ray system's own
controls.

References
----------
Spellman, "uX Series Instruction Manual" (file name uXMAN), communication 118153-001
rev. B. Monitor scaling of the uX50P50 (50 kV, 2 mA) in two public programs: kV at the
scale of its set point, mA at 1.2 times the scale of its set point (``ma_monitor_span``).

Not verified on a supply: everything. Above all the order of the read-backs, the scaling
of other models, whether the set points that it reports hold while it is run from its
analog inputs (else give ``wanted_kv`` and ``wanted_ma``), its line speed, and the time
that it takes to answer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from drivers.api import (
    Capabilities,
    Device,
    DeviceLost,
    DeviceTimeout,
    GeneratorState,
    Identity,
    Link,
    LinkOpener,
    ProtocolError,
    Reading,
)
from drivers.codecs import spellman_uxman as wire
from drivers.codecs.counters import DecodeCounters
from drivers.devices.generator_judge import GeneratorJudge
from drivers.devices.pace import Pace

ANSWER_LIMIT_S = 0.3
TRIES = 2
SET_POINTS_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class UxmanConfig:
    """Where the supply is and what its numbers mean.

    Parameters
    ----------
    url : serial port, or ``socket://host:port`` (the supply's own is 50001).
    framing : "checksum" on a serial line, also behind a port server; "plain" at the
        supply's own TCP port.
    rated_kv, rated_ma : full scale of its set points, from its plate or manual.
    ma_monitor_span : full scale of its mA monitor, in ``rated_ma``.
    wanted_kv, wanted_ma : the lane's operating point; None takes the set points that the
        supply reports.
    baudrate : line speed, Bd; no matter for TCP.
    poll_s : time between polls, s.
    """

    url: str
    framing: wire.Framing
    rated_kv: Annotated[float, Field(gt=0)]
    rated_ma: Annotated[float, Field(gt=0)]
    ma_monitor_span: Annotated[float, Field(gt=0)] = 1.2
    wanted_kv: Annotated[float, Field(gt=0)] | None = None
    wanted_ma: Annotated[float, Field(gt=0)] | None = None
    baudrate: int = 115200
    poll_s: Annotated[float, Field(ge=0.1, le=0.5)] = 0.4


class SpellmanUxman(Device[UxmanConfig]):
    """Polls status and monitors every ``poll_s`` and returns a `GeneratorState`.

    Its state is judged by `GeneratorJudge`; a monitor that cannot be read is NaN.
    """

    Config: ClassVar[type] = UxmanConfig
    capabilities: ClassVar[Capabilities] = Capabilities(reads=("generator_state",), period_s=0.5)

    def __init__(self, config: UxmanConfig, links: LinkOpener) -> None:
        super().__init__(config, links)
        self._link: Link | None = None
        self._decoder = wire.UxmanDecoder(config.framing)
        self._pace = Pace(config.poll_s)
        self._set_points = (math.nan, math.nan)
        self._set_points_due = 0.0
        self._judge = GeneratorJudge(config.rated_kv, time.monotonic())

    @property
    def counters(self) -> DecodeCounters:
        """What the decoder saw and dropped since the last `open`."""
        return self._decoder.counters

    def open(self) -> None:
        """Open the wire and make sure that a uX supply is there.

        Raises
        ------
        DeviceOpenError : no such port, busy, refused.
        DeviceTimeout : nobody answers.
        ProtocolError : a supply of another family answers.
        """
        self.close()
        self._decoder = wire.UxmanDecoder(self.config.framing)
        self._link = self.links.open(self.config.url, baudrate=self.config.baudrate, parity="N", stopbits=1)
        try:
            self._status()
            self._set_points_due = 0.0
            self._judge = GeneratorJudge(self.config.rated_kv, time.monotonic())
            self._pace = Pace(self.config.poll_s)
        except Exception:
            self.close()
            raise

    def identify(self) -> Identity:
        """Ask for model number and versions."""
        model, software, hardware = (
            ", ".join(self._ask(command).values) for command in (wire.MODEL, wire.SOFTWARE, wire.HARDWARE)
        )
        return Identity("Spellman", f"uX {model}", firmware=f"{software}, hardware {hardware}")

    def read(self) -> Sequence[Reading]:
        """Return one state when the next poll was due.

        Raises
        ------
        DeviceLost : the wire is gone.
        DeviceTimeout : the supply does not answer.
        ProtocolError : it refuses a read request.
        """
        if not self._pace.due():
            return ()
        status = self._status()
        reply = wire.parse_readbacks(self._ask(wire.READBACKS))
        if time.monotonic() >= self._set_points_due:
            self._set_points = self._wanted()
            self._set_points_due = time.monotonic() + SET_POINTS_EVERY_S
        kv = ma = math.nan
        if reply is not None:
            kv = reply.kv_counts * self.config.rated_kv / wire.FULL_SCALE
            ma = reply.ma_counts * self.config.rated_ma * self.config.ma_monitor_span / wire.FULL_SCALE
        state = self._judge.judge(status, kv, ma, self._set_points, time.monotonic())
        return (GeneratorState(state, kv, ma),)

    def complaint(self) -> str:
        """Return the supply's fault, or what does not fit together in what it says."""
        return self._judge.complaint

    def close(self) -> None:
        """Close the wire; the supply goes on as it is."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _wanted(self) -> tuple[float, float]:
        kv, ma = self.config.wanted_kv, self.config.wanted_ma
        if kv is None:
            kv = self._set_point(wire.KV_SET_POINT) * self.config.rated_kv
        if ma is None:
            ma = self._set_point(wire.MA_SET_POINT) * self.config.rated_ma
        return kv, ma

    def _set_point(self, command: int) -> float:
        """Return a set point as a share of its full scale, NaN when the reply holds none."""
        values = self._ask(command).values
        count = wire.parse_count(values[0]) if len(values) == 1 else None
        return math.nan if count is None else count / wire.FULL_SCALE

    def _status(self) -> wire.Status:
        message = self._ask(wire.STATUS)
        status = wire.parse_status(message)
        if status is None:
            raise ProtocolError(
                f"its status is {', '.join(message.values)}, not the three flags of a uX supply, "
                "and other families mean other things by them: check that it is a uX"
            )
        return status

    def _ask(self, command: int) -> wire.Message:
        """Send a read request and return its reply. This is the only place that sends."""
        if self._link is None:
            raise DeviceLost(f"{self.config.url} is not open")
        dropped = self.counters.bytes_dropped
        for _ in range(TRIES):
            self._link.discard_input()
            self._link.write(wire.encode_request(command, self.config.framing))
            end = time.monotonic() + ANSWER_LIMIT_S
            while time.monotonic() < end:
                for message in self._decoder.feed(self._link.read()):
                    # Without values it is our own request, echoed by the line.
                    if message.command == command and message.values:
                        return self._checked(message)
        what = wire.READ_COMMANDS[command]
        if self.counters.bytes_dropped > dropped:
            other = "plain" if self.config.framing is wire.Framing.CHECKSUM else "checksum"
            raise DeviceTimeout(
                f"what it sends when asked for its {what} is no reply of a supply: "
                f'check its line speed, and whether framing has to be "{other}"'
            )
        raise DeviceTimeout(f"it does not answer when asked for its {what}: check its power and cable")

    def _checked(self, message: wire.Message) -> wire.Message:
        short = len(message.values) == 1 and message.command in (wire.STATUS, wire.READBACKS)
        if message.values[0] == "!" or short:
            raise ProtocolError(
                f"it refuses to tell its {wire.READ_COMMANDS[message.command]} "
                f"({', '.join(message.values)}): check that it is a uX supply"
            )
        return message

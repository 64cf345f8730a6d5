"""Far end of a uX X-ray supply's wire, which breaks when it is sent anything but a read request."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from drivers.codecs import spellman_uxman as wire
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin

MA_MONITOR_SPAN = 1.2


@dataclass(frozen=True, slots=True)
class Supply:
    """What the supply does at a moment.

    Parameters
    ----------
    high_voltage, interlock_open, fault : its three flags.
    kv, ma : what its monitors read.
    kv_set, ma_set : its set points.
    """

    high_voltage: bool = False
    interlock_open: bool = False
    fault: bool = False
    kv: float = 0.0
    ma: float = 0.0
    kv_set: float = 0.0
    ma_set: float = 0.0


SupplySource: TypeAlias = Callable[[], Supply]


class NotReadOnly(AssertionError):
    """An X-ray supply was sent something that is no read request."""


class SpellmanUxmanTwin(Twin):
    """A supply that answers read requests; anything else ends it, and `stop` raises `NotReadOnly`.

    Parameters
    ----------
    port : the wire's far end.
    source : tells what the supply does; asked when its status is, the other replies go with that.
    framing : whether messages carry a checksum.
    rated_kv, rated_ma : full scale of its set points.
    model : its model number.

    Attributes
    ----------
    received : every byte that the host sent.
    answer_after_s : time that it takes to answer.
    values : replies that differ from a uX supply's, by command.
    short_readbacks : whether a value is missing from the read-backs, as was seen
        after high voltage was enabled anew.
    echoes : whether the line returns what the host sends.
    damaged : how many of the next replies arrive damaged.
    """

    def __init__(
        self,
        port: WirePort,
        source: SupplySource,
        framing: wire.Framing,
        *,
        rated_kv: float = 50.0,
        rated_ma: float = 2.0,
        model: str = "X4817",
    ) -> None:
        super().__init__(port)
        self.source = source
        self.framing = framing
        self.rated_kv, self.rated_ma, self.model = rated_kv, rated_ma, model
        self.received = b""
        self.answer_after_s = 0.0
        self.values: dict[int, tuple[str, ...]] = {}
        self.short_readbacks = False
        self.echoes = False
        self.damaged = 0
        self._now = Supply()
        self._decoder = wire.UxmanDecoder(framing)

    def step(self, received: bytes) -> None:
        """Answer read requests; fail on everything else."""
        self.received += received
        messages = self._decoder.feed(received)
        if self._decoder.counters.bytes_dropped:
            raise NotReadOnly(f"bytes that are no read request: {self.received[-100:].hex(' ')}")
        if self.echoes and received:
            self.send(received)
        for command, values in messages:
            if values or command not in wire.READ_COMMANDS:
                raise NotReadOnly(f"command {command} with {values} is no read request")
            if self.answer_after_s:
                time.sleep(self.answer_after_s)
            reply = wire.encode_reply(
                command, self.values.get(command) or self._values(command), self.framing
            )
            if self.damaged:
                self.damaged -= 1
                reply = reply[:-2] + bytes([reply[-2] ^ 1]) + reply[-1:]
            self.send(reply)

    def _values(self, command: int) -> tuple[str, ...]:
        if command == wire.STATUS:
            self._now = self.source()
        now = self._now
        if command == wire.STATUS:
            return tuple(str(int(flag)) for flag in (now.high_voltage, now.interlock_open, now.fault))
        if command == wire.READBACKS:
            kv = _counts(now.kv / self.rated_kv)
            ma = _counts(now.ma / (MA_MONITOR_SPAN * self.rated_ma))
            readings = ("433", "2276", kv, ma, "228", "88", "334")
            return readings[:4] + readings[5:] if self.short_readbacks else readings
        if command == wire.KV_SET_POINT:
            return (_counts(now.kv_set / self.rated_kv),)
        if command == wire.MA_SET_POINT:
            return (_counts(now.ma_set / self.rated_ma),)
        return ({wire.SOFTWARE: "SWM0093-001", wire.HARDWARE: "A01", wire.MODEL: self.model}[command],)


def _counts(share: float) -> str:
    return str(min(max(round(share * wire.FULL_SCALE), 0), wire.FULL_SCALE))

"""A Modbus RTU slave as a twin: finds requests and answers from its registers, and only to its address."""

from __future__ import annotations

import struct
from abc import abstractmethod

from drivers.codecs.modbus_rtu import (
    Function,
    crc16,
    exception_answer,
    frame,
    identity_answer,
    registers_answer,
)
from drivers.codecs.senseair_ram import ram_answer
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


class ModbusSlave(Twin):
    """A Modbus RTU slave: finds requests on the wire and answers those to its addresses.

    ``echo`` makes the wire an RS-485 adapter that hears what it sends.
    ``requests`` counts the requests that were answered.
    """

    def __init__(self, port: WirePort, addresses: tuple[int, ...]) -> None:
        super().__init__(port)
        self.addresses = addresses
        self.echo = False
        self.requests = 0
        self._buffer = b""

    def step(self, received: bytes) -> None:
        if self.echo and received:
            self.send(received)
        self._buffer = (self._buffer + received)[-512:]
        while (found := self._request()) is not None:
            self._buffer = self._buffer[found[1] :]
            request = found[0]
            if request[0] in self.addresses:
                self.requests += 1
                self.send(self.answer(request[0], request[1], request[2:-2]))

    def answer(self, address: int, function: int, body: bytes) -> bytes:
        """Return the whole answer to one request."""
        if function in (Function.READ_HOLDING, Function.READ_INPUT):
            first, count = struct.unpack(">HH", body)
            if not 1 <= count <= 125:
                return exception_answer(address, function, ILLEGAL_VALUE)
            known = self.holding() if function == Function.READ_HOLDING else self.input()
            values = [known.get(register) for register in range(first, first + count)]
            if None in values:
                return exception_answer(address, function, ILLEGAL_ADDRESS)
            return registers_answer(address, function, tuple(value for value in values if value is not None))
        if function == Function.WRITE_ONE:
            register, value = struct.unpack(">HH", body)
            if not self.write(register, value):
                return exception_answer(address, function, ILLEGAL_ADDRESS)
            return frame(address, function, body)
        if function == Function.READ_RAM and self.ram():
            first, count = struct.unpack(">HB", body)
            known_bytes = self.ram()
            return ram_answer(address, bytes(known_bytes.get(first + n, 0) for n in range(count)))
        if function == Function.READ_IDENTITY and self.identity():
            level, first = body[1], body[2]
            objects = self.identity()
            if level == 4:
                objects = {first: objects[first]} if first in objects else {}
            else:
                objects = {number: text for number, text in objects.items() if first <= number <= 2}
            if not objects:
                return exception_answer(address, function, ILLEGAL_ADDRESS)
            return identity_answer(address, level, objects)
        return exception_answer(address, function, ILLEGAL_FUNCTION)

    @abstractmethod
    def holding(self) -> dict[int, int]:
        """Return the holding registers as they are now."""

    @abstractmethod
    def input(self) -> dict[int, int]:
        """Return the input registers as they are now."""

    @abstractmethod
    def write(self, register: int, value: int) -> bool:
        """Take a register's new value; tell whether there is such a register."""

    def identity(self) -> dict[int, bytes]:
        """Return the identification objects; empty when the function is unknown."""
        return {}

    def ram(self) -> dict[int, int]:
        """Return the bytes that Senseair's function 0x44 reads, by place; empty when it is unknown."""
        return {}

    def _request(self) -> tuple[bytes, int] | None:
        """Return the first whole request in the buffer and where it ends."""
        for start in range(len(self._buffer) - 3):
            function = self._buffer[start + 1]
            length = 7 if function in (Function.READ_IDENTITY, Function.READ_RAM) else 8
            candidate = self._buffer[start : start + length]
            if len(candidate) == length and crc16(candidate[:-2]) == candidate[-2:]:
                return candidate, start + length
        return None


class ProbeLine(Twin):
    """Several probes on one RS-485 pair, each answering to its own address.

    Parameters
    ----------
    port : the pair.
    probes : made with the same port and not started; ``silence`` takes one's power
        away and ``speak`` gives it back.

    ``echo`` makes the wire an RS-485 adapter that hears what it sends.
    """

    def __init__(self, port: WirePort, *probes: ModbusSlave) -> None:
        super().__init__(port)
        self.probes = probes
        self.echo = False

    def step(self, received: bytes) -> None:
        if self.echo and received:
            self.send(received)
        for probe in self.probes:
            probe.step(received)

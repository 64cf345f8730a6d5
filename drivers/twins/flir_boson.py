"""Far end of the Boson's control line: a camera core that answers questions about itself."""

from __future__ import annotations

from collections.abc import Callable

from drivers.codecs import boson_fslp as wire
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin


class FlirBosonTwin(Twin):
    """A camera whose temperature comes from the caller.

    Parameters
    ----------
    port : the wire's far end.
    temperature_c : gives the sensor's temperature whenever it is asked for, °C; rounded to 0.1.
    serial : camera serial number.
    part : camera part number, at most 20 characters.
    revision : major, minor and patch of its software.
    echo : send back what the host sent, as some half-duplex adapters do.

    Attributes
    ----------
    ffc_status : 0 never corrected, 1 imminent, 2 running, 3 complete.
    over_temperature : whether it has been too hot.
    refusals : result codes by function; such a question is refused.
    asked : functions asked for, in order.
    """

    def __init__(
        self,
        port: WirePort,
        temperature_c: Callable[[], float],
        *,
        serial: int = 93588,
        part: str = "20640A050-6IAAX",
        revision: tuple[int, int, int] = (2, 0, 14583),
        echo: bool = False,
    ) -> None:
        super().__init__(port)
        self.ffc_status = wire.FFC_COMPLETE
        self.over_temperature = False
        self.refusals: dict[int, int] = {}
        self.asked: list[int] = []
        self._temperature_c = temperature_c
        self._serial = serial
        self._part = part
        self._revision = revision
        self._echo = echo
        self._decoder = wire.FslpDecoder()

    def step(self, received: bytes) -> None:
        """Answer what was asked."""
        if self._echo and received:
            self.send(received)
        for question in self._decoder.feed(received):
            if question.status == wire.ASKING:
                self.asked.append(question.function)
                status = self.refusals.get(question.function, wire.SUCCESS)
                data = self._data(question.function) if status == wire.SUCCESS else b""
                if data is None:
                    status, data = wire.BAD_COMMAND, b""
                answer = wire.FslpFrame(question.function, question.sequence, status, data, question.channel)
                self.send(wire.encode(answer))

    def _data(self, function: int) -> bytes | None:
        if function == wire.CAMERA_SERIAL:
            return self._serial.to_bytes(4, "big")
        if function == wire.CAMERA_PART:
            return self._part.encode("ascii")[:20].ljust(20, b"\0")
        if function == wire.SOFTWARE_REVISION:
            return b"".join(number.to_bytes(4, "big") for number in self._revision)
        if function == wire.FPA_TEMPERATURE:
            return round(self._temperature_c() * 10).to_bytes(2, "big", signed=True)
        if function == wire.FFC_STATUS:
            return self.ffc_status.to_bytes(4, "big")
        if function == wire.OVER_TEMPERATURE:
            return self.over_temperature.to_bytes(2, "big")
        return None

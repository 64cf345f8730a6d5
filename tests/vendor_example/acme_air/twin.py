"""The probe at the far end of a wire, for tests without hardware.

It builds its lines itself instead of with the driver's codec: one mistake must not hide the other.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.conformance import Twin, WirePort


class AcmeAirTwin(Twin):
    """Answers commands.

    Parameters
    ----------
    port : its wire.
    co2_ppm, celsius : what it measures, asked at each poll.

    ``status`` and ``abc_hours`` can be set.
    """

    def __init__(self, port: WirePort, co2_ppm: Callable[[], float], celsius: Callable[[], float]) -> None:
        super().__init__(port)
        self.status = "OK"
        self.abc_hours = 180
        self._co2_ppm, self._celsius = co2_ppm, celsius
        self._heard = b""

    def step(self, received: bytes) -> None:
        """Answer the commands that are whole."""
        *commands, self._heard = (self._heard + received)[-200:].split(b"\r")
        for command in commands:
            answer = self._answer(command.decode("ascii", "replace"))
            if answer:
                total = 0
                for byte in answer.encode():
                    total ^= byte
                self.send(f"{answer}*{total:02X}\r\n".encode())

    def _answer(self, command: str) -> str:
        if command == "ID":
            return "ACME AIR-2,SN00417,1.08"
        if command == "ABC 0":
            self.abc_hours = 0
        if command in ("ABC 0", "ABC ?"):
            return f"ABC {self.abc_hours}"
        word, _, number = command.partition(" ")
        if word == "V" and number.isdigit():
            return f"V {number},{self._co2_ppm():.0f},{self._celsius():.1f},{self.status}"
        return ""

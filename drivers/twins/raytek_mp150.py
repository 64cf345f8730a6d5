"""Far end of the MP150's wire: a line scanner fed from any source of thermal lines."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from drivers.codecs import raytek_mp150 as wire
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin

LineSource: TypeAlias = Callable[[], npt.NDArray[Any] | None]
"""Returns the next lines, °C ``(n_lines, n_pixels)``; None when there are none left."""

SHOWN_BY_ETB = 0xC0000057  # errors that turn every ACK into ETB
_MOST_LATE_S = 0.5  # a scanner that fell further behind goes on from now
_LINES_A_STEP = 64


class RaytekMp150Twin(Twin):
    """A scanner that obeys commands, answers questions and streams lines between STX and ESC.

    Parameters
    ----------
    port : the wire's far end.
    next_lines : source of lines.
    low_c, high_c : its range, °C.
    pace : device seconds per second of host time.

    Attributes
    ----------
    finished : set when the source has ended.
    commands : texts of the commands and questions received, in order.
    settings : value of each setting by its code, as after power-on; "SB0" and "ST0" are
        the ends of the range.
    errors : its error status, see `wire.ERRORS`.
    housing_c : temperature of the housing, °C.
    counter_order : byte order of line counter and error bits.
    counts : whether lines are counted at all.
    refuses : commands that are answered NAK.
    lose : how many of the next lines are made and not sent.
    lines_after_esc : lines that still come after ESC.
    echoes : whether the line returns what the host sends.
    """

    def __init__(
        self,
        port: WirePort,
        next_lines: LineSource,
        *,
        low_c: int = 0,
        high_c: int = 100,
        pace: float = 1.0,
    ) -> None:
        super().__init__(port, pace_s=min(0.01, 0.01 / pace))
        self.finished = threading.Event()
        self.commands: list[str] = []
        self.settings = {
            "DM": "B", "PM": "3", "LM": "1", "FQ": "50", "RM": "H", "AV": "0", "ZM": "00", "LC": "1",
            "SB0": str(low_c), "ST0": str(high_c), "ID": "ID-RAY-M150-000-TEST0-", "VM": "3.48",
        }  # fmt: skip
        self.errors = 0
        self.housing_c = 31
        self.counter_order = wire.Order.LOW_FIRST
        self.counts = True
        self.refuses: set[str] = set()
        self.lose = 0
        self.lines_after_esc = 2
        self.echoes = False
        self._next_lines = next_lines
        self._pace = pace
        self._decoder = wire.Mp150ControlDecoder()
        self._waiting: deque[npt.NDArray[Any]] = deque()
        self._counter = 65530  # wraps soon
        self._streaming = False
        self._due = 0.0

    @property
    def layout(self) -> wire.LineLayout:
        """How it builds lines now."""
        n_pixels = wire.PIXELS_BY_MODE[int(self.settings["PM"])]
        return wire.LineLayout(
            n_pixels, wire.DataMode(self.settings["DM"]), wire.LineMode(self.settings["LM"])
        )

    def step(self, received: bytes) -> None:
        """Obey, answer, and send the lines that are due."""
        if self.echoes and received:
            self.send(received)
        for message in self._decoder.feed(received):
            if message is wire.Sign.STX:
                self._waiting.clear()  # a stream begins with a new picture of the source
                self._streaming, self._due = True, time.monotonic()
                self.send(wire.SYN)
            elif message is wire.Sign.ESC:
                if self._streaming:
                    self._send_lines(self.lines_after_esc)
                self._streaming = False
            elif isinstance(message, str):
                self._obey(message)
        if self._streaming:
            period_s = 1 / (float(self.settings["FQ"]) * self._pace)
            now = time.monotonic()
            self._due = max(self._due, now - _MOST_LATE_S)
            n_due = min(_LINES_A_STEP, int((now - self._due) / period_s) + 1) if now >= self._due else 0
            self._due += n_due * period_s
            self._send_lines(n_due)

    def _obey(self, text: str) -> None:
        self.commands.append(text)
        done = wire.Sign.ETB if self.errors & SHOWN_BY_ETB else wire.Sign.ACK
        if text in self.refuses:
            self.send(wire.Sign.NAK.value)
        elif text == "GES":
            self.send(done.value + wire.encode_text(f"ES{self.errors:X}"))
        elif text.startswith("G") and text[1:] in self.settings:
            code = text[1:]
            value = self.settings[code]
            answer = value if value.startswith(code) else code + value
            self.send(done.value + (wire.encode_text(answer) if done is wire.Sign.ACK else b""))
        elif setting := next((code for code in self.settings if text.startswith(code)), None):
            self.settings[setting] = text.removeprefix(setting)
            self.send(done.value)
        else:
            self.send(wire.Sign.NAK.value)

    def _send_lines(self, n_lines: int) -> None:
        sent = []
        for _ in range(n_lines):
            if not self._waiting:
                picture = self._next_lines()
                if picture is None:
                    self._streaming = False
                    self.finished.set()
                    break
                self._waiting.extend(picture)
            line = self._line(self._waiting.popleft())
            self._counter = self._counter + 1 & 0xFFFF
            if self.lose:
                self.lose -= 1
            else:
                sent.append(line)
        if sent:
            self.send(b"".join(sent))

    def _line(self, celsius: npt.NDArray[Any]) -> bytes:
        layout = self.layout
        if celsius.shape != (layout.n_pixels,) or not np.isfinite(celsius).all():
            raise ValueError(f"a line must be finite and have {layout.n_pixels} pixels, not {celsius.shape}")
        if layout.data is wire.DataMode.CELSIUS:
            pixels = np.rint(celsius).astype(np.int16).view(np.uint16)
        else:
            low_c, high_c = float(self.settings["SB0"]), float(self.settings["ST0"])
            dtype = np.uint8 if layout.data is wire.DataMode.BYTE else np.uint16
            top = int(np.iinfo(dtype).max)
            pixels = np.rint(np.clip((celsius - low_c) / (high_c - low_c), 0, 1) * top).astype(dtype)
        counter = (self._counter if self.counts else 0).to_bytes(2, self.counter_order.value)
        infos = counter + bytes(2) + (self.errors & 0xFFFF).to_bytes(2, self.counter_order.value)
        sectors = infos.ljust(wire.SECTOR_BYTES[layout.line], b"\0")[: wire.SECTOR_BYTES[layout.line]]
        return wire.encode_line(wire.Line(pixels, self.housing_c, sectors, 0), layout)

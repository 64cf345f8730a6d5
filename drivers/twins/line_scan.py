"""Far end of the line-scan stream: a detector array that plays passages."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from drivers.codecs import line_scan as wire
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin

_LINES_A_STEP = 512  # a step sends no more, so that unplugging is noticed
_LINES_A_WRITE = 32  # lines that are due together go out together


class LineScanTwin(Twin):
    """A detector that says HELLO on connecting and before each passage.

    Parameters
    ----------
    port : the wire's far end.
    hello : what the detector declares.
    line_rate_hz : lines sent per second; ``inf`` sends as fast as they are taken.
    epoch_ns : device time of the first line of the next passage; None = now.
    """

    def __init__(
        self,
        port: WirePort,
        hello: wire.LineHello,
        *,
        line_rate_hz: float = 1000.0,
        epoch_ns: int | None = None,
    ) -> None:
        super().__init__(port, pace_s=0.005)
        self.hello = hello
        self.line_rate_hz = line_rate_hz
        self._epoch_ns = epoch_ns
        self._connections = 0
        self._passages: deque[_Passage] = deque()
        self._now: _Passage | None = None

    def send_scan(
        self,
        scan: int,
        data: npt.NDArray[np.uint16],
        *,
        dark: npt.NDArray[np.uint16] | None = None,
        air: npt.NDArray[np.uint16] | None = None,
        after: npt.NDArray[np.uint16] | None = None,
        encoder: npt.NDArray[np.int64] | None = None,
        dose: npt.NDArray[np.uint16] | None = None,
        air_dose: npt.NDArray[np.uint16] | None = None,
        after_dose: npt.NDArray[np.uint16] | None = None,
        flags: npt.NDArray[np.uint16] | None = None,
        lose: frozenset[int] = frozenset(),
    ) -> threading.Event:
        """Play one passage: HELLO, dark lines, air lines, data lines, air lines after them, END.

        Parameters
        ----------
        scan : number of the passage.
        data, dark, air, after : uint16 ``(n_lines, n_pixels)``, or
            ``(n_energies, n_lines, n_pixels)``. The energies of one position
            are sent one after the other under one line number.
        encoder : int64 ``(n_data_lines,)``; the default counts up from 0. Dark
            and air lines stand at its first value.
        dose, air_dose, after_dose : uint16, one a line; the default is nominal.
        flags : uint16 ``(n_data_lines,)``, bits 1 beam off (dark lines always
            have it), 2 saturated, 4 overrun, 8 emergency stop.
        lose : numbers of lines, counted from 1 through dark, air, data and air, that
            the detector loses: END says how many.

        Returns
        -------
        threading.Event : set when END is on the wire.
        """
        parts = (
            (wire.DARK, dark, None),
            (wire.AIR, air, air_dose),
            (wire.DATA, data, dose),
            (wire.AIR, after, after_dose),
        )
        passage = _Passage(scan, parts, encoder, flags, lose)
        self._passages.append(passage)
        return passage.sent

    def step(self, received: bytes) -> None:  # noqa: ARG002 - the detector takes no command
        """Say HELLO to who connected; send the lines that are due."""
        if self.port.connections != self._connections:
            self._connections = self.port.connections
            self.send(wire.encode(self.hello))
        if self._now is None and self._passages:
            self._now = self._passages.popleft()
            began_ns = time.time_ns() if self._epoch_ns is None else self._epoch_ns
            self._now.begin(began_ns, self.line_rate_hz)
            self.send(wire.encode(self.hello))
        if self._now is not None and self._play(self._now):
            self._now = None

    def _play(self, passage: _Passage) -> bool:
        due: list[bytes] = []
        for _ in range(_LINES_A_STEP):
            if time.monotonic() < passage.due:
                break
            message = next(passage.messages, None)
            if message is None:
                self.send(b"".join(due))
                passage.sent.set()
                return True
            due.append(wire.encode(message))
            if len(due) == _LINES_A_WRITE:
                self.send(b"".join(due))
                due.clear()
        if due:
            self.send(b"".join(due))
        return False


class _Passage:
    """The lines of one passage in the order sent, and when the next is due."""

    def __init__(
        self,
        scan: int,
        parts: Sequence[tuple[int, npt.NDArray[np.uint16] | None, npt.NDArray[np.uint16] | None]],
        encoder: npt.NDArray[np.int64] | None,
        flags: npt.NDArray[np.uint16] | None,
        lose: frozenset[int],
    ) -> None:
        self.sent = threading.Event()
        self.due = 0.0
        self.messages: Iterator[wire.LineMessage] = iter(())
        self._scan = scan
        self._parts = [
            (kind, lines, np.full(lines.shape[-2], wire.NOMINAL_DOSE, np.uint16) if dose is None else dose)
            for kind, lines, dose in parts
            if lines is not None
        ]
        n_lines = next(lines.shape[-2] for kind, lines, _ in self._parts if kind == wire.DATA)
        self._encoder = np.arange(n_lines, dtype=np.int64) if encoder is None else encoder
        self._flags = np.zeros(n_lines, np.uint16) if flags is None else flags
        self._lose = lose
        if not len(self._encoder) == len(self._flags) == n_lines or any(
            len(dose) != lines.shape[-2] for _, lines, dose in self._parts
        ):
            raise ValueError(f"encoder, dose and flags need one value for each of {n_lines} data lines")

    def begin(self, began_ns: int, line_rate_hz: float) -> None:
        self.due = time.monotonic()
        self.messages = self._play(began_ns, 1.0 / line_rate_hz)

    def _play(self, began_ns: int, period_s: float) -> Iterator[wire.LineMessage]:
        sha256 = hashlib.sha256()
        sent = lost = number = 0
        for kind, images, dose in self._parts:
            stack = images if images.ndim == 3 else images[None]
            for k in range(stack.shape[1]):
                number += 1
                self.due += period_s
                at = k if kind == wire.DATA else 0
                flags = int(self._flags[k]) if kind == wire.DATA else 1 if kind == wire.DARK else 0
                for energy, image in enumerate(stack):
                    if number in self._lose:
                        lost += 1
                        continue
                    sent += 1
                    sha256.update(wire.pixel_bytes(image[k]))
                    yield wire.Line(
                        self._scan,
                        number,
                        int(self._encoder[at]) if len(self._encoder) else 0,
                        began_ns + round((number - 1) * period_s * 1e9),
                        kind,
                        energy,
                        int(dose[k]),
                        flags,
                        image[k],
                    )
        yield wire.LineEnd(self._scan, sent, lost, sha256.digest())

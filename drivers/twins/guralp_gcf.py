"""Far end of GCF on a serial line: a digitiser that sends blocks and waits for its answers."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Literal

from drivers.codecs import gcf_block, gcf_serial
from drivers.codecs.gcf_serial import Answer, AnswerKind
from drivers.twins.gcf_source import BlockSource, end_ns
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin

ANSWER_WAIT_S = 0.150


class GuralpGcfTwin(Twin):
    """A digitiser that sends block after block, each when the last was answered or given up.

    Parameters
    ----------
    port : the wire's far end.
    next_block : source of blocks of 1024 bytes; None ends the stream.
    pace : device seconds per second of host time; None sends as fast as the answers come.
    answers : form in which the host answers: six bytes with recovery, or two.
    on_silence : what the digitiser does when no answer comes in time: send the
        block "again", or go on with the "next" (it can still be asked for).
    narrow : cut differences of four bytes to three, where the samples have 24 bits.
    sum_of_head : the sum covers the frame's head too, as in the maker's library.
    answer_wait_s : how long it waits.
    memory : blocks that can be asked for again.
    first_sequence : of the first block.

    Attributes
    ----------
    finished : set when the source has ended and everything is answered or given up.
    answered_s : time from each frame's last byte to its answer, s.
    resent : frames sent again.
    nacks : answers that asked for a frame.
    silences : frames that were not answered in time.
    """

    def __init__(
        self,
        port: WirePort,
        next_block: BlockSource,
        *,
        pace: float | None = 1.0,
        answers: Literal["recovery", "short"] = "recovery",
        on_silence: Literal["again", "next"] = "again",
        narrow: bool = False,
        sum_of_head: bool = False,
        answer_wait_s: float = ANSWER_WAIT_S,
        memory: int = 64,
        first_sequence: int = 0,
    ) -> None:
        super().__init__(port, pace_s=0.01)
        self.finished = threading.Event()
        self.answered_s: list[float] = []
        self.resent = self.nacks = self.silences = 0
        self._next_block = next_block
        self._pace = pace
        self._short = answers == "short"
        self._again = on_silence == "again"
        self._narrow = narrow
        self._sum_of_head = sum_of_head
        self._answer_wait_s = answer_wait_s
        self._decoder = gcf_serial.GcfAnswerDecoder(self._short)
        self._held: deque[tuple[int, bytes]] = deque(maxlen=memory)  # sequence and frame
        self._back: deque[tuple[int, bytes]] = deque()  # frames to send again, before any new one
        self._sequence = first_sequence
        self._waiting: tuple[int, bytes] | None = None  # frame whose answer is due
        self._sent_at = 0.0
        self._next: bytes | None = None
        self._ended = False
        self._began: tuple[float, int] | None = None  # host time and device time of the first block

    def step(self, received: bytes) -> None:
        """Take answers; send what is due."""
        for answer in self._decoder.feed(received):
            self._take(answer)
        now = time.monotonic()
        if self._waiting is not None:
            if now - self._sent_at < self._answer_wait_s:
                return
            self.silences += 1
            waiting, self._waiting = self._waiting, None
            if self._again:
                self._back.appendleft(waiting)
        if self._back:
            self.resent += 1
            self._send(self._back.popleft())
        elif (frame := self._due(now)) is not None:
            self._held.append(frame)
            self._send(frame)

    def _take(self, answer: Answer) -> None:
        if self._waiting is None:
            return
        sequence, frame = self._waiting
        stream = int.from_bytes(frame[8:12], "big")
        if answer.stream != (stream & 0xFF if self._short else stream):
            return  # an answer to another block counts for nothing
        self.answered_s.append(time.monotonic() - self._sent_at)
        waiting, self._waiting = self._waiting, None
        if answer.kind is AnswerKind.ACK:
            return
        self.nacks += 1
        wanted = sequence if self._short else answer.wanted
        held = list(self._held)
        at = next((k for k in range(len(held) - 1, -1, -1) if held[k][0] == wanted), None)
        # What it does not hold any more it cannot give: the newest goes out again.
        self._back = deque([waiting] if at is None else held[at:])

    def _due(self, now: float) -> tuple[int, bytes] | None:
        if self._next is None and not self._ended:
            self._next = self._next_block()
            self._ended = self._next is None
        if self._next is None:
            self.finished.set()
            return None
        if self._pace is not None:
            ends_ns = end_ns(self._next)
            if self._began is None:
                self._began = now, ends_ns
            if now < self._began[0] + (ends_ns - self._began[1]) / 1e9 / self._pace:
                return None
        block, self._next = self._next, None
        sequence, self._sequence = self._sequence, (self._sequence + 1) & 0xFF
        block = gcf_block.cut(block, self._narrow)
        return sequence, gcf_serial.encode(block, sequence, sum_of_head=self._sum_of_head)

    def _send(self, frame: tuple[int, bytes]) -> None:
        self.send(frame[1])
        self._waiting = frame
        self._sent_at = time.monotonic()

"""Asks one Modbus RTU probe over an open link and waits for its answer."""

from __future__ import annotations

import time

from drivers.api import DeviceTimeout, Link, ProtocolError
from drivers.codecs.modbus_rtu import EXCEPTIONS, Answer, AnswerParser

ANSWER_LIMIT_S = 0.3
"""Time for one answer, s. A link's read may add 0.2 s, and a request is sent twice:
with a poll every 0.25 s a silent probe is noticed after 1.05 s at the latest."""

TRIES = 2

QUIET_S = 0.3
"""After a second try two answers may be under way: the line is heard until it has been quiet for so long."""

HEAR_OUT_LIMIT_S = 0.6
"""... but no longer than this: a line that never is quiet may be shared."""


class ModbusLine:
    """One probe on its own line or on one that it shares; each try is a turn of its own.

    Parameters
    ----------
    link : the open wire.
    address : the probe's Modbus address.
    """

    def __init__(self, link: Link, address: int) -> None:
        self._link = link
        self._address = address
        self.parser = AnswerParser()

    def ask(self, request: bytes) -> Answer:
        """Send a request and return its answer; once more when none comes.

        Raises
        ------
        DeviceTimeout : no valid answer to either try.
        ProtocolError : the probe answers with an exception.
        DeviceLost : the wire is gone.
        """
        before = self.parser.counters.dropped.copy()
        for number in range(TRIES):
            with self._link.turn():  # a silent probe costs the others one try, not all of them
                answer = self._try(request)
                if answer is not None and number:
                    self._hear_out()
            if answer is not None:
                return self._checked(answer)
        seen = {why for why, count in self.parser.counters.dropped.items() if count > before.get(why, 0)}
        if "crc" in seen or seen == {"cut"}:
            raise DeviceTimeout(
                f"answers of the probe at address {self._address} arrive damaged: "
                "check its cable, the line's termination and the line speed"
            )
        if "garbage" in seen:
            raise DeviceTimeout(
                f"what arrives is no answer of a probe at address {self._address}: "
                "check that the right device is on this port, its address and the line speed"
            )
        raise DeviceTimeout(
            f"the probe at address {self._address} does not answer: check its cable, power and address"
        )

    def _try(self, request: bytes) -> Answer | None:
        self._link.discard_input()  # a late answer to another question looks like this one's
        self.parser.expect(request)
        self._link.write(request)
        end = time.monotonic() + ANSWER_LIMIT_S
        while True:
            answers = self.parser.feed(self._link.read())
            if answers:
                return answers[0]
            if time.monotonic() >= end:
                self.parser.forget()
                return None

    def _hear_out(self) -> None:
        """Let the other try's answer come, so that it cannot be taken for the next question's."""
        began = quiet_since = time.monotonic()
        while time.monotonic() < min(quiet_since + QUIET_S, began + HEAR_OUT_LIMIT_S):
            if self._link.read():
                quiet_since = time.monotonic()

    def _checked(self, answer: Answer) -> Answer:
        if answer.exception is not None:
            why = EXCEPTIONS.get(answer.exception, f"exception {answer.exception}")
            raise ProtocolError(
                f"the probe at address {self._address} answers that {why}: check that it is the right model"
            )
        return answer

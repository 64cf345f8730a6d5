"""Fetches packets that a Scream server sent as datagrams and that were lost on the way."""

from __future__ import annotations

import time
from collections import deque

from drivers.api import DriverError, Link, LinkOpener
from drivers.codecs.scream import ScreamDecoder, ScreamPacket, ScreamRefusal, resend_request

ANSWER_S = 2.0
"""How long the server may take for one packet."""

REST_S = 30.0
"""After a failure the server is left alone for so long: connecting may hold the reader up."""

MOST_WANTED = 256
AT_ONCE = 16
"""Requests that are under way together."""


class ScreamRecovery:
    """Asks on TCP for packets by sequence, connected only while there is something to ask.

    Parameters
    ----------
    links : opens the connection.
    url : ``socket://host:port`` of the server; "" = it cannot be asked.

    Attributes
    ----------
    fetched, refused : packets that came, and that the server holds no more.
    failures : connections that failed or went silent.
    """

    def __init__(self, links: LinkOpener, url: str) -> None:
        self.fetched = self.refused = self.failures = 0
        self._links = links
        self._url = url
        self._link: Link | None = None
        self._decoder = ScreamDecoder()
        self._wanted: deque[int] = deque()
        self._asked: deque[int] = deque()
        self._heard = 0.0
        self._rest_until = 0.0

    def want(self, sequences: list[int]) -> None:
        """Ask for these at the next `poll`; when there are too many the oldest are given up."""
        if not self._url or time.monotonic() < self._rest_until:
            return
        self._wanted.extend(sequences)
        while len(self._wanted) > MOST_WANTED:
            self._wanted.popleft()

    def poll(self) -> list[ScreamPacket]:
        """Return packets that have come; at once when nothing is wanted, else within about 0.2 s."""
        if not self._wanted and not self._asked:
            self.close()
            return []
        try:
            return self._exchange()
        except DriverError:
            self._fail()
            return []

    def close(self) -> None:
        """Close the connection and forget what was wanted; a second call does nothing."""
        self._wanted.clear()
        self._asked.clear()
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _exchange(self) -> list[ScreamPacket]:
        if self._link is None:
            self._decoder = ScreamDecoder()
            self._link = self._links.open(self._url)
            self._heard = time.monotonic()
        while self._wanted and len(self._asked) < AT_ONCE:
            sequence = self._wanted.popleft()
            self._link.write(resend_request(sequence))
            self._asked.append(sequence)
        packets = []
        for message in self._decoder.feed(self._link.read()):
            self._heard = time.monotonic()
            if isinstance(message, ScreamPacket):
                if message.sequence in self._asked:
                    self._asked.remove(message.sequence)
                    self.fetched += 1
                    packets.append(message)
            elif isinstance(message, ScreamRefusal) and self._asked:
                self._asked.popleft()  # answers come in the order of the questions
                self.refused += 1
        if time.monotonic() - self._heard > ANSWER_S:
            self._fail()
        return packets

    def _fail(self) -> None:
        self.failures += 1
        self._rest_until = time.monotonic() + REST_S
        self.close()

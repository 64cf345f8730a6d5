"""A wire that plays what was recorded, and one that records: between them a driver sees no difference."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from drivers.api import DeviceLost, DeviceOpenError, Link, LinkOpener, LorryscanError
from drivers.conformance.exchange import Act, Exchange, is_datagram
from drivers.conformance.reading_text import plain

if TYPE_CHECKING:
    from drivers.conformance.transcript import Transcript

WAIT_S = 0.02
"""How long a read waits when the script has nothing for it now, s."""

LARGEST_PIECE = 65536

Pieces: TypeAlias = int | Literal["bytes"] | None
"""How received bytes are cut: as recorded (None), byte by byte ("bytes"), at random from a seed (int)."""


class TranscriptMismatch(LorryscanError, AssertionError):
    """A driver does something else than it did in the recording.

    Examples: it asks another register than the recorded one; it opens its port at another speed.
    """


class ScriptedLinks:
    """Opens wires on which a recording is played to a driver.

    What was received is held back until the driver has written what it wrote in the recording
    before it. A driver that writes sooner than recorded may: what it has not read yet stays to be
    read. Its nth opening plays the recording's nth.

    Parameters
    ----------
    script : a transcript, or exchanges made by hand.
    pieces : see `Pieces`; datagrams are never cut.
    wait_s : how long a read waits in vain, s.

    Attributes
    ----------
    finished : set when a driver asked for more after everything was read; from then on reads return
        nothing and writes go nowhere.
    mismatch : the first mismatch, kept for a driver that swallowed it.

    Examples
    --------
    >>> links = ScriptedLinks([Exchange(0.0, Act.TX, b"?"), Exchange(0.1, Act.RX, b"904")])
    >>> link = links.open("anything")
    >>> link.read(), link.write(b"?"), link.read()
    (b'', None, b'904')
    >>> link.read(), links.finished.is_set()
    (b'', True)
    """

    def __init__(
        self, script: Transcript | Iterable[Exchange], pieces: Pieces = None, *, wait_s: float = WAIT_S
    ) -> None:
        exchanges = script if isinstance(script, Iterable) else script.exchanges
        self.finished = threading.Event()
        self.mismatch: TranscriptMismatch | None = None
        self._scripts: dict[int, list[Exchange]] = {}
        for exchange in exchanges:
            self._scripts.setdefault(exchange.link, []).append(exchange)
        self._pieces = pieces
        self._wait_s = wait_s
        self._links: list[ScriptedLink] = []

    def open(self, url: str, *, shared: bool = False, **settings: Any) -> Link:
        """Open the next wire of the recording, whatever it is called.

        Raises
        ------
        DeviceOpenError : the recording has no further opening.
        TranscriptMismatch : it was opened with other line settings.
        """
        number = len(self._links)
        script = self._scripts.get(number)
        if script is None and (number or self._scripts):
            raise DeviceOpenError(
                f"{url}: the transcript ends before opening {number + 1}: record a longer one, "
                "or find out why the driver opens its wire again"
            )
        steps = deque(script or ())
        if steps and steps[0].act is Act.OPEN:
            first = steps.popleft()
            if plain(first.settings) != plain(settings):
                raise self._differs(f"opened {url} with {settings}", f"with {dict(first.settings)}")
            url = first.text or url
        link = ScriptedLink(self, steps, self._pieces, is_datagram(url), shared, self._wait_s)
        self._links.append(link)
        return link

    def _differs(self, did: str, recorded: str) -> TranscriptMismatch:
        error = TranscriptMismatch(
            f"the driver {did}, in the transcript it did so {recorded}: record it again if that is meant"
        )
        self.mismatch = self.mismatch or error
        return error

    def _look_for_end(self) -> None:
        if len(self._links) >= len(self._scripts) and all(link.exhausted for link in self._links):
            self.finished.set()


class ScriptedLink:
    """One wire of a recording; made by `ScriptedLinks.open`."""

    def __init__(
        self,
        owner: ScriptedLinks,
        steps: deque[Exchange],
        pieces: Pieces,
        datagrams: bool,
        shared: bool,
        wait_s: float,
    ) -> None:
        self._owner = owner
        self._steps = steps
        self._datagrams = datagrams
        self._whole = pieces is None or datagrams
        self._random = random.Random(pieces) if isinstance(pieces, int) else None
        self._shared = shared
        self._in_turn = False
        self._wait_s = wait_s
        self._ready: deque[bytes] = deque()
        self._begun = False  # the first of what is ready was read in part
        self._closed = False
        self._change = threading.Condition()

    @property
    def exhausted(self) -> bool:
        """Whether everything that was recorded was read and written."""
        return not self._ready and not any(step.act in (Act.RX, Act.TX) for step in self._steps)

    def read(self, size: int = 65536) -> bytes:
        """Return the next recorded bytes, as far as the driver has earned them."""
        with self._change:
            self._require_open()
            self._release()
            if not self._ready:
                if self._steps and self._steps[0].act is Act.LOST:
                    raise DeviceLost(self._steps[0].text)
                self._owner._look_for_end()
                self._change.wait_for(self._something, self._wait_s)
                self._require_open()
            return self._take(size) if self._ready else b""

    def write(self, data: bytes) -> None:
        """Compare with what was written in the recording.

        Raises
        ------
        TranscriptMismatch : it was something else.
        """
        with self._change:
            self._require_open()
            self._reach(Act.TX)
            if not self._steps:
                self._owner._look_for_end()
                return
            self._compare(bytes(data))
            self._release()
            self._change.notify_all()

    def discard_input(self) -> None:
        """Drop what the recording dropped here; without a note of that, the rest of a chunk begun."""
        with self._change:
            self._require_open()
            self._release()
            if self._steps and self._steps[0].act is Act.DISCARD:
                self._steps.popleft()
                self._ready.clear()
                self._begun = False
            elif self._begun:
                self._ready.popleft()
                self._begun = False

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Give the line to the caller, who is alone on it; on a shared one that drops what came before."""
        outermost, self._in_turn = not self._in_turn, True
        try:
            if self._shared and outermost:
                self.discard_input()
            yield
        finally:
            self._in_turn = not outermost

    def close(self) -> None:
        """Close; a second call does nothing."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def _something(self) -> bool:
        return bool(self._ready) or self._closed

    def _require_open(self) -> None:
        if self._closed:
            raise DeviceLost("the wire was closed: a driver opens it again before it is used")

    def _release(self) -> None:
        """Let arrive what was received up to the driver's next act."""
        while self._steps and self._steps[0].act in (Act.RX, Act.CLOSE):
            step = self._steps.popleft()
            if step.data:
                self._ready.append(step.data)

    def _reach(self, act: Act) -> None:
        """Pass over what a driver may leave out, to its next act of this kind."""
        self._release()
        while self._steps and self._steps[0].act is not act:
            self._steps.popleft()
            self._release()

    def _take(self, size: int) -> bytes:
        if self._datagrams:
            return self._ready.popleft()
        if self._whole:
            wanted = min(size, len(self._ready[0]))
        elif self._random is None:
            wanted = 1
        else:  # mostly a few bytes, now and then many
            wanted = min(size, LARGEST_PIECE, int(self._random.paretovariate(0.7)))
        taken = bytearray()
        while self._ready and len(taken) < wanted:
            chunk = self._ready.popleft()
            rest = wanted - len(taken)
            taken += chunk[:rest]
            self._begun = len(chunk) > rest
            if self._begun:
                self._ready.appendleft(chunk[rest:])
        return bytes(taken)

    def _compare(self, data: bytes) -> None:
        left = data
        while self._steps and self._steps[0].act is Act.TX:
            expected = self._steps[0]
            if left == expected.data or (left.startswith(expected.data) and not self._datagrams):
                self._steps.popleft()
                left = left[len(expected.data) :]
                if not left:
                    return
            elif expected.data.startswith(left) and not self._datagrams:
                # a driver that writes in smaller pieces puts the same on the wire
                rest = expected.data[len(left) :]
                self._steps[0] = Exchange(expected.at_s, Act.TX, rest, expected.link)
                return
            else:
                break
        recorded = self._steps[0].data if self._steps and self._steps[0].act is Act.TX else b""
        raise self._owner._differs(f"wrote {_hex(left)}", f"with {_hex(recorded)}")


class RecordingLinks:
    """Opens wires through another opener and tells every act on them.

    Parameters
    ----------
    links : opens the real wires.
    take : is given each `Exchange` as it happens, from whichever thread.
    clock : time, s; the recording begins now.
    """

    def __init__(
        self,
        links: LinkOpener,
        take: Callable[[Exchange], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._links = links
        self._take = take
        self._clock = clock
        self._start_s = clock()
        self._opened = 0
        self.ended = False

    @property
    def at_s(self) -> float:
        """Time since the recording began, s."""
        return self._clock() - self._start_s

    def end(self) -> None:
        """Record no more: from now on reads return nothing, writes go nowhere.

        A driver may still return what it has heard; it then did so from recorded bytes alone.
        """
        self.ended = True

    def open(self, url: str, **settings: Any) -> Link:
        """Open a wire; see `drivers.api.LinkOpener.open`."""
        link = self._links.open(url, **settings)
        shared = bool(settings.get("shared"))
        number, self._opened = self._opened, self._opened + 1
        line = {key: value for key, value in settings.items() if key != "shared"}
        self.tell(Exchange(self.at_s, Act.OPEN, link=number, text=url, settings=line))
        return _RecordedLink(link, number, self, shared)

    def tell(self, exchange: Exchange) -> None:
        """Pass an act on, unless the recording has ended."""
        if not self.ended:
            self._take(exchange)


class _RecordedLink:
    def __init__(self, link: Link, number: int, owner: RecordingLinks, shared: bool) -> None:
        self._link = link
        self._shared = shared
        self._in_turn = False
        self._number = number
        self._owner = owner
        self._closed = False

    def read(self, size: int = 65536) -> bytes:
        if self._owner.ended:
            time.sleep(WAIT_S)
            return b""
        with self._loss_told():
            data = self._link.read(size)
        if data and self._owner.ended:
            return b""  # came after the end: a replay would not have it
        if data:
            self._tell(Act.RX, data)
        return data

    def write(self, data: bytes) -> None:
        if self._owner.ended:
            return
        # told first: an answer that another thread reads cannot come before its question
        self._tell(Act.TX, bytes(data))
        with self._loss_told():
            self._link.write(data)

    def discard_input(self) -> None:
        if self._owner.ended:
            return
        with self._loss_told():
            self._link.discard_input()
        self._tell(Act.DISCARD)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        outermost, self._in_turn = not self._in_turn, True
        with contextlib.ExitStack() as turn:
            turn.callback(setattr, self, "_in_turn", not outermost)
            with self._loss_told():
                turn.enter_context(self._link.turn())
            if self._shared and outermost:  # a shared line drops what came before the turn
                self._tell(Act.DISCARD)
            yield

    def close(self) -> None:
        self._link.close()
        if not self._closed:
            self._closed = True
            self._tell(Act.CLOSE)

    def _tell(self, act: Act, data: bytes = b"", text: str = "") -> None:
        self._owner.tell(Exchange(self._owner.at_s, act, data, self._number, text))

    @contextlib.contextmanager
    def _loss_told(self) -> Iterator[None]:
        try:
            yield
        except DeviceLost as error:
            self._tell(Act.LOST, text=str(error))
            raise


def _hex(data: bytes) -> str:
    text = data.hex(" ") or "nothing"
    return text if len(text) <= 120 else f"{text[:119]}… ({len(data)} bytes)"

"""A box in the wire between twin and driver: drops, doubles, delays, corrupts, stalls, hangs up, floods.

>>> from drivers.twins.ports import PtyPort
>>> box = FaultBox(PtyPort(), seed=4)
>>> box.to_host.faults = Faults(corrupt=0.01, delay_s=0.05)  # a twin on this box, a driver on box.url
>>> box.close()
"""

from __future__ import annotations

import time
from collections import Counter

from drivers.twins.faults import HOLD_BYTES, Crossing, Faults, FaultyWay
from drivers.twins.ports import WirePort

__all__ = ["Crossing", "FaultBox", "Faults", "FaultyWay"]

_TURN_BYTES = 65536  # how much leaves before the other direction has its turn


class FaultBox(WirePort):
    """A port around another port; a twin takes it for its own.

    The box has no thread: what waits in it leaves while the twin reads or writes,
    which a started twin does all the time. Every method may be called from any thread.

    Parameters
    ----------
    inner : the wire that the driver opens; pieces are datagrams where its URL
        is ``udp://``, and writes and reads of a stream elsewhere.
    seed : same seed and same pieces give the same faults.
    faults : what is done in both directions from the beginning.
    hold_bytes : how much each direction holds in a stall before it drops.

    Attributes
    ----------
    to_host, to_device : the two directions, each with its ``faults``, its acts
        and its log; see `FaultyWay`.
    """

    def __init__(
        self,
        inner: WirePort,
        seed: int = 0,
        faults: Faults | None = None,
        *,
        hold_bytes: int = HOLD_BYTES,
    ) -> None:
        super().__init__()
        datagrams = inner.url.startswith("udp://")
        self.to_host = FaultyWay(f"{seed} to host", datagrams, hold_bytes)
        self.to_device = FaultyWay(f"{seed} to device", datagrams, hold_bytes)
        self._inner = inner
        self._cut_after: int | None = None
        self._hang_ups = 0
        if faults is not None:
            self.set_faults(faults)

    @property
    def url(self) -> str:
        return self._inner.url

    @property
    def done(self) -> Counter[str]:
        """What was done in both directions, see `FaultyWay.done`, and "hang_up"."""
        return self.to_host.done + self.to_device.done + Counter(hang_up=self._hang_ups)

    def set_faults(self, faults: Faults) -> None:
        """Do the same in both directions from now on; ``Faults()`` makes the wire good again."""
        self.to_host.faults = faults
        self.to_device.faults = faults

    def stall(self) -> None:
        """Let nothing through in either direction: the wire is whole and silent."""
        self.to_host.stall()
        self.to_device.stall()

    def resume(self) -> None:
        """Let everything through again, beginning with what was held."""
        self.to_host.resume()
        self.to_device.resume()

    def inject(self, data: bytes) -> None:
        """Put bytes that the device never sent on the way to the host."""
        self.to_host.inject(data)

    def flood(self, what: int | bytes) -> None:
        """Send so many random bytes, or these, to the host; `wait_sent` tells when they are out."""
        self.to_host.flood(what)

    def hang_up(self, after_bytes: int = 0) -> None:
        """Pull the plug now, or when so many more bytes have gone to the host; `replug` puts it in again."""
        if after_bytes:
            self._cut_after = after_bytes
        else:
            self.unplug()

    def unplug(self) -> None:
        self._hang_ups += not self._pulled
        super().unplug()

    def wait_sent(self, timeout_s: float) -> bool:
        """Wait until nothing waits on the way to the host; tell whether that came true."""
        return self.to_host.wait_empty(timeout_s)

    def forget(self) -> None:
        """Empty both logs."""
        self.to_host.forget()
        self.to_device.forget()

    def close(self) -> None:
        super().unplug()  # not a hang-up
        self._inner.close()

    def _wait(self, timeout_s: float) -> bytes:
        if not (data := self._next_for_device()):
            now_s = time.monotonic()
            wait_s = min(timeout_s, self.to_host.wait_s(now_s), self.to_device.wait_s(now_s))
            if self.to_device.has_room:
                if arrived := self._inner.read(wait_s):
                    self.to_device.take(arrived, time.monotonic())
            else:
                time.sleep(wait_s)  # a full box: the host's writes pile up, as on a stalled wire
            data = self._next_for_device()
        if self.connections != self._inner.connections:
            if self.connections:
                self.bytes_dropped += self.to_host.clear()  # meant for the client before
            self.connections = self._inner.connections
        self._leave()
        return data

    def _send(self, data: bytes) -> int:
        taken = self.to_host.take(data, time.monotonic())
        self._leave()
        return taken

    def _plug(self) -> None:
        self._inner.replug()

    def _pull(self) -> None:
        self.bytes_dropped += self.to_host.clear()
        self.to_device.clear()
        self._cut_after = None
        self._inner.unplug()

    def _next_for_device(self) -> bytes:
        piece = self.to_device.next_piece(time.monotonic())
        if piece is None:
            return b""
        self.to_device.taken(piece, len(piece.data))
        return piece.data

    def _leave(self) -> None:
        """Send what is due to the host; called with the lock held."""
        sent = 0
        while sent < _TURN_BYTES and not self._pulled:
            piece = self.to_host.next_piece(time.monotonic())
            if piece is None:
                return
            cut = self._cut_after is not None and len(piece.data) >= self._cut_after
            data = piece.data[: self._cut_after] if cut else piece.data
            before = self._inner.bytes_dropped
            self._inner.write(data)
            refused = self._inner.bytes_dropped - before
            self.bytes_dropped += len(piece.data) - len(data) + refused
            self.to_host.taken(piece, len(data) - refused)
            sent += len(data)
            if cut:
                self._hang_ups += 1
                self._pulled = True
                self._pull()
            elif self._cut_after is not None:
                self._cut_after -= len(data)

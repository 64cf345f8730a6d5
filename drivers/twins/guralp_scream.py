"""Far end of GCF over a network: a Scream server on UDP or TCP, fed from any source of blocks."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from drivers.codecs import gcf_block
from drivers.codecs.gcf_block import GcfRefused
from drivers.codecs.scream import REFUSAL, ScreamRequestDecoder, encode
from drivers.twins.gcf_source import BlockSource, end_ns
from drivers.twins.ports import TcpPort, WirePort
from drivers.twins.twin import Twin

PORT_TRIES = 50
_AT_ONCE = 8  # packets of a step, so that requests are heard and no socket overflows


class ScreamPort(WirePort):
    """The UDP socket of a server: it sends to whoever asked last.

    Parameters
    ----------
    port : port number; 0 takes a free one and keeps it over `replug`.
    """

    def __init__(self, port: int = 0) -> None:
        super().__init__()
        self._port = port
        self._client: tuple[str, int] | None = None
        self._socket: socket.socket | None = None
        self._plug()

    @property
    def url(self) -> str:
        return "udp://127.0.0.1:0"

    @property
    def server(self) -> str:
        """Host and port to ask."""
        return f"127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        """Port number, for a TCP port beside it."""
        return self._port

    def _plug(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", self._port))
        self._socket.setblocking(False)
        self._port = self._socket.getsockname()[1]

    def _pull(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _wait(self, timeout_s: float) -> bytes:
        if self._socket is None or not select.select([self._socket], [], [], timeout_s)[0]:
            return b""
        try:
            data, self._client = self._socket.recvfrom(65536)
        except OSError:  # the client is gone: the kernel reports its "port unreachable" here
            return b""
        return data

    def _send(self, data: bytes) -> int:
        if self._socket is None or self._client is None:
            return 0
        try:
            return self._socket.sendto(data, self._client)
        except OSError:
            return 0


def ports_beside() -> tuple[ScreamPort, TcpPort]:
    """Return a UDP and a TCP port of one number, as a server has them.

    A number that is free for one may be taken for the other: then the next is tried.
    """
    for _ in range(PORT_TRIES):
        udp = ScreamPort()
        try:
            return udp, TcpPort(udp.port)
        except OSError:
            udp.close()
    raise OSError(f"no number in {PORT_TRIES} is free for UDP and TCP alike")


class GuralpScreamTwin(Twin):
    """A server that sends packets to who asked, and again to who asks again.

    Parameters
    ----------
    port : a `ScreamPort`, a `TcpPort`, or with ``unasked`` a `UdpPort`.
    next_block : source of blocks of 1024 bytes; None ends the stream.
    recovery : TCP port at which lost packets are asked for; its number is the `ScreamPort`'s.
    unasked : send at once, as a server that is set to.
    version : 31, 40 or 45.
    pace : device seconds per second of host time; None sends as fast as it can.
    loses : given a sequence, tells whether the network loses that datagram.
    memory : packets that can be asked for again.
    first_sequence : of the first packet.

    Attributes
    ----------
    finished : set when the source has ended and everything is sent.
    requests : what clients asked for, in order.
    sent : packets sent, lost ones counted.
    """

    def __init__(
        self,
        port: WirePort,
        next_block: BlockSource,
        *,
        recovery: TcpPort | None = None,
        unasked: bool = False,
        version: int = 40,
        pace: float | None = 1.0,
        loses: Callable[[int], bool] = lambda sequence: False,  # noqa: ARG005 - a network that loses nothing
        memory: int = 256,
        first_sequence: int = 0,
    ) -> None:
        super().__init__(port, pace_s=0.005)
        self.finished = threading.Event()
        self.requests: list[str | int] = []
        self.sent = 0
        self._next_block = next_block
        self._recovery = recovery
        self._version = version
        self._pace = pace
        self._loses = loses
        self._decoder = ScreamRequestDecoder()
        self._recovery_decoder = ScreamRequestDecoder()
        self._asked = unasked
        self._connections = 0
        self._held: deque[tuple[int, bytes]] = deque(maxlen=memory)
        self._sequence = first_sequence
        self._next: bytes | None = None
        self._began: tuple[float, int] | None = None  # host time and device time of the first block

    def stop(self) -> None:
        """End, and close the recovery port too."""
        try:
            super().stop()
        finally:
            if self._recovery is not None:
                self._recovery.close()

    def step(self, received: bytes) -> None:
        """Take requests; send the packets that are due."""
        if self.port.connections != self._connections:
            self._connections = self.port.connections
            self._decoder, self._asked = ScreamRequestDecoder(), False
        for request in self._decoder.feed(received):
            self._obey(request, self.send)
        if self._recovery is not None:
            for request in self._recovery_decoder.feed(self._recovery.read(0.0)):
                self._obey(request, self._recovery.write)
        if self._asked and not self.finished.is_set():
            self._stream()

    def _obey(self, request: str | int, send: Callable[[bytes], None]) -> None:
        self.requests.append(request)
        if isinstance(request, int):
            send(next((packet for sequence, packet in self._held if sequence == request), REFUSAL))
            return
        self._asked = True
        if request == "send":
            send(b"GCFACKN\0")

    def _stream(self) -> None:
        now = time.monotonic()
        for _ in range(_AT_ONCE):
            if self._next is None:
                self._next = self._next_block()
            if self._next is None:
                self.finished.set()
                return
            if self._pace is not None:
                ends_ns = end_ns(self._next)
                if self._began is None:
                    self._began = now, ends_ns
                if now < self._began[0] + (ends_ns - self._began[1]) / 1e9 / self._pace:
                    return
            self._send_packet(self._next)
            self._next = None

    def _send_packet(self, block: bytes) -> None:
        content = gcf_block.decode(block)
        stream = "" if isinstance(content, GcfRefused) else content.header.stream_id
        sequence, self._sequence = self._sequence, (self._sequence + 1) & 0xFFFF
        packet = encode(block, sequence, f"{stream}/COM1/TWIN", self._version)
        self._held.append((sequence, packet))
        self.sent += 1
        if not self._loses(sequence):
            self.send(packet)

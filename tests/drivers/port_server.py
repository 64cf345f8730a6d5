"""A serial port server: pyserial's own RFC 2217 side on a socket, before any line."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import serial
import serial.rfc2217


class PtySerial(serial.Serial):
    """A pty as a port: it has no modem lines to set."""

    def _update_dtr_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass

    cts = dsr = ri = cd = False


class Negotiation:
    """What pyserial's server side writes its negotiation to."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)


@contextlib.contextmanager
def serving(line: serial.SerialBase) -> Iterator[str]:
    """Serve one client, until it hangs up or the block ends; give the URL; the line is closed after."""
    ending = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(8)

    def serve() -> None:
        # a twin may end before the driver has hung up: then the pty is gone
        with contextlib.suppress(OSError), server, line:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(0.005)
                manager = serial.rfc2217.PortManager(line, Negotiation(connection))
                while not ending.is_set():
                    with contextlib.suppress(TimeoutError):
                        data = connection.recv(1024)
                        if not data:
                            return
                        line.write(b"".join(manager.filter(data)))
                    if line.in_waiting:
                        connection.sendall(b"".join(manager.escape(line.read(line.in_waiting))))

    thread = threading.Thread(target=serve, name="port server")
    thread.start()
    try:
        yield f"rfc2217://127.0.0.1:{server.getsockname()[1]}"
    finally:
        ending.set()
        thread.join()

"""A service of the lane's own interface, small enough to be told to fail in every way."""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ulid import ULID

from scanner.lane.wire import Live

TOKEN = "a-lane-token"
Frame = tuple[str, str, str]  # id, event, data


class SmallService:
    """Listens on a port of its own, keeps what it committed, and forgets nothing when it is killed.

    ``how`` is what it does with a request: "well", "hang", "500", "cut" (closes in the
    middle of an answer's body), "lose" (commits, then closes without an answer), "html", "drip" (an
    answer that never ends).
    """

    def __init__(self) -> None:
        self.run = str(ULID())
        self.how: str = "well"
        self.token = TOKEN
        self.refuses: Callable[[dict[str, Any]], tuple[int, dict[str, Any]] | None] = lambda _message: None
        self.committed: list[dict[str, Any]] = []
        self.attempts: list[str] = []
        self.lives: list[Live] = []
        self.live_bodies: list[bytes] = []
        self.pictures: dict[tuple[str, bool], tuple[int, bytes]] = {}
        self.requests: list[str] = []
        self.last_event_ids: list[str] = []
        self.orders: queue.Queue[Frame | None] = queue.Queue()
        self.heartbeats = True
        self.twice = False  # another process speaks for the lane
        self.streams = 0
        self._server: ThreadingHTTPServer | None = None
        self._connections: set[socket.socket] = set()
        self.port = 0
        self.released = threading.Event()  # lets hanging requests end

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, on the same port as before when it was killed."""
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                service._serve(self)

            do_GET = do_PUT = do_POST

            def log_message(self, *_words: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            allow_reuse_address = True

            def process_request(self, request: Any, client_address: Any) -> None:
                service._connections.add(request)
                super().process_request(request, client_address)

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # the lane went away, as it may

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def kill(self) -> None:
        """Stop listening and break every connection."""
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._connections.clear()

    def close(self) -> None:
        self.released.set()
        self.orders.put(None)
        if self._server is not None:
            self.kill()

    def order(self, number: int, **sent: Any) -> None:
        """Send an order to the lane that is connected, or to the next."""
        self.orders.put((str(number), "order", json.dumps(sent)))

    # -- one request ----------------------------------------------------------

    def _serve(self, to: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(to.path)
        body = to.rfile.read(int(to.headers.get("Content-Length", 0)))
        self.requests.append(f"{to.command} {to.path}")
        if self.how == "hang":
            self.released.wait(60)
            to.close_connection = True
            return
        if self.how == "500":
            self._answer(to, 500, {"title": "broken"}, "application/problem+json")
            return
        if self.how == "html":
            self._answer(to, 200, "<h1>It works!</h1>", "text/html")
            return
        if self.how == "cut":
            to.wfile.write(b'HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n{"key":')
            to.close_connection = True
            return
        if self.how == "drip":
            to.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Length: 100000\r\n\r\n")
            with contextlib.suppress(OSError):
                while not self.released.wait(0.05):
                    to.wfile.write(b" ")
            to.close_connection = True
            return
        if to.headers.get("Authorization") != f"Bearer {self.token}":
            refusal = {"code": "lane_unknown", "title": "unknown"}
            self._answer(to, 401, refusal, "application/problem+json")
            return
        match parts.path:
            case "/api/v1/lane/messages":
                self._message(to, json.loads(body))
            case "/api/v1/lane/live":
                if self.twice:
                    self._answer(to, 409, {"code": "lane_twice"}, "application/problem+json")
                    return
                self.live_bodies.append(body)
                self.lives.append(Live.model_validate_json(body))
                versions = {sensor: v for (sensor, heat), (v, _) in self.pictures.items() if not heat}
                self._answer(to, 200, {"run": self.run, "pictures": versions})
            case "/api/v1/lane/commands":
                self._stream(to)
            case path if path.startswith("/api/v1/lane/pictures/"):
                asked = parse_qs(parts.query)
                key = path.rsplit("/", 1)[1], asked.get("heat") == ["true"]
                self.pictures[key] = int(asked["version"][0]), body
                to.send_response(204)
                to.end_headers()
            case _:
                self._answer(to, 404, {"title": "nothing here"}, "application/problem+json")

    def _message(self, to: BaseHTTPRequestHandler, message: dict[str, Any]) -> None:
        self.attempts.append(message["key"])
        refusal = self.refuses(message)
        if refusal is not None:
            self._answer(to, *refusal, "application/problem+json")
            return
        is_new = all(one["key"] != message["key"] for one in self.committed)
        if is_new:
            self.committed.append(message)
        if self.how == "lose":
            to.close_connection = True
            return
        self._answer(to, 201 if is_new else 200, {"key": message["key"], "new": is_new})

    def _stream(self, to: BaseHTTPRequestHandler) -> None:
        self.last_event_ids.append(to.headers.get("Last-Event-ID", ""))
        to.send_response(200)
        to.send_header("Content-Type", "text/event-stream")
        to.end_headers()
        to.close_connection = True
        number_of_this = len(self.last_event_ids)
        self.streams += 1
        try:
            self._stream_to(to, number_of_this)
        finally:
            self.streams -= 1

    def _stream_to(self, to: BaseHTTPRequestHandler, number_of_this: int) -> None:
        with contextlib.suppress(OSError):
            while number_of_this == len(self.last_event_ids):
                if self.heartbeats:
                    to.wfile.write(b"event: heartbeat\ndata: {}\n\n")
                try:
                    frame = self.orders.get(timeout=0.2)
                except queue.Empty:
                    continue
                if frame is None:
                    return
                if number_of_this != len(self.last_event_ids):  # the lane has opened another
                    self.orders.put(frame)
                    return
                number, kind, data = frame
                to.wfile.write(f"event: {kind}\nid: {number}\ndata: {data}\n\n".encode())

    def _answer(
        self, to: BaseHTTPRequestHandler, status: int, body: Any, kind: str = "application/json"
    ) -> None:
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        to.send_response(status)
        to.send_header("Content-Type", kind)
        to.send_header("Content-Length", str(len(raw)))
        to.end_headers()
        to.wfile.write(raw)


@contextlib.contextmanager
def small_service() -> Iterator[SmallService]:
    """Run a service."""
    service = SmallService()
    service.start()
    try:
        yield service
    finally:
        service.close()


def wait_for(condition: Callable[[], object], within_s: float = 30.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.01)

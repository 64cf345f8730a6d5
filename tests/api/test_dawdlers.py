"""Connections that ask nothing, or a letter at a time, end; those that are used go on."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.api import server
from service.cli.serve import _take_descriptors

HEAD = b"POST /api/v1/login HTTP/1.1\r\nHost: booth\r\n"


@pytest.fixture
def hurried(
    make_service: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """Give a service that looks after its connections twenty times a second."""
    monkeypatch.setattr(server, "LOOK_S", 0.05)
    made = make_service(tmp_path / "data")
    yield made
    made.stop()


def connection(running: Any) -> socket.socket:
    """Return a connection that asks nothing yet."""
    host, port = running.url.removeprefix("http://").split(":")
    made = socket.create_connection((host, int(port)), timeout=30)
    made.settimeout(30)
    return made


def is_ended(made: socket.socket) -> bool:
    """Wait until the service answers or ends it; tell whether it ended without an answer."""
    try:
        return made.recv(100) == b""
    except ConnectionResetError:
        return True


def asked_and_answered(made: socket.socket) -> None:
    """Ask something and read the whole answer."""
    made.sendall(b"GET /api/health/live HTTP/1.1\r\nHost: booth\r\n\r\n")
    said = b""
    while not said.endswith(b"}"):
        said += made.recv(4096)
    assert said.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "begun",
    [b"", HEAD, HEAD + b"Origin: http://booth\r\nContent-Length: 9\r\n\r\n{"],
    ids=["nothing", "half a head", "half a body"],
)
def test_connection_that_dawdles_ends(hurried: Any, begun: bytes) -> None:
    with connection(hurried) as made:
        made.sendall(begun)
        assert is_ended(made)


def test_half_a_second_request_ends_too(hurried: Any) -> None:
    with connection(hurried) as made:
        asked_and_answered(made)
        made.sendall(b"GET /api/v1/he")
        assert is_ended(made)


def test_streams_and_kept_connections_go_on(hurried: Any, read_stream: Callable[..., Any]) -> None:
    booth = hurried.booth()
    with read_stream(booth, "/api/v1/events") as stream, connection(hurried) as kept:
        asked_and_answered(kept)  # before the service has looked at it twice
        began_s = time.monotonic()
        stream.wait(lambda events: len([e for e in events if e.name == "heartbeat"]) >= 3)
        assert time.monotonic() - began_s > 10 * server.LOOK_S
        assert not stream.ended
        asked_and_answered(kept)


def test_service_takes_as_many_descriptors_as_it_may() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, before[1]), before[1]))
        _take_descriptors()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

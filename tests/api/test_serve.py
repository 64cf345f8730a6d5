"""``lorryscan serve`` as a process: where it listens, what it refuses, how it ends."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from drivers.api import LorryscanError
from service.cli.serve import ServeError, serve
from service.resources import Role
from service.store import accounts
from service.store.errors import StoreBusy
from service.store.sqlite_database import SqliteDatabase

STARTS_WITHIN_S = 90.0
Start = Callable[..., tuple[subprocess.Popen[str], str]]


def command(data: Path, *options: str) -> list[str]:
    """Return the command line."""
    return [sys.executable, "-m", "service", "serve", "--data", str(data), *options]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Give a function that starts a service and returns it with its address."""
    children = []

    def run(*options: str) -> tuple[subprocess.Popen[str], str]:
        child = subprocess.Popen(
            command(tmp_path / "data", "--port", "0", "--until-eof", *options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        children.append(child)
        assert child.stdout is not None
        said = re.search(r"https?://\S+:\d+", child.stdout.readline())
        assert said is not None
        return child, said[0]

    yield run
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            assert pipe is not None
            pipe.close()


def wait_live(client: httpx.Client) -> None:
    """Wait until the service answers."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            assert client.get("/api/health/live").status_code == 200
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return


def refused(data: Path, *options: str) -> tuple[int, str]:
    """Return the status and the words of a service that does not start."""
    ended = subprocess.run(
        command(data, *options),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=STARTS_WITHIN_S,
    )
    return ended.returncode, ended.stderr


def logged_in(data: Path) -> str:
    """Add an officer to a stopped service and return a session's token."""
    database = SqliteDatabase(data)
    try:
        with database.writing() as c:
            now_ms = time.time_ns() // 1_000_000
            accounts.add(c, "officer", Role.OFFICER, "a long password", "test", now_ms)
            return accounts.open_session(c, "officer", now_ms)
    finally:
        database.close()


def let_go(lock: Path) -> bool:
    """Say whether nobody holds a folder's lock."""
    with lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


async def follow_until_the_end(port: int, token: str, count: int, stop: Callable[[], None]) -> list[bytes]:
    """Open streams, stop the service when all have begun, and return all that each was sent."""

    async def one() -> tuple[Any, Any]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nCookie: __Host-lorryscan={token}\r\n\r\n"
        writer.write(head.encode())
        await reader.readuntil(b"event: hello")
        return reader, writer

    opened = await asyncio.gather(*(one() for _ in range(count)))
    stop()
    sent = await asyncio.wait_for(asyncio.gather(*(reader.read() for reader, _ in opened)), 10)
    for _, writer in opened:
        writer.close()
    return list(sent)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, None], ids=["SIGTERM", "SIGINT", "EOF"])
def test_ends_within_three_seconds_with_a_hundred_streams_open(
    start: Start, tmp_path: Path, how: signal.Signals | None
) -> None:
    token = logged_in(tmp_path / "data")
    child, address = start()
    stopped_s: list[float] = []

    def stop() -> None:
        stopped_s.append(time.monotonic())
        if how is None:
            assert child.stdin is not None
            child.stdin.close()
        else:
            child.send_signal(how)

    sent = asyncio.run(follow_until_the_end(int(address.rsplit(":", 1)[1]), token, 100, stop))
    while not let_go(tmp_path / "data" / "service.lock"):
        time.sleep(0.005)
        assert time.monotonic() - stopped_s[0] < 3.0, "it still holds its folder"
    assert child.wait(timeout=20) == 0  # the interpreter's own end, as long as a busy machine takes
    goodbye = b'event: bye\ndata: {"code":"shutting_down"}\n\n'
    assert all(goodbye in each for each in sent)


def test_ends_when_told_to_before_it_serves(start: Start, tmp_path: Path) -> None:
    child, _ = start()  # it has said where it is, and listens a moment later
    child.terminate()
    assert child.wait(30) == 0
    assert let_go(tmp_path / "data" / "service.lock")


def test_address_beyond_this_machine_needs_tls(tmp_path: Path) -> None:
    status, words = refused(tmp_path / "data", "--host", "0.0.0.0", "--port", "0")
    assert status == 2
    assert "--self-signed" in words
    assert "--tls-cert" in words
    assert len(words.strip().splitlines()) == 1
    assert not (tmp_path / "data").exists(), "nothing was begun"


def test_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {port} is in use") as found:
            serve(data=tmp_path / "data", port=port)
    assert "\n" not in str(found.value)
    assert not (tmp_path / "data").exists(), "nothing was begun"


def test_second_service_on_a_folder_is_refused(tmp_path: Path) -> None:
    running = SqliteDatabase(tmp_path / "data")
    try:
        with pytest.raises(StoreBusy, match="in use"):
            serve(data=tmp_path / "data", port=0)
    finally:
        running.close()


@pytest.mark.parametrize(
    ("options", "mend"),
    [
        ({"tls_cert": "cert.pem"}, "belong together"),
        ({"tls_cert": "none.pem", "tls_key": "none.key"}, "there is no such file"),
        ({"tls_cert": "bad.pem", "tls_key": "bad.pem"}, "give a PEM certificate and its own key"),
        ({"signs_itself": True, "tls_cert": "bad.pem", "tls_key": "bad.pem"}, "leave it out"),
        ({"host": "192.0.2.200", "signs_itself": True}, "no address of this machine"),
        ({"host": "nowhere.invalid", "signs_itself": True}, "give an address of this machine"),
    ],
)
def test_what_cannot_be_served_is_said_with_the_mend(
    tmp_path: Path, options: dict[str, Any], mend: str
) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    files = {key: tmp_path / options[key] for key in ("tls_cert", "tls_key") if key in options}
    with pytest.raises(LorryscanError, match=mend) as found:
        serve(data=tmp_path / "data", port=0, **(options | files))
    assert "\n" not in str(found.value)


def test_self_signed_service_is_verified_by_its_own_certificate_only(start: Start, tmp_path: Path) -> None:
    _, address = start("--self-signed")
    certificate = tmp_path / "data" / "tls" / "certificate.pem"
    trusting = ssl.create_default_context(cafile=str(certificate))
    with httpx.Client(base_url=address, verify=trusting, trust_env=False, timeout=20) as client:
        wait_live(client)
        answer = client.get("/api/health/live")
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert client.get(address.replace("127.0.0.1", "localhost") + "/api/health/live").status_code == 200
    with (
        httpx.Client(
            base_url=address, verify=ssl.create_default_context(), trust_env=False, timeout=20
        ) as stranger,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        stranger.get("/api/health/live")


def test_login_over_tls_takes_its_own_origin_only(start: Start, tmp_path: Path) -> None:
    logged_in(tmp_path / "data")
    _, address = start("--self-signed")
    trusting = ssl.create_default_context(cafile=str(tmp_path / "data" / "tls" / "certificate.pem"))
    asked = {"name": "officer", "password": "a long password"}
    with httpx.Client(base_url=address, verify=trusting, trust_env=False, timeout=20) as client:
        wait_live(client)
        plain = {"Origin": address.replace("https", "http")}
        assert client.post("/api/v1/login", json=asked, headers=plain).json()["code"] == "origin_refused"
        assert client.post("/api/v1/login", json=asked, headers={"Origin": address}).status_code == 200
        # a client that keeps cookies as browsers do sends it back over TLS
        assert client.get("/api/v1/me").json()["name"] == "officer"

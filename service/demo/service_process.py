"""The demonstration's service: a child process with fresh logins, watched, gone when the demonstration is."""

from __future__ import annotations

import contextlib
import http
import http.client
import json
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from drivers.api import LorryscanError
from scanner.evidence import Reason
from service.config.service_file import CONFIG_VERSION
from service.resources import Role
from service.store import accounts, lanes
from service.store.database import Database
from service.store.errors import StoreBusy
from service.store.sqlite_database import SqliteDatabase

HOST, PREFERRED_PORT = "127.0.0.1", 8080
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is mistaken for another
ROLES = (Role.OFFICER, Role.SUPERVISOR)
EARLIER_ENDS_S = 10.0  # a service whose demonstration was killed ends within three seconds
ANSWERS_WITHIN_S = 30.0
ENDS_WITHIN_S = 6.0
ASK_S = 0.05


class DemoServiceFailed(LorryscanError, OSError):
    """The demonstration's service does not come up.

    Examples: its data folder belongs to another release; the machine has no room left.
    """


class DemoService:
    """``lorryscan serve`` as a child, started again once when it dies.

    The child ends when its standard input closes, so it ends with this process
    however that ends.

    Parameters
    ----------
    folder : the demonstration's; the service keeps its data in ``service`` below it.
    tell : takes what happened to the service, from the watching thread.
    """

    def __init__(self, folder: Path, tell: Callable[[Reason], None] = lambda _reason: None) -> None:
        self.data, self.log = folder / "service", folder / "service.log"
        self._folder, self._config = folder, folder / "service.toml"
        self.logins: dict[str, str] = {}
        self._tell = tell
        self._port, self._token = 0, ""
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._ending = False
        self._watcher = threading.Thread(target=self._watch, name="service watcher", daemon=True)

    @property
    def address(self) -> str:
        """What a browser opens."""
        return f"http://{HOST}:{self._port}"

    @property
    def pid(self) -> int | None:
        """The child's process id."""
        return self._child.pid if self._child else None

    def prepare(self, lane_id: str) -> str:
        """Give every role of the demonstration a new password; return a new token of the lane.

        Raises
        ------
        StoreBusy : another service holds the folder and does not end.
        """
        database = self._open()
        try:
            with database.writing() as connection:
                now_ms = time.time_ns() // 1_000_000
                known = {user.name for user in accounts.users(connection)}
                for role in ROLES:
                    name, password = role.value, new_password()
                    if name in known:
                        accounts.change(
                            connection,
                            name,
                            role=role,
                            password=password,
                            disabled=False,
                            by="demo",
                            now_ms=now_ms,
                        )
                    else:
                        accounts.add(connection, name, role, password, "demo", now_ms)
                    self.logins[name] = password
                known_lanes = {lane.id for lane in lanes.listed(connection)}
                new_token = lanes.rotate if lane_id in known_lanes else lanes.add
                self._token = new_token(connection, lane_id, "demo", now_ms)
        finally:
            database.close()
        return self._token

    def start(self) -> Self:
        """Start the child, wait until it answers, and watch it from then on.

        Raises
        ------
        DemoServiceFailed : it ended, or does not answer in time; its last words are in the message.
        """
        for port in (PREFERRED_PORT, 0, 0):  # another demonstration may take the same port meanwhile
            self._port = free_port(port)
            self._spawn()
            if self._wait_until_it_answers():
                self._watcher.start()
                return self
            if self._ending:
                break
        raise DemoServiceFailed(
            f"the service does not come up ({self._last_words()}): see {self.log}, "
            "or run the lane alone with --no-service"
        )

    def _wait_until_it_answers(self) -> bool:
        """Wait until the service answers; return False as soon as it has ended."""
        assert self._child is not None
        deadline = time.monotonic() + ANSWERS_WITHIN_S
        while self._child.poll() is None:
            if self._answers():
                return True
            if time.monotonic() > deadline:
                self.stop()
                break
            time.sleep(ASK_S)
        return False

    def stop(self) -> None:
        """End the child: close its input, then ask, then kill."""
        with self._lock:
            self._ending = True
            child = self._child
        if child is None:
            return
        if child.stdin is not None:
            with contextlib.suppress(OSError):
                child.stdin.close()
        for press in (child.terminate, child.kill):
            try:
                child.wait(ENDS_WITHIN_S)
                break
            except subprocess.TimeoutExpired:
                press()
        child.wait()
        if self._watcher.ident is not None:
            self._watcher.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _open(self) -> Database:
        deadline = time.monotonic() + EARLIER_ENDS_S
        while True:
            try:
                return SqliteDatabase(self.data)
            except StoreBusy:
                if time.monotonic() > deadline:
                    raise
            time.sleep(ASK_S)

    def _spawn(self) -> None:
        recordings = f"[recordings]\nfolders = [{json.dumps(str(self._folder))}]\n"
        self._config.write_text(f"config_version = {CONFIG_VERSION}\n\n{recordings}", encoding="utf-8")
        command = [
            "serve",
            "--until-eof",
            "--data",
            str(self.data),
            "--host",
            HOST,
            "--port",
            str(self._port),
            "--config",
            str(self._config),
        ]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "service", *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal is for the demonstration, which then ends its service
                start_new_session=True,
            )

    def _watch(self) -> None:
        for code in ("demo_service_restarted", "demo_service_gone"):
            assert self._child is not None
            status = self._child.wait()
            with self._lock:
                if self._ending:
                    return
                if code == "demo_service_restarted":
                    self._spawn()
            self._tell(Reason(code, {"status": float(status), "log": str(self.log)}))

    def _answers(self) -> bool:
        """Tell whether a service answers that knows this demonstration's lane, so that it is ours."""
        connection = http.client.HTTPConnection(HOST, self._port, timeout=2.0)
        try:
            connection.request("GET", "/api/health/ready")
            ready = connection.getresponse()
            ready.read()
            # an empty live view is malformed to the service that knows the token, forbidden to others
            connection.request("POST", "/api/v1/lane/live", b"{}", {"Authorization": f"Bearer {self._token}"})
            known = connection.getresponse()
            return (ready.status, known.status) == (http.HTTPStatus.OK, http.HTTPStatus.UNPROCESSABLE_ENTITY)
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def free_port(preferred: int) -> int:
    """Return this port, or one that the system gives where it is taken (or 0)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, preferred))
        except OSError:
            probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def new_password() -> str:
    """Return a random password that can be read and typed: 12 of 31 letters and digits, 59 bits."""
    letters = [secrets.choice(LETTERS) for _ in range(12)]
    return "-".join("".join(letters[i : i + 4]) for i in range(0, 12, 4))

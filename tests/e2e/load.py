"""Load on a service that may be killed at any moment: lanes that post, booths that listen, and the proof.

A poster keeps a message until it is acknowledged and posts it again after every failure, as a lane
does. What was acknowledged is then looked for in the database file itself, with nothing of ours.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import sqlite3
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from ulid import ULID

from tests.e2e.line import ANSWER_WITHIN_S, HOST, PASSWORD

PATIENCE_S = 3.0
PAUSE_S = 0.02  # between two posts of a lane
AGAIN_S = 0.1
ALERT_EVERY = 10  # every tenth assessment of a lane begins a scan with a search
TAKEN, KNOWN = 201, 200

EMPTY_ASSESSMENT: dict[str, Any] = {
    "visit": 1,
    "final": False,
    "posterior": 0.2,
    "reasons": [{"code": "required_pending", "values": {"modality": "co2"}, "text": {"en": "a", "fr": "b"}}],
    "persons": None,
    "life_risk": {"minutes_low": None, "minutes_high": None, "reason": {"code": "life_unknown"}},
    "evidences": [],
    "versions": {},
}


def post_search(url: str, token: str, plate: str) -> str:
    """Let a lane tell of a lorry to search, which raises an alert; return the scan's id."""
    scan_id = str(ULID())
    declaration = {"vehicle_class": "reefer", "cargo": "boxed", "plate": plate}
    own = {"scan_id": scan_id, "mono_ns": 1, "recommendation": "search", "digest": "0" * 64}
    for kind, body in (
        ("scan_opened", {"declaration": declaration, "by": "test"}),
        ("assessment", {**EMPTY_ASSESSMENT, **own}),
    ):
        made = {"key": str(ULID()), "kind": kind, "scan_id": scan_id, "body": body}
        httpx.post(
            f"{url}/api/v1/lane/messages",
            json={**made, "created_utc_ns": time.time_ns()},
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=ANSWER_WITHIN_S,
        ).raise_for_status()
    return scan_id


class Poster(threading.Thread):
    """One lane that posts without end; ``acknowledged`` are the keys that the service answered for."""

    def __init__(self, port: int, token: str) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[str] = []
        self.assessed: list[tuple[str, int]] = []  # scan and mono_ns of acknowledged assessments
        self.searched: list[str] = []  # scans with an acknowledged search
        self.repeats = 0  # posts that the service knew already: it had committed before it was killed
        self.refused: list[str] = []
        self._port, self._token = port, token
        self._ending = threading.Event()
        self._connection: http.client.HTTPConnection | None = None

    def end(self) -> None:
        """Stop after the message at hand."""
        self._ending.set()
        self.join()

    def run(self) -> None:
        """Post scans of ten assessments, the last of which says search."""
        try:
            self._post_scans()
        finally:
            self._close()

    def _post_scans(self) -> None:
        mono_ns = 0
        while not self._ending.is_set():
            scan_id = str(ULID())
            declaration = {"vehicle_class": "reefer", "cargo": "boxed", "plate": scan_id[-8:]}
            self._post("scan_opened", scan_id, {"declaration": declaration, "by": "load"})
            for n in range(1, ALERT_EVERY + 1):
                mono_ns += 1_000_000_000
                advice = "search" if n == ALERT_EVERY else "inconclusive"
                own = {"scan_id": scan_id, "mono_ns": mono_ns, "recommendation": advice}
                body = {**EMPTY_ASSESSMENT, **own, "digest": f"{mono_ns:064x}"}
                if not self._post("assessment", scan_id, body):
                    return
                self.assessed.append((scan_id, mono_ns))
            self.searched.append(scan_id)

    def _post(self, kind: str, scan_id: str, body: dict[str, Any]) -> bool:
        """Post one message until it is acknowledged; return False where the end came first."""
        key = str(ULID())
        text = json.dumps(
            {"key": key, "kind": kind, "scan_id": scan_id, "created_utc_ns": time.time_ns(), "body": body}
        )
        while not self._ending.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, words = self._request(text)
                if status in (TAKEN, KNOWN):
                    self.acknowledged.append(key)
                    self.repeats += status == KNOWN
                    self._ending.wait(PAUSE_S)
                    return True
                if status < 500:
                    self.refused.append(f"{status} {words}")
                    return True
            self._close()
            self._ending.wait(AGAIN_S)
        return False

    def _request(self, text: str) -> tuple[int, str]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(HOST, self._port, timeout=PATIENCE_S)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        self._connection.request("POST", "/api/v1/lane/messages", text.encode(), headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Listener(threading.Thread):
    """One booth's stream, taken up again after every break; ``sequences`` are the events it got, in order."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__(daemon=True)
        self.sequences: list[int] = []
        self.resets = 0
        self.troubles: list[tuple[float, tuple[str, ...]]] = []  # from when (monotonic, s) which were told
        self.first = 0  # the service's newest sequence when it began to listen
        self._port, self._name = port, name
        self._ending = threading.Event()
        self.listening = threading.Event()

    def end(self) -> None:
        """Stop at the next line."""
        self._ending.set()
        self.join()

    def run(self) -> None:
        """Listen, and come back."""
        cookie = ""
        while not self._ending.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                cookie = cookie or self._log_in()
                self._listen(cookie)
            self._ending.wait(AGAIN_S)

    def _log_in(self) -> str:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=PATIENCE_S)
        body = json.dumps({"name": self._name, "password": PASSWORD})
        headers = {"Origin": f"http://{HOST}:{self._port}", "Content-Type": "application/json"}
        with contextlib.closing(connection):
            connection.request("POST", "/api/v1/login", body, headers)
            answer = connection.getresponse()
            answer.read()
            return (answer.getheader("Set-Cookie") or "").split(";")[0]

    def _listen(self, cookie: str) -> None:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=PATIENCE_S)
        headers = {"Cookie": cookie}
        if self.listening.is_set():
            headers["Last-Event-ID"] = str(self.sequences[-1] if self.sequences else self.first)
        with contextlib.closing(connection):
            connection.request("GET", "/api/v1/events", headers=headers)
            answer = connection.getresponse()
            if answer.status != KNOWN:
                return
            kind = ""
            while not self._ending.is_set() and (line := answer.readline()):
                name, _, value = line.decode().rstrip("\n").partition(":")
                value = value.removeprefix(" ")
                if name == "event":
                    kind = value
                    self.resets += kind == "reset"
                elif name == "id":
                    self.sequences.append(int(value))
                elif name == "data" and kind == "heartbeat":
                    told = tuple(json.loads(value)["troubles"])
                    if not self.troubles or self.troubles[-1][1] != told:
                        self.troubles.append((time.monotonic(), told))
                elif name == "data" and kind == "hello" and not self.listening.is_set():
                    self.first = int(json.loads(value)["sequence"])
                    self.listening.set()


@dataclass(frozen=True, slots=True)
class Proof:
    """What the database file holds of what was acknowledged."""

    acknowledged: int
    missing: list[str]
    doubled: list[str]
    undone: list[str]  # acknowledged, yet without its effect
    alerts: int
    unheard: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Everything that must not be."""
        return [*self.missing, *self.doubled, *self.undone, *self.unheard]


def rows_of(database: Path | str, sql: str) -> list[tuple[Any, ...]]:
    """Ask a database file, or a PostgreSQL database by URL, with nothing of ours between."""
    if isinstance(database, str):
        with psycopg.connect(database) as server:
            return server.execute(sql.encode()).fetchall()
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


def prove(database: Path | str, posters: list[Poster], listeners: list[Listener]) -> Proof:
    """Compare the database of a stopped service with what posters and listeners were told."""
    kept = Counter(key for (key,) in rows_of(database, "SELECT key FROM messages"))
    assessed = Counter(rows_of(database, "SELECT scan_id, mono_ns FROM assessments"))
    alerted = Counter(scan for (scan,) in rows_of(database, "SELECT scan_id FROM alerts"))
    # once in the audit log: later events of an alert, as when nobody takes it on, are none of raising it
    noted = "SELECT scan_id FROM alerts JOIN audit ON subject = alerts.id WHERE action = 'alert_raised'"
    raised = Counter(scan for (scan,) in rows_of(database, noted))
    sequences = [
        sequence for (sequence,) in rows_of(database, "SELECT sequence FROM events ORDER BY sequence")
    ]
    keys = [key for poster in posters for key in poster.acknowledged]
    undone = [f"no assessment {a}" for p in posters for a in p.assessed if assessed[a] != 1]
    undone += [f"no alert of {s}" for p in posters for s in p.searched if alerted[s] != 1 or raised[s] != 1]
    undone += [f"refused: {words}" for p in posters for words in p.refused]
    doubled = [key for counts in (kept, assessed, alerted) for key, n in counts.items() if n > 1]
    unheard = []
    for number, listener in enumerate(listeners):
        heard = listener.sequences
        if heard:
            due = [s for s in sequences if listener.first < s <= heard[-1]]
            if heard != due or listener.resets:
                lost, more = len(set(due) - set(heard)), len(heard) - len(set(heard))
                unheard.append(
                    f"stream {number}: {lost} lost, {more} doubled of {len(due)}, {listener.resets} resets"
                )
        else:
            unheard.append(f"stream {number} heard nothing")
    return Proof(
        acknowledged=len(keys),
        missing=[key for key in keys if not kept[key]],
        doubled=[str(key) for key in doubled],
        undone=undone,
        alerts=len(alerted),
        unheard=unheard,
    )

"""One kept-alive connection to the service: limits on time and size, words for every failure.

A service may be dead, slow, hang in the middle of an answer, or be another program
altogether. Whatever it does costs the thread that asks a bounded time.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from drivers.api import LorryscanError
from scanner.evidence import Reason
from scanner.lane.service_address import ServiceLink

LONGEST_ANSWER = 65_536
LONGEST_EVENT = 65_536


class ServiceAway(LorryscanError, ConnectionError):
    """The service did not answer as it should; ``trouble`` says what can be mended, None for plain absence.

    Examples: it is not running; it hangs; it answers 500; another program has its port.
    """

    def __init__(self, why: str, trouble: Reason | None = None) -> None:
        super().__init__(why)
        self.trouble = trouble


class TokenRefused(ServiceAway):
    """The service does not know the lane's token, or no longer."""

    def __init__(self) -> None:
        super().__init__("the token is refused", Reason("token_refused"))


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, its JSON object ({} where there is none), and whether it is a problem of ours.

    ``ahead_s`` is by how much the service's clock is ahead of this computer's, where it says.
    """

    status: int
    body: dict[str, Any]
    is_problem: bool
    ahead_s: float | None = None

    @property
    def words(self) -> str:
        """What the service said in its own words."""
        said = self.body.get("detail") or self.body.get("title") or self.body.get("code") or self.status
        return str(said)[:300]


class ServiceClient:
    """A connection of one thread.

    Parameters
    ----------
    link : where to, and who we are.
    limit_s : longest time for a whole answer.
    """

    def __init__(self, link: ServiceLink, limit_s: float) -> None:
        self._url, self._limit_s = link.url, limit_s
        self._socket: socket.socket | None = None
        self._client = httpx.Client(
            base_url=f"{link.url}/api/v1/lane",
            headers={"Authorization": f"Bearer {link.token}", "Accept-Encoding": "identity"},
            verify=link.trust(),
            timeout=httpx.Timeout(limit_s, connect=min(limit_s, 2.0)),
            trust_env=False,
        )

    def ask(self, method: str, path: str, content: bytes, content_type: str = "application/json") -> Answer:
        """Send a request and return its whole answer.

        Raises
        ------
        ServiceAway : none came in time, or one that our service never gives.
        """
        until_s = time.monotonic() + self._limit_s
        # httpx limits each read, not the whole: a head that comes a letter at a time would hold us for ever
        limit = threading.Timer(self._limit_s, self._cut)
        limit.daemon = True
        limit.start()
        try:
            with self._client.stream(
                method,
                path,
                content=content,
                headers={"Content-Type": content_type},
                extensions={"trace": self._note_connection},
            ) as response:
                body = bytearray()
                for chunk in response.iter_raw():
                    body += chunk
                    if len(body) > LONGEST_ANSWER:
                        raise self.foreign("its answer has no end")
                    if time.monotonic() > until_s:
                        raise ServiceAway("its answer did not end in time")
        except httpx.HTTPError as error:
            raise self._away(error) from error
        finally:
            limit.cancel()
        return self._judged(response, bytes(body))

    def _note_connection(self, event: str, info: dict[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = info["return_value"].get_extra_info("socket")

    def _cut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # the plain socket's: that of TLS would change its state under the thread that reads
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def events(self, path: str, headers: dict[str, str], silence_s: float) -> _EventStream:
        """Return a stream of events to be entered with ``with``; see `_EventStream`."""
        return _EventStream(self, self._client, path, headers, silence_s)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def foreign(self, why: str) -> ServiceAway:
        """Return the error for an answer that our service never gives."""
        return ServiceAway(why, Reason("service_foreign", {"url": self._url, "why": why}))

    def _judged(self, response: httpx.Response, raw: bytes) -> Answer:
        status = response.status_code
        if status in (401, 403):
            raise TokenRefused
        if status >= 500 or status in (408, 425, 429):
            raise ServiceAway(f"it answers {status}")
        kind = response.headers.get("content-type", "").partition(";")[0].strip()
        is_problem = kind == "application/problem+json"
        if not (200 <= status < 300 or is_problem):
            raise self.foreign(f"HTTP {status}")
        try:
            body = json.loads(raw) if raw else {}
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise self.foreign("no JSON object")
        return Answer(status, body, is_problem, _ahead_s(response.headers.get("date", "")))

    def _away(self, error: httpx.HTTPError) -> ServiceAway:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                why = cause.verify_message or str(cause)
                return ServiceAway(str(error), Reason("service_untrusted", {"why": why}))
            cause = cause.__cause__ or cause.__context__
        return ServiceAway(str(error) or type(error).__name__)


def _ahead_s(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None


class _EventStream:
    """An open stream of events as httpx-sse reads it, ended when it falls silent or its events have no end.

    Parameters
    ----------
    silence_s : an event, a heartbeat included, comes at least this often.
    """

    def __init__(
        self, owner: ServiceClient, client: httpx.Client, path: str, headers: dict[str, str], silence_s: float
    ) -> None:
        self._owner = owner
        self._silence_s = silence_s
        timeout = httpx.Timeout(silence_s)
        self._stream = client.stream("GET", path, headers=headers, timeout=timeout)

    def __enter__(self) -> httpx.Response:
        """Return a response whose body may be read with `httpx_sse.EventSource`."""
        try:
            response = self._stream.__enter__()
        except httpx.HTTPError as error:
            raise self._owner._away(error) from error
        if response.status_code != 200:
            self._stream.__exit__(None, None, None)
            self._owner._judged(response, b"")
            raise self._owner.foreign(f"HTTP {response.status_code}")
        watched = _Watched(self._owner, response, self._silence_s)
        return httpx.Response(200, headers=response.headers, stream=watched)

    def __exit__(self, *raised: Any) -> None:
        self._stream.__exit__(*raised)


class _Watched(httpx.SyncByteStream):
    def __init__(self, owner: ServiceClient, response: httpx.Response, silence_s: float) -> None:
        self._owner, self._response, self._silence_s = owner, response, silence_s

    def __iter__(self) -> Iterator[bytes]:
        since_event, tail = 0, b""
        chunk_s = event_s = time.monotonic()
        try:
            for chunk in self._response.iter_raw():
                now_s = time.monotonic()
                if now_s - chunk_s > self._silence_s:
                    # this process was held up, and what has waited for it is old: orders among it too
                    raise ServiceAway("it was not read in time")
                chunk_s = now_s
                seen = (tail + chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
                tail = seen[-1:]
                if b"\n\n" in seen:
                    since_event, event_s = len(chunk), now_s
                since_event += len(chunk)
                if since_event > 2 * LONGEST_EVENT:
                    raise self._owner.foreign("an event without end")
                if now_s - event_s > self._silence_s:
                    raise ServiceAway("no heartbeat")
                yield chunk
        except httpx.HTTPError as error:
            raise self._owner._away(error) from error

"""Whatever is sent, the answer is a problem that says what is wrong, never a failure of the service."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import pytest
from ulid import ULID

from service.api.limits import MOST_BYTES
from service.store.errors import StoreUnavailable

HUGE = "9" * 5000
BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "a NUL": b'{"name": "a\\u0000b", "password": "x"}',
    "a lone surrogate": b'{"name": "\\ud800", "password": "x"}',
    "a lone surrogate as key": b'{"\\udfff": 1}',
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "NaN": b'{"name": NaN}',
    "infinity": b'{"name": 1e999}',
    "an integer of 5000 digits": b'{"name": ' + HUGE.encode() + b"}",
    "an integer of 65 bits": b'{"name": 18446744073709551616}',
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 200 + b"1" + b"}" * 200,
    "wrong kinds": b'{"key": 1, "kind": [], "body": "x", "name": {}, "order": 3, "state": null}',
    "a byte order mark": b'\xef\xbb\xbf{"name": "x"}',
}


def addresses() -> list[tuple[str, str, str]]:
    """Return every address that takes JSON, and who sends it."""
    return [
        ("supervisor", "POST", "/api/v1/login"),
        ("officer", "PUT", "/api/v1/me/password"),
        ("officer", "POST", "/api/v1/lanes/x/commands"),
        ("officer", "POST", "/api/v1/scans/x/alert"),
        ("officer", "POST", "/api/v1/alerts/x/outcome"),
        ("supervisor", "POST", "/api/v1/users"),
        ("supervisor", "PATCH", "/api/v1/users/x"),
        ("engineer", "POST", "/api/v1/lanes"),
        ("lane", "POST", "/api/v1/lane/messages"),
        ("lane", "POST", "/api/v1/lane/live"),
    ]


def check_problem(answer: httpx.Response) -> dict[str, Any]:
    """Check that an answer is a problem in RFC 9457's words, and return it."""
    assert answer.headers["content-type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code"} <= set(said)
    assert said["status"] == answer.status_code
    assert said["instance"] == answer.url.path
    assert "Traceback" not in answer.text
    return said


@pytest.mark.parametrize(("who", "method", "path"), addresses())
@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_unsound_body_is_malformed(running: Any, who: str, method: str, path: str, body: bytes) -> None:
    client = running.lane() if who == "lane" else running.booth(who)
    answer = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
    said = check_problem(answer)
    assert (answer.status_code, said["code"]) == (422, "malformed")
    assert said["errors"]
    assert len(answer.content) < 10_000


@pytest.mark.parametrize(("who", "method", "path"), addresses())
def test_body_of_another_type_is_refused(running: Any, who: str, method: str, path: str) -> None:
    client = running.lane() if who == "lane" else running.booth(who)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "é".encode()):
        answer = client.request(method, path, content=b"{}", headers={"Content-Type": kind})
        assert (answer.status_code, check_problem(answer)["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(("who", "method", "path"), addresses())
def test_body_over_the_limit_is_refused_declared_or_not(
    running: Any, who: str, method: str, path: str
) -> None:
    client = running.lane() if who == "lane" else running.booth(who)
    json_type = {"Content-Type": "application/json"}
    body = b'"' + b"x" * MOST_BYTES + b'"'
    chunks = (body[i : i + 65536] for i in range(0, len(body), 65536))
    for content in (body, chunks):
        answer = client.request(method, path, content=content, headers=json_type)
        assert (answer.status_code, check_problem(answer)["code"]) == (413, "too_large")
    assert client.get("/api/health/live").status_code == 200


def test_password_is_never_in_an_answer(running: Any) -> None:
    supervisor = running.booth("supervisor")
    secret = "short" + "é"
    for asked in ({"name": "x", "role": "officer", "password": secret}, {"password": [secret]}):
        answer = supervisor.post("/api/v1/users", json=asked)
        assert answer.status_code == 422
        assert secret not in json.loads(answer.text).__repr__()


@pytest.mark.parametrize(
    "query",
    [
        "state=nonsense",
        "limit=0",
        "limit=-1",
        "limit=201",
        f"limit={HUGE[:400]}",
        "limit=1e3",
        "limit=%00",
        "limit=%ff",
        "plate=" + "x" * 25,
    ],
)
def test_query_out_of_bounds_is_malformed(running: Any, query: str) -> None:
    answer = running.booth().get(f"/api/v1/scans?{query}")
    assert (answer.status_code, check_problem(answer)["code"]) == (422, "malformed")


@pytest.mark.parametrize("plate", ["%00", "%ff%fe", "%25", "_", "'; DROP TABLE scans; --", "%F0%9F%9A%9B"])
def test_odd_plate_finds_nothing(running: Any, plate: str) -> None:
    lane = running.lane()
    lane.tell(lane.opened())
    answer = running.booth().get(f"/api/v1/scans?plate={plate}&limit=5")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/scans/%00",
        "/api/v1/scans/%ff",
        "/api/v1/scans/" + "x" * 5000,
        "/api/v1/scans/..%2f..%2fetc%2fpasswd",
        "/api/v1/alerts/nothing",
        "/api/v1/lanes/%F0%9F%9A%9B/live",
        "/api/v1/nothing",
        "/api/v1/",
        "/nothing",
        "/..%2f..%2fpyproject.toml",
        "/assets/../../resources.py",
        "/%00",
    ],
)
def test_address_of_nothing_is_not_found(running: Any, path: str) -> None:
    said = check_problem(running.booth().get(path))
    assert (said["status"], said["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/v1/me"),
        ("GET", "/api/v1/login"),
        ("PUT", "/api/v1/state"),
        ("POST", "/"),
        ("TRACE", "/api/v1/me"),
    ],
)
def test_wrong_method_is_told_with_those_allowed(running: Any, method: str, path: str) -> None:
    answer = running.booth().request(method, path)
    assert (answer.status_code, check_problem(answer)["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"]


def test_every_method_of_an_address_is_named(running: Any) -> None:
    answer = running.booth().request("OPTIONS", "/api/v1/lanes")
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": b"__Host-lorryscan=\xff\xfe"},
        {"Cookie": "__Host-lorryscan=" + "x" * 8000},
        {"Cookie": '__Host-lorryscan="\\000"; ;;==; a'},
        {"Range": "bytes=9-1,a-b"},
        {"If-None-Match": b"\xff"},
        {"Accept": "nonsense/;;q=x"},
        {"Content-Length": "0", "Expect": "100-continue"},
    ],
)
def test_odd_headers_do_no_harm(running: Any, headers: dict[str, Any]) -> None:
    with httpx.Client(base_url=running.url, headers=headers, trust_env=False) as client:
        assert client.get("/api/health/live").status_code == 200
        assert client.get("/api/v1/me").status_code == 401


def test_nothing_is_half_done_when_a_message_is_refused(running: Any) -> None:
    """The second of two messages reuses the first one's key: its scan and alert are not there."""
    lane, booth = running.lane(), running.booth()
    first = lane.opened()
    lane.tell(first)
    lane.scan = str(ULID())
    answer = lane.tell(lane.assessed("rescue") | {"key": first["key"]})
    assert check_problem(answer)["code"] == "key_reused"
    assert booth.get(f"/api/v1/scans/{lane.scan}").status_code == 404
    assert all(alert["scan_id"] != lane.scan for alert in booth.get("/api/v1/alerts").json())


def test_failure_of_the_service_has_an_id_and_no_traceback(
    running: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret of the service")

    monkeypatch.setattr("service.api.routes.people.accounts.users", fail)
    answer = running.booth("supervisor").get("/api/v1/users")
    said = check_problem(answer)
    assert (answer.status_code, said["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert said["id"] in caplog.text
    assert "a secret of the service" in caplog.text


def test_store_that_cannot_write_is_unavailable_not_broken(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreUnavailable("service.sqlite: database or disk is full: make room on the disk")

    lane = running.lane()
    monkeypatch.setattr("service.api.routes.lane_link.messages.take", full)
    answer = lane.tell(lane.opened())
    assert (answer.status_code, check_problem(answer)["code"]) == (503, "store_unavailable")
    assert answer.headers["retry-after"]


def test_half_a_request_is_no_harm(running: Any) -> None:
    port = int(running.url.rsplit(":", 1)[1])
    for sent in (
        b"GET /api/v1/me HTT",
        b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{",
        b"\0\0\0",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
            raw.sendall(sent)
    with running.booth() as booth:
        assert booth.get("/api/v1/me").status_code == 200


def test_answers_tell_browsers_what_this_site_never_does(running: Any) -> None:
    booth = running.booth()
    for path in ("/", "/api/v1/me", "/api/v1/nothing", "/api/v1/state"):
        headers = booth.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "strict-transport-security" not in headers, "only over TLS"
    assert booth.get("/api/v1/state").headers["cache-control"] == "no-store"

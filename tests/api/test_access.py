"""Who may ask: every route declares it, every role gets exactly what the table says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from service.api.access import DECLARED, Booth, Everybody, GateItself, LaneItself, Scraper
from service.api.app import SUBJECTS
from service.permissions import ALLOWED
from service.resources import Permission, Role, Scope
from tests.api.conftest import WITHIN_S

# the roles of docs/service.md, by hand: what the code's own table says is not the truth here
MAY = {
    Permission.COMMAND_LANES: {"officer", "supervisor", "engineer"},
    Permission.HANDLE_ALERTS: {"officer", "supervisor"},
    Permission.MANAGE_ACCOUNTS: {"supervisor"},
    Permission.MANAGE_LANES: {"engineer"},
    Permission.READ_AUDIT: {"supervisor", "auditor"},
    Permission.DISCLOSE: {"supervisor", "auditor"},
    Permission.ERASE: {"supervisor"},
}
NEEDS = {
    ("POST", "/api/v1/lanes/{lane}/commands"): Permission.COMMAND_LANES,
    ("POST", "/api/v1/scans/{scan_id}/alert"): Permission.HANDLE_ALERTS,
    ("POST", "/api/v1/alerts/{alert_id}/acknowledge"): Permission.HANDLE_ALERTS,
    ("POST", "/api/v1/handovers"): Permission.HANDLE_ALERTS,
    ("POST", "/api/v1/handovers/{handover_id}/sign"): Permission.HANDLE_ALERTS,
    ("POST", "/api/v1/alerts/{alert_id}/assign"): Permission.HANDLE_ALERTS,
    ("POST", "/api/v1/alerts/{alert_id}/shelve"): Permission.HANDLE_ALERTS,
    ("POST", "/api/v1/alerts/{alert_id}/unshelve"): Permission.HANDLE_ALERTS,
    ("POST", "/api/v1/alerts/{alert_id}/outcome"): Permission.HANDLE_ALERTS,
    ("POST", "/api/v1/alerts/{alert_id}/close"): Permission.HANDLE_ALERTS,
    ("GET", "/api/v1/users/{name}/sessions"): Permission.MANAGE_ACCOUNTS,
    ("DELETE", "/api/v1/users/{name}/sessions"): Permission.MANAGE_ACCOUNTS,
    ("GET", "/api/v1/lanes/{lane}/tokens"): Permission.MANAGE_LANES,
    ("GET", "/api/v1/gates"): Permission.MANAGE_LANES,
    ("POST", "/api/v1/gates"): Permission.MANAGE_LANES,
    ("POST", "/api/v1/gates/{name}/token"): Permission.MANAGE_LANES,
    ("DELETE", "/api/v1/gates/{name}/token"): Permission.MANAGE_LANES,
    ("DELETE", "/api/v1/vehicles/{vehicle_id}"): Permission.COMMAND_LANES,
    ("GET", "/api/v1/users"): Permission.MANAGE_ACCOUNTS,
    ("POST", "/api/v1/users"): Permission.MANAGE_ACCOUNTS,
    ("PATCH", "/api/v1/users/{name}"): Permission.MANAGE_ACCOUNTS,
    ("POST", "/api/v1/lanes"): Permission.MANAGE_LANES,
    ("POST", "/api/v1/lanes/{lane}/token"): Permission.MANAGE_LANES,
    ("DELETE", "/api/v1/lanes/{lane}/token"): Permission.MANAGE_LANES,
    ("GET", "/api/v1/scans/{scan_id}/file"): Permission.DISCLOSE,
    ("POST", "/api/v1/privacy/erase"): Permission.ERASE,
    ("GET", "/api/v1/audit"): Permission.READ_AUDIT,
    ("GET", "/api/v1/audit/checkpoint"): Permission.READ_AUDIT,
    ("GET", "/api/v1/audit/proof"): Permission.READ_AUDIT,
    ("GET", "/api/v1/audit/search"): Permission.READ_AUDIT,
    ("GET", "/api/v1/audit/consistency"): Permission.READ_AUDIT,
}
LANES_OWN = {
    ("POST", "/api/v1/lane/messages"): Scope.MESSAGES,
    ("POST", "/api/v1/lane/live"): Scope.LIVE,
    ("PUT", "/api/v1/lane/pictures/{sensor}"): Scope.LIVE,
    ("GET", "/api/v1/lane/commands"): Scope.COMMANDS,
}
GATES_OWN = {("POST", "/api/v1/gate/vehicles"), ("POST", "/api/v1/gate/vehicles/{vehicle_id}/gone")}
# what a booth that is locked still shows, and what ends that
LOCKED = {
    ("GET", "/api/v1/me"),
    ("POST", "/api/v1/lock"),
    ("POST", "/api/v1/unlock"),
    ("GET", "/api/v1/state"),
    ("GET", "/api/v1/events"),
    ("GET", "/api/v1/alerts"),
    ("GET", "/api/v1/alerts/{alert_id}"),
    ("GET", "/api/v1/lanes"),
    ("GET", "/api/v1/queues"),
    ("GET", "/api/v1/lanes/{lane}/live"),
    ("GET", "/api/v1/lanes/{lane}/pictures/{sensor}"),
    ("GET", "/api/v1/lanes/{lane}/pictures/{sensor}/heat"),
}
# what needs a password that was given just now
FRESH = {
    ("POST", "/api/v1/handovers"),
    ("POST", "/api/v1/handovers/{handover_id}/sign"),
    ("GET", "/api/v1/scans/{scan_id}/file"),
    ("POST", "/api/v1/privacy/erase"),
    ("PUT", "/api/v1/me/pin"),
    ("DELETE", "/api/v1/me/pin"),
    ("POST", "/api/v1/users"),
    ("PATCH", "/api/v1/users/{name}"),
    ("DELETE", "/api/v1/users/{name}/sessions"),
    ("POST", "/api/v1/lanes"),
    ("POST", "/api/v1/lanes/{lane}/token"),
    ("DELETE", "/api/v1/lanes/{lane}/token"),
    ("POST", "/api/v1/gates"),
    ("POST", "/api/v1/gates/{name}/token"),
    ("DELETE", "/api/v1/gates/{name}/token"),
}
OPEN = {
    ("POST", "/api/v1/login"),
    ("POST", "/api/v1/logout"),
    ("GET", "/api/health/live"),
    ("GET", "/api/health/ready"),
    ("GET", "/api/openapi.json"),
}
SAFE = {"GET", "HEAD"}


def every_route() -> Iterator[tuple[str, str, Any]]:
    """Give the method, the path and the endpoint of every route."""
    for subject in SUBJECTS:
        for route in subject.routes.routes:
            assert isinstance(route, APIRoute)
            for method in sorted(route.methods):
                yield method, route.path, route.endpoint


ROUTES = sorted((method, path) for method, path, _ in every_route())
BOOTH_ROUTES = [each for each in ROUTES if each not in {*LANES_OWN, *GATES_OWN, *OPEN, ("GET", "/metrics")}]


def test_every_route_declares_who_may_use_it_as_the_table_says() -> None:
    for method, path, endpoint in every_route():
        declared = DECLARED.get(endpoint)
        if (method, path) in LANES_OWN:
            assert declared == LaneItself(LANES_OWN[method, path]), path
        elif (method, path) in GATES_OWN:
            assert declared == GateItself(), path
        elif (method, path) in OPEN:
            assert declared == Everybody(), path
        elif path == "/metrics":
            assert declared == Scraper()
        else:
            asked = (method, path)
            wanted = Booth(NEEDS.get(asked), fresh=asked in FRESH, locked=asked in LOCKED)
            assert declared == wanted, f"{method} {path}"


def test_roles_are_allowed_what_the_page_says() -> None:
    allowed = {p: {role.value for role in Role if p in ALLOWED[role]} for p in Permission}
    assert {permission: allowed[permission] for permission in MAY} == MAY


def filled(path: str) -> str:
    """Return a path with names of nothing that exists."""
    for name in ("lane", "scan_id", "alert_id", "name", "sensor", "session_id", "vehicle_id"):
        path = path.replace(f"{{{name}}}", "nothing")
    return path


@pytest.mark.parametrize(("method", "path"), BOOTH_ROUTES)
def test_nobody_gets_anything_without_a_session(running: Any, method: str, path: str) -> None:
    for token, code in (("", "not_logged_in"), ("nobodys-token", "session_ended")):
        # a body that is no JSON: who asks is settled before what is asked
        answer = running.client(token).request(method, filled(path), content=b"{")
        assert (answer.status_code, answer.json()["code"]) == (401, code)


@pytest.mark.parametrize(
    ("method", "path"), [each for each in [*BOOTH_ROUTES, *sorted(OPEN)] if each[0] not in SAFE]
)
@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "", "http://127.0.0.1"])
def test_changes_from_another_sites_page_are_refused(
    running: Any, method: str, path: str, origin: str
) -> None:
    with running.client(running.session("supervisor")) as booth:
        booth.headers["Origin"] = origin
        answer = booth.request(method, filled(path), json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused")


def test_change_without_an_origin_is_refused(running: Any) -> None:
    booth = running.booth()
    del booth.headers["Origin"]
    assert booth.post("/api/v1/logout").json()["code"] == "origin_refused"
    assert booth.get("/api/v1/me").status_code == 200, "reading changes nothing"


def test_session_idles_out_after_an_hour(running: Any) -> None:
    token = running.session("auditor")
    booth = running.client(token)
    assert booth.get("/api/v1/me").status_code == 200
    with running.database.writing() as c:
        c.exec_driver_sql("UPDATE sessions SET used_utc_ms = used_utc_ms - 3600001 WHERE name = 'auditor'")
    assert booth.get("/api/v1/me").json()["code"] == "session_ended"


def test_metrics_are_for_this_machine_or_the_token(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with httpx.Client(base_url=running.url, trust_env=False, timeout=WITHIN_S) as scraper:
        assert scraper.get("/metrics").status_code == 200
        through_proxy = {"X-Forwarded-For": "192.0.2.7"}
        answer = scraper.get("/metrics", headers=through_proxy)
        assert (answer.status_code, answer.json()["code"]) == (401, "metrics_refused")
        monkeypatch.setenv("LORRYSCAN_METRICS_TOKEN", "scrape-me")
        bearer = {"Authorization": "Bearer scrape-me"}
        assert scraper.get("/metrics", headers=through_proxy | bearer).status_code == 200
        bearer = {"Authorization": "Bearer scrape-mé".encode()}
        assert scraper.get("/metrics", headers=through_proxy | bearer).status_code == 401  # type: ignore[operator]


def test_stream_needs_a_session(running: Any) -> None:
    answer = running.client("nobodys").get("/api/v1/events")
    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")


def test_requests_of_a_session_count_as_use(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.api.running.TOUCH_S", 0.0)
    booth = running.booth("engineer")
    with running.database.writing() as c:
        c.exec_driver_sql("UPDATE sessions SET used_utc_ms = used_utc_ms - 3000000 WHERE name = 'engineer'")
    before = booth.get("/api/v1/me").json()["expires_utc_ms"]
    deadline = time.monotonic() + WITHIN_S
    while booth.get("/api/v1/me").json()["expires_utc_ms"] == before:
        assert time.monotonic() < deadline, "asking does not keep a session"
        time.sleep(0.05)

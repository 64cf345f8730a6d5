"""Logging in: what fits, what does not, and how often one may be wrong."""

from __future__ import annotations

import threading
from http.cookies import SimpleCookie
from typing import Any

import pytest

from service.api.throttle import FAILURES, WAIT_S, WITHIN_S, Attempt, LoginThrottle

PASSWORD = "brass kettle on the quay"  # of every account in conftest.py
OFFICER_BOOTH, STRANGER = "192.0.2.1", "198.51.100.66"


def fail(throttle: LoginThrottle, name: str, address: str, now_s: float) -> bool:
    """Try a wrong password; return whether it was looked at."""
    return isinstance(throttle.begin(name, address, now_s), Attempt)


def test_sixth_wrong_password_waits_half_a_minute() -> None:
    throttle = LoginThrottle()
    assert all(fail(throttle, f"name{i}", STRANGER, 10.0 * i) for i in range(FAILURES))
    assert throttle.begin("other", STRANGER, 41.0) == pytest.approx(WAIT_S - 1)
    assert not fail(throttle, "other", STRANGER, 69.0)
    assert fail(throttle, "other", STRANGER, 70.0), "what was tried meanwhile does not count"


def test_old_failures_are_forgotten() -> None:
    throttle = LoginThrottle()
    for i in range(FAILURES - 1):
        fail(throttle, "miller", STRANGER, float(i))
    assert fail(throttle, "miller", STRANGER, WITHIN_S + 10)
    assert fail(throttle, "miller", STRANGER, WITHIN_S + 11)


def test_stranger_cannot_lock_an_officer_out_of_her_booth() -> None:
    throttle = LoginThrottle()
    entered = throttle.begin("miller", OFFICER_BOOTH, 0.0)
    assert isinstance(entered, Attempt)
    throttle.succeeded(entered)
    for i in range(1000):
        fail(throttle, "miller", f"198.51.100.{i % 250}", 1.0 + i)
    assert not fail(throttle, "miller", STRANGER, 1001.0), "the name waits for strangers"
    assert fail(throttle, "miller", OFFICER_BOOTH, 1001.0), "and not at her own booth"


def test_neighbour_behind_the_same_proxy_cannot_either() -> None:
    throttle = LoginThrottle()
    attempt = throttle.begin("miller", STRANGER, 0.0)
    assert isinstance(attempt, Attempt)
    throttle.succeeded(attempt)
    for i in range(FAILURES):
        fail(throttle, f"name{i}", STRANGER, 1.0)
    assert not fail(throttle, "smith", STRANGER, 2.0)
    assert all(fail(throttle, "miller", STRANGER, 2.0) for _ in range(FAILURES))
    assert not fail(throttle, "miller", STRANGER, 2.0), "her own name is guessed no faster"


def test_stranger_with_all_of_an_ipv6_network_is_one() -> None:
    throttle = LoginThrottle()
    looked_at = [fail(throttle, f"name{i}", f"2001:db8::{i:x}", float(i)) for i in range(20)]
    assert looked_at.count(True) == FAILURES


def test_success_takes_its_own_failures_back() -> None:
    throttle = LoginThrottle()
    for i in range(FAILURES - 1):
        fail(throttle, "miller", OFFICER_BOOTH, float(i))
    entered = throttle.begin("miller", OFFICER_BOOTH, 5.0)
    assert isinstance(entered, Attempt)
    throttle.succeeded(entered)
    assert fail(throttle, "miller", OFFICER_BOOTH, 6.0)


def test_login_gives_a_cookie_that_scripts_and_other_sites_never_see(own_service: Any) -> None:
    booth = own_service.client()
    answer = booth.post("/api/v1/login", json={"name": "supervisor", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["name"] == answer.json()["role"] == "supervisor"
    assert "manage_accounts" in answer.json()["permissions"]
    cookie = SimpleCookie(answer.headers["set-cookie"])["__Host-lorryscan"]
    assert (cookie["path"], cookie["secure"], cookie["httponly"]) == ("/", True, True)
    assert cookie["samesite"].lower() == "strict"
    assert not cookie["domain"]
    booth.headers["Cookie"] = f"__Host-lorryscan={cookie.value}"
    assert booth.get("/api/v1/me").json() == answer.json()
    assert booth.post("/api/v1/logout").status_code == 204
    assert booth.get("/api/v1/me").json()["code"] == "session_ended"
    assert booth.post("/api/v1/logout").status_code == 204, "logged out is logged out"


def test_refusals_are_alike_then_wait_and_are_in_the_audit(own_service: Any) -> None:
    supervisor = own_service.booth("supervisor")
    supervisor.patch("/api/v1/users/auditor", json={"disabled": True})
    booth = own_service.client()
    tries = [
        {"name": "officer", "password": "wrong"},
        {"name": "nobody", "password": PASSWORD},
        {"name": "auditor", "password": PASSWORD},
        {"name": "officer", "password": ""},
        {"name": "", "password": "wrong"},
    ]
    answers = [booth.post("/api/v1/login", json=each) for each in tries]
    assert {(a.status_code, a.text) for a in answers} == {(401, answers[0].text)}
    assert answers[0].json()["code"] == "login_refused"
    sixth = booth.post("/api/v1/login", json={"name": "officer", "password": PASSWORD})
    assert (sixth.status_code, sixth.json()["code"]) == (429, "too_many_logins")
    assert 1 <= int(sixth.headers["retry-after"]) <= 30
    refused = [e for e in supervisor.get("/api/v1/audit").json() if e["action"] == "login_refused"]
    assert [e["subject"] for e in refused] == ["officer", "", "auditor", "officer", ""]
    assert PASSWORD not in supervisor.get("/api/v1/audit").text
    assert 'lorryscan_login_failures_total{why="too_many"} 1.0' in booth.get("/metrics").text


def test_hundred_guesses_at_once_are_not_one(own_service: Any) -> None:
    looked_at: list[int] = []

    def guess(number: int) -> None:
        with own_service.client() as booth:
            answer = booth.post("/api/v1/login", json={"name": "officer", "password": f"guess {number}"})
        looked_at.append(answer.status_code)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert looked_at.count(401) == FAILURES
    assert looked_at.count(429) == 30 - FAILURES


def test_own_password_is_changed_with_the_old_one_only(own_service: Any) -> None:
    here, elsewhere = own_service.booth("engineer"), own_service.booth("engineer")
    wrong = here.put("/api/v1/me/password", json={"old": "wrong", "new": "a new long one"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
    short = here.put("/api/v1/me/password", json={"old": PASSWORD, "new": "short"})
    assert (short.status_code, short.json()["code"]) == (422, "malformed")
    assert here.put("/api/v1/me/password", json={"old": PASSWORD, "new": "a new long one"}).status_code == 204
    assert here.get("/api/v1/me").status_code == 200
    assert elsewhere.get("/api/v1/me").json()["code"] == "session_ended"
    booth = own_service.client()
    new = booth.post("/api/v1/login", json={"name": "engineer", "password": "a new long one"})
    assert new.status_code == 200

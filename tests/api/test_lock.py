"""A locked booth: alarms stay, acting needs the PIN; and a password given again for sensitive acts."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from service.resources import Role
from service.store import pins
from service.store.sessions import WRONG_SECRETS

PASSWORD = "brass kettle on the quay"  # of every account in conftest.py
PIN = "4711"
MINUTE_MS = 60_000


def officer(running: Any, pin: str = PIN) -> Any:
    """Return a new officer who is logged in and has a PIN."""
    name = running.add(Role.OFFICER)
    booth = running.booth(name)
    booth.name = name
    if pin:
        assert booth.put("/api/v1/me/pin", json={"pin": pin}).status_code == 204
    return booth


def aged(running: Any, name: str, column: str, by_ms: int) -> None:
    """Put a session's time back."""
    with running.database.writing() as c:
        c.exec_driver_sql(f"UPDATE sessions SET {column} = {column} - {by_ms} WHERE name = '{name}'")


def test_locked_booth_shows_alarms_and_does_nothing_else(running: Any) -> None:
    alert = running.lane().raises_alert()
    booth = officer(running)
    assert booth.post("/api/v1/lock").json()["locked"] is True
    assert alert in {one["scan_id"] for one in booth.get("/api/v1/state").json()["alerts"]}
    assert booth.get("/api/v1/state").json()["me"]["locked"] is True
    assert booth.get("/api/v1/alerts").status_code == 200
    for method, path in (
        ("POST", f"/api/v1/alerts/{alert}/acknowledge"),
        ("GET", "/api/v1/scans"),
        ("PUT", "/api/v1/me/active"),
        ("POST", "/api/v1/reauthenticate"),
    ):
        answer = booth.request(method, path, json={} if method != "GET" else None)
        assert (answer.status_code, answer.json()["code"]) == (423, "locked"), path


@pytest.mark.parametrize("secret", [{"pin": PIN}, {"password": PASSWORD}])
def test_pin_or_password_unlocks(running: Any, secret: dict[str, str]) -> None:
    booth = officer(running)
    booth.post("/api/v1/lock")
    assert booth.post("/api/v1/unlock", json=secret).json()["locked"] is False
    assert booth.get("/api/v1/scans").status_code == 200


def test_booth_locks_when_nobody_acts_though_its_page_stays_open(running: Any) -> None:
    booth = officer(running)
    aged(running, booth.name, "acted_utc_ms", 15 * MINUTE_MS)
    assert booth.get("/api/v1/state").json()["me"]["locked"] is True, "polling is nobody's act"
    assert booth.get("/api/v1/scans").status_code == 423


def test_acts_keep_a_booth_from_locking(running: Any) -> None:
    booth = officer(running)
    aged(running, booth.name, "acted_utc_ms", 14 * MINUTE_MS)
    assert booth.put("/api/v1/me/active").status_code == 204
    aged(running, booth.name, "acted_utc_ms", 14 * MINUTE_MS)
    assert booth.get("/api/v1/me").json()["locked"] is False


def test_five_wrong_pins_end_the_session(running: Any) -> None:
    booth = officer(running)
    booth.post("/api/v1/lock")
    answers = [booth.post("/api/v1/unlock", json={"pin": "0000"}) for _ in range(WRONG_SECRETS)]
    assert [a.json()["code"] for a in answers] == ["wrong_pin"] * 4 + ["session_ended"]
    assert booth.get("/api/v1/me").json()["code"] == "session_ended"


def test_twenty_pins_at_once_are_looked_at_five_times(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    booth = officer(running)
    booth.post("/api/v1/lock")
    looked_at: list[str] = []
    monkeypatch.setattr(pins, "matches", lambda c, name, pin: looked_at.append(pin))

    def guess(number: int) -> None:
        with running.client(booth.headers["Cookie"].partition("=")[2]) as one:
            one.post("/api/v1/unlock", json={"pin": f"{number:04}"})

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked_at) <= WRONG_SECRETS


def test_pin_is_forgotten_when_the_password_is_reset(running: Any) -> None:
    booth = officer(running)
    changed = running.booth("supervisor").patch(f"/api/v1/users/{booth.name}", json={"password": PASSWORD})
    assert changed.status_code == 200
    again = running.booth(booth.name)
    assert again.get("/api/v1/me").json()["has_pin"] is False
    again.post("/api/v1/lock")
    assert again.post("/api/v1/unlock", json={"pin": PIN}).json()["code"] == "wrong_pin"


def test_another_officer_takes_a_locked_booth_over(running: Any) -> None:
    booth = officer(running)
    booth.post("/api/v1/lock")
    other = running.add(Role.OFFICER)
    entered = booth.post("/api/v1/login", json={"name": other, "password": PASSWORD})
    assert (entered.json()["name"], entered.json()["locked"]) == (other, False)
    assert booth.get("/api/v1/me").json()["code"] == "session_ended", "the first one's session is over"


def test_pages_of_a_session_hear_that_it_was_locked(running: Any, read_stream: Any) -> None:
    booth = officer(running)
    with read_stream(booth, "/api/v1/events?after=0") as stream:
        stream.first("heartbeat")
        booth.post("/api/v1/lock")
        assert stream.first("me", within_s=3).data["locked"] is True


def test_sensitive_acts_need_a_password_that_was_given_just_now(running: Any) -> None:
    booth = officer(running)
    aged(running, booth.name, "fresh_utc_ms", 5 * MINUTE_MS)
    refused = booth.put("/api/v1/me/pin", json={"pin": "2222"})
    assert (refused.status_code, refused.json()["code"]) == (403, "reauthenticate")
    wrong = booth.post("/api/v1/reauthenticate", json={"password": "not this one"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
    assert booth.post("/api/v1/reauthenticate", json={"password": PASSWORD}).status_code == 200
    assert booth.put("/api/v1/me/pin", json={"pin": "2222"}).status_code == 204


def test_pin_unlock_is_no_fresh_password(running: Any) -> None:
    booth = officer(running)
    aged(running, booth.name, "fresh_utc_ms", 5 * MINUTE_MS)
    booth.post("/api/v1/lock")
    booth.post("/api/v1/unlock", json={"pin": PIN})
    assert booth.put("/api/v1/me/pin", json={"pin": "2222"}).json()["code"] == "reauthenticate"


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "12 4", "١٢٣٤"])
def test_pin_is_four_to_eight_digits(running: Any, pin: str) -> None:
    booth = officer(running, pin="")
    assert booth.put("/api/v1/me/pin", json={"pin": pin}).status_code == 422

"""What docs/security.md promises and no other test shows."""

from __future__ import annotations

from typing import Any

import pytest

from service.resources import Role

PASSWORD = "brass kettle on the quay"  # of every account in conftest.py
LETTERS = "aaaaaaaaaa"


@pytest.mark.parametrize(
    "password", [LETTERS, "1234567890", "ключ от склада", "  blanks around  ", "x" * 63 + "Y", "🗝" * 10]
)
def test_password_of_any_characters_is_taken_whole(running: Any, password: str) -> None:
    name = running.add(Role.OFFICER)
    changed = running.booth(name).put("/api/v1/me/password", json={"old": PASSWORD, "new": password})
    assert changed.status_code == 204
    for typed, status in ((password[:-1], 401), (password.swapcase() + "!", 401), (password, 200)):
        answer = running.client().post("/api/v1/login", json={"name": name, "password": typed})
        assert answer.status_code == status, typed


def test_logins_are_in_the_audit_with_their_address(running: Any) -> None:
    name = running.add(Role.OFFICER)
    running.client().post("/api/v1/login", json={"name": name, "password": PASSWORD})
    with running.database.reading() as c:
        rows = c.exec_driver_sql(f"SELECT who, detail FROM audit WHERE subject = '{name}'").all()
    assert (name, '{"address": "127.0.0.1"}') in [tuple(row) for row in rows]


def test_line_breaks_in_what_is_typed_forge_no_entry(running: Any) -> None:
    auditor, lane = running.booth("auditor"), running.lane()
    before = len(auditor.get("/api/v1/audit?limit=1000").json())
    forged = 'x"}\n{"who": "chief", "action": "account_added"}'
    lane.tell(lane.opened() | {"body": {"declaration": lane.opened()["body"]["declaration"], "by": forged}})
    entries = auditor.get("/api/v1/audit?limit=1000").json()[before:]
    opened = [entry for entry in entries if entry["action"] == "scan_opened"]
    assert [entry["detail"]["by"] for entry in opened] == [forged]
    assert not [entry for entry in entries if entry["who"] == "chief"]


def refusals(running, who: str, code: str) -> list[str]:
    entries = running.booth("auditor").get("/api/v1/audit", params={"limit": 1000}).json()
    return [
        each["detail"]["operation"]
        for each in entries
        if each["action"] == "refused" and each["who"] == who and each["detail"]["code"] == code
    ]


def test_what_a_role_does_not_include_is_in_the_audit_once(running):
    booth = running.booth(running.add(Role.OFFICER, "curious"))
    for _ in range(3):
        assert booth.get("/api/v1/users").status_code == 403
    assert booth.patch("/api/v1/users/supervisor", json={"disabled": True}).status_code == 403
    told = refusals(running, "curious", "not_allowed")
    assert told == ["GET /api/v1/users", "PATCH /api/v1/users/{name}"]


def test_a_change_from_another_sites_page_is_in_the_audit(running):
    booth = running.client(running.session("officer"), origin="https://elsewhere.example")
    assert booth.post("/api/v1/lock").status_code == 403
    assert "POST /api/v1/lock" in refusals(running, "(nobody)", "origin_refused")

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

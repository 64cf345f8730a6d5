"""Where somebody is logged in: listed, ended one by one, all at once, and by a supervisor."""

from __future__ import annotations

from typing import Any

from service.resources import Role

PASSWORD = "brass kettle on the quay"  # of every account in conftest.py


def test_login_gives_a_new_token_and_ends_the_one_it_came_with(running: Any) -> None:
    """Session fixation: a token that somebody planted is nobody's after the login."""
    name = running.add(Role.OFFICER)
    planted = running.session(name)
    booth = running.client(planted)
    answer = booth.post("/api/v1/login", json={"name": name, "password": PASSWORD})
    given = answer.cookies["__Host-lorryscan"]
    assert given != planted
    assert running.client(planted).get("/api/v1/me").json()["code"] == "session_ended"
    assert running.client(given).get("/api/v1/me").status_code == 200


def test_sessions_are_listed_without_their_tokens(running: Any) -> None:
    name = running.add(Role.OFFICER)
    tokens = [running.session(name) for _ in range(3)]
    answer = running.client(tokens[1]).get("/api/v1/me/sessions")
    assert [one["here"] for one in answer.json()].count(True) == 1
    assert len(answer.json()) == 3
    assert not [token for token in tokens if token in answer.text]


def test_one_is_ended_by_its_id_and_all_others_at_once(running: Any) -> None:
    name = running.add(Role.OFFICER)
    here, one, other = (running.booth(name) for _ in range(3))
    [id_of_one] = [s["id"] for s in one.get("/api/v1/me/sessions").json() if s["here"]]
    assert here.delete(f"/api/v1/me/sessions/{id_of_one}").status_code == 204
    assert one.get("/api/v1/me").status_code == 401
    assert other.get("/api/v1/me").status_code == 200
    assert here.delete("/api/v1/me/sessions").status_code == 204
    assert other.get("/api/v1/me").status_code == 401
    assert here.get("/api/v1/me").status_code == 200


def test_nobody_ends_a_session_of_somebody_else_by_its_id(running: Any) -> None:
    theirs = running.booth(running.add(Role.OFFICER))
    [session] = theirs.get("/api/v1/me/sessions").json()
    mine = running.booth(running.add(Role.OFFICER))
    assert mine.delete(f"/api/v1/me/sessions/{session['id']}").status_code == 404
    assert theirs.get("/api/v1/me").status_code == 200


def test_supervisor_sees_and_ends_somebodys_sessions(running: Any) -> None:
    name = running.add(Role.OFFICER)
    theirs = running.booth(name)
    supervisor = running.booth("supervisor")
    assert len(supervisor.get(f"/api/v1/users/{name}/sessions").json()) == 1
    assert supervisor.delete(f"/api/v1/users/{name}/sessions").status_code == 204
    assert theirs.get("/api/v1/me").json()["code"] == "session_ended"
    assert supervisor.get("/api/v1/users/nobody/sessions").status_code == 404


def test_limits_are_those_of_the_file(make_service: Any, tmp_path: Any) -> None:
    table = {"idle_min": 2, "absolute_min": 3, "lock_after_min": 1}
    service = make_service(tmp_path / "data", accounts_table=table)
    try:
        booth = service.client()
        answer = booth.post("/api/v1/login", json={"name": "officer", "password": PASSWORD})
        assert "max-age=180" in answer.headers["set-cookie"].lower()
        me = answer.json()
        assert me["expires_utc_ms"] - me["locks_utc_ms"] == 60_000
    finally:
        service.stop()

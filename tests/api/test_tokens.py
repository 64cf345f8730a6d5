"""Lanes' and gates' tokens over HTTP: scopes, ends, overlap, last use, and who may not have them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.api.conftest import WITHIN_S


def lane_with(running: Any, **given: object) -> Any:
    """Return a lane whose token was given this."""
    lane = running.lane()
    answer = running.booth("engineer").post(f"/api/v1/lanes/{lane.id}/token", json=given)
    assert answer.status_code == 201, answer.text
    lane.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    return lane


def test_token_is_good_for_its_scopes_only(running: Any) -> None:
    lane = lane_with(running, scopes=["messages"])
    assert lane.tell(lane.opened()).status_code == 201
    refused = lane.show()
    assert (refused.status_code, refused.json()["code"]) == (403, "out_of_scope")
    assert lane.get("/api/v1/lane/commands").status_code == 403


@pytest.mark.parametrize("scopes", [[], ["vehicles"], ["everything"]])
def test_lane_gets_scopes_of_lanes_only(running: Any, scopes: list[str]) -> None:
    engineer, lane = running.booth("engineer"), running.lane()
    assert engineer.post(f"/api/v1/lanes/{lane.id}/token", json={"scopes": scopes}).status_code == 422


def test_token_ends_on_its_date(running: Any) -> None:
    soon = time.time_ns() // 1_000_000 + 6_000
    lane = lane_with(running, expires_utc_ms=soon)
    assert lane.show().status_code == 200
    while time.time_ns() // 1_000_000 < soon:
        lane.show()
        time.sleep(0.05)
    answer = lane.show()
    assert (answer.status_code, answer.json()["code"]) == (401, "lane_unknown")


def test_old_token_is_dead_at_once_by_default(running: Any) -> None:
    lane = running.lane()
    assert lane.show().status_code == 200
    running.booth("engineer").post(f"/api/v1/lanes/{lane.id}/token")
    assert lane.show().status_code == 401


def test_old_token_works_on_for_the_overlap(make_service: Any, tmp_path: Any) -> None:
    service = make_service(tmp_path / "data", accounts_table={"token_overlap_min": 1})
    try:
        lane, engineer = service.lane(), service.booth("engineer")
        engineer.post(f"/api/v1/lanes/{lane.id}/token")
        assert lane.show().status_code == 200
        listed = engineer.get(f"/api/v1/lanes/{lane.id}/tokens").json()
        ends = [one["expires_utc_ms"] for one in listed]
        assert len(ends) == 2
        assert None in ends
        engineer.delete(f"/api/v1/lanes/{lane.id}/token")
        assert lane.show().status_code == 401, "revoking takes the old one too"
    finally:
        service.stop()


def test_last_use_of_a_token_is_kept(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.api.running.TOUCH_S", 0.0)
    lane, engineer = running.lane(), running.booth("engineer")
    lane.show()
    deadline = time.monotonic() + WITHIN_S
    while engineer.get(f"/api/v1/lanes/{lane.id}/tokens").json()[0]["used_utc_ms"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_gate_is_added_rotated_and_revoked_by_an_engineer(running: Any) -> None:
    engineer = running.booth("engineer")
    made = engineer.post("/api/v1/gates", json={"name": "reader-1"})
    assert made.status_code == 201
    assert engineer.post("/api/v1/gates", json={"name": "reader-1"}).json()["code"] == "exists"
    changed = engineer.post("/api/v1/gates/reader-1/token")
    assert changed.json()["token"] != made.json()["token"]
    assert [one["owner"] for one in engineer.get("/api/v1/gates").json()].count("reader-1") == 1
    assert engineer.delete("/api/v1/gates/reader-1/token").status_code == 204
    assert "reader-1" not in engineer.get("/api/v1/gates").text
    assert engineer.delete("/api/v1/gates/nowhere/token").status_code == 404


def test_gates_token_is_no_lanes_and_the_other_way_round(running: Any) -> None:
    gate, lane = running.gate(), running.lane()
    lane_path, view = "/api/v1/lane/live", lane.view()
    assert gate.post(lane_path, json=view).json()["code"] == "lane_unknown"


def test_tokens_are_in_the_audit_without_themselves(running: Any) -> None:
    lane = lane_with(running, scopes=["live", "messages"], expires_utc_ms=4_000_000_000_000)
    with running.database.reading() as c:
        rows = c.exec_driver_sql(
            f"SELECT action, detail FROM audit WHERE subject = '{lane.id}' ORDER BY sequence"
        ).all()
    assert [row[0] for row in rows] == ["lane_added", "lane_token_changed"]
    assert "live" in rows[1][1]
    assert lane.token not in str(rows)

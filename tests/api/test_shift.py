"""A shift at the booth: past alerts found again, and the sound check at its start."""

from __future__ import annotations

from typing import Any

from tests.api.test_booth_rows import alert_of, ok, refused


def entries(running: Any, action: str) -> list[tuple[str, Any]]:
    """Return who did it, and the details, the oldest first; reading them here is not among them."""
    log = ok(running.booth("auditor").get("/api/v1/audit?limit=1000"))
    return [(e["who"], e["detail"]) for e in log if e["action"] == action and e["who"] != "auditor"]


def test_alerts_are_found_by_state_level_lane_and_time(own_service: Any) -> None:
    officer, here, there = own_service.booth(), own_service.lane(), own_service.lane()
    first = alert_of(officer, here.raises_alert())
    second = alert_of(officer, there.raises_alert())
    ok(officer.post(f"/api/v1/alerts/{first['id']}/acknowledge"))
    shelf = {"minutes": 10, "reason": "search bay 2 is taken"}
    ok(officer.post(f"/api/v1/alerts/{second['id']}/shelve", json=shelf))

    def found(**query: Any) -> list[str]:
        return [one["id"] for one in ok(officer.get("/api/v1/alerts", params={"state": "all", **query}))]

    assert found() == [second["id"], first["id"]]
    assert found(state="acknowledged") == [first["id"]]
    assert found(level="search") == [second["id"], first["id"]]
    assert found(level="rescue") == []
    assert found(lane=here.id) == [first["id"]]
    assert found(shelved=True) == [second["id"]]
    assert found(shelved=False) == [first["id"]]
    raised = first["raised_utc_ms"]
    assert first["id"] in found(since_utc_ms=raised)
    assert first["id"] not in found(since_utc_ms=raised + 1)
    assert first["id"] not in found(until_utc_ms=raised)
    assert refused(officer.get("/api/v1/alerts?state=lost"), 422) == "malformed"


def test_a_page_of_a_search_leads_on_to_the_next_with_the_same_search(own_service: Any) -> None:
    officer, lane = own_service.booth(), own_service.lane()
    alert_of(officer, own_service.lane().raises_alert())
    mine = alert_of(officer, lane.raises_alert())
    page = officer.get("/api/v1/alerts", params={"lane": lane.id, "limit": 1})
    assert [one["id"] for one in ok(page)] == [mine["id"]]
    assert ok(officer.get(page.links["next"]["url"])) == []


def test_a_search_by_plate_is_an_entry_and_not_for_a_locked_booth(own_service: Any) -> None:
    officer = own_service.booth("officer")
    alert = alert_of(officer, own_service.lane().raises_alert())
    by_plate = "/api/v1/alerts?state=all&plate=b12-c"
    assert [one["id"] for one in ok(officer.get(by_plate))] == [alert["id"]]
    assert ok(officer.get("/api/v1/alerts?plate=ZZ")) == []
    assert entries(own_service, "accessed") == [
        ("officer", {"what": "closed_scans", "plate": "b12-c"}),
        ("officer", {"what": "closed_scans", "plate": "ZZ"}),
    ]
    ok(officer.post("/api/v1/lock"))
    assert refused(officer.get(by_plate), 423) == "locked"
    assert [one["id"] for one in ok(officer.get("/api/v1/alerts"))] == [alert["id"]]


def test_a_sound_check_is_an_entry_whatever_was_heard(own_service: Any) -> None:
    officer = own_service.booth("officer")
    for heard in (False, True):
        told = ok(officer.put("/api/v1/me/sound-check", json={"heard": heard}))
        assert (told["heard"], told["by"]) == (heard, "officer")
    assert entries(own_service, "sound_checked") == [
        ("officer", {"heard": heard, "address": "127.0.0.1"}) for heard in (False, True)
    ]
    assert refused(officer.put("/api/v1/me/sound-check", json={}), 422) == "malformed"

"""What booths ask, row by row: the state, scans, alerts, people, lanes, the audit, health, the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from ulid import ULID

from service.api.app import STATIC
from service.api.booth_files import BoothFiles

FOUND = {"kind": "people_found", "people": 3, "medical_help": True, "note": "behind the pallets"}


def ok(answer: httpx.Response, status: int = 200) -> Any:
    """Return what an answer holds."""
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def refused(answer: httpx.Response, status: int) -> str:
    """Return why it was refused."""
    assert answer.status_code == status, answer.text
    return str(answer.json()["code"])


def alert_of(booth: httpx.Client, scan_id: str) -> dict[str, Any]:
    """Return a scan's alert."""
    return ok(booth.get(f"/api/v1/alerts/{ok(booth.get(f'/api/v1/scans/{scan_id}'))['alert_id']}"))  # type: ignore[no-any-return]


def test_alert_goes_from_raised_to_closed(running: Any) -> None:
    lane, officer, other = running.lane(), running.booth(), running.booth("supervisor")
    alert = alert_of(officer, lane.raises_alert())
    assert (alert["state"], alert["level"], alert["plate"]) == ("raised", "search", "AB12 CDE")
    address = f"/api/v1/alerts/{alert['id']}"
    assert refused(officer.post(f"{address}/outcome", json=FOUND), 409) == "not_acknowledged"
    assert refused(officer.post(f"{address}/close"), 409) == "no_outcome"

    acknowledged = ok(officer.post(f"{address}/acknowledge"))
    assert (acknowledged["state"], acknowledged["acknowledged_by"]) == ("acknowledged", "officer")
    assert ok(officer.post(f"{address}/acknowledge")) == acknowledged
    late = other.post(f"{address}/acknowledge")
    assert refused(late, 409) == "already_acknowledged"
    assert "officer" in late.json()["detail"]
    assert "UTC" in late.json()["detail"]
    assert refused(officer.post(f"{address}/close"), 409) == "no_outcome"

    recorded = ok(officer.post(f"{address}/outcome", json=FOUND))
    assert recorded["state"] == "outcome"
    assert {key: recorded["outcome"][key] for key in FOUND} == FOUND
    assert ok(officer.post(f"{address}/outcome", json=FOUND))["version"] == recorded["version"]
    corrected = ok(officer.post(f"{address}/outcome", json=FOUND | {"people": 4}))
    assert corrected["outcome"]["people"] == 4

    closed = ok(officer.post(f"{address}/close"))
    assert (closed["state"], closed["closed_by"]) == ("closed", "officer")
    assert ok(other.post(f"{address}/close")) == closed
    assert refused(officer.post(f"{address}/outcome", json=FOUND), 409) == "closed"
    told = [e["action"] for e in ok(other.get("/api/v1/audit?limit=1000")) if e["subject"] == alert["id"]]
    assert told.count("outcome_recorded") + told.count("outcome_corrected") == 2, told


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "people_found"},
        {"kind": "people_found", "people": 0},
        {"kind": "nothing_found", "people": 1},
        {"kind": "not_searched"},
        {"kind": "not_searched", "note": "  "},
        {"kind": "nonsense"},
        {"kind": "nothing_found", "other": 1},
    ],
)
def test_outcome_that_says_too_little_or_too_much_is_malformed(running: Any, wrong: dict[str, Any]) -> None:
    lane, officer = running.lane(), running.booth()
    alert = alert_of(officer, lane.raises_alert())
    officer.post(f"/api/v1/alerts/{alert['id']}/acknowledge")
    assert refused(officer.post(f"/api/v1/alerts/{alert['id']}/outcome", json=wrong), 422) == "malformed"


def test_officer_raises_an_alert_by_hand_once(running: Any) -> None:
    lane, officer = running.lane(), running.booth()
    lane.tell(lane.opened())
    address = f"/api/v1/scans/{lane.scan}/alert"
    raised = ok(officer.post(address, json={"note": "knocking inside"}), 201)
    assert (raised["level"], raised["raised_by"]) == ("officer", "officer")
    assert ok(officer.post(address, json={})) == raised
    assert refused(officer.post("/api/v1/scans/nothing/alert", json={}), 404) == "not_found"


def test_scans_are_listed_by_state_plate_and_age(running: Any) -> None:
    lane, officer = running.lane(), running.booth()
    ids = []
    for number in range(3):
        lane.scan = str(ULID())
        raw = lane.opened()
        raw["body"]["declaration"]["plate"] = f"ZZ-{number} Q"
        lane.tell(raw)
        ids.append(lane.scan)
    lane.tell(lane.message("scan_closed", {"by": "officer"}))
    newest_first = [each["id"] for each in ok(officer.get("/api/v1/scans?plate=zz"))]
    assert newest_first == ids[::-1]
    assert [e["id"] for e in ok(officer.get("/api/v1/scans?plate=zz&state=closed"))] == ids[2:]
    assert [e["id"] for e in ok(officer.get(f"/api/v1/scans?plate=zz&before={ids[1]}"))] == ids[:1]
    assert len(ok(officer.get("/api/v1/scans?limit=2"))) == 2
    assert refused(officer.get("/api/v1/scans?before=nothing"), 404) == "not_found"


def test_scans_are_found_by_what_became_of_them(running: Any) -> None:
    lane, officer = running.lane(), running.booth()
    lane.raises_alert()
    address = "/api/v1/scans?recommendation=search&vehicle_class=reefer&limit=200"

    def found(more: str) -> dict[str, Any]:
        return {each["id"]: each for each in ok(officer.get(f"{address}&lane={lane.id}{more}"))}

    assert found("&outcome=not_recorded")[lane.scan]["outcome"] is None
    assert lane.scan not in found("&outcome=people_found")
    alert = found("")[lane.scan]["alert_id"]
    ok(officer.post(f"/api/v1/alerts/{alert}/acknowledge"))
    ok(officer.post(f"/api/v1/alerts/{alert}/outcome", json={"kind": "people_found", "people": 3}))
    one = found("&outcome=people_found")[lane.scan]
    assert (one["outcome"], one["people"], one["alert_id"]) == ("people_found", 3, alert)
    opened = one["opened_utc_ms"]
    assert lane.scan in found(f"&since_utc_ms={opened}&until_utc_ms={opened + 1}")
    assert lane.scan not in found(f"&until_utc_ms={opened}")
    assert lane.scan not in found(f"&since_utc_ms={opened + 1}")


@pytest.mark.parametrize(
    "query",
    [
        "vehicle_class=car",
        "recommendation=clear",
        "outcome=escaped",
        "since_utc_ms=-1",
        "until_utc_ms=9007199254740992",
        "since_utc_ms=noon",
        "limit=0",
        "plate=" + 25 * "A",
        "lane=" + 65 * "a",
    ],
)
def test_a_search_for_what_there_cannot_be_is_malformed(running: Any, query: str) -> None:
    assert refused(running.booth().get(f"/api/v1/scans?{query}"), 422) == "malformed"


def test_assessments_of_a_scan_are_as_told(running: Any) -> None:
    lane, officer = running.lane(), running.booth()
    lane.tell(lane.opened())
    told = [lane.assessed("inconclusive", 1), lane.assessed("search", 2, evidences=[], later_key=[1, 2])]
    for raw in told:
        lane.tell(raw)
    kept = ok(officer.get(f"/api/v1/scans/{lane.scan}/assessments"))
    assert [each["recommendation"] for each in kept] == ["inconclusive", "search"]
    assert kept[1]["later_key"] == [1, 2]
    assert refused(officer.get("/api/v1/scans/nothing/assessments"), 404) == "not_found"


def test_alerts_are_listed_open_or_all(running: Any) -> None:
    lane, officer = running.lane(), running.booth()
    first, second = (alert_of(officer, lane.raises_alert())["id"] for _ in range(2))
    for step, body in (("acknowledge", None), ("outcome", {"kind": "nothing_found"}), ("close", None)):
        ok(officer.post(f"/api/v1/alerts/{first}/{step}", json=body))
    open_now = [each["id"] for each in ok(officer.get("/api/v1/alerts?limit=200"))]
    every = [each["id"] for each in ok(officer.get("/api/v1/alerts?state=all&limit=200"))]
    assert second in open_now
    assert first not in open_now
    assert every.index(second) < every.index(first)
    assert [e["id"] for e in ok(officer.get(f"/api/v1/alerts?state=all&before={second}&limit=1"))] == [first]


def test_state_holds_all_that_a_page_begins_with(own_service: Any) -> None:
    lane, officer = own_service.lane("north-quay-2"), own_service.booth()
    gone = own_service.lane("gone")
    ok(own_service.booth("engineer").delete(f"/api/v1/lanes/{gone.id}/token"), 204)
    scan_id = lane.raises_alert()
    command = {"key": str(ULID()), "order": {"name": "leave"}}
    ok(officer.post("/api/v1/lanes/north-quay-2/commands", json=command), 202)
    state = ok(officer.get("/api/v1/state"))
    assert state["me"]["name"] == "officer"
    assert state["run"] == own_service.database.run
    assert [each["id"] for each in state["lanes"]] == ["north-quay-2"]
    assert state["lanes"][0]["heard_utc_ms"] is not None
    assert [each["id"] for each in state["scans"]] == [scan_id]
    assert [each["scan_id"] for each in state["alerts"]] == [scan_id]
    assert [each["id"] for each in state["commands"]] == [command["key"]]
    newest = own_service.service.database
    with newest.reading() as c:
        assert state["sequence"] == c.exec_driver_sql("SELECT max(sequence) FROM events").scalar_one()


def test_state_has_open_scans_and_the_twenty_closed_last(own_service: Any) -> None:
    lane, officer = own_service.lane(), own_service.booth()
    closed = []
    for _ in range(22):
        lane.raises_alert()
        lane.tell(lane.message("scan_closed", {"by": "officer"}))
        closed.append(lane.scan)
    lane.scan = str(ULID())
    lane.tell(lane.opened())
    state = ok(officer.get("/api/v1/state"))
    assert [each["id"] for each in state["scans"]] == [lane.scan, *closed[:1:-1]]
    assert len(state["alerts"]) == 22, "an alert that is not closed is never left out"


def test_people_are_managed(running: Any) -> None:
    supervisor = running.booth("supervisor")
    asked = {"name": "new.officer", "role": "officer", "password": "a long password"}
    made = ok(supervisor.post("/api/v1/users", json=asked), 201)
    assert (made["name"], made["role"], made["disabled"]) == ("new.officer", "officer", False)
    assert refused(supervisor.post("/api/v1/users", json=asked), 409) == "exists"
    assert made in ok(supervisor.get("/api/v1/users"))
    assert ok(supervisor.patch("/api/v1/users/new.officer", json={"role": "auditor"}))["role"] == "auditor"
    assert refused(supervisor.patch("/api/v1/users/nobody", json={"disabled": True}), 404) == "not_found"
    assert refused(supervisor.patch("/api/v1/users/new.officer", json={}), 422) == "malformed"
    alone = supervisor.patch("/api/v1/users/supervisor", json={"disabled": True})
    assert refused(alone, 409) == "last_supervisor"
    assert "password" not in str(ok(supervisor.get("/api/v1/users")))


def test_lanes_are_managed(running: Any) -> None:
    engineer, lane_id = running.booth("engineer"), f"quay-{ULID()}"
    made = ok(engineer.post("/api/v1/lanes", json={"id": lane_id}), 201)
    assert made["id"] == lane_id
    assert len(made["token"]) >= 43
    assert refused(engineer.post("/api/v1/lanes", json={"id": lane_id}), 409) == "exists"
    assert refused(engineer.post("/api/v1/lanes", json={"id": "../x"}), 422) == "malformed"
    assert refused(engineer.post("/api/v1/lanes/nowhere/token"), 404) == "not_found"
    assert refused(engineer.delete("/api/v1/lanes/nowhere/token"), 404) == "not_found"
    ok(engineer.delete(f"/api/v1/lanes/{lane_id}/token"), 204)
    [kept] = [each for each in ok(engineer.get("/api/v1/lanes")) if each["id"] == lane_id]
    assert kept["revoked"] is True
    asked = {"key": str(ULID()), "order": {"name": "leave"}}
    assert refused(engineer.post(f"/api/v1/lanes/{lane_id}/commands", json=asked), 409) == "lane_revoked"


def test_audit_goes_on_where_it_was_left(running: Any) -> None:
    auditor = running.booth("auditor")
    first = ok(auditor.get("/api/v1/audit?limit=2"))
    after = ok(auditor.get(f"/api/v1/audit?after={first[-1]['sequence']}&limit=2"))
    assert [e["sequence"] for e in first + after] == sorted({e["sequence"] for e in first + after})
    assert len(first) == len(after) == 2


def test_health_and_counters(running: Any) -> None:
    lane, booth = running.lane(), running.client()
    lane.raises_alert()
    run = running.database.run
    assert ok(booth.get("/api/health/live"))["run"] == run
    assert ok(booth.get("/api/health/ready"))["run"] == run
    text = booth.get("/metrics").text
    assert 'lorryscan_messages_total{kind="assessment",result="new"}' in text
    assert 'lorryscan_alerts_open{state="raised"}' in text
    assert "lorryscan_commit_seconds_count" in text
    assert "python_info" not in text, "its own registry"


def test_service_is_not_ready_when_events_do_not_go_out(
    own_service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.live.troubles.TELLING_LATE_S", -1.0)
    monkeypatch.setattr("service.live.troubles.LEAST_FREE_BYTES", 1 << 80)
    answer = own_service.client().get("/api/health/ready")
    assert refused(answer, 503) == "not_ready"
    assert len(answer.json()["reasons"]) == 2


def test_page_is_asked_for_each_time_and_its_parts_are_kept(running: Any) -> None:
    if not (STATIC / "index.html").is_file():
        pytest.skip("the page is not built")
    booth = running.client()
    page = booth.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    assert page.content == (STATIC / "index.html").read_bytes()
    again = booth.get("/", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert booth.head("/").status_code == 200
    part = next((STATIC / "assets").glob("*.js"))
    kept = booth.get(f"/assets/{part.name}")
    assert kept.content == part.read_bytes()
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["content-type"].startswith("text/javascript")


def test_missing_page_says_so(own_service: Any, tmp_path: Path) -> None:
    own_service.app.router.default = BoothFiles(tmp_path / "nothing")
    answer = own_service.client().get("/")
    assert answer.status_code == 503
    assert "not in this installation" in answer.text
    assert own_service.client().get("/api/health/live").status_code == 200


@pytest.mark.parametrize(
    ("address", "role", "key"),
    [
        ("/api/v1/scans?state=open", "officer", "id"),
        ("/api/v1/alerts", "officer", "id"),
        ("/api/v1/audit", "auditor", "sequence"),
    ],
)
def test_a_page_names_the_next_until_the_last(running, address, role, key):
    lane = running.lane()
    for _ in range(3):
        lane.raises_alert()
    booth = running.booth(role)
    whole = [each[key] for each in booth.get(address, params={"limit": 200}).json()]
    page, walked = booth.get(address, params={"limit": 2}), []
    while True:
        walked += [each[key] for each in page.json()]
        if "next" not in page.links:
            break
        page = booth.get(page.links["next"]["url"])
    assert walked[: len(whole)] == whole
    assert len(walked) >= 3

"""Alerts between raised and closed, as booths see it: assigned, late, on the shelf."""

from __future__ import annotations

import time
from typing import Any

import pytest

from service.config.alerts_table import AlertsTable
from service.config.service_file import ServiceConfig
from service.store import alert_rows
from tests.api.conftest import WITHIN_S
from tests.api.test_booth_rows import alert_of, ok, refused

SHELVE = {"minutes": 10, "reason": "search bay 2 is taken"}
FOUND = {
    "kind": "people_found",
    "people": 3,
    "conditions": {"well": 1, "needs_care": 2, "critical": 0, "dead": 0},
    "medical_help": True,
    "safeguarding_referral": True,
    "safeguarding_reference": "R-17",
    "note": "behind the pallets",
}


@pytest.fixture
def taken(running: Any) -> tuple[Any, str]:
    """Give an officer and the address of an alert that she has acknowledged."""
    officer = running.booth()
    address = f"/api/v1/alerts/{alert_of(officer, running.lane().raises_alert())['id']}"
    ok(officer.post(f"{address}/acknowledge"))
    return officer, address


def test_search_is_assigned_to_an_account_or_a_team(taken: tuple[Any, str]) -> None:
    officer, address = taken
    assigned = ok(officer.post(f"{address}/assign", json={"to": "Dog team 2"}))
    assert (assigned["state"], assigned["assigned_to"], assigned["assigned_is_account"]) == (
        "assigned",
        "Dog team 2",
        False,
    )
    assigned = ok(officer.post(f"{address}/assign", json={"to": "supervisor"}))
    assert (assigned["assigned_to"], assigned["assigned_is_account"]) == ("supervisor", True)
    assert refused(officer.post(f"{address}/assign", json={"to": "auditor"}), 409) == "cannot_search"
    assert ok(officer.get(address)) == assigned


def test_outcome_says_how_the_people_are(taken: tuple[Any, str]) -> None:
    officer, address = taken
    recorded = ok(officer.post(f"{address}/outcome", json=FOUND))
    assert {key: recorded["outcome"][key] for key in FOUND} == FOUND
    assert (recorded["assigned_to"], recorded["assigned_is_account"]) == ("officer", True)


@pytest.mark.parametrize(
    ("act", "wrong"),
    [
        ("assign", {"to": "  "}),
        ("assign", {}),
        ("shelve", {"minutes": 10}),
        ("shelve", {"minutes": 10, "reason": " "}),
        ("shelve", {"minutes": 0, "reason": "tea"}),
        ("outcome", FOUND | {"people": 4}),
    ],
)
def test_what_says_too_little_is_malformed(taken: tuple[Any, str], act: str, wrong: dict[str, Any]) -> None:
    officer, address = taken
    assert refused(officer.post(f"{address}/{act}", json=wrong), 422) == "malformed"


def test_alert_is_laid_aside_and_taken_back(taken: tuple[Any, str]) -> None:
    officer, address = taken
    shelved = ok(officer.post(f"{address}/shelve", json=SHELVE))
    assert (shelved["shelved_by"], shelved["shelved_reason"]) == ("officer", SHELVE["reason"])
    assert shelved["shelved_until_utc_ms"] - shelved["shelved_utc_ms"] == 600_000
    assert shelved in ok(officer.get("/api/v1/alerts"))
    long = officer.post(f"{address}/shelve", json=SHELVE | {"minutes": 31})
    assert refused(long, 409) == "shelved_too_long"
    assert ok(officer.post(f"{address}/unshelve"))["shelved_until_utc_ms"] is None


def test_late_step_comes_to_every_booth_and_is_counted(own_service: Any, read_stream: Any) -> None:
    """The step is made late, not the test: its due time is set to a moment ago."""
    officer = own_service.booth()
    with read_stream(officer, "/api/v1/events") as stream:
        alert = alert_of(officer, own_service.lane().raises_alert())
        with own_service.database.writing() as c:
            alert_rows.put(c, alert["id"], {"due_utc_ms": alert["raised_utc_ms"] - 1})
        stream.wait(
            lambda events: any(
                told.name == "alert" and told.data["escalation"] == 1 and told.data["id"] == alert["id"]
                for told in events
            )
        )
    deadline = time.monotonic() + WITHIN_S
    while "lorryscan_alert_timers_total{" not in (counted := own_service.client().get("/metrics").text):
        assert time.monotonic() < deadline, "told and not counted"
        time.sleep(0.05)
    assert 'lorryscan_alert_timers_total{state="raised",what="step"} 1.0' in counted


def test_times_are_those_of_the_services_file(own_service: Any) -> None:
    limits = AlertsTable.model_validate({"search": {"acknowledge_s": 77}, "shelve_most_min": 5})
    own_service.service.config = ServiceConfig(alerts=limits)
    officer = own_service.booth()
    alert = alert_of(officer, own_service.lane().raises_alert())
    assert alert["due_utc_ms"] - alert["raised_utc_ms"] == 77_000
    long = officer.post(f"/api/v1/alerts/{alert['id']}/shelve", json=SHELVE)
    assert refused(long, 409) == "shelved_too_long"


def test_alarm_rates_stand_beside_what_is_manageable(own_service: Any) -> None:
    officer, lane = own_service.booth(), own_service.lane()
    lane.raises_alert()
    found = ok(officer.get("/api/v1/alarm-rates"))
    assert found["overall"]["last_10_min"] == 1
    assert found["lanes"][lane.id]["shares"] == {"rescue": 0.0, "search": 1.0, "officer": 0.0}
    assert found["eemua_191"]["average_per_10_min"] == 1.0
    told = own_service.client().get("/metrics").text
    assert f'lorryscan_alarms{{lane="{lane.id}",within="10min"}} 1.0' in told


def test_shift_is_handed_over_by_two_passwords(own_service: Any) -> None:
    lane, outgoing, incoming = own_service.lane(), own_service.booth(), own_service.booth("supervisor")
    address = f"/api/v1/alerts/{alert_of(outgoing, lane.raises_alert())['id']}"
    ok(outgoing.post(f"{address}/acknowledge"))
    begun = ok(outgoing.post("/api/v1/handovers", json={"note": "the ferry is late"}), 201)
    shown = ok(incoming.get(f"/api/v1/handovers/{begun['id']}"))
    sign = {"digest": shown["digest"]}
    own = outgoing.post(f"/api/v1/handovers/{begun['id']}/sign", json=sign)
    assert refused(own, 409) == "handover_own"
    signed = ok(incoming.post(f"/api/v1/handovers/{begun['id']}/sign", json=sign))
    assert (signed["incoming"], ok(outgoing.get(address))["owner"]) == ("supervisor", "supervisor")
    assert ok(outgoing.get("/api/v1/handovers")) == [signed]

"""A shelf hides nothing: an officer's own alarm ends it, and it does not call escalation off."""

from __future__ import annotations

import json

from service.config.alerts_table import AlertsTable
from service.resources import ShelveRequest
from service.store import alerts

SHELVE = ShelveRequest(minutes=10, reason="search bay 2 is taken")


def shelve(lane, now_ms):
    with lane.database.writing() as c:
        return alerts.shelve(c, lane.alert().id, SHELVE, "anna", now_ms)


def test_alert_that_was_late_comes_off_the_shelf_as_far_escalated(lane):
    lane.tell(lane.assessed("search"))
    late_ms = lane.alert().due_utc_ms
    with lane.database.writing() as c:
        alerts.carry_out(c, AlertsTable(), late_ms)
    shelve(lane, late_ms)
    with lane.database.writing() as c:
        assert alerts.unshelve(c, lane.alert().id, "anna", late_ms + 1).escalation == 1


def test_officer_who_raises_a_shelved_alert_takes_it_off_the_shelf(lane, rows):
    lane.tell(lane.assessed("search"))
    shelve(lane, lane.now_ms)
    with lane.database.writing() as c:
        alert, new = alerts.raise_by_officer(c, lane.scan, "bert", "knocking", lane.now_ms + 1)
    assert (new, alert.shelved_until_utc_ms, alert.version) == (False, None, 3)
    assert rows("SELECT level FROM alarms ORDER BY sequence") == [("search",), ("officer",)]
    [(who, detail)] = rows("SELECT who, detail FROM audit WHERE action = 'alert_unshelved'")
    assert who == "bert"
    assert json.loads(detail) == {"why": "raised_by_hand", "shelved_by": "anna", "note": "knocking"}

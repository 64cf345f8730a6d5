"""Alarm rates against alarms counted by hand."""

from __future__ import annotations

import pytest

from service.resources import ShelveRequest
from service.store import alerts, lanes
from service.store.alarm_rates import DAY_MS, HOUR_MS, TEN_MIN_MS, rates


@pytest.fixture
def alarms_at(lane, new_lane):
    """Give a function that has one alarm raised so many ms before noon, each of a lorry of its own."""

    def tell(*before_ms, recommendation="search"):
        for before in before_ms:
            each = new_lane()
            each.tell(each.assessed(recommendation), now_ms=lane.now_ms - before)
        return each

    return tell


@pytest.fixture
def now(lane):
    """Give a function that returns the rates at noon."""

    def read():
        with lane.database.reading() as c:
            return rates(c, lane.now_ms)

    return read


def test_without_alarms(lane, now):
    found = now()
    assert found.lanes == {lane.id: found.overall}
    assert (found.overall.last_day, found.overall.peak_10_min, found.overall.shares) == (0, 0, None)


def test_each_span_counts_what_is_in_it(alarms_at, now):
    alarms_at(0, TEN_MIN_MS - 1, TEN_MIN_MS, HOUR_MS - 1, HOUR_MS, DAY_MS - 1, DAY_MS)
    found = now().overall
    assert (found.last_10_min, found.last_hour, found.last_day) == (2, 4, 6)
    assert found.average_per_10_min == pytest.approx(6 / 144)
    assert found.standing == 0  # the oldest has been open for a day, and not for longer


def test_peak_is_of_any_ten_minutes_and_a_flood_of_a_window(alarms_at, now):
    alarms_at(*range(TEN_MIN_MS - 5000, TEN_MIN_MS + 5000, 1000))  # across the border of two windows
    found = now().overall
    assert (found.peak_10_min, found.flood_share) == (10, 0.0)
    alarms_at(*[HOUR_MS] * 10)
    assert now().overall.flood_share == pytest.approx(1 / 144)


def test_shares_of_the_levels(alarms_at, now):
    alarms_at(1, 2, 3)
    alarms_at(4, recommendation="rescue")
    shares = now().overall.shares
    assert (shares.rescue, shares.search, shares.officer) == (0.25, 0.75, 0.0)


def test_an_alert_that_alarms_again_counts_again(lane, now):
    lane.tell(lane.assessed("search", mono_ns=1))
    lane.tell(lane.assessed("rescue", mono_ns=2))
    assert now().overall.last_10_min == 2


def test_standing_and_shelved_and_lanes_apart(lane, alarms_at, handle, now, database, new_lane):
    with database.writing() as c:
        lanes.add(c, "south-quay-1", "test", 1)
    other = new_lane("south-quay-1")
    other.tell(other.assessed("search"), now_ms=lane.now_ms - DAY_MS - 1)
    lane.tell(lane.assessed("search"))
    handle(alerts.shelve, ShelveRequest(minutes=5, reason="tea"))
    found = now()
    assert {name: (each.standing, each.shelved, each.last_day) for name, each in found.lanes.items()} == {
        "north-quay-2": (0, 1, 1),
        "south-quay-1": (1, 0, 0),
    }
    assert (found.overall.standing, found.overall.shelved) == (1, 1)

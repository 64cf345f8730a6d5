"""Rule 5: a fault is on the terminal within 2 seconds, in words that say what to do."""

from __future__ import annotations

import time

import pytest

LIMIT_S = 2.0


@pytest.mark.parametrize(
    ("sensor", "how"),
    [
        ("co2-inside", "unplug"),
        ("co2-inside", "silence"),
        ("co2-outside", "unplug"),
        ("geophones", "unplug"),
        ("thermal-doors", "unplug"),
    ],
)
def test_a_lost_sensor_is_said_within_two_seconds(lane, twins, sensor, how):
    lane.tell("start reefer boxed AB12CDE laden")
    lane.until("visit 1")
    lane.tell("probe in")
    lane.until("> probe in")
    pulled = time.monotonic()
    getattr(twins.by_sensor[sensor], how)()
    said = lane.until(f"{sensor}: lost", within_s=10.0)
    assert time.monotonic() - pulled <= LIMIT_S
    assert "check" in said
    lane.tell("end")
    lane.until("closed")
    assert lane.end() == 0
    assert not [line for line in lane.lines if "no-indication" in line]


def test_a_replugged_sensor_comes_back(lane, twins):
    twins.by_sensor["geophones"].unplug()
    lane.until("geophones: lost")
    twins.by_sensor["geophones"].replug()
    lane.until("geophones: ready")
    assert lane.end() == 0

"""Rule 5: a fault is on the terminal within 2 seconds, in words that say what to do."""

from __future__ import annotations

import time

import pytest

from scanner.demo.twins import DemoTwins
from scanner.simulation.stream import demo_stream

LIMIT_S = 2.0
PULLED_S = 48.0  # after the probe is in: CO2 has given evidence, a recommendation is not final yet
DECISION_S = 66.0  # with its plug in, the lane says no-indication for good after a minute


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


def test_a_device_is_opened_anew_on_command(lane, twins):
    assert twins.geophones.port.connections == 1
    lane.tell("reopen geophones")
    lane.until("> geophones is opened anew")
    deadline = time.monotonic() + LIMIT_S
    while twins.geophones.port.connections == 1:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert lane.end() == 0


def test_an_unknown_device_is_not_opened_anew_and_the_known_are_named(lane):
    lane.tell("reopen ear")
    lane.until("no device 'ear'", "co2-inside, co2-outside, geophones")
    assert lane.end() == 0


@pytest.mark.timeout(400)
def test_a_probe_lost_just_before_the_decision_leaves_it_inconclusive(lane, twins):
    """An empty reefer that gets no-indication with both probes gets none without the inside one."""
    plan = demo_stream()[0]  # comes to the lane of the fixture, as lorries do
    twins.source.settle()
    twins.source.arrive(plan.lorry())
    lane.tell(f"start reefer empty AB21CDE closed={plan.spec.closed_minutes:g}")
    scan_id = lane.until("> ").removeprefix("> ")
    reach(twins, plan.spec.probe_in_s)
    lane.tell("probe in")
    lane.until("> probe in")
    reach(twins, plan.spec.probe_in_s + PULLED_S)
    pulled = time.monotonic()
    twins.by_sensor["co2-inside"].unplug()
    said = lane.until("co2-inside: lost", within_s=10.0)
    assert time.monotonic() - pulled <= LIMIT_S
    assert "check" in said
    reach(twins, plan.spec.probe_in_s + DECISION_S)
    lane.tell("end")
    lane.until("closed")
    assert lane.end() == 0
    advice = [line for line in lane.lines if f"{scan_id} visit 1 (" in line]
    assert "(final): inconclusive" in advice[-1]
    assert {line.split("): ")[1].split(",")[0] for line in advice if "(final)" in line} == {"inconclusive"}
    reasons = lane.lines[lane.lines.index(advice[-1]) + 1 :][:3]
    assert any("CO2 is needed" in reason for reason in reasons), reasons


def reach(twins: DemoTwins, elapsed_s: float) -> None:
    """Wait until the lorry has stood in the lane for so long."""
    while (left_s := elapsed_s - twins.source.elapsed_s) > 0:
        time.sleep(min(left_s, 0.1))

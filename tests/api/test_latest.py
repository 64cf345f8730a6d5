"""The newest of each lane: traces that merge, clocks that step, lanes that fall silent."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.lane.wire import Live, TraceLive
from service.live.latest import Latest
from service.live.traces import AHEAD_MS, KEPT_MS, Traces

RUNS = ("01JD8Y0A1B2C3D4E5F6G7H8J9K", "01JD8Y0A1B2C3D4E5F6G7H8J9M")
NOON_MS = 1_793_620_800_000


def trace(times: list[int], unit: str = "ppm", sensor: str = "co2") -> TraceLive:
    """Return a curve whose values are its times."""
    values = [float(t) for t in times]
    return TraceLive(sensor=sensor, unit=unit, t_utc_ms=times, low=values, high=values)


def view(sequence: int, utc_ms: int = NOON_MS, run: str = RUNS[0], **more: Any) -> Live:
    """Return a live view."""
    return Live(run=run, sequence=sequence, utc_ms=utc_ms, devices=[], **more)


@given(
    st.lists(st.integers(0, 20_000), min_size=1, max_size=60, unique=True),
    st.lists(st.integers(0, 60), max_size=5),
)
def test_repeats_of_the_last_minute_change_nothing(times: list[int], cuts: list[int]) -> None:
    times = sorted(NOON_MS - t for t in times)
    bounds = sorted({0, *(min(cut, len(times)) for cut in cuts), len(times)})
    whole, new = Traces(), []
    for begin, end in pairwise(bounds):
        # each view brings what is new and, again, all from the start
        for given_trace in (trace(times[begin:end]), trace(times[:end])):
            new += [t for fresh in whole.add([given_trace], NOON_MS) for t in fresh.t_utc_ms]
    [held] = whole.all()
    assert held.t_utc_ms == times == new
    assert held.low == [float(t) for t in times]


def test_points_older_than_two_minutes_go() -> None:
    traces = Traces()
    traces.add([trace([NOON_MS, NOON_MS + 1000])], NOON_MS + 1000)
    traces.add([trace([NOON_MS + KEPT_MS + 500])], NOON_MS + KEPT_MS + 500)
    [held] = traces.all()
    assert held.t_utc_ms == [NOON_MS + 1000, NOON_MS + KEPT_MS + 500]
    traces.add([], NOON_MS + 3 * KEPT_MS)
    assert traces.all() == []


def test_point_from_the_future_does_not_silence_its_curve() -> None:
    traces = Traces()
    assert traces.add([trace([NOON_MS + 2 * AHEAD_MS])], NOON_MS) == []
    assert traces.add([trace([NOON_MS])], NOON_MS)


@pytest.mark.parametrize(
    "broken",
    [
        TraceLive(sensor="co2", unit="ppm", t_utc_ms=[NOON_MS], low=[], high=[1.0]),
        TraceLive(sensor="co2", unit="ppm", t_utc_ms=[NOON_MS, NOON_MS - 1], low=[1.0, 2.0], high=[1.0, 2.0]),
    ],
)
def test_broken_curve_is_left_out_and_the_rest_shown(broken: TraceLive) -> None:
    latest = Latest()
    shown = latest.take("lane", view(1, traces=[broken, trace([NOON_MS], sensor="other")]))
    assert shown is not None
    assert [each.sensor for each in shown.traces] == ["other"]


def test_late_view_turns_nothing_back() -> None:
    latest = Latest()
    latest.take("lane", view(2, elapsed_s=2.0))
    assert latest.take("lane", view(1, elapsed_s=1.0)) is None
    assert latest.take("lane", view(1, run=RUNS[1], elapsed_s=0.5)) is not None, "a new process begins anew"
    shown = latest.view("lane")
    assert shown is not None
    assert shown.elapsed_s == 0.5


def test_clock_that_went_back_begins_new_curves() -> None:
    latest = Latest()
    latest.take("lane", view(1, NOON_MS, traces=[trace([NOON_MS])]))
    earlier = NOON_MS - 3_600_000
    latest.take("lane", view(2, earlier, traces=[trace([earlier])]))
    shown = latest.view("lane")
    assert shown is not None
    assert [each.t_utc_ms for each in shown.traces] == [[earlier]]


def test_lane_falls_silent_once_after_one_and_a_half_seconds() -> None:
    now_s = [100.0]
    latest = Latest(clock=lambda: now_s[0], wall=lambda: 1_793_620_800.0 + now_s[0])
    assert latest.lane("lane").silent, "never heard"
    assert latest.heard("lane"), "it was silent before"
    assert not latest.heard("lane")
    now_s[0] += 1.4
    assert latest.fell_silent() == []
    now_s[0] += 0.2
    assert latest.fell_silent() == ["lane"]
    assert latest.fell_silent() == []
    lane = latest.lane("lane")
    assert lane.silent
    assert lane.heard_utc_ms == 1_793_620_900_000
    assert latest.heard("lane")


def test_second_process_of_a_lane_is_said_and_does_not_flicker() -> None:
    now_s = 0.0
    latest = Latest(clock=lambda: now_s)
    one, two = RUNS
    assert latest.take("north", view(1, run=one)) is not None
    assert not latest.is_rival("north", two), "as a lane that starts again"
    shown = latest.take("north", view(1, run=two))
    assert shown is not None
    assert shown.faults == []
    assert latest.is_rival("north", one), "it was gone, and is back"
    shown = latest.take("north", view(2, run=two))
    assert shown is not None
    assert [fault.code for fault in shown.faults] == ["lane_twice"]
    assert "same token" in shown.faults[0].text["en"]
    assert latest.view("north") == shown
    now_s = 4.0
    assert latest.is_rival("north", one), "a short silence of the one that is shown changes nothing"
    now_s = 5.5
    assert not latest.is_rival("north", one), "the other has ended"
    shown = latest.take("north", view(9, run=one))
    assert shown is not None
    assert latest.is_rival("north", two)
    now_s = 11.0
    shown = latest.take("north", view(10, run=one))
    assert shown is not None
    assert shown.faults == []

"""What an X-ray supply is said to do: a table of flags, monitors and times."""

from __future__ import annotations

import math

import pytest

from drivers.codecs.spellman_uxman import Status
from drivers.devices.generator_judge import GeneratorJudge

OFF, ON, FAULT = Status(False, False, False), Status(True, False, False), Status(False, False, True)
OPEN = Status(False, True, False)
BOTH = Status(True, False, True)
WANTED = (45.0, 1.8)


def judged(*polls: tuple[float, Status, float, float], wanted: tuple[float, float] = WANTED) -> list[str]:
    judge = GeneratorJudge(50.0, 0.0)
    return [judge.judge(status, kv, ma, wanted, now_s) for now_s, status, kv, ma in polls]


def complaint_after(*polls: tuple[float, Status, float, float], wanted: tuple[float, float] = WANTED) -> str:
    judge = GeneratorJudge(50.0, 0.0)
    for now_s, status, kv, ma in polls:
        judge.judge(status, kv, ma, wanted, now_s)
    return judge.complaint


@pytest.mark.parametrize(
    ("status", "kv", "ma", "state"),
    [
        (OFF, 0.0, 0.0, "off"),
        (OFF, 0.9, 0.0, "off"),
        (OPEN, 0.0, 0.0, "off"),
        (ON, 0.0, 0.0, "warming"),
        (ON, 30.0, 1.8, "warming"),
        (ON, 45.0, 0.4, "warming"),
        (ON, 45.0, 1.8, "on"),
        (ON, 43.0, 1.72, "on"),
        (ON, math.nan, math.nan, "warming"),
        (FAULT, 0.0, 0.0, "fault"),
        (BOTH, 45.0, 1.8, "fault"),
    ],
)
def test_one_poll(status: Status, kv: float, ma: float, state: str) -> None:
    assert judged((0.1, status, kv, ma)) == [state]


def test_on_does_not_flicker_at_its_edge() -> None:
    polls = ((0.1, ON, 43.0, 1.8), (0.5, ON, 42.0, 1.8), (0.9, ON, 40.0, 1.8), (1.3, ON, 42.0, 1.8))
    assert judged(*polls) == ["on", "on", "warming", "warming"]


def test_high_voltage_may_take_two_seconds_to_vanish() -> None:
    polls = ((0.0, ON, 45.0, 1.8), (0.4, OFF, 30.0, 0.0), (1.9, OFF, 5.0, 0.0), (2.3, OFF, 0.5, 0.0))
    assert judged(*polls) == ["on", "on", "on", "off"]


def test_high_voltage_that_stays_after_it_was_switched_off_is_a_fault() -> None:
    polls = ((0.0, ON, 45.0, 1.8), (1.9, OFF, 45.0, 1.8), (2.1, OFF, 45.0, 1.8))
    assert judged(*polls) == ["on", "on", "fault"]
    assert "its monitor reads 45.0 kV: treat it as on, keep everybody out" in complaint_after(*polls)


def test_high_voltage_at_the_first_poll_is_never_off() -> None:
    assert judged((0.1, OFF, 20.0, 0.0)) == ["fault"]


def test_off_is_not_said_without_the_monitor() -> None:
    nothing = (math.nan, math.nan)
    assert judged((0.1, OFF, *nothing)) == ["fault"]
    # one reply without a value is a known quirk, more are not
    assert judged((0.1, OFF, 0.0, 0.0), (0.5, OFF, *nothing), (2.6, OFF, *nothing)) == ["off", "off", "fault"]


def test_unknown_set_points_are_never_reached() -> None:
    assert judged((0.1, ON, 45.0, 1.8), wanted=(math.nan, 1.8)) == ["warming"]


def test_a_supply_that_does_not_get_there_is_said() -> None:
    assert complaint_after((0.0, ON, 30.0, 1.0), (59.0, ON, 30.0, 1.0)) == ""
    assert "has not reached" in complaint_after((0.0, ON, 30.0, 1.0), (61.0, ON, 30.0, 1.0))


def test_a_fault_says_where_to_look_and_its_end_is_seen() -> None:
    assert "X-ray system's own controls" in complaint_after((0.0, FAULT, 0.0, 0.0))
    assert complaint_after((0.0, FAULT, 0.0, 0.0), (0.4, OFF, 0.0, 0.0)) == ""


def test_an_open_interlock_is_no_complaint() -> None:
    assert complaint_after((0.0, OPEN, 0.0, 0.0)) == ""


def test_monitors_that_stay_unread_are_said() -> None:
    nothing = (math.nan, math.nan)
    assert complaint_after((0.0, ON, *nothing), (1.9, ON, *nothing)) == ""
    assert "does not tell its kV" in complaint_after((0.0, ON, *nothing), (2.1, ON, *nothing))

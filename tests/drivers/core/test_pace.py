"""Which polls of a probe become samples, by a clock that the test moves."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable

import pytest

from drivers.devices import pace
from drivers.devices.pace import SamplePace
from drivers.freshness import silence_limit_s


@pytest.fixture
def passed_on(monkeypatch: pytest.MonkeyPatch):
    """Return which polls become samples, given the seconds before each."""

    def run(period_s: float, poll_s: float, waits_s: Iterable[float]) -> list[int]:
        now = 100.0
        monkeypatch.setattr(pace.time, "monotonic", lambda: now)
        samples = SamplePace(period_s, poll_s)
        chosen = []
        for number, wait_s in enumerate(waits_s):
            now += wait_s
            if samples.due():
                chosen.append(number)
        return chosen

    return run


@pytest.mark.parametrize(("period_s", "poll_s"), [(2.0, 0.25), (2.0, 0.1), (1.0, 0.25), (0.5, 0.25)])
def test_the_same_polls_on_a_machine_that_is_late_now_and_then(passed_on, period_s: float, poll_s: float):
    every = round(period_s / poll_s)
    rng = random.Random(1)
    late_s = [poll_s + (0.1 * poll_s * every if rng.random() < 0.1 else 0.0) for _ in range(200)]
    assert passed_on(period_s, poll_s, late_s) == list(range(0, 200, every))
    assert passed_on(period_s, poll_s, [poll_s] * 200) == list(range(0, 200, every))


def test_no_sample_is_later_than_silence_where_polls_wait_for_others(passed_on):
    for interval_s in (0.3, 0.5, 0.9, 1.2):
        chosen = passed_on(2.0, 0.25, [interval_s] * 100)
        apart_s = [interval_s * (b - a) for a, b in itertools.pairwise(chosen)]
        assert max(apart_s) < silence_limit_s(2.0) - 0.5

"""A recorded scan as an outcome: when it is decided, by which ratio, over several visits."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.methods import MethodKit, load_kit
from scanner.recording import read_header
from scanner.replay import replay_scan
from scanner.validation.outcome import Outcome, Truth, from_json, to_json
from scanner.validation.replayed import NothingDecided, judge
from tests.validation.conftest import Record


def judged(paths: list[Path], kit: MethodKit, truth: Truth | None = None) -> Outcome:
    visits = [(read_header(path), path) for path in paths]
    return judge(visits, truth or Truth(2, ""), kit, "hash", [path.name for path in paths])


@pytest.fixture
def kit(evidence_saying: Callable[[float], Path]) -> Callable[[float], MethodKit]:
    return lambda llr: load_kit(calibrations_file=evidence_saying(llr))


def test_a_search_is_decided_at_the_first_tick_after_the_dwell(recorded: Record, kit) -> None:
    """The imager says 5 at every tick; the class asks for 4, and 20 s at least."""
    outcome = judged([recorded("01A", seconds=26)], kit(5.0))
    assert (outcome.recommendation, outcome.final, outcome.decided_s) == ("search", True, 20.0)
    d = 0.01  # the policy does not trust one source beyond ln(199): that takes some off 5
    assert outcome.llr == pytest.approx(
        math.log(((1 - d / 2) * math.exp(5.0) + d / 2) / (1 - d / 2 + d / 2 * math.exp(5.0)))
    )
    assert outcome.said["thermal"].ready
    assert not outcome.said["co2"].ready
    assert outcome.said["co2"].reason == "co2_no_inside_probe"
    assert [moment.elapsed_s for moment in outcome.course] == [float(s) for s in range(1, 21)]
    assert outcome.course[-1].methods == {"thermal": 5.0}
    assert outcome.posterior == pytest.approx(1 / (1 + 99 * math.exp(-outcome.llr)))


def test_without_a_final_assessment_the_last_tick_counts(recorded: Record, kit) -> None:
    path = recorded("01A", seconds=12)
    outcome = judged([path], kit(1.0))
    assert (outcome.recommendation, outcome.final, outcome.decided_s) == ("inconclusive", False, 12.0)
    replayed = replay_scan([(read_header(path), path)], kit(1.0))
    assert replayed.assessment is not None
    assert outcome.digest == replayed.assessment.digest


def test_seconds_of_all_visits_count(recorded: Record, kit) -> None:
    outcome = judged([recorded("01A", 1, seconds=7), recorded("01A", 2, seconds=22)], kit(5.0))
    assert (outcome.recommendation, outcome.decided_s) == ("search", 27.0)
    assert len(outcome.course) == 27
    assert outcome.links == ("visit-01.mcap", "visit-02.mcap")


def test_an_inconclusive_visit_is_not_the_end_when_the_lorry_came_back(recorded: Record, kit) -> None:
    """The limit is 6 s here: the first visit ends without an answer, the second goes on."""
    short = {"time_limit_s": 6.0}
    first = recorded("01A", 1, seconds=8, demands=short)
    second = recorded("01A", 2, seconds=5, demands=short)
    alone, both = judged([first], kit(1.0)), judged([first, second], kit(1.0))
    assert (alone.recommendation, alone.final, alone.decided_s) == ("inconclusive", True, 6.0)
    assert (both.recommendation, both.final, both.decided_s) == ("inconclusive", False, 13.0)


def test_the_row_comes_back_from_its_line(recorded: Record, kit) -> None:
    outcome = judged([recorded("01A", seconds=8)], kit(1.0), Truth(0, "meat", {"site": "port"}, 20.0))
    assert from_json(to_json(outcome)) == outcome
    assert outcome.truth == Truth(0, "meat", {"lane": "east", "site": "port"}, 20.0)
    assert (outcome.vehicle, outcome.declared) == ("reefer", "boxed")


def test_a_recording_without_ticks_is_refused(recorded: Record, kit) -> None:
    with pytest.raises(NothingDecided, match="01A: no tick"):
        judged([recorded("01A", seconds=3, ticks=False)], kit(1.0))

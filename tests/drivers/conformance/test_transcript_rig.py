"""The kit on a transcript: what it proves, what it cannot try, and when it speaks of truth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.conformance import LAWS, Outcome, TcpPort, Told
from drivers.conformance.bench import Bench
from drivers.conformance.find import suite_of
from drivers.conformance.record import head_of, record
from drivers.conformance.run import Verdict, try_law
from drivers.conformance.transcript import RecordedReading, Transcript, load
from drivers.registry import load as load_driver
from drivers.registry import make_config
from drivers.transport import PortLinks
from drivers.twins.gy_mcu90640 import GyMcu90640Twin

NAME = "gy-mcu90640"


@pytest.fixture(scope="module")
def transcript(tmp_path_factory: pytest.TempPathFactory) -> Transcript:
    """Record two seconds of a thermal module."""
    path = tmp_path_factory.mktemp("transcript") / "module.transcript.jsonl"
    driver = load_driver(NAME)
    with GyMcu90640Twin(TcpPort(), Told().frames((24, 32))) as twin:
        config = make_config(driver, {"url": twin.url, "baudrate": 460800, "rate_hz": 8.0})
        record(driver, config, PortLinks(), path, head_of(NAME, driver, config, None), lambda s: s > 1.5)
    return load(path)


def tried(law: str, transcript: Transcript) -> Verdict:
    return try_law(LAWS[law], Bench(suite_of(NAME), transcript=transcript))


@pytest.mark.parametrize("law", ["replay-equals-live", "any-split", "keeps-its-word", "says-who"])
def test_what_a_recording_can_prove_is_held(transcript: Transcript, law: str):
    assert tried(law, transcript).outcome is Outcome.HELD


def test_nothing_is_said_about_truth_until_a_person_has_looked(transcript: Transcript):
    verdict = tried("tells-the-truth", transcript)
    assert verdict.outcome is Outcome.NOT_RUN
    assert "checked_against" in verdict.words
    looked = replace(transcript, checked_against="a mercury thermometer beside it: 25 °C")
    assert tried("tells-the-truth", looked).outcome is Outcome.HELD


@pytest.mark.parametrize("law", ["tells-the-truth", "replay-equals-live"])
def test_a_driver_that_says_something_else_now_is_broken(transcript: Transcript, law: str):
    first, *rest = transcript.readings
    other = RecordedReading(first.at_s, {**first.said, "ambient_c": 99.0})
    changed = replace(transcript, readings=(other, *rest), checked_against="a thermometer")
    verdict = tried(law, changed)
    assert verdict.outcome is Outcome.BROKEN
    assert "reading 1 was" in verdict.words


def test_laws_that_need_a_hand_on_the_far_end_say_why_they_are_not_run(transcript: Transcript):
    verdict = tried("unplug-and-replug", transcript)
    assert (verdict.outcome, verdict.words) == (Outcome.NOT_RUN, "no hand pulls its plug")

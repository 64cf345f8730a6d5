"""Rule 2: a score never clears or refuses a lorry."""

from __future__ import annotations

import pytest

from scanner.evidence import Recommendation
from scanner.recording import manifest
from scanner.simulation.stream import demo_stream


def test_there_is_no_recommendation_that_clears():
    assert {r.value for r in Recommendation} == {"no-indication", "search", "rescue", "inconclusive"}


@pytest.mark.parametrize("llr", [-3.0, 3.0])
def test_a_decided_scan_stays_open_until_an_officer_ends_it(played_lane, kit_saying, llr):
    """The agent ends the visit when it is decided; only the command closes the scan."""
    agent, scan_id = played_lane(demo_stream()[0], kit_saying(llr))
    (waiting,) = agent.snapshot().waiting
    assert waiting.assessment is not None
    assert waiting.assessment.final
    assert manifest.load(agent.config.data_dir, scan_id).is_open


def test_the_officers_command_closes_it(played_lane, kit_saying):
    agent, scan_id = played_lane(demo_stream()[0], kit_saying(-3.0), end=True)
    assert not manifest.load(agent.config.data_dir, scan_id).is_open
    assert agent.snapshot().waiting == ()

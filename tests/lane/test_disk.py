"""A disk that refuses: the lane says so, goes on measuring, and never lets it end as no-indication."""

from __future__ import annotations

import errno

import pytest

from scanner.evidence import Recommendation
from scanner.outbox import Outbox, OutboxError
from scanner.recording.writer import RecordingWriter
from scanner.simulation.stream import demo_stream
from scanner.wording import sentence


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the recorder's disk be full from the fifth tick on."""
    tick = RecordingWriter.tick
    ticks = 0

    def refused(self: RecordingWriter, mono_ns: int) -> None:
        nonlocal ticks
        ticks += 1
        if ticks >= 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        tick(self, mono_ns)

    monkeypatch.setattr(RecordingWriter, "tick", refused)


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_said_and_never_ends_as_no_indication(played_lane, kit_saying):
    agent, _ = played_lane(demo_stream()[0], kit_saying(-3.0))
    shot = agent.snapshot()
    said = [sentence(fault) for fault in shot.faults]
    assert any("No space left" in fault and "free disk space" in fault for fault in said)
    (waiting,) = shot.waiting
    assert waiting.assessment is not None
    assert waiting.assessment.recommendation is Recommendation.INCONCLUSIVE


def test_an_outbox_that_refuses_for_a_while_loses_nothing(played_lane, kit_saying, monkeypatch):
    put = Outbox.put
    calls = 0

    def refused(self, *message):
        nonlocal calls
        calls += 1
        if calls in (1, 2):
            raise OutboxError("database or disk is full: free some disk space")
        return put(self, *message)

    monkeypatch.setattr(Outbox, "put", refused)
    agent, scan_id = played_lane(demo_stream()[0], kit_saying(-3.0))
    kept = Outbox(agent.config.data_dir / "outbox.sqlite")
    kinds = [entry.kind for entry in kept.entries(scan_id=scan_id)]
    kept.close()
    assert kinds[0] == "scan_opened"
    assert kinds[-1] == "visit_ended"
    assert agent.snapshot().faults == ()

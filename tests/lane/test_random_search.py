"""A lane with searches by lot: the officer is told, the recording has the share, replay draws the same."""

from __future__ import annotations

from scanner.evidence import Recommendation
from scanner.random_search import CHOSEN
from scanner.recording import manifest
from scanner.recording.reader import read_header, read_recording
from scanner.recording.records import RecordedAssessment
from scanner.replay import replay_scan
from scanner.simulation.stream import demo_stream

NEARLY_ALL = 1 - 1e-12


def test_lane_and_replay_draw_the_same_lot(played_lane, kit_saying):
    kit = kit_saying(0.3)  # too little either way: time runs out
    agent, scan_id = played_lane(demo_stream()[0], kit, policy={"reefer": {"random_search": NEARLY_ALL}})
    file = manifest.scan_folder(agent.config.data_dir, scan_id) / "visit-01.mcap"
    told = [e.assessment for e in read_recording(file) if isinstance(e, RecordedAssessment)]
    chosen = [bool([r for r in one["reasons"] if r["code"] == CHOSEN]) for one in told]
    assert chosen == [one["final"] for one in told]  # said once the scan is decided, and not before
    assert chosen[-1]
    assert told[-1]["recommendation"] == Recommendation.INCONCLUSIVE.value
    assert read_header(file).config["policy"]["reefer"]["random_search"] == NEARLY_ALL
    result = replay_scan([(read_header(file), file)], kit)
    assert result.digests_equal == len(told)
    assert result.digests_different == 0

"""Rule 3: raw first, and the same pipeline live and in replay, digest for digest."""

from __future__ import annotations

import pytest

from drivers.api import Event, EventKind, RawBytes
from scanner.lane.visits import VisitRecord
from scanner.pipeline import Scan
from scanner.recording import manifest
from scanner.recording.reader import read_header, read_recording
from scanner.recording.records import RecordedAssessment, Tick
from scanner.replay import replay_scan, replayed_json
from scanner.replay_schema import ScanResult
from scanner.simulation.stream import demo_stream

pytestmark = pytest.mark.timeout(360)


# those that tests/lane/test_demo_replay.py does not run in real time
@pytest.mark.parametrize("lorry", [demo_stream()[0], demo_stream()[2]], ids=lambda lorry: lorry.name)
def test_replay_gives_the_recorded_digests(played_lane, kit_saying, lorry):
    kit = kit_saying(0.3)
    agent, scan_id = played_lane(lorry, kit)
    folder = manifest.scan_folder(agent.config.data_dir, scan_id)
    files = [folder / v.file for v in manifest.load(agent.config.data_dir, scan_id).visits]
    result = replay_scan([(read_header(f), f) for f in files], kit)
    assert result.digests_equal > 80
    assert result.digests_different == 0
    assert result.assessment is not None
    written = replayed_json(result)
    assert ScanResult.model_validate(written).model_dump(mode="json") == written  # as documented, no more
    shown = agent.snapshot().waiting[0].assessment
    assert shown is not None
    assert result.assessment.digest == shown.digest


def test_a_changed_pipeline_changes_the_digests(played_lane, kit_saying):
    """The comparison above can fail: other calibrations, other digests."""
    agent, scan_id = played_lane(demo_stream()[0], kit_saying(0.3))
    file = manifest.scan_folder(agent.config.data_dir, scan_id) / "visit-01.mcap"
    result = replay_scan([(read_header(file), file)], kit_saying(0.4))
    assert result.digests_different > 10


def test_every_item_is_written_before_the_pipeline_sees_it(played_lane, kit_saying, monkeypatch):
    order: list[tuple[str, int]] = []
    write, feed = VisitRecord.write, Scan.feed

    def watched_write(self, item):
        order.append(("write", id(item)))
        write(self, item)

    def watched_feed(self, item):
        order.append(("feed", id(item)))
        feed(self, item)

    monkeypatch.setattr(VisitRecord, "write", watched_write)
    monkeypatch.setattr(Scan, "feed", watched_feed)
    played_lane(demo_stream()[0], kit_saying(0.3))
    assert len(order) > 1000
    assert [what for what, _ in order[::2]] == ["write"] * (len(order) // 2)
    assert [(what, key) for what, key in order[1::2]] == [("feed", key) for _, key in order[::2]]


def test_a_recording_begins_with_what_replay_needs(played_lane, kit_saying):
    agent, scan_id = played_lane(demo_stream()[0], kit_saying(0.3))
    file = manifest.scan_folder(agent.config.data_dir, scan_id) / "visit-01.mcap"
    records = list(read_recording(file))
    kinds = [r.kind for r in records if isinstance(r, Event)]
    assert kinds[:3] == [EventKind.ANCHOR, EventKind.DECLARATION, EventKind.VISIT_START]
    assert kinds[-1] is EventKind.VISIT_END
    assert EventKind.PROBE_IN in kinds
    ticks = [r for r in records if isinstance(r, Tick)]
    assessed = [r for r in records if isinstance(r, RecordedAssessment)]
    assert [t.mono_ns for t in ticks] == [a.mono_ns for a in assessed]
    header = read_header(file)
    assert list(header.sensors) == list(agent.config.sensors.values())
    assert header.models == kit_saying(0.3).model_hashes()
    assert not [r for r in records if isinstance(r, RawBytes)]  # played items cross no wire

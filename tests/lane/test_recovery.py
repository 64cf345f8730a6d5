"""What a lane leaves behind and takes up again: refused starts, damaged manifests, unsent messages."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.api import Role
from scanner.lane.agent import LaneAgent
from scanner.lane.commands import CommandRefused
from scanner.lane.recovery import find_open_scans, refeed
from scanner.outbox import Outbox, OutboxError
from scanner.pipeline import EventUnusable, Scan
from scanner.policy import make_policy
from scanner.recording import manifest
from scanner.recording.reader import read_header
from scanner.recording.writer import RecordingWriter
from scanner.replay import replay_scan
from scanner.simulation.layout import SENSORS
from scanner.simulation.stream import demo_stream
from scanner.wording import sentence


def test_a_start_that_the_disk_refuses_leaves_no_lorry_behind(
    played_lane, kit_saying, monkeypatch, tmp_path: Path
):
    def refused(*_args: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RecordingWriter, "__init__", refused)
    with pytest.raises(CommandRefused, match="No space left"):
        played_lane(demo_stream()[0], kit_saying(-3.0))
    assert find_open_scans(tmp_path / "data") == ([], [])


def test_a_damaged_manifest_is_named_and_the_others_are_taken_up(tmp_path: Path):
    manifest.create(tmp_path, "GOOD", "lane", {})
    manifest.create(tmp_path, "BAD", "lane", {})
    (tmp_path / "scans" / "BAD" / "manifest.json").write_text("{")
    found, faults = find_open_scans(tmp_path)
    assert [one.scan_id for one in found] == ["GOOD"]
    assert len(faults) == 1
    assert "BAD" in sentence(faults[0])


def test_what_the_outbox_refused_is_told_at_a_later_tick(
    played_lane, kit_saying, monkeypatch, tmp_path: Path
):
    put, calls = Outbox.put, 0

    def refused(self, *message):
        nonlocal calls
        calls += 1
        if calls <= 3:
            raise OutboxError("database or disk is full: free some disk space")
        return put(self, *message)

    monkeypatch.setattr(Outbox, "put", refused)
    _, scan_id = played_lane(demo_stream()[0], kit_saying(0.0))  # nothing changes until time is up
    box = Outbox(tmp_path / "data" / "outbox.sqlite")
    kinds = [entry.kind for entry in box.entries(scan_id=scan_id)]
    box.close()
    assert kinds[:2] == ["scan_opened", "assessment"]


def test_end_without_a_name_closes_the_lorry_that_was_here_last(lane):
    lane.tell("start reefer boxed AAA11")
    first = lane.until("visit 1").split()[1]
    lane.tell("leave")
    lane.until("stays open")
    lane.tell("start reefer boxed BBB22")
    lane.until("visit 1")
    lane.tell("leave")
    lane.until("stays open")
    lane.tell("return AAA11")
    lane.until("visit 2")
    lane.tell("leave")
    lane.until("stays open")
    lane.tell("end")
    assert first in lane.until("closed")
    lane.tell("end")
    assert "name the scan to end" in lane.until("not done")
    assert lane.end() == 0


def test_each_visit_is_replayed_with_its_own_sensors(played_lane, kit_saying, tmp_path: Path):
    """A visit is weighed with the certificates it was recorded with, whatever the lane has today."""
    agent: LaneAgent
    agent, scan_id = played_lane(demo_stream()[0], kit_saying(-3.0))
    file = manifest.scan_folder(agent.config.data_dir, scan_id) / "visit-01.mcap"
    inside = SENSORS["co2-inside"]
    assert inside.certificate is not None
    newer = replace(inside.certificate, id="NEW", parameters={"offset_ppm": 100.0, "uncertainty_ppm": 30.0})
    today = {**SENSORS, "co2-inside": replace(inside, certificate=newer)}
    kit = kit_saying(-3.0)
    header = read_header(file)
    scan = Scan(scan_id, header.declaration, today, kit.make(), kit.calibrations, make_policy({}), {})
    refeed(scan, [file])
    assert scan.view.sensors["co2-inside"].certificate == header.sensors_by_name()["co2-inside"].certificate
    assert scan.view.with_role(Role.INSIDE, "sample")
    assert replay_scan([(header, file)], kit).digests_different == 0


def test_an_event_that_says_nonsense_is_an_error_with_words(kit_saying):
    from drivers.api import Event, EventKind

    kit = kit_saying(0.0)
    scan = Scan(
        "x", demo_stream()[0].spec.declaration, SENSORS, kit.make(), kit.calibrations, make_policy({}), {}
    )
    with pytest.raises(EventUnusable, match="van"):
        scan.feed(Event(EventKind.DECLARATION, 0, "x", {"vehicle_class": "van", "cargo": "empty"}))
    with pytest.raises(EventUnusable, match="visit"):
        scan.feed(Event(EventKind.VISIT_START, 0, "x", {}))


def test_a_recording_that_is_gone_is_named_and_the_scan_cannot_speak_for_empty(
    played_lane, kit_saying, tmp_path: Path
):
    _, scan_id = played_lane(demo_stream()[0], kit_saying(-3.0))
    (manifest.scan_folder(tmp_path / "data", scan_id) / "visit-01.mcap").unlink()
    agent, second = played_lane(demo_stream()[0], kit_saying(-3.0))
    assert second != scan_id
    (fault,) = agent.scans.open[scan_id].faults
    assert "visit-01.mcap is missing" in sentence(fault)


def test_a_manifest_with_a_foreign_declaration_does_not_stop_the_lane(
    played_lane, kit_saying, tmp_path: Path
):
    manifest.create(tmp_path / "data", "ZEPPELIN", "lane", {"vehicle_class": "zeppelin", "cargo": "empty"})
    agent, _ = played_lane(demo_stream()[0], kit_saying(-3.0))
    assert any("ZEPPELIN" in sentence(fault) for fault in agent.snapshot().faults)
    assert len(agent.scans.open) == 1

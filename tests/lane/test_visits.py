"""Several open scans in one lane: a lorry leaves, another is measured, the first comes back."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from drivers.api import Event, EventKind
from scanner.lane.agent import LaneAgent
from scanner.methods import load_kit
from scanner.outbox import Outbox
from scanner.recording import manifest
from scanner.recording.reader import read_header, read_recording
from scanner.replay import replay_scan
from scanner.simulation.stream import demo_stream


def test_a_lorry_comes_back_while_others_are_measured(lane, lane_file: Path):
    data = lane_file.parent / "data"
    lane.tell("start reefer boxed AAA11 closed=45")
    first = lane.until("visit 1").split()[1]
    lane.tell("probe in")
    lane.until("> probe in")
    lane.tell("start tanker empty BBB22")
    assert "A lorry is in the lane" in lane.until("not done")
    lane.tell("leave")
    lane.until(f"> {first} stays open")
    lane.tell("start tanker empty BBB22")
    lane.until("visit 1")
    lane.tell("end BBB22")
    lane.until("closed")
    lane.tell("return nobody")
    assert "0 open scans match 'nobody'" in lane.until("not done")
    lane.tell("return AAA11")
    lane.until(f"{first} visit 2")
    lane.tell("end")
    lane.until(f"> {first} closed")
    assert lane.end() == 0

    written = json.loads((data / "scans" / first / "manifest.json").read_text())
    assert written["state"] == "closed"
    assert [(v["visit"], v["whole"]) for v in written["visits"]] == [(1, True), (2, True)]
    files = [data / "scans" / first / v["file"] for v in written["visits"]]
    result = replay_scan([(read_header(f), f) for f in files], load_kit())
    assert result.digests_different == 0
    assert result.digests_equal >= 2
    assert result.assessment is not None
    assert result.assessment.visit == 2

    box = Outbox(data / "outbox.sqlite")
    entries = box.entries(scan_id=first)
    box.close()
    told = [entry.body["recording"] for entry in entries if entry.kind == "visit_ended"]
    assert [(each["file"], each["bytes"], each["sha256"], each["whole"]) for each in told] == [
        (file.name, file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest(), True)
        for file in files
    ]
    kinds = [entry.kind for entry in entries]
    assert kinds[0] == "scan_opened"
    assert kinds.count("visit_ended") == 2
    assert kinds[-1] == "scan_closed"


def test_a_step_of_the_wall_clock_makes_a_new_anchor(played_lane, kit_saying):
    agent: LaneAgent
    agent, scan_id = played_lane(demo_stream()[0], kit_saying(0.3), wall_step_s=7.0)
    file = manifest.scan_folder(agent.config.data_dir, scan_id) / "visit-01.mcap"
    anchors = [r for r in read_recording(file) if isinstance(r, Event) and r.kind is EventKind.ANCHOR]
    offsets = [a.data["utc_ns"] - a.mono_ns for a in anchors]
    assert len(anchors) == 2
    assert offsets[1] - offsets[0] == 7_000_000_000

"""Rule 4: kill -9 in the middle of a scan loses at most a second, and the lane goes on."""

from __future__ import annotations

import json
import time
from pathlib import Path

from drivers.api import Event, EventKind, Sample
from scanner.methods import load_kit
from scanner.outbox import Outbox
from scanner.recording.reader import read_header, read_recording
from scanner.recording.records import mono_ns_of
from scanner.replay import replay_scan


def last_recorded_ns(recording: Path) -> int:
    """Return the monotonic time of the last record that is on disk now."""
    return max((mono_ns_of(record) for record in read_recording(recording)), default=0)


def test_kill_in_the_middle_of_a_scan(lane, start_lane, lane_file: Path):
    data = lane_file.parent / "data"
    lane.tell("start reefer boxed AB12CDE closed=45 laden")
    scan_id = lane.until("visit 1").split()[1]
    lane.tell("probe in")
    lane.until("> probe in")
    began_ns = time.monotonic_ns()
    recording = data / "scans" / scan_id / "visit-01.mcap"
    while last_recorded_ns(recording) - began_ns < 6_000_000_000:
        assert time.monotonic_ns() - began_ns < 60_000_000_000, "the recording does not grow"
        time.sleep(0.05)  # the twins run in this process
    killed_ns = lane.kill()

    # the recording opens up to the last second
    records = list(read_recording(recording))
    assert (killed_ns - mono_ns_of(records[-1])) / 1e9 < 1.3
    assert any(isinstance(r, Event) and r.kind is EventKind.PROBE_IN for r in records)
    assert sum(isinstance(r, Sample) for r in records) > 5
    devices = {d["name"]: d for d in read_header(recording).config["devices"]}
    assert devices["co2-inside"]["driver"].endswith("VaisalaGmp252")
    assert devices["co2-inside"]["config"]["address"] == 240

    # the outbox holds what was told
    box = Outbox(data / "outbox.sqlite")
    kinds = [e.kind for e in box.entries(scan_id=scan_id)]
    box.close()
    assert kinds[0] == "scan_opened"
    assert "assessment" in kinds

    # a restart goes on with the same scan, as its second visit
    again = start_lane()
    assert scan_id in again.until("visit 2")
    again.tell("end")
    again.until(f"> {scan_id} closed")
    assert again.end() == 0
    manifest = json.loads((data / "scans" / scan_id / "manifest.json").read_text())
    assert manifest["state"] == "closed"
    assert [v["whole"] for v in manifest["visits"]] == [False, True]
    assert all(len(v["sha256"]) == 64 for v in manifest["visits"])

    # and both visits replay to the digests that were recorded
    files = [data / "scans" / scan_id / v["file"] for v in manifest["visits"]]
    result = replay_scan([(read_header(f), f) for f in files], load_kit())
    assert result.digests_equal > 5
    assert result.digests_different == 0

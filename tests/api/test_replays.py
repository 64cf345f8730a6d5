"""Past scans from their recordings: what is given, what is refused and why, and that it is noted."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from ulid import ULID

from scanner.recording.manifest import MANIFEST_FILE, add_visit, close_visit, create, scan_folder
from scanner.timeline.shapes import Timeline
from service.config.recordings_table import RecordingsTable
from tests.recorded_lorry import record_lorry

SCAN = str(ULID())
NOON_NS = 1_793_620_800_000_000_000


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the recording of a short visit with an X-ray passage, named by no folder of the service."""
    path: Path = tmp_path_factory.mktemp("recorded") / "visit-01.mcap"
    record_lorry(path, SCAN, seconds=14.0, without=("geophones", "shake"))
    return path


@pytest.fixture
def folder(running, tmp_path, monkeypatch) -> Path:
    """Give a folder of recordings that the service looks into."""
    config = running.service.config
    table = RecordingsTable(folders=(str(tmp_path / "none"), str(tmp_path)))
    monkeypatch.setattr(running.service, "config", config.model_copy(update={"recordings": table}))
    return tmp_path


@pytest.fixture
def told(running, recording):
    """Give a function that tells of a closed scan and returns its id."""

    def tell(scan: str = "", **facts: Any) -> str:
        lane = running.lane()
        lane.scan = scan or str(ULID())
        assert lane.tell(lane.opened()).status_code == 201
        data = recording.read_bytes()
        whole = {
            "file": "visit-01.mcap",
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "whole": True,
        }
        last = lane.assessed("search")["body"]
        body = {"why": "decided", "visit": 1, "assessment": last, "recording": whole | facts}
        assert lane.tell(lane.message("visit_ended", body)).status_code == 201
        assert lane.tell(lane.message("scan_closed", {"by": "officer"})).status_code == 201
        return lane.scan

    return tell


def lay(folder: Path, scan: str, recording: Path) -> Path:
    """Put the recording where a copy of a lane's data folder has it."""
    path = folder / "scans" / scan / "visit-01.mcap"
    path.parent.mkdir(parents=True)
    shutil.copy(recording, path)
    return path


def asked(client: httpx.Client, scan: str, rest: str = "") -> httpx.Response:
    """Ask until it is not being prepared any more."""
    deadline = time.monotonic() + 150
    while True:
        answer = client.get(f"/api/v1/scans/{scan}/replay{rest}")
        if answer.status_code != 503 or answer.json()["code"] != "replay_preparing":
            return answer
        assert answer.headers["retry-after"] == "1"
        assert time.monotonic() < deadline
        time.sleep(0.5)


def refused(answer: httpx.Response, status: int) -> str:
    """Return the code of a refusal."""
    assert answer.status_code == status, answer.text
    return str(answer.json()["code"])


def test_a_recorded_scan_is_given_with_its_pictures(running, folder, told, recording, monkeypatch):
    scan = told()
    lay(folder, scan, recording)
    officer = running.booth()
    answer = asked(officer, scan)
    assert answer.status_code == 200, answer.text
    timeline = Timeline.model_validate_json(answer.content)
    [visit] = timeline.visits
    assert visit.as_told
    assert visit.sha256 == hashlib.sha256(recording.read_bytes()).hexdigest()
    assert {picture.picture.kind for picture in visit.pictures} == {"thermal", "xray"}
    for shown in (
        visit.pictures[-1].picture,
        next(p.picture for p in visit.pictures if p.picture.kind == "xray"),
    ):
        png = asked(officer, scan, f"/pictures/{shown.sensor}?at={shown.version}")
        assert png.headers["content-type"] == "image/png"
        assert png.headers["etag"].startswith(f'"{shown.version}-')
        image = cv2.imdecode(np.frombuffer(png.content, np.uint8), cv2.IMREAD_UNCHANGED)
        assert image.shape[:2] == (shown.height, shown.width)
    assert refused(asked(officer, scan, f"/pictures/{shown.sensor}?at=1"), 404) == "not_found"
    assert refused(officer.get(f"/api/v1/scans/{scan}/replay/pictures/xray"), 422) == "malformed"
    monkeypatch.setattr("service.replays.shelf._work", None)  # kept ready: nothing is read again
    assert asked(officer, scan).content == answer.content


def test_looking_is_an_entry_of_the_audit_log(running, folder, told, recording):
    scan = told()
    asked(running.booth("engineer"), scan)
    log = running.booth("auditor").get("/api/v1/audit?limit=1000").json()
    assert [e["who"] for e in log if (e["subject"], e["action"]) == (scan, "accessed")] == ["engineer"]


def test_the_lanes_own_folder_and_one_of_scans_are_found_too(running, folder, told, recording):
    scan = told()
    lay(folder / "moved", scan, recording)
    shutil.move(folder / "moved" / "scans" / scan, folder / scan)
    assert asked(running.booth(), scan).status_code == 200


def test_without_the_recording_it_is_said_that_it_is_not_kept(running, folder, told):
    assert refused(asked(running.booth(), told()), 404) == "recording_absent"
    assert refused(asked(running.booth(), str(ULID())), 404) == "not_found"


def test_a_copy_that_was_cut_off_on_its_way_is_refused(running, folder, told, recording):
    scan = told()
    path = lay(folder, scan, recording)
    path.write_bytes(path.read_bytes()[:-1000])
    answer = asked(running.booth(), scan)
    assert refused(answer, 422) == "recording_changed"
    assert "cut off" in answer.json()["detail"]
    assert str(folder) not in answer.text


def test_a_visit_that_the_manifest_knows_and_nobody_has_is_said_to_be_missing(
    running, folder, told, recording
):
    scan = told()
    create(folder, scan, "quay", {})
    add_visit(folder, scan, NOON_NS)
    shutil.copy(recording, scan_folder(folder, scan) / "visit-01.mcap")
    close_visit(folder, scan, 1, NOON_NS)
    add_visit(folder, scan, NOON_NS)
    assert (scan_folder(folder, scan) / MANIFEST_FILE).exists()
    answer = asked(running.booth(), scan)
    assert refused(answer, 422) == "recording_damaged"
    assert "visit-02.mcap" in answer.json()["detail"]


def test_what_is_too_large_is_not_opened(running, folder, told, recording, monkeypatch):
    scan = told()
    lay(folder, scan, recording)
    monkeypatch.setattr(running.service.replays, "largest_bytes", 1000)
    assert refused(asked(running.booth(), scan), 413) == "recording_too_large"


def test_a_newer_recording_is_refused_with_what_to_do(running, folder, told, recording):
    data = recording.read_bytes()
    key = b"format_version" + (1).to_bytes(4, "little")
    newer = data.replace(key + b"1", key + b"9")
    scan = told(sha256=hashlib.sha256(newer).hexdigest())
    lay(folder, scan, recording).write_bytes(newer)
    answer = asked(running.booth(), scan)
    assert refused(answer, 422) == "recording_too_new"
    assert "update" in answer.json()["detail"]
    assert str(folder) not in answer.text


def test_of_an_erased_scan_nothing_is_played(running, folder, told, recording):
    scan = told()
    lay(folder, scan, recording)
    supervisor = running.booth("supervisor")
    supervisor.post("/api/v1/reauthenticate", json={"password": "brass kettle on the quay"})
    asking = {"scan_id": scan, "reason": "a court asked for it"}
    answer = supervisor.post("/api/v1/privacy/erase", json=asking)
    assert answer.status_code == 200, answer.text
    assert refused(asked(running.booth(), scan), 404) == "recording_erased"


def test_a_lorry_in_the_lane_is_watched_at_the_lane(running, folder, recording):
    lane = running.lane()
    lane.scan = str(ULID())
    lane.tell(lane.opened())
    lay(folder, lane.scan, recording)
    assert refused(asked(running.booth(), lane.scan), 409) == "scan_running"


def test_nobody_looks_without_a_login(running, told):
    assert running.client().get(f"/api/v1/scans/{told()}/replay").status_code == 401

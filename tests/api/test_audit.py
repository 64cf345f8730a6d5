"""The audit log over HTTP: proofs that hold without the service, and checkpoints in every place asked for."""

from __future__ import annotations

import threading

import fsspec
import pytest

from service.audit import checkpoint_writer, checkpoints, merkle, note, proof
from service.audit.checkpoint_writer import CheckpointWriter
from service.audit.leaf import leaf
from service.audit.note import PublicKey
from service.store import audit


@pytest.fixture
def auditor(running):
    """Give somebody who reads the audit."""
    return running.booth("auditor")


def test_an_entry_is_proved_against_the_key(running, auditor):
    key = PublicKey.parse(auditor.get("/api/v1/audit/checkpoint").json()["key"])
    first = auditor.get("/api/v1/audit").json()[0]["sequence"]
    given = auditor.get(f"/api/v1/audit/proof?sequence={first}").json()
    assert proof.findings(given, [key]) == []
    given["entries"][0]["entry"]["utc_ms"] += 1
    assert proof.findings(given, [key]) == [f"entry {first}: its proof does not lead to the checkpoint"]


def test_a_later_checkpoint_goes_on_an_earlier_one(running, auditor):
    before = note.parse(auditor.get("/api/v1/audit/checkpoint").json()["checkpoint"])
    running.lane()
    now = note.parse(auditor.get("/api/v1/audit/checkpoint").json()["checkpoint"])
    assert now.size > before.size
    given = auditor.get(f"/api/v1/audit/consistency?from={before.size}&to={now.size}").json()
    path = [bytes.fromhex(each) for each in given["path"]]
    assert merkle.consistent(before.size, now.size, before.root, now.root, path)
    assert not merkle.consistent(before.size, now.size, now.root, now.root, path)


@pytest.mark.parametrize("asked", ["from=2&to=1", "from=1&to=99999999"])
def test_no_consistency_with_what_the_log_is_not(auditor, asked):
    answer = auditor.get(f"/api/v1/audit/consistency?{asked}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_entries_that_vouch_for_rows_come_when_asked_for(running, auditor):
    running.lane()
    plain = auditor.get("/api/v1/audit?limit=1000").json()
    whole = auditor.get("/api/v1/audit?limit=1000&rows=true").json()
    assert not {each["action"] for each in plain} & {"rows", "columns"}
    assert [each["sequence"] for each in whole] == list(range(1, len(whole) + 1))


def test_the_last_checkpoint_before_a_stop_speaks_of_all_entries(make_service, tmp_path):
    service = make_service(tmp_path / "data")
    service.lane()
    with service.database.reading() as c:
        size = audit.size(c)
        root = merkle.root(size, audit.node_of(c))
    service.stop()
    written = checkpoints.read(tmp_path / "data" / checkpoints.FOLDER).values()
    newest = max(written, key=lambda each: each.size)
    assert (newest.size, newest.root) == (size, root)


def test_checkpoints_reach_every_place_and_one_that_refuses_is_told(running, tmp_path):
    wall = tmp_path / "wall"
    wall.write_text("a file where a folder should be")
    writer = CheckpointWriter(running.database, ["memory://second-site/audit", str(wall)], 3600)
    writer.write()
    [name] = fsspec.filesystem("memory").ls("/second-site/audit", detail=False)
    text = fsspec.filesystem("memory").cat_file(name).decode()
    assert note.parse(text).size > 0
    [said] = writer.warnings()
    assert said.startswith(f"checkpoints of the audit log do not reach {wall}")
    wall.unlink()
    writer.write()
    assert writer.warnings() == []
    assert len(checkpoints.read(wall)) == 1


def test_a_place_that_refuses_is_a_warning_and_no_reason_to_stop(running, monkeypatch):
    monkeypatch.setitem(running.service.checkpoints.failing, "s3://bucket", "it is gone")
    answer = running.client().get("/api/health/ready")
    assert answer.status_code == 200
    assert "do not reach s3://bucket (it is gone)" in answer.json()["warnings"][0]
    assert "lorryscan_checkpoints_failing 1.0" in running.client().get("/metrics").text


def test_a_place_that_hangs_holds_nothing(running, monkeypatch):
    hangs, goes_on = threading.Event(), threading.Event()

    def put(*_):
        hangs.set()
        goes_on.wait(10)

    monkeypatch.setattr(checkpoint_writer, "put", put)
    monkeypatch.setattr(checkpoint_writer, "STOPS_WITHIN_S", 0.05)
    writer = CheckpointWriter(running.database, [], 3600)
    writer.start()
    assert hangs.wait(10)
    assert running.client().get("/api/health/ready").status_code == 200
    writer.stop()
    goes_on.set()


def test_a_leaf_says_nothing_of_people():
    assert leaf(7, 5, "login", "ab") == b'{"action":"login","personal_sha256":"ab","sequence":7,"utc_ms":5}'


def test_a_search_gives_what_fits_the_newest_first(running, auditor):
    lanes = [running.lane() for _ in range(3)]
    about = lanes[0].id[:-1]  # ULIDs of one moment differ in their last letters
    found = auditor.get("/api/v1/audit/search", params={"subject": lanes[1].id.upper()}).json()
    assert [(each["action"], each["subject"]) for each in found] == [("lane_added", lanes[1].id)]
    found = auditor.get("/api/v1/audit/search", params={"action": "lane_added", "limit": 2}).json()
    assert [each["subject"] for each in found] == [lanes[2].id, lanes[1].id]
    more = auditor.get(
        "/api/v1/audit/search", params={"action": "lane_added", "before": found[-1]["sequence"]}
    )
    assert more.json()[0]["subject"] == lanes[0].id
    assert auditor.get("/api/v1/audit/search", params={"action": "lane"}).json() == []
    assert auditor.get("/api/v1/audit/search", params={"subject": about + "%"}).json() == []
    by_me = auditor.get("/api/v1/audit/search", params={"who": "UDITO"}).json()
    assert {each["who"] for each in by_me} == {"auditor"}
    at_ms = found[0]["utc_ms"]
    span = {"since_utc_ms": at_ms + 1, "action": "lane_added"}
    assert auditor.get("/api/v1/audit/search", params=span).json() == []
    span = {"until_utc_ms": at_ms - 1, "subject": lanes[2].id}
    assert auditor.get("/api/v1/audit/search", params=span).json() == []


def test_a_search_is_an_entry_itself(running, auditor):
    auditor.get("/api/v1/audit/search", params={"who": "nobody-else-looks-for"})
    found = auditor.get("/api/v1/audit/search", params={"action": "accessed"}).json()
    assert {"what": "audit", "who": "nobody-else-looks-for"} in [each["detail"] for each in found]

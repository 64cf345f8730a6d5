"""The outbox reaches the service in order and once, whatever the service does in between."""

from __future__ import annotations

import itertools
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from scanner.lane.commands import CommandRefused
from scanner.lane.courier import Courier
from scanner.lane.hearing import Hearing
from scanner.lane.service_address import ServiceLink
from scanner.lane.service_client import ServiceClient
from scanner.lane.wire import Message
from scanner.outbox import Outbox, OutboxError
from scanner.recording import manifest
from scanner.simulation.stream import demo_stream
from scanner.wording import sentence
from tests.lane.small_service import TOKEN, SmallService, small_service, wait_for

MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)


class Posting:
    """A courier in a thread over an outbox of its own."""

    def __init__(self, folder: Path, url: str, token: str = TOKEN, limit_s: float = 5.0) -> None:
        self.box = Outbox(folder / "outbox.sqlite")
        self.hearing = Hearing()
        self.client = ServiceClient(ServiceLink(url, token), limit_s)
        self.courier = Courier(self.box, self.client, self.hearing, itertools.count(1).__next__)
        self.hearing.on_back.append(self.courier.wake.set)
        self.thread = threading.Thread(target=self.courier.run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.courier.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()
        self.client.close()
        self.box.close()


@pytest.fixture
def service() -> Iterator[SmallService]:
    with small_service() as running:
        yield running


@pytest.fixture
def posting(service: SmallService, tmp_path: Path) -> Iterator[Posting]:
    running = Posting(tmp_path, service.url)
    yield running
    running.stop()


def put(box: Outbox, numbers: range) -> list[str]:
    return [box.put("scan_closed", "", n, {"by": f"officer {n}"}) for n in numbers]


def keys(service: SmallService) -> list[str]:
    return [message["key"] for message in service.committed]


def test_what_was_put_while_the_service_was_away_comes_in_order_and_once(service, posting):
    told = put(posting.box, range(5))
    wait_for(lambda: keys(service) == told and posting.box.waiting() == 0)  # the last answer has come
    service.kill()
    told += put(posting.box, range(5, 40))
    wait_for(lambda: not posting.hearing.connected or posting.courier.waiting >= 30)
    service.start()
    wait_for(lambda: len(service.committed) == 40)
    assert keys(service) == told
    wait_for(lambda: posting.box.waiting() == 0)
    assert len(service.attempts) == len(set(service.attempts))  # nothing was posted twice
    wait_for(lambda: posting.courier.waiting == 0)


def test_an_answer_that_was_lost_after_the_commit_doubles_nothing(service, posting):
    service.how = "lose"
    told = put(posting.box, range(3))
    wait_for(lambda: len(service.attempts) >= 2)
    assert keys(service) == told[:1]  # the next waits for its turn
    service.how = "well"
    wait_for(lambda: posting.box.waiting() == 0)
    assert keys(service) == told
    assert len(service.attempts) > 3


@pytest.mark.parametrize("how", ["hang", "500", "cut", "html", "drip"])
def test_a_service_that_fails_loses_nothing(service, tmp_path, how):
    service.how = how
    posting = Posting(tmp_path, service.url, limit_s=0.5)
    try:
        told = put(posting.box, range(3))
        wait_for(lambda: len(service.requests) >= 2)
        assert posting.box.waiting() == 3
        assert not posting.hearing.connected
        service.how = "well"
        service.released.set()
        wait_for(lambda: posting.box.waiting() == 0)
        assert keys(service) == told
    finally:
        posting.stop()


def test_a_refused_message_stays_on_disk_with_the_services_words_and_the_next_goes_on(service, posting):
    service.refuses = lambda message: (
        (409, {"code": "key_reused", "detail": "known with other contents"})
        if message["body"]["by"] == "officer 1"
        else (422, {"code": "malformed", "title": "no such thing"})
        if message["body"]["by"] == "officer 2"
        else None
    )
    told = put(posting.box, range(4))
    wait_for(lambda: posting.box.waiting() == 0)
    assert keys(service) == [told[0], told[3]]
    entries = posting.box.entries()
    assert [entry.refused for entry in entries] == ["", "known with other contents", "no such thing", ""]
    assert [entry.sent for entry in entries] == [True, False, False, True]
    (fault,) = posting.courier.faults()
    assert "no such thing" in sentence(fault, "en")
    assert "2 message(s)" in sentence(fault, "fr")


def test_a_refused_token_is_a_fault_and_nothing_is_dropped(service, tmp_path):
    service.token = "another"
    running = Posting(tmp_path, service.url)
    try:
        put(running.box, range(2))
        wait_for(lambda: [f.code for f in running.hearing.faults()] == ["token_refused"])
        assert running.hearing.status(2).code == "link_token_refused"
        assert running.box.waiting() == 2
        service.token = TOKEN
        running.courier.wake.set()
        wait_for(lambda: running.box.waiting() == 0)
        assert running.hearing.faults() == ()
    finally:
        running.stop()


def test_a_foreign_server_refuses_nothing_for_good(service, posting):
    """A 422 that is no problem document is not our service's word."""
    service.how = "html"
    put(posting.box, range(2))
    wait_for(lambda: [f.code for f in posting.hearing.faults()] == ["service_foreign"])
    assert posting.box.waiting() == 2
    assert posting.box.refused_since(0) == []


def test_a_disk_that_takes_no_marks_holds_up_no_message(service, posting, monkeypatch):
    def refused(*_of: object) -> None:
        raise OutboxError("database or disk is full: free some disk space")

    with monkeypatch.context() as full:
        full.setattr(Outbox, "mark_sent", refused)
        told = put(posting.box, range(5))
        wait_for(lambda: len(service.committed) == 5)
    wait_for(lambda: posting.box.waiting() == 0)
    assert keys(service) == told
    assert len(service.attempts) == 5


def test_every_kind_that_a_lane_tells_is_a_message_of_the_contract(played_lane, kit_saying):
    """A lane that was cut off and began again tells of every kind but answers to orders."""
    first, scan_id = played_lane(demo_stream()[1], kit_saying(2.0))
    file = manifest.scan_folder(first.config.data_dir, scan_id) / manifest.MANIFEST_FILE
    content = json.loads(file.read_text(encoding="utf-8"))
    content["visits"][-1] |= {"ended_utc": None, "sha256": None, "whole": None}
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(CommandRefused):  # the lorry of the visit that was cut off is there
        played_lane(demo_stream()[2], kit_saying(-3.0), end=True)
    box = Outbox(first.config.data_dir / "outbox.sqlite")
    entries = box.entries()
    box.close()
    for entry in entries:
        message = {
            "key": entry.key,
            "kind": entry.kind,
            "scan_id": entry.scan_id,
            "created_utc_ns": entry.created_utc_ns,
            "body": entry.body,
        }
        assert MESSAGE.validate_python(message).kind == entry.kind
    [cut] = [entry.body["recording"] for entry in entries if entry.kind == "visit_interrupted"]
    assert (cut["file"].endswith(".mcap"), len(cut["sha256"]), cut["whole"]) == (True, 64, False)
    kinds = {entry.kind for entry in entries}
    assert kinds == {"scan_opened", "assessment", "visit_ended", "visit_interrupted", "scan_closed"}


def test_an_outbox_of_an_earlier_lorryscan_is_brought_up_to_date(tmp_path: Path):
    path = tmp_path / "outbox.sqlite"
    db = sqlite3.connect(path)
    db.execute(
        "CREATE TABLE outbox (sequence INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, "
        "kind TEXT NOT NULL, scan_id TEXT NOT NULL, created_utc_ns INTEGER NOT NULL, body TEXT NOT NULL, "
        "sent_utc_ns INTEGER)"
    )
    db.execute(
        "INSERT INTO outbox (key, kind, scan_id, created_utc_ns, body) "
        "VALUES ('K', 'assessment', 'S', 7, '{}')"
    )
    db.commit()
    db.close()
    for is_new in (True, False):  # opened again, nothing is added twice
        box = Outbox(path)
        (entry,) = box.unsent()
        assert (entry.key, entry.created_utc_ns, entry.sent, entry.refused) == ("K", 7, False, "")
        assert box.take_order("01JD8Z6W8S4N0T7K3Q5V9X2B1C", 1) is is_new
        assert box.unanswered_orders() == ["01JD8Z6W8S4N0T7K3Q5V9X2B1C"]
        box.close()

"""A dead, slow, hanging or lying service changes nothing in what the lane records and decides."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from pathlib import Path

import pytest

from scanner.lane.commands import End, Probe, Start
from scanner.lane.service_address import ServiceLink
from scanner.lane.service_client import ServiceAway, ServiceClient
from scanner.outbox import Outbox
from scanner.recording.reader import read_recording
from scanner.recording.records import RecordedAssessment, mono_ns_of
from scanner.simulation.stream import demo_stream
from tests.lane.short_lane import LORRY, ShortLane
from tests.lane.small_service import small_service, wait_for

SCAN = "01JD8Z6W8S4N0T7K3Q5V9X2B1C"
Kept = tuple[list[tuple[str, int]], list[str], list[tuple[str, int]]]


@pytest.fixture(autouse=True)
def one_scan_id(monkeypatch):
    """Digests count the scan's id: let it be the same in every run."""
    monkeypatch.setattr("scanner.lane.carry_out.ULID", lambda: SCAN)


def kept_by(folder: Path, kit, url: str) -> Kept:
    """Run a lane; return what it recorded, its digests, and what it has to tell."""
    lane = ShortLane(folder, kit, duration_s=9.0, url=url, lost={"thermal-doors": 6.0})
    lane.start(Start(LORRY.spec.declaration), Probe(True))
    lane.played()
    lane.agent.submit(End()).result(60)
    began_s = time.monotonic()
    lane.stop()
    assert time.monotonic() - began_s < 5.0
    records = list(read_recording(folder / "scans" / SCAN / "visit-01.mcap"))
    digests = [r.assessment["digest"] for r in records if isinstance(r, RecordedAssessment)]
    box = Outbox(folder / "outbox.sqlite")
    told = [(entry.kind, entry.created_utc_ns) for entry in box.entries()]
    box.close()
    shutil.rmtree(folder)
    return [(type(r).__name__, mono_ns_of(r)) for r in records], digests, told


@pytest.mark.timeout(240)
def test_whatever_the_service_does_the_lane_keeps_the_same(kit_saying, tmp_path):
    folder = tmp_path / "data"
    alone = kept_by(folder, kit_saying(0.0), "")
    assert len(alone[0]) > 200
    assert len(alone[1]) >= 9
    assert alone[2][0][0] == "scan_opened"
    assert alone[2][-1][0] == "scan_closed"
    with small_service() as service:
        assert kept_by(folder, kit_saying(0.0), service.url) == alone
        assert [m["kind"] for m in service.committed] == [kind for kind, _ in alone[2]]
        service.committed.clear()
        for how in ("hang", "500", "cut", "drip", "html"):
            service.how = how
            asked = len(service.requests)
            assert kept_by(folder, kit_saying(0.0), service.url) == alone, how
            assert len(service.requests) > asked, how
        assert not service.committed
        service.kill()
        assert kept_by(folder, kit_saying(0.0), service.url) == alone, "nobody listens"


def test_the_lane_says_that_the_service_is_away_and_when_it_is_back(kit_saying, tmp_path):
    with small_service() as service:
        service.how = "500"
        lane = ShortLane(tmp_path / "data", kit_saying(0.0), duration_s=2.0, url=service.url)
        assert lane.link is not None
        lane.start(Start(demo_stream()[1].spec.declaration))
        link = lane.link
        wait_for(lambda: link.status().code == "link_away" and link.status().values["waiting"] >= 1)
        service.how = "well"
        wait_for(lambda: link.status().code == "link_connected" and link.status().values["waiting"] == 0)
        lane.stop()
        assert [m["kind"] for m in service.committed][-1] == "visit_ended"  # the last words went out


def test_a_head_that_comes_a_letter_at_a_time_costs_a_bounded_time():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not ended.wait(0.05):
                    connection.sendall(b"a")

        dripping = threading.Thread(target=drip)
        dripping.start()
        client = ServiceClient(ServiceLink(f"http://127.0.0.1:{listener.getsockname()[1]}", "token"), 0.5)
        began_s = time.monotonic()
        with pytest.raises(ServiceAway):
            client.ask("POST", "/live", b"{}")
        assert time.monotonic() - began_s < 5.0
        ended.set()
        dripping.join(10)
        client.close()

"""Orders from booths: carried out at most once, recorded, answered in both languages."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from httpx_sse import EventSource
from pydantic import TypeAdapter
from ulid import ULID

from drivers.api import Event, EventKind
from scanner.lane.commands import Start
from scanner.lane.service_address import ServiceLink
from scanner.lane.service_client import ServiceAway, ServiceClient
from scanner.lane.wire import Message
from scanner.outbox import Outbox
from scanner.recording.reader import read_recording
from tests.lane.short_lane import LORRY, ShortLane
from tests.lane.small_service import SmallService, small_service, wait_for

MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
STARTING = {
    "name": "start",
    "declaration": {"vehicle_class": "reefer", "cargo": "boxed", "plate": "AB12 CDE", "closed_minutes": 45},
}


@pytest.fixture
def service() -> Iterator[SmallService]:
    with small_service() as running:
        yield running


@pytest.fixture
def short_lane(service, kit_saying, tmp_path) -> Iterator[Callable[..., ShortLane]]:
    """Give a function that makes lanes on one data folder; they are stopped in the end."""
    made: list[ShortLane] = []

    def make(**more: Any) -> ShortLane:
        made.append(ShortLane(tmp_path / "data", kit_saying(0.0), url=service.url, **more))
        return made[-1]

    yield make
    if made and not made[-1].agent.stopped.is_set():
        made[-1].stop()


def answers(service: SmallService) -> dict[str, dict[str, Any]]:
    """Return what was answered by order; each once."""
    told = [m for m in service.committed if m["kind"] == "command_answer"]
    by_order = {m["body"]["command"]: m["body"] for m in told}
    assert len(by_order) == len(told)
    for message in told:
        MESSAGE.validate_python(message)
        assert set(message["body"]["answer"]["text"]) == {"en", "fr"}
    return by_order


def test_orders_are_carried_out_recorded_and_answered(service, short_lane):
    lane = short_lane(duration_s=2.0)
    lane.start()
    names = [str(ULID()) for _ in range(4)]
    orders = (STARTING, {"name": "probe", "inside": True}, {"name": "leave"}, {"name": "leave"})
    for number, (command, order) in enumerate(zip(names, orders, strict=True), start=1):
        service.order(number, command=command, by="officer.north", order=order)
        wait_for(lambda command=command: command in answers(service))
    told = answers(service)
    assert [told[name]["done"] for name in names] == [True, True, True, False]
    assert told[names[3]]["answer"]["code"] == "order_no_lorry"
    assert "Aucun poids lourd" in told[names[3]]["answer"]["text"]["fr"]
    (recording,) = (lane.agent.config.data_dir / "scans").glob("*/visit-01.mcap")
    events = [r for r in read_recording(recording) if isinstance(r, Event)]
    carried_out = [dict(e.data) for e in events if e.kind is EventKind.COMMAND]
    assert carried_out == [
        {"name": name, "by": "officer.north", "command": command}
        for name, command in zip(("start", "probe", "leave"), names, strict=False)
    ]
    (opened,) = [m for m in service.committed if m["kind"] == "scan_opened"]
    assert opened["body"]["by"] == "officer.north"
    assert opened["body"]["declaration"]["plate"] == "AB12 CDE"
    assert recording.parent.name == opened["scan_id"]


def test_the_same_order_again_does_nothing(service, short_lane):
    lane = short_lane(duration_s=1.0)
    lane.start()
    command = str(ULID())
    service.order(1, command=command, by="officer.north", order=STARTING)
    wait_for(lambda: command in answers(service))
    assert answers(service)[command]["done"]
    other = str(ULID())
    for number, order in ((2, command), (3, command), (4, other)):
        service.order(number, command=order, by="officer.north", order=STARTING)
    wait_for(lambda: other in answers(service))
    assert not answers(service)[other]["done"]  # the lorry of the first is there
    assert len(list((lane.agent.config.data_dir / "scans").glob("*/visit-*.mcap"))) == 1


def test_an_order_cut_off_by_a_kill_is_answered_and_never_begun_again(service, short_lane, tmp_path):
    """A real kill between "taken" and the answer: the process ends as the disk has the first."""
    command = str(ULID())
    (tmp_path / "data").mkdir()
    program = (
        "import sys, time; from pathlib import Path; from scanner.outbox import Outbox\n"
        "box = Outbox(Path(sys.argv[1])); assert box.take_order(sys.argv[2], 1)\n"
        "print('taken', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "data" / "outbox.sqlite"), command],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "taken\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    lane = short_lane(duration_s=1.0)
    lane.start()
    wait_for(lambda: command in answers(service))
    told = answers(service)[command]
    assert (told["done"], told["answer"]["code"]) == (False, "order_interrupted")
    service.order(1, command=command, by="officer.north", order=STARTING)  # as after a lost answer
    after = str(ULID())
    service.order(2, command=after, by="officer.north", order={"name": "leave"})
    wait_for(lambda: after in answers(service))
    assert not (lane.agent.config.data_dir / "scans").exists()


def test_an_order_that_a_newer_service_knows_is_answered_as_unknown(service, short_lane):
    short_lane(duration_s=1.0).start()
    command, after = str(ULID()), str(ULID())
    service.order(1, command=command, by="officer.north", order={"name": "raise_barrier"})
    service.orders.put(("2", "order", "not JSON at all"))
    service.order(3, command=after, by="officer.north", order={"name": "leave"})
    wait_for(lambda: after in answers(service))
    assert answers(service)[command]["answer"]["code"] == "order_unknown"


def test_what_the_lane_does_not_get_to_is_not_carried_out_later(service, short_lane):
    lane = short_lane(duration_s=1.0)
    assert lane.link is not None
    lane.link._orders._limit_s = 0.2
    lane.link.start()  # the lane itself does not run yet
    command = str(ULID())
    service.order(1, command=command, by="officer.north", order=STARTING)
    wait_for(lambda: command in answers(service))
    assert answers(service)[command]["answer"]["code"] == "order_not_reached"
    lane._thread.start()
    lane.played()
    assert not (lane.agent.config.data_dir / "scans").exists()


def test_a_stream_that_falls_silent_is_opened_again_where_it_was(service, short_lane, monkeypatch):
    monkeypatch.setattr("scanner.lane.orders.SILENCE_S", 1.0)  # the service speaks each 0.2 s
    short_lane(duration_s=1.0).start()
    first, second = str(ULID()), str(ULID())
    service.order(41, command=first, by="officer.north", order={"name": "leave"})
    wait_for(lambda: first in answers(service))
    service.heartbeats = False
    wait_for(lambda: len(service.last_event_ids) >= 2)
    service.heartbeats = True
    service.order(42, command=second, by="officer.north", order={"name": "leave"})
    wait_for(lambda: second in answers(service))
    assert service.last_event_ids[:2] == ["", "41"]


def test_what_waited_unread_is_not_believed(service):
    """A computer that slept finds an order of long ago at the door; the officer was told it expired."""
    client = ServiceClient(ServiceLink(service.url, service.token), 2.0)
    with client.events("/commands", {}, 0.5) as response:
        events = EventSource(response).iter_sse()
        assert next(events).event == "heartbeat"
        read_s = time.monotonic()
        service.order(1, command=str(ULID()), by="officer.north", order={"name": "leave"})
        wait_for(lambda: service.orders.empty() and time.monotonic() - read_s > 0.8)
        with pytest.raises(ServiceAway):
            assert [event.event for event in events if event.event == "order"] == []
    client.close()


def test_what_came_behind_an_order_that_took_long_is_asked_for_again(service, short_lane, monkeypatch):
    monkeypatch.setattr("scanner.lane.orders.SILENCE_S", 1.0)
    lane = short_lane(duration_s=1.0)
    lane.start()
    wait_for(lambda: service.last_event_ids)
    first, behind, fresh = (str(ULID()) for _ in range(3))
    take_order = lane.agent.outbox.take_order

    def take_slowly(command: str, utc_ns: int) -> bool:
        until_s = time.monotonic() + (1.4 if command == first else 0.0)
        wait_for(lambda: service.orders.empty() and time.monotonic() >= until_s)
        return take_order(command, utc_ns)

    monkeypatch.setattr(lane.agent.outbox, "take_order", take_slowly)
    for number, command in ((1, first), (2, behind)):
        service.order(number, command=command, by="officer.north", order={"name": "leave"})
    wait_for(lambda: len(service.last_event_ids) == 2)
    assert service.last_event_ids == ["", "1"], "a service that still has the second sends it again"
    service.order(3, command=fresh, by="officer.north", order={"name": "leave"})
    wait_for(lambda: fresh in answers(service))
    assert set(answers(service)) == {first, fresh}


def test_orders_go_to_the_process_that_the_booth_sees(service, short_lane):
    lane = short_lane(duration_s=1.0)
    assert lane.link is not None
    lane.start()
    wait_for(lambda: service.last_event_ids)
    service.twice = True
    wait_for(lambda: [fault.code for fault in lane.link.faults()] == ["lane_twice"])
    wait_for(lambda: service.streams == 0)
    command = str(ULID())
    service.order(1, command=command, by="officer.north", order={"name": "leave"})
    asked = len(service.requests)
    wait_for(lambda: len(service.requests) > asked + 3)
    assert not answers(service)
    service.twice = False
    wait_for(lambda: command in answers(service))
    assert lane.link.faults() == ()


def test_an_order_that_cannot_be_noted_on_disk_is_not_begun(service, short_lane, monkeypatch):
    from scanner.outbox import OutboxError

    def refused(*_of: object) -> bool:
        raise OutboxError("database or disk is full: free some disk space")

    monkeypatch.setattr(Outbox, "take_order", refused)
    lane = short_lane(duration_s=1.0)
    lane.start()
    service.order(1, command=str(ULID()), by="officer.north", order=STARTING)
    assert lane.link is not None
    wait_for(lambda: [f.code for f in lane.link.faults()] == ["orders_not_kept"])
    lane.played()
    assert not (lane.agent.config.data_dir / "scans").exists()


def test_typed_commands_are_no_orders(short_lane):
    lane = short_lane(duration_s=1.0)
    (scan_id,) = lane.start(Start(LORRY.spec.declaration))
    lane.played()
    lane.stop()
    (recording,) = (lane.agent.config.data_dir / "scans" / scan_id).glob("*.mcap")
    kinds = [r.kind for r in read_recording(recording) if isinstance(r, Event)]
    assert EventKind.COMMAND not in kinds

"""The fan-out alone: what waits for a reader, what gives way, and when a reader is cut off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from service.live import payloads
from service.live.booth_stream import booth_stream
from service.live.hub import MOST_WAITING, Hub, Reader
from service.live.payloads import LiveView
from service.store.events import StoredEvent


@pytest.fixture
def counted() -> list[str]:
    return []


@pytest.fixture
def hub(counted: list[str]) -> Hub:
    return Hub(counted.append)


def following(hub: Hub, aborted: Callable[[], None] = lambda: None) -> Reader:
    """Return a reader that has read the table."""
    reader = hub.open("session", aborted)
    reader.follow(0)
    return reader


def test_events_go_before_the_heartbeat_and_live_views_last(hub: Hub) -> None:
    reader = following(hub)
    view = LiveView("lane", '{"sequence":1}', "null")
    hub.live(view)
    hub.heartbeat(b"beat")
    hub.publish(1, b"one")
    hub.announce(b"silent")
    hub.publish(2, b"two")
    assert reader.take() == b"onesilenttwobeat" + view.whole
    assert reader.take() == b""


def test_live_view_takes_the_place_of_the_lanes_last(hub: Hub, counted: list[str]) -> None:
    reader = following(hub)
    views = [LiveView("north", f'{{"sequence":{n}}}', "null") for n in range(3)]
    for view in views:
        hub.live(view)
    other = LiveView("south", '{"sequence":7}', "null")
    hub.live(other)
    assert reader.take() == views[-1].whole + other.whole
    assert counted == ["live_dropped", "live_dropped"]


def test_an_assessment_that_a_reader_has_is_left_out(hub: Hub) -> None:
    """Only what was taken counts: a view that gave way took its assessment with it."""

    def told(reader: Reader) -> list[dict[str, object]]:
        lines = reader.take().decode().splitlines()
        return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]

    early = following(hub)
    said = ['{"posterior":0.1}', '{"posterior":0.9}', "null"]

    def show(sequence: int, assessment: str, lane: str = "north") -> None:
        hub.live(LiveView(lane, f'{{"sequence":{sequence}}}', assessment))

    show(1, said[0])
    assert told(early) == [{"lane_id": "north", "sequence": 1, "assessment": {"posterior": 0.1}}]
    show(2, said[1])
    show(3, said[0])
    show(4, said[0], lane="south")
    late = following(hub)
    assert told(early) == [
        {"lane_id": "north", "sequence": 3, "same_assessment": True},
        {"lane_id": "south", "sequence": 4, "assessment": {"posterior": 0.1}},
    ]
    show(5, said[0])
    assert [each.get("assessment") for each in told(late)] == [{"posterior": 0.1}]
    assert told(early) == [{"lane_id": "north", "sequence": 5, "same_assessment": True}]
    show(6, said[2])
    show(7, said[2])
    assert told(early) == [{"lane_id": "north", "sequence": 7, "assessment": None}]
    show(8, said[2])
    assert told(early) == [{"lane_id": "north", "sequence": 8, "assessment": None}]


def test_what_was_read_from_the_table_neither_comes_again_nor_counts(hub: Hub) -> None:
    reader = hub.open("session", lambda: None)
    reader.follow(MOST_WAITING)
    for sequence in range(1, MOST_WAITING + 3):
        hub.publish(sequence, b"%d" % sequence)
    assert reader.take() == b"257258"
    assert not reader.cut


def test_reader_is_cut_off_when_256_events_wait(hub: Hub, counted: list[str]) -> None:
    aborted: list[bool] = []
    slow, quick = following(hub, lambda: aborted.append(True)), following(hub)
    for sequence in range(1, MOST_WAITING + 1):
        hub.publish(sequence, b".")
        quick.take()
    assert not slow.cut
    hub.publish(MOST_WAITING + 1, b".")
    assert slow.cut
    assert aborted == [True]
    assert counted == ["cut_off"]
    assert not quick.cut


def test_reader_that_still_reads_the_table_has_nothing_waiting(hub: Hub) -> None:
    reader = hub.open("session", lambda: None)
    for sequence in range(1, 2 * MOST_WAITING):
        hub.publish(sequence, b".")
    assert not reader.cut


def test_stream_that_opens_while_the_service_ends_says_goodbye(hub: Hub) -> None:
    hub.shut_down()
    assert asyncio.run(_all(hub, hub.open("session", lambda: None)))[-1] == payloads.bye("shutting_down")


def test_event_committed_while_the_table_is_read_comes_once(hub: Hub) -> None:
    """The table shows 1 to 3; 3 is put before the readers only after this one read it, and then 4."""
    table = [StoredEvent(n, "scan", 0, str(n)) for n in (1, 2, 3)]
    hub.sequence = 2

    async def follow() -> bytes:
        reader = hub.open("session", lambda: None)
        stream = _stream(hub, reader, table, 0)
        got = b""
        while b"id: 3" not in got:
            got += await anext(stream)
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        for n in (3, 4):
            hub.publish(n, payloads.event("scan", str(n), n))
        return got + await waiting

    got = asyncio.run(follow())
    assert [line for line in got.splitlines() if line.startswith(b"id")] == [
        b"id: %d" % n for n in range(1, 5)
    ]


def _stream(hub: Hub, reader: Reader, table: list[StoredEvent], after: int | None):  # type: ignore[no-untyped-def]
    async def newest() -> int:
        return table[-1].sequence if table else 0

    async def read(sequence: int, limit: int) -> list[StoredEvent]:
        return [stored for stored in table if stored.sequence > sequence][:limit]

    return booth_stream(
        hub,
        reader,
        after,
        lambda sequence: payloads.hello("run", "1", sequence, 0),
        newest,
        read,
        lambda stored: payloads.event(stored.kind, stored.data, stored.sequence),
    )


async def _all(hub: Hub, reader: Reader) -> list[bytes]:
    return [payload async for payload in _stream(hub, reader, [], None)]

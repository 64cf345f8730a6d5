"""What lanes say: messages once and after the commit, live views, pictures, orders."""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from ulid import ULID

from service.live.pictures import MOST_PIXELS, Picture, Pictures
from service.resources import CommandRequest
from service.store import commands


def png_of(pixels: np.ndarray) -> bytes:
    """Return a PNG as another library writes it."""
    return cv2.imencode(".png", pixels)[1].tobytes()


PNG = png_of(np.random.default_rng(3).integers(0, 65536, (64, 128), dtype=np.uint16))


def stored(running: Any, sql: str, *values: object) -> list[Any]:
    """Ask the file itself, past the code under test."""
    with sqlite3.connect(running.database.file) as db:
        return db.execute(sql, values).fetchall()


def test_message_is_on_disk_when_it_is_answered(running: Any) -> None:
    lane = running.lane()
    raw = lane.opened() | {"later": {"key": [1, 2.5, "né"]}}
    answer = lane.tell(raw)
    assert (answer.status_code, answer.json()) == (201, {"key": raw["key"], "new": True})
    [(kept,)] = stored(running, "SELECT raw FROM messages WHERE key = ?", raw["key"])
    assert json.loads(kept) == raw, "what is stored is what was received, unknown keys too"


def test_same_message_again_is_known(running: Any) -> None:
    lane = running.lane()
    raw = lane.opened()
    assert lane.tell(raw).status_code == 201
    answer = lane.tell(raw)
    assert (answer.status_code, answer.json()) == (200, {"key": raw["key"], "new": False})
    assert stored(running, "SELECT count(*) FROM messages WHERE key = ?", raw["key"]) == [(1,)]


def test_known_key_with_other_contents_is_refused(running: Any) -> None:
    lane = running.lane()
    raw = lane.opened()
    lane.tell(raw)
    answer = lane.tell(raw | {"created_utc_ns": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "key_reused")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("missing", ["key", "kind", "body", "created_utc_ns"])
def test_message_without_a_part_is_malformed(running: Any, missing: str) -> None:
    lane = running.lane()
    raw = lane.opened()
    del raw[missing]
    answer = lane.tell(raw)
    assert answer.status_code == 422
    assert answer.json()["code"] == "malformed"
    assert answer.json()["errors"]
    assert stored(running, "SELECT count(*) FROM messages WHERE lane_id = ?", lane.id) == [(0,)]


def test_scan_of_another_lane_is_refused(running: Any) -> None:
    first, second = running.lane(), running.lane()
    first.tell(first.opened())
    second.scan = first.scan
    answer = second.tell(second.assessed("search"))
    assert (answer.status_code, answer.json()["code"]) == (409, "lane_mismatch")


def test_unknown_token_is_told_apart(running: Any) -> None:
    lane = running.lane()
    for headers in ({}, {"Authorization": "Bearer nobody"}, {"Authorization": f"Basic {lane.token}"}):
        with httpx.Client(base_url=running.url, trust_env=False) as stranger:
            answer = stranger.post("/api/v1/lane/messages", json=lane.opened(), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "lane_unknown")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_token_dies_at_once_when_changed_or_revoked(running: Any) -> None:
    lane, engineer = running.lane(), running.booth("engineer")
    assert lane.show().status_code == 200
    changed = engineer.post(f"/api/v1/lanes/{lane.id}/token")
    assert changed.status_code == 201
    assert lane.show().json()["code"] == "lane_unknown"
    lane.headers["Authorization"] = f"Bearer {changed.json()['token']}"
    assert lane.show().status_code == 200
    assert engineer.delete(f"/api/v1/lanes/{lane.id}/token").status_code == 204
    assert lane.show().status_code == 401


def test_live_view_comes_back_with_its_traces(running: Any) -> None:
    lane, booth = running.lane(), running.booth()
    now = time.time_ns() // 1_000_000
    points = [(now - 900, 1.0), (now - 400, 2.0)]

    def trace(points: list[tuple[int, float]]) -> dict[str, object]:
        values = [value for _, value in points]
        return {
            "sensor": "co2",
            "unit": "ppm",
            "t_utc_ms": [t for t, _ in points],
            "low": values,
            "high": values,
        }

    lane.show(traces=[trace(points)])
    later = [*points, (now - 10, 3.0)]  # a lane that saw another service sends its last minute again
    answer = lane.show(traces=[trace(later)], elapsed_s=7.0)
    assert answer.json() == {"run": running.database.run, "pictures": {}}
    view = booth.get(f"/api/v1/lanes/{lane.id}/live").json()
    assert view["live"]["elapsed_s"] == 7.0
    assert view["live"]["traces"] == [{"channel": "", "role": "", "cancelled": False, **trace(later)}]
    assert view["lane"]["silent"] is False


def test_answers_do_not_wait_for_acknowledgements(running: Any) -> None:
    """Nagle's algorithm and delayed acknowledgements (RFC 1122, 4.2.3.2) cost 40 ms an answer together."""
    lane = running.lane()
    took_s = []
    for _ in range(30):
        began_s = time.perf_counter()
        assert lane.show().status_code == 200
        took_s.append(time.perf_counter() - began_s)
    assert sorted(took_s)[5] < 0.03


def test_two_processes_with_one_token_are_said_to_both(running: Any, read_stream: Callable[..., Any]) -> None:
    lane = running.lane()
    first = lane.run
    with read_stream(running.booth(), "/api/v1/events") as stream:
        lane.show(scan_id=lane.scan)
        lane.run = str(ULID())
        assert lane.show(faults=[]).status_code == 200
        lane.run, second = first, lane.run
        answer = lane.show(scan_id=lane.scan)
        assert (answer.status_code, answer.json()["code"]) == (409, "lane_twice")
        lane.run = second
        assert lane.show().status_code == 200
        told = stream.wait(lambda all_: any(e.name == "live" and e.data["faults"] for e in all_))
    *_, last = (event.data for event in told if event.name == "live")
    assert ([fault["code"] for fault in last["faults"]], last["run"]) == (["lane_twice"], second)


def test_live_of_a_lane_that_never_spoke_is_empty(running: Any) -> None:
    lane, booth = running.lane(), running.booth()
    assert booth.get(f"/api/v1/lanes/{lane.id}/live").json() == {
        "lane": {"id": lane.id, "heard_utc_ms": None, "silent": True, "revoked": False},
        "live": None,
    }
    assert booth.get("/api/v1/lanes/nowhere/live").status_code == 404


def picture_info(version: int, heat: bool) -> dict[str, object]:
    """Return what a lane says of a picture."""
    size = {"width": 320, "height": 32, "unit": "K", "low": 0.0, "high": 1.0}
    return {"sensor": "xray", "kind": "xray", "version": version, "heat": heat} | size


def test_picture_is_given_whole_in_part_and_not_twice(running: Any) -> None:
    lane, booth = running.lane(), running.booth()
    address = f"/api/v1/lanes/{lane.id}/pictures/xray"
    assert booth.get(address).status_code == 404
    put = lane.put(
        "/api/v1/lane/pictures/xray",
        params={"version": 3},
        content=PNG,
        headers={"Content-Type": "image/png"},
    )
    assert put.status_code == 204
    whole = booth.get(address)
    assert (whole.status_code, whole.headers["content-type"], whole.content) == (200, "image/png", PNG)
    assert whole.headers["etag"].startswith('"3-')
    part = booth.get(address, headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, PNG[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(PNG)}"
    assert booth.get(address, headers={"Range": "bytes=-5"}).content == PNG[-5:]
    assert booth.get(address, headers={"Range": f"bytes={len(PNG)}-"}).status_code == 416
    assert booth.get(address, headers={"Range": "bytes=0-9", "If-Range": '"old"'}).content == PNG
    again = booth.get(address, headers={"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_picture_with_heat_is_whole_with_its_heat_only(running: Any) -> None:
    lane, booth = running.lane(), running.booth()
    image = {"Content-Type": "image/png"}
    lane.put("/api/v1/lane/pictures/xray", params={"version": 5}, content=PNG, headers=image)
    assert lane.show(pictures=[picture_info(5, heat=True)]).json()["pictures"] == {}
    assert booth.get(f"/api/v1/lanes/{lane.id}/pictures/xray/heat").status_code == 404
    heat = PNG + b"heat"
    lane.put("/api/v1/lane/pictures/xray", params={"version": 5, "heat": "true"}, content=heat, headers=image)
    assert lane.show(pictures=[picture_info(5, heat=True)]).json()["pictures"] == {"xray": 5}
    assert booth.get(f"/api/v1/lanes/{lane.id}/pictures/xray/heat").content == heat
    next_heat = PNG + b"next heat"  # comes before its picture: until then the one that fits is shown
    lane.put(
        "/api/v1/lane/pictures/xray", params={"version": 6, "heat": "true"}, content=next_heat, headers=image
    )
    assert booth.get(f"/api/v1/lanes/{lane.id}/pictures/xray/heat").content == heat
    lane.put("/api/v1/lane/pictures/xray", params={"version": 6}, content=PNG, headers=image)
    assert booth.get(f"/api/v1/lanes/{lane.id}/pictures/xray/heat").content == next_heat
    lane.put("/api/v1/lane/pictures/xray", params={"version": 7}, content=PNG, headers=image)
    assert booth.get(f"/api/v1/lanes/{lane.id}/pictures/xray/heat").status_code == 404, "of another picture"


def test_what_is_no_picture_is_refused(running: Any) -> None:
    lane = running.lane()
    address, image = "/api/v1/lane/pictures/xray", {"Content-Type": "image/png"}
    assert lane.put(address, params={"version": 1}, content=PNG).status_code == 415
    assert lane.put(address, params={"version": 1}, content=b"GIF89a", headers=image).status_code == 422
    assert lane.put(address, content=PNG, headers=image).status_code == 422
    for wrong in (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 4), np.uint8)):
        refused = lane.put(address, params={"version": 1}, content=png_of(wrong), headers=image)
        assert (refused.status_code, refused.json()["code"]) == (422, "malformed")
    bomb = (PNG[:16] + (1 << 15).to_bytes(4) + (1 << 15).to_bytes(4) + PNG[24:29], PNG[33:])
    bomb_png = bomb[0] + zlib.crc32(bomb[0][12:]).to_bytes(4) + bomb[1]
    answer = lane.put(address, params={"version": 1}, content=bomb_png, headers=image)
    assert (answer.status_code, str(MOST_PIXELS) in answer.text) == (422, True)
    cut = PNG[:16] + (64).to_bytes(4) + PNG[20:]  # its sum is of another width
    assert lane.put(address, params={"version": 1}, content=cut, headers=image).status_code == 422
    big = PNG + zlib.compress(b"", 0) + bytes(16 << 20)
    answer = lane.put(address, params={"version": 1}, content=big, headers=image)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_lanes_pictures_never_fill_the_memory() -> None:
    held = Pictures()
    for number in range(20):
        held.put(f"s{number}", Picture(1, bytes(12 << 20)), heat=False)
        held.put(f"s{number}", Picture(1, bytes(1 << 20)), heat=True)
    here = [number for number in range(20) if held.get(f"s{number}", heat=False)]
    assert here == [16, 17, 18, 19], "the newest, within 64 MiB"
    assert all(held.get(f"s{number}", heat=True) for number in here)


def order(key: str = "") -> dict[str, Any]:
    """Return a command as a booth asks for it."""
    return {"key": key or str(ULID()), "order": {"name": "probe", "inside": True}}


def test_order_reaches_a_lane_that_listens_at_once(running: Any, read_stream: Callable[..., Any]) -> None:
    lane, booth = running.lane(), running.booth()
    with read_stream(lane, "/api/v1/lane/commands") as stream:
        stream.first("heartbeat")
        asked_s = time.monotonic()
        asked = order()
        answer = booth.post(f"/api/v1/lanes/{lane.id}/commands", json=asked)
        assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
        told = stream.first("order")
        assert told.data == {"command": asked["key"], "by": "officer", "order": asked["order"]}
        assert told.id is not None
        assert told.at_s - asked_s < 0.5, "woken, not looked for"


def test_order_given_before_the_lane_listens_is_waiting_for_it(
    running: Any, read_stream: Callable[..., Any]
) -> None:
    lane, booth = running.lane(), running.booth()
    asked = order()
    booth.post(f"/api/v1/lanes/{lane.id}/commands", json=asked)
    with read_stream(lane, "/api/v1/lane/commands") as stream:
        first = stream.first("order")
        assert first.data["command"] == asked["key"]
    with read_stream(lane, "/api/v1/lane/commands") as stream:
        assert stream.first("order").data["command"] == asked["key"], "sent, not answered: again"
    with read_stream(lane, "/api/v1/lane/commands", headers={"Last-Event-ID": str(first.id)}) as stream:
        later = order()
        booth.post(f"/api/v1/lanes/{lane.id}/commands", json=later)
        assert stream.first("order").data["command"] == later["key"], "resumed after the first"


def test_lane_that_knows_more_orders_than_the_store_gets_them_all(
    running: Any, read_stream: Callable[..., Any]
) -> None:
    """The data were put back from a copy: the lane's last order has a number that is yet to come."""
    lane, booth = running.lane(), running.booth()
    with read_stream(lane, "/api/v1/lane/commands", headers={"Last-Event-ID": "999999999999"}) as stream:
        stream.first("heartbeat")
        asked = order()
        booth.post(f"/api/v1/lanes/{lane.id}/commands", json=asked)
        assert stream.first("order").data["command"] == asked["key"]


def test_orders_have_heartbeats_as_often_as_promised(running: Any, read_stream: Callable[..., Any]) -> None:
    lane = running.lane()
    with read_stream(lane, "/api/v1/lane/commands") as stream:
        beats = stream.wait(lambda events: len([e for e in events if e.name == "heartbeat"]) >= 3)
    apart = [b.at_s - a.at_s for a, b in pairwise(beats)]
    assert all(0.5 < gap < 1.1 for gap in apart), apart


def test_second_order_stream_of_a_lane_ends_the_first(running: Any, read_stream: Callable[..., Any]) -> None:
    lane = running.lane()
    with (
        httpx.Client(base_url=running.url, headers=lane.headers, trust_env=False) as again,
        read_stream(lane, "/api/v1/lane/commands") as first,
    ):
        first.first("heartbeat")
        with read_stream(again, "/api/v1/lane/commands") as second:
            second.first("heartbeat")
            first.wait_end()


def test_revoked_lane_loses_its_order_stream(running: Any, read_stream: Callable[..., Any]) -> None:
    lane, engineer = running.lane(), running.booth("engineer")
    with read_stream(lane, "/api/v1/lane/commands") as stream:
        stream.first("heartbeat")
        engineer.delete(f"/api/v1/lanes/{lane.id}/token")
        stream.wait_end()


def test_answer_of_the_lane_reaches_the_booth(running: Any, read_stream: Callable[..., Any]) -> None:
    lane, booth = running.lane(), running.booth()
    asked = order()
    with read_stream(booth, "/api/v1/events") as stream:
        booth.post(f"/api/v1/lanes/{lane.id}/commands", json=asked)
        answer = {"command": asked["key"], "done": True, "answer": said_done()}
        told = lane.tell(lane.message("command_answer", answer, scan_id=""))
        assert told.status_code == 201

        def done(events: list[Any]) -> bool:
            return any(e.name == "command" and e.data["state"] == "done" for e in events)

        stream.wait(done)
    assert booth.get("/api/v1/state").json()["commands"][-1]["state"] == "done"


def said_done() -> dict[str, Any]:
    """Return a lane's word on an order."""
    return {"code": "order_done", "values": {}, "text": {"en": "Done"}}


def test_command_without_an_answer_expires_after_ten_seconds(
    own_service: Any, read_stream: Callable[..., Any]
) -> None:
    lane, booth = own_service.lane(), own_service.booth()
    with own_service.database.writing() as c:
        asked = CommandRequest.model_validate(order())
        commands.give(c, lane.id, asked, "officer", time.time_ns() // 1_000_000 - 9_500)
    with read_stream(booth, "/api/v1/events", params={"after": 0}) as stream:
        stream.wait(
            lambda events: any(e.name == "command" and e.data["state"] == "expired" for e in events), 5.0
        )


def test_known_command_key_is_answered_alike_and_other_orders_refused(running: Any) -> None:
    lane, booth = running.lane(), running.booth()
    address, asked = f"/api/v1/lanes/{lane.id}/commands", order()
    first = booth.post(address, json=asked)
    again = booth.post(address, json=asked)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()["id"] == first.json()["id"] == asked["key"]
    other = booth.post(address, json=asked | {"order": {"name": "leave"}})
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    assert booth.post("/api/v1/lanes/nowhere/commands", json=order()).status_code == 404


def test_lane_falls_silent_and_is_heard_again(running: Any, read_stream: Callable[..., Any]) -> None:
    lane, booth = running.lane(), running.booth()
    with read_stream(booth, "/api/v1/events") as stream:

        def of_lane(silent: bool) -> Callable[[list[Any]], bool]:
            return lambda events: any(
                e.name == "lane" and e.data["id"] == lane.id and e.data["silent"] is silent for e in events
            )

        began_s = time.monotonic()
        lane.show()  # heard between these two
        spoke_s = time.monotonic()
        stream.wait(of_lane(silent=False))
        events = stream.wait(of_lane(silent=True), 4.0)
        fell = next(e for e in events if e.name == "lane" and e.data["id"] == lane.id and e.data["silent"])
        assert fell.at_s - spoke_s < 2.0, "within two seconds"
        assert fell.at_s - began_s > 1.5, "and not before 1.5"
        assert fell.id is None
        [state] = [each for each in booth.get("/api/v1/state").json()["lanes"] if each["id"] == lane.id]
        assert state["silent"] is True
        stream.events.clear()
        assert lane.tell(lane.opened()).status_code == 201
        stream.wait(of_lane(silent=False), 2.0)

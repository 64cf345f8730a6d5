"""Two copies of the service on one PostgreSQL: what one is told, the booths of the other see."""

from __future__ import annotations

import time
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from ulid import ULID

from tests.api.conftest import WITHIN_S, LaneClient, RunningService, Told, reading
from tests.postgres_server import PostgresServer

PNG = cv2.imencode(".png", np.arange(8, dtype=np.uint16).reshape(2, 4))[1].tobytes()
Pair = tuple[RunningService, RunningService]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Iterator[Pair]:
    """Give two copies; each test makes its own lane and sessions."""
    url = postgres_server.new_database()
    first = RunningService(tmp_path_factory.mktemp("first"), url)
    second = RunningService(tmp_path_factory.mktemp("second"), url)
    for each in (first, second):
        assert each.database.listens.wait(WITHIN_S)
    yield first, second
    first.stop()
    second.stop()


def alerts_of(all_: list[Told], scan: str) -> list[Told]:
    return [told for told in all_ if told.name == "alert" and told.data["scan_id"] == scan]


def on(copy: RunningService, lane: LaneClient) -> LaneClient:
    """Return the same lane as it speaks to another copy."""
    made = LaneClient(copy.url, lane.id, lane.token)
    made.run, made.scan = lane.run, lane.scan
    copy._clients.append(made)
    return made


def test_an_alert_told_to_one_is_on_the_streams_of_both(pair):
    first, second = pair
    lane = first.lane()
    with reading(first.booth(), "/api/v1/events") as near, reading(second.booth(), "/api/v1/events") as far:
        near.first("hello")
        far.first("hello")
        scan = lane.raises_alert()
        seen = [stream.wait(lambda all_: alerts_of(all_, scan)) for stream in (near, far)]
    one, other = (alerts_of(all_, scan)[-1] for all_ in seen)
    assert (one.id, one.data) == (other.id, other.data)


def test_a_live_view_and_its_pictures_cross_over(pair):
    first, second = pair
    lane = first.lane()
    now = time.time_ns() // 1_000_000
    curve = {"sensor": "co2", "channel": "", "unit": "ppm", "t_utc_ms": [now - 20, now]}
    curve |= {"low": [400, 401], "high": [400, 402]}
    shown = {"sensor": "xray", "kind": "xray", "version": 7, "width": 4, "height": 2, "unit": ""}
    shown |= {"low": 0.0, "high": 1.0, "heat": False, "taken_utc_ms": now}
    booth = second.booth()
    with reading(second.booth(), "/api/v1/events") as far:
        far.first("hello")
        put = lane.put(
            "/api/v1/lane/pictures/xray?version=7", content=PNG, headers={"Content-Type": "image/png"}
        )
        assert put.status_code == 204
        assert lane.show(traces=[curve], pictures=[shown]).status_code == 200
        seen = far.wait(lambda all_: any(t.name == "live" and t.data["lane_id"] == lane.id for t in all_))
    live = next(t.data for t in seen if t.name == "live" and t.data["lane_id"] == lane.id)
    assert live["traces"][0]["high"] == [400, 402]
    view = booth.get(f"/api/v1/lanes/{lane.id}/live").json()
    assert view["lane"]["silent"] is False
    assert view["live"]["sequence"] == live["sequence"]
    whole = booth.get(f"/api/v1/lanes/{lane.id}/pictures/xray")
    part = booth.get(f"/api/v1/lanes/{lane.id}/pictures/xray", headers={"Range": "bytes=8-11"})
    assert (whole.status_code, whole.content) == (200, PNG)
    assert (part.status_code, part.content) == (206, PNG[8:12])


def test_an_order_given_to_one_reaches_the_lane_at_the_other(pair):
    first, second = pair
    lane = first.lane()
    with reading(lane, "/api/v1/lane/commands") as orders:
        orders.first("heartbeat")
        key = str(ULID())
        asked = {"key": key, "order": {"name": "probe", "inside": True}}
        given = second.booth().post(f"/api/v1/lanes/{lane.id}/commands", json=asked)
        assert given.status_code == 202, given.text
        assert orders.first("order").data["command"] == key


def test_a_token_revoked_at_one_is_dead_at_the_other(pair):
    first, second = pair
    lane = first.lane()
    assert lane.show().status_code == 200
    with reading(lane, "/api/v1/lane/commands") as orders:
        orders.first("heartbeat")
        assert second.booth("engineer").delete(f"/api/v1/lanes/{lane.id}/token").status_code == 204
        orders.wait_end()
    assert lane.show().status_code == 401


def test_a_session_holds_at_both_and_ends_at_both(pair):
    first, second = pair
    token = first.session("officer")
    near, far = first.client(token), second.client(token)
    assert far.get("/api/v1/me").status_code == 200
    with reading(far, "/api/v1/events") as stream:
        stream.first("hello")
        assert near.post("/api/v1/logout").status_code == 204
        assert stream.first("bye").data == {"code": "session_ended"}
    assert far.get("/api/v1/me").status_code == 401


def test_a_booth_goes_on_at_the_other_without_gap_or_double(pair, tmp_path, postgres_server):
    _, second = pair
    leaving = RunningService(tmp_path / "leaving", second.database.url)
    lane = leaving.lane()
    token = leaving.session("officer")
    with reading(leaving.client(token), "/api/v1/events") as stream:
        stream.first("hello")
        first_scan = lane.raises_alert()
        seen = stream.wait(
            lambda all_: any(t.name == "alert" and t.data["scan_id"] == first_scan for t in all_)
        )
    last = max(t.id for t in seen if t.id)
    leaving.stop()
    lane = on(second, lane)
    second_scan = lane.raises_alert()
    with reading(second.client(token), "/api/v1/events", headers={"Last-Event-ID": str(last)}) as stream:
        after = stream.wait(
            lambda all_: any(t.name == "alert" and t.data["scan_id"] == second_scan for t in all_)
        )
    ids = [t.id for t in after if t.id]
    with second.database.reading() as c:
        kept = (
            c.exec_driver_sql(f"SELECT sequence FROM events WHERE sequence > {last} ORDER BY sequence")
            .scalars()
            .all()
        )
    assert ids == kept[: len(ids)]
    assert not any(t.name == "reset" for t in after)


def test_an_alert_is_due_by_the_clock_that_the_copies_share(pair, monkeypatch):
    first, second = pair
    lane, booth = first.lane(), second.booth()
    now_ns = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now_ns - 3_600_000_000_000)
    scan = lane.raises_alert()
    [alert] = [each for each in booth.get("/api/v1/alerts").json() if each["scan_id"] == scan]
    steps = first.service.config.alerts.search
    assert abs(alert["due_utc_ms"] - now_ns // 1_000_000 - steps.acknowledge_s * 1000) < 60_000

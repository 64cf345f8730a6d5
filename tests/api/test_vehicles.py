"""A gate announces vehicles over HTTP; booths see them and start their scans."""

from __future__ import annotations

from typing import Any

import pytest
from ulid import ULID


def told(**more: object) -> dict[str, Any]:
    """Return what a gate tells."""
    return {"key": str(ULID()), "plate": "AB12 CDE", "vehicle_class": "tanker", "cargo": "liquid"} | more


def test_gate_announces_and_booths_hear_it(running: Any, read_stream: Any) -> None:
    gate, booth = running.gate(), running.booth()
    with read_stream(booth, "/api/v1/events") as stream:
        stream.first("hello")
        first = gate.post("/api/v1/gate/vehicles", json=told())
        assert first.status_code == 201, first.text
        assert stream.first("vehicle").data == first.json()
    assert first.json() in booth.get("/api/v1/vehicles").json()
    assert first.json() in booth.get("/api/v1/state").json()["vehicles"]


def test_again_with_the_same_key_is_200_and_with_other_contents_409(running: Any) -> None:
    gate, body = running.gate(), told()
    gate.post("/api/v1/gate/vehicles", json=body)
    assert gate.post("/api/v1/gate/vehicles", json=body).status_code == 200
    other = gate.post("/api/v1/gate/vehicles", json=body | {"cargo": "inert"})
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")


def test_a_gate_at_the_lane_starts_the_scan(running: Any, read_stream: Any) -> None:
    gate, lane = running.gate(), running.lane()
    with read_stream(lane, "/api/v1/lane/commands") as orders:
        orders.first("heartbeat")
        body = told(lane=lane.id, start=True)
        for status in (201, 200):  # told twice, ordered once
            assert gate.post("/api/v1/gate/vehicles", json=body).status_code == status
        order = orders.first("order").data
    assert order["order"]["name"] == "start"
    assert order["order"]["declaration"]["plate"] == body["plate"]
    assert (order["order"]["declaration"]["vehicle_class"], order["command"]) == ("tanker", body["key"])
    assert order["by"].startswith("gate:")
    assert len([told for told in orders.events if told.name == "order"]) == 1


def test_a_profile_goes_with_the_start_and_is_never_a_reason_to_refuse(
    running: Any, read_stream: Any
) -> None:
    gate, lane = running.gate(), running.lane()
    with read_stream(lane, "/api/v1/lane/commands") as orders:
        orders.first("heartbeat")
        body = told(lane=lane.id, start=True, profile="Ligne de nuit 7")  # no name that a policy can have
        answer = gate.post("/api/v1/gate/vehicles", json=body)
        assert (answer.status_code, answer.json()["profile"]) == (201, body["profile"])
        assert gate.post("/api/v1/gate/vehicles", json=body).status_code == 200
        assert orders.first("order").data["order"]["declaration"]["profile"] == body["profile"]
    for wrong in ("a\nb", 41 * "a"):
        assert gate.post("/api/v1/gate/vehicles", json=told(profile=wrong)).status_code == 422


def test_a_start_without_its_lane_is_refused(running: Any) -> None:
    assert running.gate().post("/api/v1/gate/vehicles", json=told(start=True)).status_code == 422


@pytest.mark.parametrize(
    "wrong", [{"plate": ""}, {"plate": "--"}, {"cargo": "people"}, {"key": "1"}, {"driver": "anna"}]
)
def test_what_is_no_vehicle_is_refused(running: Any, wrong: dict[str, str]) -> None:
    assert running.gate().post("/api/v1/gate/vehicles", json=told(**wrong)).status_code == 422


def test_scan_is_started_by_the_vehicle_alone(running: Any) -> None:
    gate, booth, lane = running.gate(), running.booth(), running.lane()
    vehicle = gate.post("/api/v1/gate/vehicles", json=told()).json()
    path = f"/api/v1/lanes/{lane.id}/commands"
    given = booth.post(path, json={"key": str(ULID()), "vehicle": vehicle["id"]})
    assert given.status_code == 202
    assert given.json()["order"]["declaration"]["cargo"] == "liquid"
    assert booth.post(path, json={"key": str(ULID())}).status_code == 422
    leave = {"key": str(ULID()), "vehicle": vehicle["id"], "order": {"name": "leave"}}
    assert booth.post(path, json=leave).status_code == 422


def test_gate_and_booth_take_vehicles_back(running: Any) -> None:
    gate, booth = running.gate(), running.booth()
    one, other = (gate.post("/api/v1/gate/vehicles", json=told()).json()["id"] for _ in range(2))
    assert gate.post(f"/api/v1/gate/vehicles/{one}/gone").json()["state"] == "gone"
    assert running.gate().post(f"/api/v1/gate/vehicles/{other}/gone").status_code == 404
    assert booth.delete(f"/api/v1/vehicles/{other}").json()["state"] == "gone"


def test_queues_of_every_lane(running: Any) -> None:
    lane, gate = running.lane(), running.gate()
    gate.post("/api/v1/gate/vehicles", json=told(lane=lane.id))
    [queue] = [one for one in running.booth().get("/api/v1/queues").json() if one["lane_id"] == lane.id]
    assert (queue["waiting"], queue["measured_scans"], queue["wait_s"]) == (1, 0, None)

"""Vehicles: announced by gates, listed for booths; and how long each lane's queue is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from fastapi import Request as HttpRequest
from pydantic import TypeAdapter

from service.api.access import Booth, GateItself, TheGate, TheSession, needs
from service.api.answers import LISTED, MOST_LISTED, json_page
from service.api.context import TheService, now_ms
from service.api.route import router
from service.resources import CommandRequest, Permission, Queue, Vehicle, VehicleRequest, VehicleState
from service.store import commands
from service.store import queues as stored_queues
from service.store import vehicles as stored
from service.store.gates import gate_who

routes = router("vehicles")
_VEHICLES = TypeAdapter(list[Vehicle])


@routes.post("/api/v1/gate/vehicles", operation_id="announce_vehicle", status_code=201)
@needs(GateItself())
def announce_vehicle(
    asked: VehicleRequest, response: Response, gate: TheGate, service: TheService
) -> Vehicle:
    """Announce a vehicle with what its manifest says; 200 when the key is known with the same contents.

    With ``start`` its lane is ordered to begin the scan; booths see what became of the order.
    """
    now = now_ms()
    with service.database.writing() as c:
        vehicle, new = stored.announce(c, gate, asked, now)
        if new and asked.start and asked.lane is not None:
            order = CommandRequest(key=asked.key, vehicle=asked.key)
            commands.give(c, asked.lane, order, gate_who(gate), now)
    response.status_code = 201 if new else 200
    return vehicle


@routes.post("/api/v1/gate/vehicles/{vehicle_id}/gone", operation_id="vehicle_gone")
@needs(GateItself())
def vehicle_gone(vehicle_id: str, gate: TheGate, service: TheService) -> Vehicle:
    """Say that an announced vehicle does not come."""
    with service.database.writing() as c:
        return stored.gone(c, vehicle_id, gate_who(gate), now_ms(), gate)


@routes.get("/api/v1/vehicles", operation_id="vehicles", response_model=list[Vehicle])
@needs(Booth())
def vehicles(
    service: TheService,
    request: HttpRequest,
    state: VehicleState | None = None,
    lane: Annotated[str | None, Query(max_length=64, description="of this lane, or of any")] = None,
    after: Annotated[str | None, Query(max_length=64, description="a vehicle's id: only later ones")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = LISTED,
) -> Response:
    """List vehicles by the time they are expected; without a state those expected and being scanned."""
    with service.database.reading() as c:
        found = stored.listed(c, state, lane, limit, after)
    return json_page(request, _VEHICLES, found, limit, after=found[-1].id if found else "")


@routes.delete("/api/v1/vehicles/{vehicle_id}", operation_id="drop_vehicle")
@needs(Booth(Permission.COMMAND_LANES))
def drop_vehicle(vehicle_id: str, session: TheSession, service: TheService) -> Vehicle:
    """Expect a vehicle no more: it turned round, or the gate was wrong."""
    with service.database.writing() as c:
        return stored.gone(c, vehicle_id, session.name, now_ms())


@routes.get("/api/v1/queues", operation_id="queues")
@needs(Booth(locked=True))
def queues(service: TheService) -> list[Queue]:
    """Say for each lane how many vehicles wait, and how fast its last scans went."""
    with service.database.reading() as c:
        return stored_queues.of_lanes(c)

"""Commands to lanes: given once, sent for ten seconds, answered by the lane."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from scanner.lane.wire import CommandAnswer, Order, OrderSent, Said, StartOrder
from service.resources import Command, CommandRequest, CommandState
from service.store import audit, events, lanes, tables, vehicles, witness
from service.store.errors import Conflict, NotFound

TOO_OLD_MS = 10_000
"""A lane that did not take a command in this time never gets it."""

STEPPED_BACK_MS = 2_000
"""A command from further ahead was given before the clock went back: its age is unknown, so it is too old."""

_C = tables.commands.c
_ORDER: TypeAdapter[Order] = TypeAdapter(Order)
_UNANSWERED = (CommandState.WAITING.value, CommandState.SENT.value)


def give(c: Connection, lane_id: str, request: CommandRequest, by: str, now_ms: int) -> tuple[Command, bool]:
    """Keep a command for a lane; the same key and order again return the same command and False.

    Raises
    ------
    NotFound : there is no such lane, or no such vehicle.
    Conflict : ``key_reused``: the key came before with another order, lane or officer;
        ``lane_revoked``; ``not_expected``: the vehicle is not expected any more.
    """
    order = _ordered(c, request)
    known = c.execute(select(tables.commands).where(_C.id == request.key)).first()
    if known is not None:
        command = _command(known)
        if (command.order, command.lane_id, command.by) != (order, lane_id, by):
            raise Conflict("key_reused", f"command {request.key} was given before, with another order")
        return command, False
    lanes.require_active(c, lane_id)
    if request.vehicle is not None and isinstance(order, StartOrder):
        vehicles.name_for_scan(c, request.vehicle, lane_id, order.declaration.plate, now_ms)
    row = {
        "id": request.key,
        "lane_id": lane_id,
        "order_given": order.model_dump_json(),
        "given_by": by,
        "given_utc_ms": now_ms,
        "state": CommandState.WAITING.value,
    }
    c.execute(insert(tables.commands).values(row))
    detail = {"command": request.key, "order": order.model_dump(mode="json")}
    audit.append(c, by, "command_given", lane_id, detail, now_ms)
    return _tell(c, request.key, now_ms), True


def get(c: Connection, command_id: str) -> Command:
    """Return one command.

    Raises
    ------
    NotFound : there is none with this id.
    """
    row = c.execute(select(tables.commands).where(_C.id == command_id)).first()
    if row is None:
        raise NotFound(f"there is no command {command_id}: check the id")
    return _command(row)


def recent(c: Connection, since_ms: int) -> list[Command]:
    """Return the commands given since then, oldest first."""
    query = select(tables.commands).where(_C.given_utc_ms >= since_ms).order_by(_C.sequence)
    return [_command(row) for row in c.execute(query)]


def pending(c: Connection, lane_id: str, after: int | None, now_ms: int) -> list[tuple[int, OrderSent]]:
    """Return what a lane still has to carry out, after a sequence, with the sequence of each."""
    query = (
        select(tables.commands)
        .where(_C.lane_id == lane_id, _C.sequence > (after or 0), _C.state.in_(_UNANSWERED))
        .where(_fresh(now_ms))
        .order_by(_C.sequence)
    )
    return [(row.sequence, _sent(row)) for row in c.execute(query)]


def newest(c: Connection) -> int:
    """Return the newest command's sequence, 0 when there is none."""
    return int(c.execute(select(func.coalesce(func.max(_C.sequence), 0))).scalar_one())


def mark_sent(c: Connection, sequences: Collection[int], now_ms: int) -> None:
    """Note that commands are on their way; those that are further on stay as they are."""
    waiting = _C.sequence.in_(list(sequences)) & (_C.state == CommandState.WAITING.value)
    for command_id in c.execute(select(_C.id).where(waiting).order_by(_C.sequence)).scalars().all():
        _set(c, command_id, {"state": CommandState.SENT.value})
        _tell(c, command_id, now_ms)


def any_too_old(c: Connection, now_ms: int) -> bool:
    """Say whether `expire` has something to do: a reader may look before anyone writes."""
    return c.execute(select(_C.id).where(_too_old(now_ms)).limit(1)).first() is not None


def expire(c: Connection, now_ms: int) -> list[Command]:
    """Give up commands without an answer after ten seconds; an answer that comes later still counts."""
    expired = []
    for command_id in c.execute(select(_C.id).where(_too_old(now_ms)).order_by(_C.sequence)).scalars().all():
        _set(c, command_id, {"state": CommandState.EXPIRED.value})
        expired.append(_tell(c, command_id, now_ms))
        detail: dict[str, object] = {"command": command_id}
        audit.append(c, audit.SERVICE, "command_expired", expired[-1].lane_id, detail, now_ms)
    return expired


def take_answer(c: Connection, lane_id: str, answer: CommandAnswer, now_ms: int) -> None:
    """Keep a lane's answer; the first one stands, one to a command that was lost changes nothing.

    Raises
    ------
    Conflict : ``lane_mismatch``: the command was another lane's.
    """
    row = c.execute(select(tables.commands).where(_C.id == answer.command)).first()
    if row is None:
        return
    if row.lane_id != lane_id:
        raise Conflict("lane_mismatch", f"command {answer.command} was given to lane {row.lane_id}")
    if row.answered_utc_ms is not None:
        return
    state = CommandState.DONE if answer.done else CommandState.REFUSED
    said = answer.answer.model_dump_json()
    _set(c, answer.command, {"state": state.value, "answer": said, "answered_utc_ms": now_ms})
    _tell(c, answer.command, now_ms)


def _ordered(c: Connection, request: CommandRequest) -> Order:
    """Return the order itself: a vehicle without one is started as its manifest says."""
    if request.order is not None:
        return request.order
    vehicle = vehicles.get(c, request.vehicle or "")
    return StartOrder(name="start", declaration=vehicles.declared(vehicle))


def _too_old(now_ms: int) -> ColumnElement[bool]:
    return _C.state.in_(_UNANSWERED) & ~_fresh(now_ms)


def _fresh(now_ms: int) -> ColumnElement[bool]:
    return _C.given_utc_ms.between(now_ms - TOO_OLD_MS, now_ms + STEPPED_BACK_MS)


def _set(c: Connection, command_id: str, values: dict[str, Any]) -> None:
    c.execute(update(tables.commands).where(_C.id == command_id).values(values))


def _tell(c: Connection, command_id: str, now_ms: int) -> Command:
    witness.mark(c, "commands", command_id)
    command = get(c, command_id)
    events.append(c, "command", command_id, command, now_ms)
    return command


def _sent(row: Row[Any]) -> OrderSent:
    return OrderSent(command=row.id, by=row.given_by, order=_ORDER.validate_json(row.order_given))


def _command(row: Row[Any]) -> Command:
    return Command(
        id=row.id,
        lane_id=row.lane_id,
        order=_ORDER.validate_json(row.order_given),
        by=row.given_by,
        given_utc_ms=row.given_utc_ms,
        state=CommandState(row.state),
        answer=Said.model_validate_json(row.answer) if row.answer else None,
        answered_utc_ms=row.answered_utc_ms,
    )

"""Hand-overs between shifts: what is open, signed by who leaves and by who comes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, insert, select, update
from ulid import ULID

from service.handover_resources import Handover, HandoverItem, HandoverRequest, HandoverState
from service.resources import ScanState
from service.store import alert_rows, audit, scans, witness
from service.store.alert_tables import handovers
from service.store.errors import Conflict, NotFound

_H = handovers.c
_ITEMS = TypeAdapter(list[HandoverItem])


def begin(c: Connection, request: HandoverRequest, outgoing: str, now_ms: int) -> Handover:
    """Note what an officer hands over, with the first signature; an unsigned one of before is replaced.

    Raises
    ------
    Conflict : ``not_open``: a note is about something that is not open.
    """
    items = _open_items(c, request.notes)
    unknown = sorted(set(request.notes) - {item.id for item in items})
    if unknown:
        raise Conflict("not_open", f"{unknown[0]} is no open alert or scan: leave its note out")
    for earlier in c.execute(
        select(_H.id).where(_H.outgoing == outgoing, _H.state == HandoverState.OPEN.value).order_by(_H.id)
    ).scalars():
        _put(c, earlier, {"state": HandoverState.REPLACED.value})
    handover_id = str(ULID())
    row = {
        "id": handover_id,
        "state": HandoverState.OPEN.value,
        "outgoing": outgoing,
        "opened_utc_ms": now_ms,
        "note": request.note,
        "begun_items": _ITEMS.dump_json(items).decode(),
        "incoming": "",
        "signed_digest": "",
    }
    c.execute(insert(handovers).values(row))
    witness.mark(c, "handovers", handover_id)
    detail = {"items": len(items), "digest": digest(items)}
    audit.append(c, outgoing, "handover_begun", handover_id, detail, now_ms)
    return get(c, handover_id)


def sign(c: Connection, handover_id: str, shown: str, incoming: str, now_ms: int) -> Handover:
    """Take over: the second signature, after which the outgoing officer's alerts are the incoming one's.

    Parameters
    ----------
    shown : digest of what the incoming officer was shown.

    Raises
    ------
    NotFound : there is no such hand-over.
    Conflict : ``handover_own``; ``handover_signed``, ``handover_replaced``; ``handover_changed``: what is
        open is not what was shown.
    """
    handover = get(c, handover_id)
    if handover.state is HandoverState.SIGNED:
        if (handover.incoming, handover.digest) == (incoming, shown):
            return handover
        raise Conflict("handover_signed", f"{handover.incoming} has signed this hand-over already")
    if handover.state is HandoverState.REPLACED:
        raise Conflict("handover_replaced", f"{handover.outgoing} has begun another hand-over: sign that one")
    if handover.outgoing == incoming:
        raise Conflict("handover_own", "a hand-over is signed by two: let the incoming officer log in")
    if handover.digest != shown:
        raise Conflict("handover_changed", "something has changed meanwhile: read it again, then sign")
    values = {
        "state": HandoverState.SIGNED.value,
        "incoming": incoming,
        "signed_utc_ms": now_ms,
        "signed_items": _ITEMS.dump_json(handover.present).decode(),
        "signed_digest": shown,
    }
    _put(c, handover_id, values)
    audit.append(c, incoming, "handover_signed", handover_id, {"digest": shown}, now_ms)
    for item in handover.present:
        if item.kind == "alert" and item.owner == handover.outgoing:
            alert_rows.put(c, item.id, {"owner": incoming})
            detail = {"from": handover.outgoing, "handover": handover_id}
            audit.append(c, incoming, "alert_taken_over", item.id, detail, now_ms)
            alert_rows.tell(c, item.id, now_ms)
    return get(c, handover_id)


def get(c: Connection, handover_id: str) -> Handover:
    """Return one hand-over.

    Raises
    ------
    NotFound : there is none with this id.
    """
    row = c.execute(select(handovers).where(_H.id == handover_id)).first()
    if row is None:
        raise NotFound(f"there is no hand-over {handover_id}: check the id")
    return _handover(c, row)


def listed(c: Connection, before: str | None, limit: int) -> list[Handover]:
    """Return hand-overs, the newest first; only those begun before the one with the id ``before``.

    Raises
    ------
    NotFound : there is no hand-over ``before``.
    """
    query = select(handovers).order_by(_H.opened_utc_ms.desc(), _H.id.desc())
    if before is not None:
        begun = get(c, before).opened_utc_ms
        query = query.where((_H.opened_utc_ms < begun) | ((_H.opened_utc_ms == begun) & (_H.id < before)))
    return [_handover(c, row) for row in c.execute(query.limit(limit)).all()]


def digest(items: Sequence[HandoverItem]) -> str:
    """Return the SHA-256 of what an officer takes over."""
    text = json.dumps([item.model_dump(mode="json") for item in items], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def forget(c: Connection, scan_ids: Collection[str]) -> None:
    """Take names and notes out of what hand-overs say of scans."""
    for row in c.execute(select(_H.id, _H.begun_items, _H.signed_items).order_by(_H.id)).all():
        before = {"begun_items": row.begun_items, "signed_items": row.signed_items}
        plain = {name: _without_names(text, scan_ids) for name, text in before.items()}
        if plain != before:
            _put(c, row.id, plain)


def _without_names(text: str | None, scan_ids: Collection[str]) -> str | None:
    if text is None:
        return None
    nobody = {"owner": "", "assigned_to": "", "note": ""}
    items = [
        item.model_copy(update=nobody) if item.scan_id in scan_ids else item
        for item in _ITEMS.validate_json(text)
    ]
    return _ITEMS.dump_json(items).decode()


def _open_items(c: Connection, notes: Mapping[str, str]) -> list[HandoverItem]:
    alerts = [
        HandoverItem(
            kind="alert",
            id=alert.id,
            scan_id=alert.scan_id,
            lane_id=alert.lane_id,
            state=alert.state.value,
            level=alert.level,
            owner=alert.owner,
            assigned_to=alert.assigned_to,
            shelved_until_utc_ms=alert.shelved_until_utc_ms,
            note=notes.get(alert.id, ""),
        )
        for alert in alert_rows.listed(c, True, None, None)
    ]
    open_scans = [
        HandoverItem(
            kind="scan",
            id=scan.id,
            scan_id=scan.id,
            lane_id=scan.lane_id,
            state=scan.state.value,
            note=notes.get(scan.id, ""),
        )
        for scan in scans.listed(c, ScanState.OPEN, None, None, None)
    ]
    return alerts + open_scans


def _put(c: Connection, handover_id: str, values: Mapping[str, Any]) -> None:
    c.execute(update(handovers).where(_H.id == handover_id).values(dict(values)))
    witness.mark(c, "handovers", handover_id)


def _handover(c: Connection, row: Row[Any]) -> Handover:
    items = _ITEMS.validate_json(row.begun_items)
    state = HandoverState(row.state)
    if state is HandoverState.OPEN:
        present = _open_items(c, {item.id: item.note for item in items})
        shown = digest(present)
    else:
        present = _ITEMS.validate_json(row.signed_items) if row.signed_items else []
        shown = row.signed_digest
    return Handover(
        id=row.id,
        state=state,
        outgoing=row.outgoing,
        opened_utc_ms=row.opened_utc_ms,
        note=row.note,
        items=items,
        present=present,
        digest=shown,
        incoming=row.incoming,
        signed_utc_ms=row.signed_utc_ms,
    )

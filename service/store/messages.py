"""What lanes told: each message taken once, with all that follows from it in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from scanner.lane.wire import (
    AssessmentMessage,
    AssessmentWire,
    CommandAnswerMessage,
    Message,
    RecordingWire,
    ScanClosedMessage,
    ScanOpenedMessage,
    VisitEndedMessage,
    VisitInterruptedMessage,
)
from service.config.alerts_table import AlertsTable
from service.resources import ScanState
from service.store import alerts, audit, commands, lanes, scans, tables, vehicles, witness
from service.store.errors import Conflict, Malformed

ERASED = "erased"
"""What stands for the hash of a message whose contents were erased: a plate could be guessed from it."""

_M = tables.messages.c
_DEFAULT = AlertsTable()


def take(
    c: Connection,
    lane_id: str,
    message: Message,
    raw: Mapping[str, Any],
    now_ms: int,
    limits: AlertsTable = _DEFAULT,
) -> bool:
    """Store a message and carry out what it says; return whether it was new.

    Parameters
    ----------
    message : what was understood.
    raw : the JSON as it was received; this is what is stored.
    limits : how long the steps of an alert that it raises may take.

    Raises
    ------
    Conflict : ``key_reused``: the key came before with other contents; ``lane_mismatch``: another
        lane used the key, or opened the scan; ``scan_mismatch``: envelope and assessment name
        different scans.
    NotFound, Conflict : the lane is unknown, or was revoked.
    Malformed : the JSON cannot be stored as text.
    """
    text, sha256 = _as_text(raw)
    known = c.execute(select(_M.lane_id, _M.sha256).where(_M.key == message.key)).first()
    if known is not None:
        if known.lane_id != lane_id:
            raise Conflict("lane_mismatch", f"message {message.key} was told by lane {known.lane_id}")
        if known.sha256 not in (sha256, ERASED):
            raise Conflict("key_reused", f"message {message.key} was told before, with other contents")
        return False
    lanes.require_active(c, lane_id)
    row = {
        "key": message.key,
        "lane_id": lane_id,
        "kind": message.kind,
        "scan_id": message.scan_id,
        "created_utc_ns": message.created_utc_ns,
        "taken_utc_ms": now_ms,
        "sha256": sha256,
        "raw": text,
    }
    sequence = c.execute(
        insert(tables.messages).values(row).returning(tables.messages.c.sequence)
    ).scalar_one()
    witness.mark(c, "messages", str(sequence))
    detail: dict[str, object] = {"key": message.key}
    if isinstance(message, CommandAnswerMessage):
        commands.take_answer(c, lane_id, message.body, now_ms)
        detail |= {"command": message.body.command, "done": message.body.done}
    else:
        detail |= _apply(c, lane_id, message, sequence, now_ms, limits)
    audit.append(c, audit.lane_who(lane_id), message.kind, message.scan_id, detail, now_ms)
    return True


def _as_text(raw: Mapping[str, Any]) -> tuple[str, str]:
    try:
        text = json.dumps(raw, ensure_ascii=False, allow_nan=False)
        canonical = json.dumps(raw, sort_keys=True, allow_nan=False)
        text.encode()
    except ValueError as error:
        raise Malformed(f"the message is not plain JSON in UTF-8 ({error}): mend the sender") from error
    return text, hashlib.sha256(canonical.encode()).hexdigest()


_ScanMessage = (
    ScanOpenedMessage | AssessmentMessage | VisitEndedMessage | VisitInterruptedMessage | ScanClosedMessage
)


def _apply(
    c: Connection, lane_id: str, message: _ScanMessage, sequence: int, now_ms: int, limits: AlertsTable
) -> dict[str, object]:
    """Carry out a message about a scan and return what the audit log says of it."""
    created_ms = message.created_utc_ns // 1_000_000
    row = scans.row_of(c, message.scan_id) or scans.begin(c, message.scan_id, lane_id, created_ms)
    if row["lane_id"] != lane_id:
        raise Conflict("lane_mismatch", f"scan {message.scan_id} is one of lane {row['lane_id']}")
    after = dict(row)
    detail: dict[str, object] = {}
    assessment: AssessmentWire | None = None
    match message:
        case ScanOpenedMessage(body=body):
            _open(after, message, created_ms)
            detail = {"by": body.by, "plate": body.declaration.plate}
        case AssessmentMessage(body=assessment):
            pass
        case VisitEndedMessage(body=body):
            assessment = body.assessment
            _end_visit(after, body.visit)
            detail = {"visit": body.visit, "why": body.why, **_recording(body.recording)}
        case VisitInterruptedMessage(body=body):
            _end_visit(after, body.visit)
            after["interrupted"] = True
            detail = {"visit": body.visit, "why": body.why, **_recording(body.recording)}
        case ScanClosedMessage(body=body):
            if after["state"] == ScanState.OPEN.value:
                after |= {"state": ScanState.CLOSED.value, "closed_by": body.by, "closed_utc_ms": created_ms}
            detail = {"by": body.by}
    alerted = False
    if assessment is not None:
        if assessment.scan_id != message.scan_id:
            raise Conflict("scan_mismatch", f"an assessment of {assessment.scan_id} in a message on another")
        _take_assessment(after, assessment, created_ms)
        scans.keep_assessment(c, assessment, sequence)
        alerted = alerts.weigh(c, lane_id, assessment, min(created_ms, now_ms), now_ms, limits)
        detail |= {"visit": assessment.visit, "recommendation": assessment.recommendation.value}
    changes = {name: value for name, value in after.items() if value != row[name]}
    if changes or alerted or row["version"] == 0:
        scans.save(c, message.scan_id, changes, now_ms)
    over = after["state"] == ScanState.CLOSED.value
    if "declaration" in changes and isinstance(message, ScanOpenedMessage):
        plate = message.body.declaration.plate
        vehicles.scan_opened(c, message.scan_id, lane_id, plate, over, now_ms)
    if "state" in changes and over:
        vehicles.scan_closed(c, message.scan_id, now_ms)
    if alerted or "declaration" in changes:
        alerts.tell(c, message.scan_id, now_ms)
    return detail


def _recording(told: RecordingWire | None) -> dict[str, object]:
    return {} if told is None else {"recording": told.model_dump(mode="json")}


def _open(after: dict[str, Any], message: ScanOpenedMessage, created_ms: int) -> None:
    if after["declaration"] is not None:
        return  # told twice under two keys: the first stands
    declared = message.body.declaration
    after |= {
        "declaration": declared.model_dump_json(),
        "plate_key": scans.plate_key(declared.plate),
        "vehicle_class": declared.vehicle_class.value,
        "opened_by": message.body.by,
        "opened_utc_ms": created_ms,
        "visits": max(after["visits"], 1),
    }


def _end_visit(after: dict[str, Any], visit: int) -> None:
    after["visits"] = max(after["visits"], visit)
    after["ended_visit"] = max(after["ended_visit"], visit)


def _take_assessment(after: dict[str, Any], assessment: AssessmentWire, created_ms: int) -> None:
    after["visits"] = max(after["visits"], assessment.visit)
    told = created_ms
    if after["assessment"] is not None:
        newest = AssessmentWire.model_validate_json(after["assessment"])
        if (newest.visit, newest.mono_ns) > (assessment.visit, assessment.mono_ns):
            return
        if newest == assessment:  # the visit's end says its last assessment again
            told = min(told, after["assessed_utc_ms"])
    after |= {
        "assessment": assessment.model_dump_json(),
        "assessed_utc_ms": told,
        "recommendation": assessment.recommendation.value,
    }

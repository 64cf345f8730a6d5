"""Samples, states, events, ticks and assessments as JSON objects, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from drivers.api import (
    ClockLock,
    ConnectionState,
    DeviceState,
    Event,
    EventKind,
    GeneratorState,
    LineScanEnd,
    Quality,
    Quantity,
    Role,
    Sample,
    Stamp,
)
from scanner.recording.records import RecordedAssessment, Tick

Scalar: TypeAlias = Sample | LineScanEnd | GeneratorState | DeviceState | Event | Tick | RecordedAssessment


def to_object(record: Scalar) -> dict[str, Any]:
    """Return the JSON object of a record; floats may still be NaN or infinite."""
    match record:
        case Sample():
            return _stamp_fields(record.stamp) | {
                "quantity": record.quantity.value,
                "value": record.value,
                "unit": record.quantity.unit,
                "quality": record.quality.value,
                "device_ns": record.device_ns,
                "clock_lock": record.clock_lock.value,
            }
        case LineScanEnd():
            return _stamp_fields(record.stamp) | {
                "scan": record.scan,
                "lines_sent": record.lines_sent,
                "lines_lost": record.lines_lost,
                "pixel_sha256": record.pixel_sha256,
                "lines_received": record.lines_received,
                "hash_matches": record.hash_matches,
            }
        case GeneratorState():
            return _stamp_fields(record.stamp) | {"state": record.state, "kv": record.kv, "ma": record.ma}
        case DeviceState():
            return _stamp_fields(record.stamp) | {
                "state": record.state.value,
                "reason": record.reason,
                "since_mono_ns": record.since_mono_ns,
            }
        case Event():
            return {
                "kind": record.kind.value,
                "mono_ns": record.mono_ns,
                "scan_id": record.scan_id,
                "data": record.data,
            }
        case Tick():
            return {"mono_ns": record.mono_ns}
        case RecordedAssessment():
            return {"mono_ns": record.mono_ns, "assessment": record.assessment}


def sample_from(fields: Mapping[str, Any]) -> Sample:
    """Return the sample of a JSON object."""
    device_ns = fields.get("device_ns")
    return Sample(
        quantity=Quantity(_text(fields, "quantity")),
        value=_number(fields, "value"),
        quality=Quality(fields.get("quality", "good")),
        device_ns=None if device_ns is None else _whole(fields, "device_ns"),
        clock_lock=ClockLock(fields.get("clock_lock", "none")),
        stamp=_stamp_from(fields),
    )


def line_scan_end_from(fields: Mapping[str, Any]) -> LineScanEnd:
    """Return the end of a line scan of a JSON object."""
    matches = fields["hash_matches"]
    if not isinstance(matches, bool):
        raise ValueError(f"hash_matches is true or false, not {matches!r}")
    return LineScanEnd(
        scan=_whole(fields, "scan"),
        lines_sent=_whole(fields, "lines_sent"),
        lines_lost=_whole(fields, "lines_lost"),
        pixel_sha256=_text(fields, "pixel_sha256"),
        lines_received=_whole(fields, "lines_received"),
        hash_matches=matches,
        stamp=_stamp_from(fields),
    )


def generator_state_from(fields: Mapping[str, Any]) -> GeneratorState:
    """Return the generator state of a JSON object."""
    return GeneratorState(
        _text(fields, "state"), _number(fields, "kv"), _number(fields, "ma"), stamp=_stamp_from(fields)
    )


def device_state_from(fields: Mapping[str, Any]) -> DeviceState:
    """Return the device state of a JSON object."""
    return DeviceState(
        state=ConnectionState(_text(fields, "state")),
        reason=_text(fields, "reason") if "reason" in fields else "",
        since_mono_ns=_whole(fields, "since_mono_ns") if "since_mono_ns" in fields else 0,
        stamp=_stamp_from(fields),
    )


def event_from(fields: Mapping[str, Any]) -> Event:
    """Return the event of a JSON object."""
    return Event(
        kind=EventKind(_text(fields, "kind")),
        mono_ns=_whole(fields, "mono_ns"),
        scan_id=_text(fields, "scan_id") if "scan_id" in fields else "",
        data=_object(fields, "data") if "data" in fields else {},
    )


def tick_from(fields: Mapping[str, Any]) -> Tick:
    """Return the tick of a JSON object."""
    return Tick(_whole(fields, "mono_ns"))


def assessment_from(fields: Mapping[str, Any]) -> RecordedAssessment:
    """Return the recorded assessment of a JSON object."""
    return RecordedAssessment(_whole(fields, "mono_ns"), _object(fields, "assessment"))


def _stamp_fields(stamp: Stamp) -> dict[str, Any]:
    return {
        "sensor": stamp.sensor,
        "role": stamp.role.value,
        "mono_ns": stamp.mono_ns,
        "sequence": stamp.sequence,
    }


def _stamp_from(fields: Mapping[str, Any]) -> Stamp:
    return Stamp(
        _text(fields, "sensor"),
        Role(_text(fields, "role")),
        _whole(fields, "mono_ns"),
        _whole(fields, "sequence"),
    )


def _whole(fields: Mapping[str, Any], name: str) -> int:
    value = fields[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} is a whole number, not {value!r}")
    return value


def _number(fields: Mapping[str, Any], name: str) -> float:
    value = fields[name]
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ValueError(f"{name} is a number, not {value!r}")
    return value


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} is text, not {value!r}")
    return value


def _object(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = fields[name]
    if not isinstance(value, dict):
        raise ValueError(f"{name} is an object, not {value!r}")
    return value

"""Examples of what a shift is told and hands over: alarm rates, hand-overs, the sound check."""

from __future__ import annotations

from typing import Any

_SCAN_ID = "01JD8Z6W8S4N0T7K3Q5V9X2B1C"
_ALERT_ID = "01JD8ZB3M2R6Y1H4W8T0N5K7QF"
_UTC_MS = 1_795_449_600_000

_RATES = {
    "last_10_min": 1,
    "last_hour": 3,
    "last_day": 36,
    "average_per_10_min": 0.25,
    "peak_10_min": 4,
    "flood_share": 0.0,
    "shares": {"rescue": 0.0, "search": 0.75, "officer": 0.25},
    "standing": 0,
    "shelved": 1,
}
_ALARM_RATES = {
    "utc_ms": _UTC_MS,
    "eemua_191": {
        "average_per_10_min": 1.0,
        "flood_per_10_min": 10,
        "shares": {"rescue": 0.05, "search": 0.15, "officer": 0.8},
    },
    "overall": _RATES,
    "lanes": {"north-quay-2": _RATES},
}

_ITEM = {
    "kind": "alert",
    "id": _ALERT_ID,
    "scan_id": _SCAN_ID,
    "lane_id": "north-quay-2",
    "state": "assigned",
    "level": "search",
    "owner": "officer.north",
    "assigned_to": "Dog team 2",
    "shelved_until_utc_ms": None,
    "note": "The dog has begun at the rear doors",
}
_DIGEST = "5c1e7f0d9a3b4826c7d1e0f9a8b7c6d5e4f30192837465564738291a0b1c2d3e"
_HANDOVER = {
    "id": "01JD8ZD4P7S9V1X3Z5B7D9F1H3",
    "state": "open",
    "outgoing": "officer.north",
    "opened_utc_ms": _UTC_MS,
    "note": "Ferry of 22:40 is an hour late",
    "items": [_ITEM],
    "present": [_ITEM],
    "digest": _DIGEST,
    "incoming": "",
    "signed_utc_ms": None,
}
_SIGNED = {**_HANDOVER, "state": "signed", "incoming": "officer.south", "signed_utc_ms": _UTC_MS + 60_000}

SHIFT_EXAMPLES: dict[str, dict[str, Any]] = {
    "handovers": {"answer": [_SIGNED]},
    "handover": {"answer": _HANDOVER},
    "begin_handover": {
        "request": {"note": _HANDOVER["note"], "notes": {_ALERT_ID: _ITEM["note"]}},
        "answer": _HANDOVER,
    },
    "sign_handover": {"request": {"digest": _DIGEST}, "answer": _SIGNED},
    "check_sound": {
        "request": {"heard": True},
        "answer": {"heard": True, "by": "officer.north", "utc_ms": _UTC_MS},
    },
    "alarm_rates": {"answer": _ALARM_RATES},
}

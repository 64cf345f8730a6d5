"""One example of each body and main answer; a test checks each against its schema."""

from __future__ import annotations

from typing import Any

from service.api.examples_replay import timeline
from service.api.examples_shift import SHIFT_EXAMPLES
from service.api.examples_validation import VALIDATION_EXAMPLES

_SCAN_ID = "01JD8Z6W8S4N0T7K3Q5V9X2B1C"
_ALERT_ID = "01JD8ZB3M2R6Y1H4W8T0N5K7QF"
_COMMAND_ID = "01JD8Z6T5E9A2C4G6J8M0P2R4V"
_RUN = "01JD8Y0A1B2C3D4E5F6G7H8J9K"
_UTC_MS = 1_795_449_600_000

_ME = {
    "name": "officer.north",
    "role": "officer",
    "permissions": ["command_lanes", "handle_alerts"],
    "expires_utc_ms": _UTC_MS + 3_600_000,
    "locked": False,
    "locks_utc_ms": _UTC_MS + 900_000,
    "has_pin": True,
}
_SESSION = {
    "id": "9f2c4e6a8b0d1f3a",
    "opened_utc_ms": _UTC_MS - 7_200_000,
    "used_utc_ms": _UTC_MS,
    "expires_utc_ms": _UTC_MS + 3_600_000,
    "address": "192.0.2.17",
    "locked": False,
    "here": True,
}
_LANE = {"id": "north-quay-2", "heard_utc_ms": _UTC_MS, "silent": False, "revoked": False}
_DECLARATION = {
    "vehicle_class": "reefer",
    "cargo": "boxed",
    "plate": "AB-123-CD",
    "laden": True,
    "closed_minutes": 240.0,
    "profile": "",
}
_HEART = {
    "code": "heart_found",
    "values": {"bpm": 72.0},
    "text": {"en": "Heartbeats at 72 per minute", "fr": "Battements de cœur à 72 par minute"},
}
_RISK = {
    "code": "life_risk_between",
    "values": {"minutes_low": 95.0, "minutes_high": 410.0, "ppm": 9800.0},
    "text": {
        "en": "If people are inside: CO2 reaches the danger level in 95 to 410 min.",
        "fr": "S’il y a quelqu’un à l’intérieur\u00a0: le CO2 est dangereux dans 95 à 410 min.",
    },
}
_LIFE_RISK = {
    "minutes_low": 95.0,
    "minutes_likely": 190.0,
    "minutes_high": 410.0,
    "reason": _RISK,
    "limits": [
        {"gas": "co2", "limit": 15_000.0, "low": 28.0, "likely": 55.0, "high": 110.0},
        {"gas": "co2", "limit": 40_000.0, "low": 95.0, "likely": 190.0, "high": 410.0},
        {"gas": "co2", "limit": 100_000.0, "low": 260.0, "likely": 540.0, "high": "inf"},
        {"gas": "oxygen", "limit": 17.0, "low": 78.0, "likely": 155.0, "high": 320.0},
    ],
    "oxygen_pct": {"low": 19.9, "likely": 20.3, "high": 20.6},
    "temperature": {"level": "watch", "cold": True, "minutes_low": None, "minutes_high": None},
    "course": [
        {"minutes": 0.0, "low": 3_900.0, "likely": 6_100.0, "high": 9_800.0},
        {"minutes": 60.0, "low": 9_700.0, "likely": 16_000.0, "high": 27_000.0},
    ],
}
_ASSESSMENT = {
    "scan_id": _SCAN_ID,
    "visit": 1,
    "mono_ns": 84_000_000_000,
    "final": True,
    "posterior": 0.97,
    "fused": {"llr": 5.1, "bound": 5.3, "shares": {"seismic": 5.1}},
    "recommendation": "search",
    "reasons": [_HEART],
    "persons": {"low": 1, "likely": 2, "high": 4},
    "life_risk": _LIFE_RISK,
    "evidences": [
        {
            "modality": "seismic",
            "state": "ready",
            "llr": 6.4,
            "reason": _HEART,
            "score": 3.1,
            "features": {"bpm": 72.0},
            "boxes": [],
            "curves": [],
            "calibration": "heartbeat-2026-10",
            "model": "",
        }
    ],
    "procedure": [],
    "second_dip_due_utc_ms": None,
    "digest": "9f2c4e6a8b0d1f3a5c7e9b1d3f5a7c9e",
    "versions": {"lorryscan": "0.1.0"},
}
_SCAN = {
    "id": _SCAN_ID,
    "lane_id": "north-quay-2",
    "state": "open",
    "declaration": _DECLARATION,
    "opened_utc_ms": _UTC_MS - 90_000,
    "opened_by": "officer.north",
    "closed_utc_ms": None,
    "closed_by": "",
    "visits": 1,
    "in_visit": True,
    "recommendation": "search",
    "final": True,
    "assessment": _ASSESSMENT,
    "assessed_utc_ms": _UTC_MS - 5_000,
    "interrupted": False,
    "alert_id": _ALERT_ID,
    "version": 4,
}
_OUTCOME = {
    "kind": "people_found",
    "people": 2,
    "conditions": {"well": 1, "needs_care": 1, "critical": 0, "dead": 0},
    "medical_help": True,
    "safeguarding_referral": True,
    "safeguarding_reference": "NRM-2026-0417",
    "note": "Behind the front pallets",
}
_SHELVE = {"minutes": 15, "reason": "Search bay 2 is taken; the driver stays with the lorry"}
_ALERT = {
    "id": _ALERT_ID,
    "scan_id": _SCAN_ID,
    "lane_id": "north-quay-2",
    "plate": "AB-123-CD",
    "level": "search",
    "state": "outcome",
    "raised_utc_ms": _UTC_MS - 5_000,
    "raised_by": "lane:north-quay-2",
    "reasons": [_HEART],
    "persons_likely": 2,
    "minutes_low": None,
    "acknowledged_utc_ms": _UTC_MS - 2_000,
    "acknowledged_by": "officer.north",
    "owner": "officer.north",
    "assigned_to": "Dog team 2",
    "assigned_is_account": False,
    "assigned_by": "officer.north",
    "assigned_utc_ms": _UTC_MS - 1_500,
    "outcome": {**_OUTCOME, "by": "officer.north", "utc_ms": _UTC_MS},
    "closed_utc_ms": None,
    "closed_by": "",
    "due_utc_ms": _UTC_MS + 14_400_000,
    "escalation": 0,
    "shelved_utc_ms": None,
    "shelved_until_utc_ms": None,
    "shelved_by": "",
    "shelved_reason": "",
    "version": 4,
}
_ASSIGNED = {**_ALERT, "state": "assigned", "outcome": None, "due_utc_ms": _UTC_MS + 3_598_500, "version": 3}
_SHELVED = {
    **_ASSIGNED,
    "due_utc_ms": None,
    "shelved_utc_ms": _UTC_MS,
    "shelved_until_utc_ms": _UTC_MS + 900_000,
    "shelved_by": "officer.north",
    "shelved_reason": _SHELVE["reason"],
    "version": 4,
}
_ORDER = {"name": "start", "declaration": _DECLARATION}
_COMMAND = {
    "id": _COMMAND_ID,
    "lane_id": "north-quay-2",
    "order": _ORDER,
    "by": "officer.north",
    "given_utc_ms": _UTC_MS - 90_000,
    "state": "done",
    "answer": {"code": "order_done", "values": {}, "text": {"en": "Done", "fr": "Fait"}},
    "answered_utc_ms": _UTC_MS - 89_900,
}
_VEHICLE_TOLD = {
    "key": "01JD8Y9Q7A1B3C5D7E9F1G3H5J",
    "plate": "AB-123-CD",
    "vehicle_class": "reefer",
    "cargo": "boxed",
    "laden": True,
    "closed_minutes": 240.0,
    "profile": "night ferry",
    "manifest": "PO-2026-118834",
    "lane": None,
    "expected_utc_ms": _UTC_MS,
}
_VEHICLE = {
    "id": "01JD8Y9Q7A1B3C5D7E9F1G3H5J",
    "plate": "AB-123-CD",
    "vehicle_class": "reefer",
    "cargo": "boxed",
    "laden": True,
    "closed_minutes": 240.0,
    "profile": "night ferry",
    "manifest": "PO-2026-118834",
    "gate": "reader-1",
    "lane_id": None,
    "expected_utc_ms": _UTC_MS,
    "told_utc_ms": _UTC_MS - 600_000,
    "state": "expected",
    "scan_id": None,
    "version": 1,
}
_QUEUE = {
    "lane_id": "north-quay-2",
    "waiting": 3,
    "waiting_any_lane": 1,
    "measured_scans": 20,
    "scan_s": 150.0,
    "scans_per_hour": 24.0,
    "wait_s": 450.0,
}
_LIVE = {
    "run": _RUN,
    "sequence": 181,
    "utc_ms": _UTC_MS,
    "scan_id": _SCAN_ID,
    "visit": 1,
    "declaration": _DECLARATION,
    "elapsed_s": 84.0,
    "time_limit_s": 120.0,
    "prior": 0.01,
    "limits": {"search_llr": 5.27, "no_indication_llr": -3.91},
    "profiles": {"reefer": ["night ferry"]},
    "probe_in": True,
    "assessment": _ASSESSMENT,
    "assessed_utc_ms": _UTC_MS - 300,
    "devices": [
        {
            "name": "co2-inside",
            "role": "inside",
            "state": "ready",
            "text": {"en": "", "fr": ""},
            "detail": "",
            "newest": {"en": "742 ppm", "fr": "742\u00a0ppm"},
            "since_utc_ms": _UTC_MS - 600_000,
        }
    ],
    "waiting": [],
    "faults": [],
    "untold": 0,
    "traces": [
        {
            "sensor": "co2-inside",
            "channel": "",
            "role": "",
            "unit": "ppm",
            "cancelled": False,
            "t_utc_ms": [_UTC_MS - 1_000, _UTC_MS - 500],
            "low": [738.0, 742.0],
            "high": [738.0, 742.0],
        }
    ],
    "pictures": [],
}
_USER = {"name": "officer.north", "role": "officer", "disabled": False, "created_utc_ms": _UTC_MS - 864_000}
_TOKEN = {"id": "north-quay-2", "token": "kXz0…43 letters and digits…"}
_GATE_TOKEN = {"name": "plate-reader-1", "token": "kXz0…43 letters and digits…"}
_LANE_TOKEN_INFO = {
    "owner": "north-quay-2",
    "kind": "lane",
    "scopes": ["messages", "live", "commands"],
    "created_utc_ms": _UTC_MS - 864_000,
    "expires_utc_ms": None,
    "used_utc_ms": _UTC_MS,
}
_GATE_TOKEN_INFO = {**_LANE_TOKEN_INFO, "owner": "plate-reader-1", "kind": "gate", "scopes": ["vehicles"]}
_WELL = {"run": _RUN, "version": "0.1.0", "warnings": []}
_LOG = "lorryscan.audit/6e340b9cffb37a98"
_CHECKPOINT = (
    f"{_LOG}\n4711\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u2014 {_LOG} Az3grlgtzPICa5OS…\n"
)
_AUDIT_KEY = f"{_LOG}+7d1c5a02+AQ==…"

_ENTRY = {
    "sequence": 12,
    "utc_ms": _UTC_MS,
    "who": "officer.north",
    "action": "alert_acknowledged",
    "subject": _ALERT_ID,
    "detail": {"scan": _SCAN_ID},
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "login": {"request": {"name": "officer.north", "password": "correct horse battery"}, "answer": _ME},
    "me": {"answer": _ME},
    "lock": {"answer": {**_ME, "locked": True}},
    "unlock": {"request": {"pin": "4711"}, "answer": _ME},
    "reauthenticate": {"request": {"password": "correct horse battery"}, "answer": _ME},
    "set_pin": {"request": {"pin": "4711"}},
    "my_sessions": {"answer": [_SESSION]},
    "user_sessions": {"answer": [{**_SESSION, "here": False}]},
    "change_password": {"request": {"old": "correct horse battery", "new": "a longer one, with words"}},
    "state": {
        "answer": {
            "sequence": 4711,
            "run": _RUN,
            "version": "0.1.0",
            "utc_ms": _UTC_MS,
            "me": _ME,
            "lanes": [_LANE],
            "scans": [_SCAN],
            "alerts": [_ALERT],
            "commands": [_COMMAND],
            "vehicles": [_VEHICLE],
        }
    },
    "lane_live": {"answer": {"lane": _LANE, "live": _LIVE}},
    "scans": {"answer": [_SCAN | {"outcome": "people_found", "people": 2}]},
    "replay": {"answer": timeline(_SCAN_ID, _UTC_MS, _ASSESSMENT)},
    "scan": {"answer": _SCAN},
    "assessments": {"answer": [_ASSESSMENT]},
    "raise_alert": {"request": {"note": "Knocking heard from inside"}, "answer": _ALERT},
    "alerts": {"answer": [_ALERT]},
    "alert": {"answer": _ALERT},
    "acknowledge": {"answer": _ALERT},
    "assign_search": {"request": {"to": "Dog team 2"}, "answer": _ASSIGNED},
    "shelve_alert": {"request": _SHELVE, "answer": _SHELVED},
    "unshelve_alert": {"answer": _ASSIGNED},
    "record_outcome": {"request": _OUTCOME, "answer": _ALERT},
    **SHIFT_EXAMPLES,
    **VALIDATION_EXAMPLES,
    "close_alert": {"answer": _ALERT},
    "give_command": {"request": {"key": _COMMAND_ID, "order": _ORDER}, "answer": _COMMAND},
    "announce_vehicle": {"request": _VEHICLE_TOLD, "answer": _VEHICLE},
    "vehicle_gone": {"answer": {**_VEHICLE, "state": "gone", "version": 2}},
    "vehicles": {"answer": [_VEHICLE]},
    "drop_vehicle": {"answer": {**_VEHICLE, "state": "gone", "version": 2}},
    "queues": {"answer": [_QUEUE]},
    "lanes": {"answer": [_LANE]},
    "add_lane": {"request": {"id": "north-quay-2"}, "answer": _TOKEN},
    "lane_tokens": {"answer": [_LANE_TOKEN_INFO]},
    "change_lane_token": {"request": {"expires_utc_ms": None}, "answer": _TOKEN},
    "gates": {"answer": [_GATE_TOKEN_INFO]},
    "add_gate": {"request": {"name": "plate-reader-1"}, "answer": _GATE_TOKEN},
    "change_gate_token": {"request": {"expires_utc_ms": None}, "answer": _GATE_TOKEN},
    "users": {"answer": [_USER]},
    "add_user": {
        "request": {"name": "officer.north", "role": "officer", "password": "correct horse battery"},
        "answer": _USER,
    },
    "change_user": {"request": {"disabled": True}, "answer": {**_USER, "disabled": True}},
    "audit": {"answer": [_ENTRY]},
    "search_audit": {"answer": [_ENTRY]},
    "erase": {
        "request": {"plate": "AB12 CDE", "reason": "request of the driver, 2026/17"},
        "answer": {"scans": 2, "vehicles": 1},
    },
    "audit_checkpoint": {"answer": {"size": 4711, "checkpoint": _CHECKPOINT, "key": _AUDIT_KEY}},
    "audit_proof": {
        "answer": {
            "checkpoint": _CHECKPOINT,
            "entries": [
                {
                    "entry": {
                        "sequence": 12,
                        "utc_ms": _UTC_MS,
                        "who": "officer.north",
                        "action": "alert_acknowledged",
                        "subject": _ALERT_ID,
                        "detail": f'{{"scan": "{_SCAN_ID}"}}',
                        "salt": "5d" * 32,
                        "personal_sha256": "a1" * 32,
                    },
                    "size": 4711,
                    "path": ["c4" * 32],
                }
            ],
        }
    },
    "audit_consistency": {"answer": {"before": 4000, "now": 4711, "path": ["c4" * 32]}},
    "post_message": {
        "request": {
            "key": "01JD8Z9K4N6P8R0T2V4X6Z8B0D",
            "kind": "assessment",
            "scan_id": _SCAN_ID,
            "created_utc_ns": (_UTC_MS - 5_000) * 1_000_000,
            "body": _ASSESSMENT,
        },
        "answer": {"key": "01JD8Z9K4N6P8R0T2V4X6Z8B0D", "new": True},
    },
    "post_live": {"request": _LIVE, "answer": {"run": _RUN, "pictures": {"thermal-doors": 7}}},
    "health_live": {"answer": _WELL},
    "health_ready": {"answer": _WELL},
}

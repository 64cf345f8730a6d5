"""Takes messages and prints the key of each after the commit, until killed; run by test_kill.py."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import TypeAdapter
from ulid import ULID

from scanner.lane.wire import Message
from service.store import lanes, messages
from service.store.sqlite_database import SqliteDatabase

MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
SAID = {"code": "co2", "values": {}, "text": {"en": "It is so"}}


def raw(scan: str, kind: str) -> dict:
    """Return one message of a scan whose assessment calls for a search."""
    assessment = {
        "scan_id": scan,
        "visit": 1,
        "mono_ns": 1,
        "final": True,
        "posterior": 0.9,
        "recommendation": "search",
        "reasons": [SAID],
        "persons": None,
        "life_risk": {"minutes_low": None, "minutes_high": None, "reason": SAID},
        "evidences": [],
        "digest": "d",
    }
    bodies = {
        "scan_opened": {"declaration": {"vehicle_class": "tanker", "cargo": "liquid"}, "by": "anna"},
        "assessment": assessment,
        "visit_ended": {"why": "decided", "visit": 1, "assessment": assessment},
    }
    return {"key": str(ULID()), "created_utc_ns": 1, "kind": kind, "scan_id": scan, "body": bodies[kind]}


def main() -> None:
    """Take messages on and on."""
    database = SqliteDatabase(Path(sys.argv[1]))
    with database.writing() as c:
        if not lanes.listed(c):
            lanes.add(c, "north", "test", 1)
    while True:
        scan = str(ULID())
        for kind in ("scan_opened", "assessment", "visit_ended"):
            message = raw(scan, kind)
            with database.writing() as c:
                messages.take(c, "north", MESSAGE.validate_python(message), message, 1)
            print(kind, message["key"], scan, flush=True)


if __name__ == "__main__":
    main()

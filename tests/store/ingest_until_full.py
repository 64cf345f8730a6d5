"""Takes messages while the system forbids files to grow, three times; run by test_database.py."""

from __future__ import annotations

import resource
import signal
import sys
from pathlib import Path

from pydantic import TypeAdapter
from ulid import ULID

from scanner.lane.wire import Message
from service.store import lanes, messages
from service.store.errors import StoreUnavailable
from service.store.sqlite_database import FILE, SqliteDatabase

MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)


def raw() -> dict:
    said = {"code": "co2", "values": {}, "text": {"en": "x" * 500}}
    scan = str(ULID())
    body = {
        "scan_id": scan,
        "visit": 1,
        "mono_ns": 1,
        "final": False,
        "posterior": 0.9,
        "recommendation": "search",
        "reasons": [said] * 8,
        "persons": None,
        "life_risk": {"minutes_low": None, "minutes_high": None, "reason": said},
        "evidences": [],
        "digest": "d",
    }
    return {"key": str(ULID()), "created_utc_ns": 1, "kind": "assessment", "scan_id": scan, "body": body}


def main() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    folder = Path(sys.argv[1])
    database = SqliteDatabase(folder)
    with database.writing() as c:
        lanes.add(c, "north", "test", 1)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    waiting = raw()
    for _ in range(3):
        longest = max((folder / name).stat().st_size for name in (FILE, FILE + "-wal"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (longest + 1_000_000, hard))
        while True:
            try:
                with database.writing() as c:
                    messages.take(c, "north", MESSAGE.validate_python(waiting), waiting, 1)
            except StoreUnavailable as error:
                resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
                print("refused", error, flush=True)
                break
            resource.setrlimit(resource.RLIMIT_FSIZE, (longest + 1_000_000, hard))
            print("taken", waiting["key"], flush=True)
            waiting = raw()
    with database.writing() as c:
        messages.take(c, "north", MESSAGE.validate_python(waiting), waiting, 1)
    print("taken", waiting["key"], flush=True)
    database.close()


if __name__ == "__main__":
    main()

"""Kill −9 while messages are taken: what was acknowledged is there once, with all that follows from it."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from service.store import events, scans
from service.store.sqlite_database import FILE, SqliteDatabase

INGEST = Path(__file__).with_name("ingest_and_report.py")


def test_acknowledged_messages_survive_kill_whole_and_once(tmp_path):
    chance = random.Random(20261123)
    told: list[tuple[str, str, str]] = []
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, str(INGEST), str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        with child:
            lines = [child.stdout.readline() for _ in range(chance.randrange(1, 40))]
            child.kill()
            lines += [line for line in child.stdout if line.endswith("\n")]
        told += [tuple(line.split()) for line in lines]  # type: ignore[misc]
    _check_file(tmp_path / FILE, told)
    again = SqliteDatabase(tmp_path)
    with again.reading() as c:
        for _, _, scan_id in told:
            scans.get(c, scan_id)
        stored = events.after(c, 0, 100_000)
    again.close()
    assert [e.sequence for e in stored] == list(range(1, len(stored) + 1))


def _check_file(file: Path, told: list[tuple[str, str, str]]) -> None:
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        keys = [key for (key,) in db.execute("SELECT key FROM messages")]
        assert len(keys) == len(set(keys))
        assert {key for _, key, _ in told} <= set(keys)
        assert len(keys) - len(told) <= 5  # at most one commit at each kill was not told of
        audited = [
            json.loads(detail)["key"]
            for (detail,) in db.execute("SELECT detail FROM audit WHERE who LIKE 'lane:%'")
            if "key" in json.loads(detail)
        ]
        assert sorted(audited) == sorted(keys)
        alerts = dict(db.execute("SELECT scan_id, id FROM alerts").fetchall())
        for kind, _, scan_id in told:
            if kind != "scan_opened":
                assert scan_id in alerts
        raised = db.execute("SELECT subject FROM audit WHERE action = 'alert_raised'").fetchall()
        assert sorted(s for (s,) in raised) == sorted(alerts.values())
        shown = db.execute("SELECT subject FROM events WHERE kind = 'alert'").fetchall()
        assert sorted(s for (s,) in shown) == sorted(alerts.values())

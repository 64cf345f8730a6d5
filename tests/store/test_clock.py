"""Copies of the service on one PostgreSQL go by its clock, whatever their own say."""

from __future__ import annotations

import time

from service.store.clock import store_now_ms
from service.store.sqlite_database import SqliteDatabase

HOUR_MS = 3_600_000


def test_only_the_store_of_one_copy_goes_by_the_clock_of_its_machine(database, monkeypatch):
    now_ns = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now_ns - HOUR_MS * 1_000_000)
    with database.reading() as c:
        found_ms = store_now_ms(c)
    behind_ms = HOUR_MS if isinstance(database, SqliteDatabase) else 0
    assert abs(found_ms - (now_ns // 1_000_000 - behind_ms)) < 60_000

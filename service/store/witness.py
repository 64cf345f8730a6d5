"""Rows whose contents the audit log vouches for, marked as they are written."""

from __future__ import annotations

from sqlalchemy import Connection

MARKED = "lorryscan.marked_rows"  # where a writing connection notes which rows it wrote


def mark(c: Connection, table: str, key: str) -> None:
    """Note that a row was written, by its table and primary key: its contents go into the audit log."""
    c.info.setdefault(MARKED, {})[table, key] = None


def seal(c: Connection) -> None:
    """Called once before each commit: forget the marks."""
    c.info.pop(MARKED, None)

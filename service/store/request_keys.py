"""Keys that clients give their requests, so that one asked twice is done once (`Idempotency-Key`).

The key is claimed in the transaction that does what was asked: done and claimed, or neither. The
answer is kept after it; where the process dies between the two, a repeat learns that it was done.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text, delete, insert, select, update

from service.store.tables import metadata

KEPT_MS = 24 * 3_600_000

request_keys = Table(
    "request_keys",
    metadata,
    Column("who", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("sha256", Text, nullable=False),  # of method, address and body: tells a repeat from a reuse
    Column("claimed_utc_ms", BigInteger, nullable=False, index=True),
    Column("status", Integer),  # null: done, and the answer not yet kept
    Column("answer", Text),  # null: none, or one that is never repeated
)
_K = request_keys.c


@dataclass(slots=True)
class AskedKey:
    """The key of the request at hand; ``claimed`` once it is in the store."""

    who: str
    key: str
    sha256: str
    now_ms: int
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that was claimed before."""

    sha256: str
    claimed_utc_ms: int
    status: int | None
    answer: str | None


ASKED: ContextVar[AskedKey | None] = ContextVar("lorryscan_asked_key", default=None)


@contextlib.contextmanager
def claimed(c: Connection) -> Iterator[None]:
    """Claim the key of the request at hand, if it has one, for what is written in the block.

    Raises
    ------
    sqlalchemy.exc.IntegrityError : the same key was claimed by a request beside this one.
    """
    asked = ASKED.get()
    if asked is None or asked.claimed:
        yield
        return
    row = {"who": asked.who, "key": asked.key, "sha256": asked.sha256}
    c.execute(insert(request_keys).values(claimed_utc_ms=asked.now_ms, **row))
    asked.claimed = True
    try:
        yield
    except BaseException:
        asked.claimed = False  # undone with the rest
        raise


def known(c: Connection, who: str, key: str) -> KnownKey | None:
    """Return what became of a key; None when it is new."""
    mine = (_K.who == who) & (_K.key == key)
    row = c.execute(select(_K.sha256, _K.claimed_utc_ms, _K.status, _K.answer).where(mine)).first()
    return None if row is None else KnownKey(*row)


def keep_answer(c: Connection, asked: AskedKey, status: int, answer: str | None) -> None:
    """Keep what was answered, for repeats."""
    mine = (_K.who == asked.who) & (_K.key == asked.key)
    c.execute(update(request_keys).where(mine).values(status=status, answer=answer))


def forget_old(c: Connection, now_ms: int) -> None:
    """Forget keys older than a day."""
    c.execute(delete(request_keys).where(_K.claimed_utc_ms < now_ms - KEPT_MS))

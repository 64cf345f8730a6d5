"""Sessions of people at booths, kept by the service: a cookie carries only a random token."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, or_, select, update

from service.resources import Role
from service.store import audit, tables
from service.store.tokens import new_token, token_sha256

IDLE_MS = 3_600_000
ABSOLUTE_MS = 12 * 3_600_000

_S, _U = tables.sessions.c, tables.users.c


@dataclass(frozen=True, slots=True)
class Session:
    """A session that holds now; ``expires_utc_ms`` is when it ends if nothing more is done."""

    id: str
    name: str
    role: Role
    opened_utc_ms: int
    expires_utc_ms: int


def open_session(c: Connection, name: str, now_ms: int) -> str:
    """Begin a session of somebody who was verified, and return its token."""
    c.execute(delete(tables.sessions).where(_over(now_ms)))
    token = new_token()
    row = {"token_sha256": token_sha256(token), "name": name}
    c.execute(insert(tables.sessions).values(opened_utc_ms=now_ms, used_utc_ms=now_ms, **row))
    audit.append(c, name, "login", name, {}, now_ms)
    return token


def session(c: Connection, token: str, now_ms: int) -> Session | None:
    """Return the session of a token; None when it is unknown, over, or its account disabled."""
    row = c.execute(
        select(tables.sessions, _U.role)
        .join(tables.users, _U.name == _S.name)
        .where(_S.token_sha256 == token_sha256(token), ~_U.disabled, ~_over(now_ms))
    ).first()
    if row is None:
        return None
    return Session(
        id=row.token_sha256,
        name=row.name,
        role=Role(row.role),
        opened_utc_ms=row.opened_utc_ms,
        expires_utc_ms=min(row.used_utc_ms + IDLE_MS, row.opened_utc_ms + ABSOLUTE_MS),
    )


def touch(c: Connection, session_ids: Collection[str], now_ms: int) -> None:
    """Note that sessions are in use: a request came, or their stream is open."""
    if session_ids:
        used = _S.token_sha256.in_(list(session_ids)) & (_S.used_utc_ms < now_ms) & ~_over(now_ms)
        c.execute(update(tables.sessions).where(used).values(used_utc_ms=now_ms))


def end_session(c: Connection, token: str, now_ms: int) -> None:
    """Log out; a token that is nobody's changes nothing."""
    mine = _S.token_sha256 == token_sha256(token)
    name = c.execute(select(_S.name).where(mine)).scalar()
    if name is not None:
        c.execute(delete(tables.sessions).where(mine))
        audit.append(c, name, "logout", name, {}, now_ms)


def end_sessions_of(c: Connection, name: str, keep: str = "") -> None:
    """End all sessions of an account but the one with the id ``keep``."""
    c.execute(delete(tables.sessions).where(_S.name == name, _S.token_sha256 != keep))


def _over(now_ms: int):  # type: ignore[no-untyped-def]
    return or_(_S.used_utc_ms <= now_ms - IDLE_MS, _S.opened_utc_ms <= now_ms - ABSOLUTE_MS)

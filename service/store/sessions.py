"""Sessions of people at booths, kept by the service: a cookie carries only a random token."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, or_, select, update

from service.resources import Role, SessionInfo
from service.store import audit
from service.store.account_tables import pins, sessions
from service.store.errors import NotFound
from service.store.tables import users
from service.store.tokens import new_token, token_sha256

WRONG_SECRETS = 5
"""So many wrong PINs or passwords at a locked booth end its session."""

_HANDLE = 16  # characters of the kept hash that name a session to people: nothing is opened with them
_S, _U = sessions.c, users.c


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what lasts, ms: see `service.config.accounts_table`."""

    idle_ms: int = 3_600_000
    absolute_ms: int = 12 * 3_600_000
    lock_ms: int = 15 * 60_000
    fresh_ms: int = 5 * 60_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Session:
    """A session that holds now; ``expires_utc_ms`` is when it ends if nothing more is done.

    ``locks_utc_ms`` is when it locks if nobody acts; ``fresh`` says that the password was given just now.
    """

    id: str
    name: str
    role: Role
    opened_utc_ms: int
    expires_utc_ms: int
    locked: bool = False
    locks_utc_ms: int = 0
    fresh: bool = False
    has_pin: bool = False


def open_session(c: Connection, name: str, now_ms: int, address: str = "", limits: Limits = LIMITS) -> str:
    """Begin a session of somebody who was verified, and return its token."""
    c.execute(delete(sessions).where(_over(now_ms, limits)))
    token = new_token()
    row = {
        "token_sha256": token_sha256(token),
        "name": name,
        "opened_utc_ms": now_ms,
        "used_utc_ms": now_ms,
        "acted_utc_ms": now_ms,
        "fresh_utc_ms": now_ms,
        "locked": False,
        "wrong_secrets": 0,
        "address": address,
    }
    c.execute(insert(sessions).values(row))
    audit.append(c, name, "login", name, {"address": address} if address else {}, now_ms)
    return token


def session(c: Connection, token: str, now_ms: int, limits: Limits = LIMITS) -> Session | None:
    """Return the session of a token; None when it is unknown, over, or its account disabled."""
    row = c.execute(
        select(sessions, _U.role, pins.c.pin_hash)
        .join(users, _U.name == _S.name)
        .outerjoin(pins, pins.c.name == _S.name)
        .where(_S.token_sha256 == token_sha256(token), ~_U.disabled, ~_over(now_ms, limits))
    ).first()
    if row is None:
        return None
    return Session(
        id=row.token_sha256,
        name=row.name,
        role=Role(row.role),
        opened_utc_ms=row.opened_utc_ms,
        expires_utc_ms=_ends(row, limits),
        locked=_locked(row, now_ms, limits),
        locks_utc_ms=row.acted_utc_ms + limits.lock_ms,
        fresh=now_ms - row.fresh_utc_ms < limits.fresh_ms,
        has_pin=bool(row.pin_hash),
    )


def touch(c: Connection, session_ids: Collection[str], now_ms: int, limits: Limits = LIMITS) -> None:
    """Note that sessions are in use: a request came, or their stream is open."""
    if session_ids:
        used = _S.token_sha256.in_(list(session_ids)) & (_S.used_utc_ms < now_ms) & ~_over(now_ms, limits)
        c.execute(update(sessions).where(used).values(used_utc_ms=now_ms))


def acted(c: Connection, when_ms: Mapping[str, int]) -> None:
    """Note when somebody did something, by session id; that never unlocks, and never turns back."""
    for session_id, at_ms in when_ms.items():
        mine = (_S.token_sha256 == session_id) & (_S.acted_utc_ms < at_ms)
        c.execute(update(sessions).where(mine).values(acted_utc_ms=at_ms))


def lock(c: Connection, session_id: str, name: str, now_ms: int) -> None:
    """Lock a booth on request."""
    c.execute(update(sessions).where(_S.token_sha256 == session_id).values(locked=True))
    audit.append(c, name, "booth_locked", name, {}, now_ms)


def count_secret(c: Connection, session_id: str) -> int:
    """Count a PIN or password as wrong before it is checked: a hundred at once are not one.

    Returns how many there were since the last right one, this one too.
    """
    mine = _S.token_sha256 == session_id
    raised = update(sessions).where(mine).values(wrong_secrets=_S.wrong_secrets + 1)
    return c.execute(raised.returning(_S.wrong_secrets)).scalar() or WRONG_SECRETS + 1


def unlock(c: Connection, session_id: str, name: str, now_ms: int, *, fresh: bool) -> None:
    """Let somebody who gave the right PIN or password act again; with a password it is fresh too."""
    values: dict[str, object] = {"locked": False, "wrong_secrets": 0, "acted_utc_ms": now_ms}
    if fresh:
        values["fresh_utc_ms"] = now_ms
    c.execute(update(sessions).where(_S.token_sha256 == session_id).values(values))
    audit.append(c, name, "booth_unlocked", name, {"with": "password" if fresh else "pin"}, now_ms)


def unlock_refused(c: Connection, session_id: str, name: str, tries: int, now_ms: int) -> bool:
    """Note a wrong PIN or password; return whether it was one too many and the session is over."""
    over = tries >= WRONG_SECRETS
    audit.append(c, name, "unlock_refused", name, {"session_ended": over}, now_ms)
    if over:
        c.execute(delete(sessions).where(_S.token_sha256 == session_id))
    return over


def refresh(c: Connection, session_id: str, name: str, now_ms: int) -> None:
    """Note that somebody gave their password again."""
    values = {"fresh_utc_ms": now_ms, "wrong_secrets": 0}
    c.execute(update(sessions).where(_S.token_sha256 == session_id).values(values))
    audit.append(c, name, "reauthenticated", name, {}, now_ms)


def listed(
    c: Connection, name: str, now_ms: int, here: str = "", limits: Limits = LIMITS
) -> list[SessionInfo]:
    """Return the sessions of an account that hold, the newest first; ``here`` is the asking one's id."""
    query = select(sessions).where(_S.name == name, ~_over(now_ms, limits))
    return [
        SessionInfo(
            id=row.token_sha256[:_HANDLE],
            opened_utc_ms=row.opened_utc_ms,
            used_utc_ms=row.used_utc_ms,
            expires_utc_ms=_ends(row, limits),
            address=row.address,
            locked=_locked(row, now_ms, limits),
            here=row.token_sha256 == here,
        )
        for row in c.execute(query.order_by(_S.opened_utc_ms.desc(), _S.token_sha256))
    ]


def end_one(c: Connection, name: str, handle: str, by: str, now_ms: int) -> None:
    """End one session of an account by the id that `listed` gives.

    Raises
    ------
    NotFound : the account has no such session.
    """
    ids = c.execute(select(_S.token_sha256).where(_S.name == name)).scalars()
    found = [each for each in ids if each[:_HANDLE] == handle]
    if not found:
        raise NotFound(f"{name} has no session {handle}: list them again")
    c.execute(delete(sessions).where(_S.token_sha256.in_(found)))
    audit.append(c, by, "session_ended", name, {"session": handle}, now_ms)


def end_all(c: Connection, name: str, by: str, now_ms: int, keep: str = "") -> None:
    """End all sessions of an account but the one with the id ``keep``."""
    end_sessions_of(c, name, keep)
    audit.append(c, by, "sessions_ended", name, {}, now_ms)


def end_session(c: Connection, token: str, now_ms: int) -> None:
    """Log out; a token that is nobody's changes nothing."""
    mine = _S.token_sha256 == token_sha256(token)
    name = c.execute(select(_S.name).where(mine)).scalar()
    if name is not None:
        c.execute(delete(sessions).where(mine))
        audit.append(c, name, "logout", name, {}, now_ms)


def end_sessions_of(c: Connection, name: str, keep: str = "") -> None:
    """End all sessions of an account but the one with the id ``keep``."""
    c.execute(delete(sessions).where(_S.name == name, _S.token_sha256 != keep))


def _ends(row: Row[Any], limits: Limits) -> int:
    return int(min(row.used_utc_ms + limits.idle_ms, row.opened_utc_ms + limits.absolute_ms))


def _locked(row: Row[Any], now_ms: int, limits: Limits) -> bool:
    return bool(row.locked or row.acted_utc_ms <= now_ms - limits.lock_ms)


def _over(now_ms: int, limits: Limits) -> ColumnElement[bool]:
    return or_(_S.used_utc_ms <= now_ms - limits.idle_ms, _S.opened_utc_ms <= now_ms - limits.absolute_ms)

"""People's accounts: names, roles and passwords."""

from __future__ import annotations

from sqlalchemy import Connection, Row, func, insert, select, update

from service.resources import Role, User
from service.store import audit, pins, tables, witness
from service.store.errors import Conflict, NotFound
from service.store.passwords import hash_password, password_matches
from service.store.sessions import (
    Limits,
    Session,
    end_session,
    end_sessions_of,
    open_session,
    session,
    touch,
)

__all__ = [
    "Limits",
    "Session",
    "add",
    "change",
    "change_password",
    "count",
    "end_session",
    "login_refused",
    "open_session",
    "require_new",
    "session",
    "touch",
    "user",
    "users",
    "verify",
]

_U = tables.users.c


def add(c: Connection, name: str, role: Role, password: str, by: str, now_ms: int) -> User:
    """Add an account.

    Raises
    ------
    Conflict : ``exists``: the name is taken.
    """
    require_new(c, name)
    row = {"name": name, "role": role.value, "disabled": False, "created_utc_ms": now_ms}
    c.execute(insert(tables.users).values(password_hash=hash_password(password), **row))
    witness.mark(c, "users", name)
    audit.append(c, by, "account_added", name, {"role": role.value}, now_ms)
    return user(c, name)


def require_new(c: Connection, name: str) -> None:
    """Check that a name is free.

    Raises
    ------
    Conflict : ``exists``.
    """
    if c.execute(select(_U.name).where(_U.name == name)).first() is not None:
        raise Conflict("exists", f"there is an account {name} already: choose another name, or change it")


def change(
    c: Connection,
    name: str,
    *,
    role: Role | None = None,
    password: str | None = None,
    disabled: bool | None = None,
    by: str,
    now_ms: int,
) -> User:
    """Change a role or password, disable or enable; any real change ends the account's sessions.

    Raises
    ------
    NotFound : there is no such account.
    Conflict : ``last_supervisor``: nobody could manage accounts any more.
    """
    before = user(c, name)
    after_role = before.role if role is None else role
    after_disabled = before.disabled if disabled is None else disabled
    if after_role is not Role.SUPERVISOR or after_disabled:
        _keep_a_supervisor(c, before)
    values: dict[str, object] = {}
    detail: dict[str, object] = {}
    if after_role is not before.role:
        values["role"] = detail["role"] = after_role.value
    if after_disabled != before.disabled:
        values["disabled"] = detail["disabled"] = after_disabled
    if password is not None:
        values["password_hash"] = hash_password(password)
        detail["password"] = "reset"
    if not values:
        return before
    c.execute(update(tables.users).where(_U.name == name).values(values))
    witness.mark(c, "users", name)
    if password is not None:
        pins.forget(c, name, by, now_ms)
    end_sessions_of(c, name)
    audit.append(c, by, "account_changed", name, detail, now_ms)
    return user(c, name)


def change_password(
    c: Connection, name: str, old: str, new: str, now_ms: int, *, keep_session: str = ""
) -> None:
    """Let somebody change their own password; all their sessions but ``keep_session`` (its id) end.

    Raises
    ------
    Conflict : ``wrong_password``: the old one is not right.
    """
    if verify(c, name, old) is None:
        raise Conflict("wrong_password", "the old password is not right: type it again")
    c.execute(update(tables.users).where(_U.name == name).values(password_hash=hash_password(new)))
    witness.mark(c, "users", name)
    end_sessions_of(c, name, keep=keep_session)
    audit.append(c, name, "password_changed", name, {}, now_ms)


def verify(c: Connection, name: str, password: str) -> User | None:
    """Return the account whose name and password these are, None for any that may not enter.

    Unknown and disabled names take as long as a wrong password.
    """
    row = c.execute(select(tables.users).where(_U.name == name)).first()
    right = password_matches(password, row.password_hash if row is not None else None)
    return _user(row) if right and row is not None and not row.disabled else None


def login_refused(c: Connection, name: str, now_ms: int) -> None:
    """Note a refused login. An unknown name is not kept: people type passwords into that field."""
    known = c.execute(select(_U.name).where(_U.name == name)).first() is not None
    audit.append(c, audit.NOBODY, "login_refused", name if known else "", {"known_name": known}, now_ms)


def users(c: Connection) -> list[User]:
    """Return all accounts by name."""
    return [_user(row) for row in c.execute(select(tables.users).order_by(_U.name))]


def user(c: Connection, name: str) -> User:
    """Return one account.

    Raises
    ------
    NotFound : there is no such account.
    """
    row = c.execute(select(tables.users).where(_U.name == name)).first()
    if row is None:
        raise NotFound(f"there is no account {name}: check the name")
    return _user(row)


def count(c: Connection) -> int:
    """Return how many accounts there are, disabled ones too."""
    return int(c.execute(select(func.count()).select_from(tables.users)).scalar_one())


def _keep_a_supervisor(c: Connection, leaving: User) -> None:
    if leaving.role is not Role.SUPERVISOR or leaving.disabled:
        return
    others = select(_U.name).where(_U.role == Role.SUPERVISOR.value, ~_U.disabled, _U.name != leaving.name)
    if c.execute(others.limit(1)).first() is None:
        raise Conflict(
            "last_supervisor",
            f"{leaving.name} is the last enabled supervisor: make somebody else one first",
        )


def _user(row: Row[tuple[object, ...]]) -> User:
    return User(name=row.name, role=Role(row.role), disabled=row.disabled, created_utc_ms=row.created_utc_ms)

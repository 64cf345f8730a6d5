"""PINs: what unlocks a booth beside the password; kept like one, forgotten when the password is reset."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from service.store import audit, witness
from service.store.account_tables import pins
from service.store.passwords import hash_password, password_matches

_P = pins.c


def set_pin(c: Connection, name: str, pin: str, now_ms: int) -> None:
    """Give somebody a PIN, or another one."""
    _keep(c, name, hash_password(pin), now_ms)
    audit.append(c, name, "pin_set", name, {}, now_ms)


def forget(c: Connection, name: str, by: str, now_ms: int) -> bool:
    """Take somebody's PIN away; return whether there was one."""
    if not c.execute(select(_P.pin_hash).where(_P.name == name)).scalar():
        return False
    _keep(c, name, "", now_ms)
    audit.append(c, by, "pin_forgotten", name, {}, now_ms)
    return True


def matches(c: Connection, name: str, pin: str) -> bool:
    """Say whether a PIN is somebody's; one who has none takes as long."""
    return password_matches(pin, c.execute(select(_P.pin_hash).where(_P.name == name)).scalar() or None)


def _keep(c: Connection, name: str, pin_hash: str, now_ms: int) -> None:
    values = {"pin_hash": pin_hash, "set_utc_ms": now_ms}
    if c.execute(update(pins).where(_P.name == name).values(values)).rowcount == 0:
        c.execute(insert(pins).values(name=name, **values))
    witness.mark(c, "pins", name)

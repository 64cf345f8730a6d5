"""Gates that may announce vehicles (a plate reader, a port's own system), each with a token."""

from __future__ import annotations

from sqlalchemy import Connection

from scanner.lane.wire import GATE
from service.resources import TokenKind
from service.store import audit, tokens
from service.store.errors import Conflict


def gate_who(gate: str) -> str:
    """Return how a gate is named among those who do things.

    Examples
    --------
    >>> gate_who("plate-reader-1")
    'gate:plate-reader-1'
    """
    return f"{GATE}{gate}"


def add(c: Connection, gate: str, by: str, now_ms: int, expires_utc_ms: int | None = None) -> str:
    """Add a gate, or take a revoked one back, and return its token.

    Raises
    ------
    Conflict : ``exists``: the gate has a token.
    """
    if tokens.listed(c, TokenKind.GATE, now_ms, gate):
        raise Conflict("exists", f"gate {gate} is there already: give it a new token, or revoke it first")
    token = tokens.add(c, TokenKind.GATE, gate, now_ms, expires_utc_ms=expires_utc_ms)
    audit.append(c, by, "gate_added", gate, _until(expires_utc_ms), now_ms)
    return token


def rotate(
    c: Connection, gate: str, by: str, now_ms: int, *, overlap_ms: int = 0, expires_utc_ms: int | None = None
) -> str:
    """Give a gate a new token and return it; the old one works for ``overlap_ms`` more.

    Raises
    ------
    NotFound : there is no such gate.
    """
    tokens.require_any(c, TokenKind.GATE, gate)
    tokens.end(c, TokenKind.GATE, gate, now_ms + overlap_ms, now_ms)
    token = tokens.add(c, TokenKind.GATE, gate, now_ms, expires_utc_ms=expires_utc_ms)
    audit.append(c, by, "gate_token_changed", gate, _until(expires_utc_ms), now_ms)
    return token


def revoke(c: Connection, gate: str, by: str, now_ms: int) -> None:
    """Take a gate's tokens away; what it told stays. Revoking again changes nothing.

    Raises
    ------
    NotFound : there is no such gate.
    """
    tokens.require_any(c, TokenKind.GATE, gate)
    if tokens.end(c, TokenKind.GATE, gate, now_ms, now_ms):
        audit.append(c, by, "gate_revoked", gate, {}, now_ms)


def _until(expires_utc_ms: int | None) -> dict[str, object]:
    return {} if expires_utc_ms is None else {"expires_utc_ms": expires_utc_ms}

"""Tokens of sessions, lanes and gates: shown once, kept as their SHA-256.

A lane's and a gate's token says what it may be used for (its scopes), may end by date, and may work
on for a while beside the one that replaces it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, insert, or_, select, update

from service.resources import Scope, TokenInfo, TokenKind
from service.store import witness
from service.store.account_tables import token_uses, tokens
from service.store.errors import NotFound

SCOPES: Mapping[TokenKind, tuple[Scope, ...]] = {
    TokenKind.LANE: (Scope.MESSAGES, Scope.LIVE, Scope.COMMANDS),
    TokenKind.GATE: (Scope.VEHICLES,),
}
"""What each kind of token may be used for; one token may be given less."""

_T, _N = tokens.c, token_uses.c


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose token it is, and for what, until when."""

    sha256: str
    kind: TokenKind
    owner: str
    scopes: frozenset[Scope]
    expires_utc_ms: int | None = None

    def holds(self, now_ms: int) -> bool:
        """Say whether it works now."""
        return self.expires_utc_ms is None or now_ms < self.expires_utc_ms


def new_token() -> str:
    """Return 32 random bytes as text."""
    return secrets.token_urlsafe(32)


def token_sha256(token: str) -> str:
    """Return what is kept of a token: a random one needs no slow hash.

    Examples
    --------
    >>> token_sha256("abc")[:8]
    'ba7816bf'
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def add(
    c: Connection,
    kind: TokenKind,
    owner: str,
    now_ms: int,
    *,
    scopes: Collection[Scope] | None = None,
    expires_utc_ms: int | None = None,
) -> str:
    """Make a token and return it; ``scopes`` None: all of its kind."""
    token = new_token()
    kept = SCOPES[kind] if scopes is None else [each for each in SCOPES[kind] if each in scopes]
    sha256 = token_sha256(token)
    row = {
        "token_sha256": sha256,
        "kind": kind.value,
        "owner": owner,
        "scopes": " ".join(each.value for each in kept),
        "created_utc_ms": now_ms,
        "expires_utc_ms": expires_utc_ms,
    }
    c.execute(insert(tokens).values(row))
    witness.mark(c, "tokens", sha256)
    return token


def end(c: Connection, kind: TokenKind, owner: str, at_ms: int, now_ms: int) -> int:
    """Have all tokens of a lane or gate that hold end at a time; return how many there were.

    What ends sooner anyhow is left as it is.
    """
    later = or_(_T.expires_utc_ms.is_(None), _T.expires_utc_ms > at_ms)
    mine = (_T.kind == kind.value) & (_T.owner == owner) & _holds(now_ms)
    held = c.execute(select(_T.token_sha256).where(mine)).scalars().all()
    ended = c.execute(select(_T.token_sha256).where(mine, later)).scalars().all()
    for sha256 in ended:
        c.execute(update(tokens).where(_T.token_sha256 == sha256).values(expires_utc_ms=at_ms))
        witness.mark(c, "tokens", sha256)
    return len(held)


def bearer(c: Connection, token: str, now_ms: int) -> Bearer | None:
    """Return whose token this is, None when it is nobody's or has ended."""
    row = c.execute(select(tokens).where(_T.token_sha256 == token_sha256(token), _holds(now_ms))).first()
    if row is None:
        return None
    return Bearer(
        sha256=row.token_sha256,
        kind=TokenKind(row.kind),
        owner=row.owner,
        scopes=frozenset(Scope(each) for each in row.scopes.split()),
        expires_utc_ms=row.expires_utc_ms,
    )


def listed(c: Connection, kind: TokenKind, now_ms: int, owner: str | None = None) -> list[TokenInfo]:
    """Return the tokens of a kind that hold, by owner, the newest first."""
    query = (
        select(tokens, _N.used_utc_ms)
        .outerjoin(token_uses, _N.token_sha256 == _T.token_sha256)
        .where(_T.kind == kind.value, _holds(now_ms))
        .order_by(_T.owner, _T.created_utc_ms.desc(), _T.token_sha256)
    )
    if owner is not None:
        query = query.where(_T.owner == owner)
    return [
        TokenInfo(
            owner=row.owner,
            kind=TokenKind(row.kind),
            scopes=[Scope(each) for each in row.scopes.split()],
            created_utc_ms=row.created_utc_ms,
            expires_utc_ms=row.expires_utc_ms,
            used_utc_ms=row.used_utc_ms,
        )
        for row in c.execute(query)
    ]


def used(c: Connection, when_ms: Mapping[str, int]) -> None:
    """Note when tokens were last used, by their SHA-256."""
    for sha256, at_ms in when_ms.items():
        mine = _N.token_sha256 == sha256
        if c.execute(update(token_uses).where(mine).values(used_utc_ms=at_ms)).rowcount:
            continue
        if c.execute(select(_T.token_sha256).where(_T.token_sha256 == sha256)).first() is not None:
            c.execute(insert(token_uses).values(token_sha256=sha256, used_utc_ms=at_ms))


def require_any(c: Connection, kind: TokenKind, owner: str) -> None:
    """Check that there ever was a token of this owner.

    Raises
    ------
    NotFound : there was none.
    """
    mine = (_T.kind == kind.value) & (_T.owner == owner)
    if c.execute(select(_T.owner).where(mine).limit(1)).first() is None:
        raise NotFound(f"there is no {kind.value} {owner}: check its name, or add it")


def _holds(now_ms: int) -> ColumnElement[bool]:
    return or_(_T.expires_utc_ms.is_(None), _T.expires_utc_ms > now_ms)

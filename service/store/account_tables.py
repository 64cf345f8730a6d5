"""The tables of sessions, PINs and tokens. See `service.store.tables` for how values are kept."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, Table, Text

from service.store.tables import metadata, users

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("name", Text, ForeignKey(users.c.name), nullable=False, index=True),
    Column("opened_utc_ms", BigInteger, nullable=False),
    Column("used_utc_ms", BigInteger, nullable=False),  # a request came, or a page was open
    Column("acted_utc_ms", BigInteger, nullable=False),  # somebody did something
    Column("fresh_utc_ms", BigInteger, nullable=False),  # the password was given
    Column("locked", Boolean, nullable=False),  # on request; by idleness it is locked without this
    Column("wrong_secrets", Integer, nullable=False),  # PINs and passwords since the last right one
    Column("address", Text, nullable=False),
)

pins = Table(
    "pins",
    metadata,
    Column("name", Text, ForeignKey(users.c.name), primary_key=True),
    Column("pin_hash", Text, nullable=False),  # "": forgotten
    Column("set_utc_ms", BigInteger, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("owner", Text, nullable=False, index=True),  # a lane's id, a gate's name
    Column("scopes", Text, nullable=False),  # words with a space between
    Column("created_utc_ms", BigInteger, nullable=False),
    Column("expires_utc_ms", BigInteger),  # null: never
)

# apart from `tokens`, whose rows the audit log vouches for: this changes twice a minute
token_uses = Table(
    "token_uses",
    metadata,
    Column("token_sha256", Text, ForeignKey(tokens.c.token_sha256), primary_key=True),
    Column("used_utc_ms", BigInteger, nullable=False),
)

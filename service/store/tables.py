"""The tables. Times are whole milliseconds since 1970 (UTC), JSON is text, hashes are hex."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts up only in a column of type INTEGER
SEQUENCE = BigInteger().with_variant(Integer, "sqlite")


def _sequence() -> Column[int]:
    return Column("sequence", SEQUENCE, primary_key=True, autoincrement=True)


lanes = Table(
    "lanes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_sha256", Text, unique=True),  # null: revoked
    Column("created_utc_ms", BigInteger, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_utc_ms", BigInteger, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    _sequence(),
    Column("key", Text, nullable=False, unique=True),
    Column("lane_id", Text, ForeignKey(lanes.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("scan_id", Text, nullable=False, index=True),
    Column("created_utc_ns", BigInteger, nullable=False),
    Column("taken_utc_ms", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),  # of the canonical JSON: tells a repeat from a reuse
    Column("raw", Text, nullable=False),  # as received
    sqlite_autoincrement=True,
)

scans = Table(
    "scans",
    metadata,
    Column("id", Text, primary_key=True),
    Column("lane_id", Text, ForeignKey(lanes.c.id), nullable=False),
    Column("state", Text, nullable=False),
    Column("declaration", Text),  # null: the lane never told, or this service lost it
    Column("plate_key", Text, nullable=False),  # the plate's letters and digits, for searching
    Column("opened_utc_ms", BigInteger, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("closed_utc_ms", BigInteger),
    Column("closed_by", Text, nullable=False),
    Column("visits", Integer, nullable=False),
    Column("ended_visit", Integer, nullable=False),  # highest visit known to be over
    Column("interrupted", Boolean, nullable=False),
    Column("assessment", Text),  # the newest one
    Column("assessed_utc_ms", BigInteger),
    Column("version", Integer, nullable=False),
    Column("vehicle_class", Text, nullable=False, server_default=""),  # of the declaration, for searching
    Column("recommendation", Text, nullable=False, server_default=""),  # of the newest assessment, likewise
    Index(None, "state", "opened_utc_ms", "id"),
    Index(None, "opened_utc_ms", "id"),
    Index(None, "lane_id", "opened_utc_ms", "id"),
    Index(None, "vehicle_class", "opened_utc_ms", "id"),
    Index(None, "recommendation", "opened_utc_ms", "id"),
)

assessments = Table(
    "assessments",
    metadata,
    _sequence(),
    Column("scan_id", Text, ForeignKey(scans.c.id), nullable=False),
    Column("visit", Integer, nullable=False),
    Column("mono_ns", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("recommendation", Text, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("message", SEQUENCE, ForeignKey(messages.c.sequence), nullable=False),
    UniqueConstraint("scan_id", "visit", "mono_ns", "digest"),
    sqlite_autoincrement=True,
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("scan_id", Text, ForeignKey(scans.c.id), nullable=False, unique=True),
    Column("level", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("raised_utc_ms", BigInteger, nullable=False),
    Column("raised_by", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("persons_likely", Integer),
    Column("minutes_low", Double),  # may be infinite
    Column("assessed_visit", Integer, nullable=False),  # which assessment the reasons are of
    Column("assessed_mono_ns", BigInteger, nullable=False),
    Column("acknowledged_utc_ms", BigInteger),
    Column("acknowledged_by", Text, nullable=False),
    Column("outcome", SEQUENCE),  # sequence in `outcomes`, no key: each table would need the other first
    Column("settled_visit", Integer),  # visits that the outcome, or the closing, speaks for
    Column("closed_utc_ms", BigInteger),
    Column("closed_by", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("owner", Text, nullable=False, server_default=""),
    Column("assigned_to", Text, nullable=False, server_default=""),
    Column("assigned_is_account", Boolean, nullable=False, server_default=false()),
    Column("assigned_by", Text, nullable=False, server_default=""),
    Column("assigned_utc_ms", BigInteger),
    Column("due_utc_ms", BigInteger),  # null: shelved, closed, or from before there were timers
    Column("escalation", Integer, nullable=False, server_default=text("0")),
    Column("shelved_utc_ms", BigInteger),
    Column("shelved_until_utc_ms", BigInteger),  # null: not shelved
    Column("shelved_by", Text, nullable=False, server_default=""),
    Column("shelved_reason", Text, nullable=False, server_default=""),
    Index(None, "state", "raised_utc_ms", "id"),
    Index(None, "raised_utc_ms", "id"),
)

# only ever added to: a correction, or an alert that was raised again, leaves the earlier outcome here
outcomes = Table(
    "outcomes",
    metadata,
    _sequence(),
    Column("alert_id", Text, ForeignKey(alerts.c.id), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("people", Integer),
    Column("medical_help", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("utc_ms", BigInteger, nullable=False),
    Column("conditions", Text),  # JSON: how many are well, need care, are critical, are dead
    Column("safeguarding_referral", Boolean, nullable=False, server_default=false()),
    Column("safeguarding_reference", Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

commands = Table(
    "commands",
    metadata,
    _sequence(),
    Column("id", Text, nullable=False, unique=True),
    Column("lane_id", Text, ForeignKey(lanes.c.id), nullable=False),
    Column("order_given", Text, nullable=False),
    Column("given_by", Text, nullable=False),
    Column("given_utc_ms", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("answer", Text),
    Column("answered_utc_ms", BigInteger),
    Index(None, "state", "given_utc_ms"),
    Index(None, "given_utc_ms"),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    _sequence(),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("utc_ms", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    sqlite_autoincrement=True,
)

audit = Table(
    "audit",
    metadata,
    _sequence(),
    Column("utc_ms", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("salt", Text),  # null: who, subject and detail were erased
    Column("personal_sha256", Text, nullable=False),  # of the salt with who, subject and detail
    sqlite_autoincrement=True,
)

from service.store import (  # noqa: E402  more tables, on the same metadata
    account_tables,  # noqa: F401
    alert_tables,  # noqa: F401
    audit_tables,  # noqa: F401
    privacy_tables,  # noqa: F401
    vehicle_tables,  # noqa: F401
)

"""``lorryscan gates``: what may announce vehicles, and its tokens, while the service is stopped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from drivers.api import ConfigError
from service.cli.data_folder import DATA, console_user, open_existing
from service.cli.token_ends import DAYS, OVERLAP, ends_ms
from service.resources import GateName, TokenKind
from service.store import gates, tokens
from service.store.open_store import open_store

_GATE: TypeAdapter[str] = TypeAdapter(GateName)

GATE = Annotated[str, typer.Argument(help="the gate's name, like reader-1")]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Gates that announce vehicles, while the service is stopped.",
)


@app.command("add")
def add(gate: GATE, days: DAYS = None, data: DATA = Path("service-data")) -> None:
    """Add a gate, or take a revoked one back, and print its token once."""
    try:
        _GATE.validate_python(gate)
    except ValidationError:
        raise ConfigError(
            f"{gate!r} cannot be a gate's name: take up to 64 letters, digits, dots, hyphens or underscores"
        ) from None
    database = open_store(data)
    try:
        with database.writing() as c:
            token = gates.add(c, gate, console_user(), _now_ms(), ends_ms(days, _now_ms()))
    finally:
        database.close()
    typer.echo(f"Token of {gate}; it is not shown again. It sends it as 'Authorization: Bearer TOKEN':")
    typer.echo(token)


@app.command("list")
def list_all(data: DATA = Path("service-data")) -> None:
    """List all gates with a token."""
    with open_existing(data) as database, database.reading() as c:
        found = tokens.listed(c, TokenKind.GATE, _now_ms())
    for gate in dict.fromkeys(one.owner for one in found):
        typer.echo(gate)
    if not found:
        typer.echo("There are no gates: add one with `lorryscan gates add GATE`.")


@app.command("token")
def token(gate: GATE, days: DAYS = None, overlap: OVERLAP = 0, data: DATA = Path("service-data")) -> None:
    """Give a gate a new token and print it once."""
    now_ms = _now_ms()
    with open_existing(data) as database, database.writing() as c:
        new = gates.rotate(
            c, gate, console_user(), now_ms, overlap_ms=overlap * 60_000, expires_utc_ms=ends_ms(days, now_ms)
        )
    typer.echo(f"New token of {gate}; it is not shown again:")
    typer.echo(new)


@app.command("revoke")
def revoke(gate: GATE, data: DATA = Path("service-data")) -> None:
    """Take a gate's tokens away; what it told stays."""
    with open_existing(data) as database, database.writing() as c:
        gates.revoke(c, gate, console_user(), _now_ms())
    typer.echo(f"{gate} can no longer speak to the service.")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

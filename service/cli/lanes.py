"""``lorryscan lanes``: lanes that may speak to the service, while it is stopped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from drivers.api import ConfigError
from service.cli.data_folder import DATA, console_user, open_existing
from service.cli.token_ends import DAYS, OVERLAP, ends_ms
from service.resources import LaneId, Scope
from service.store import lanes
from service.store.lanes import Given
from service.store.open_store import open_store

_LANE: TypeAdapter[str] = TypeAdapter(LaneId)

LANE = Annotated[str, typer.Argument(help="the lane's id, as in its lane.toml")]
SCOPE = Annotated[list[Scope] | None, typer.Option("--scope", help="messages, live, commands; all without")]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Lanes and their tokens, while the service is stopped."
)


@app.command("add")
def add(lane: LANE, scope: SCOPE = None, days: DAYS = None, data: DATA = Path("service-data")) -> None:
    """Add a lane, or take a revoked one back, and print its token once."""
    try:
        _LANE.validate_python(lane)
    except ValidationError:
        raise ConfigError(
            f"{lane!r} cannot be a lane's id: take up to 64 letters, digits, dots, hyphens or underscores"
        ) from None
    database = open_store(data)
    try:
        with database.writing() as c:
            given = Given(scopes=scope, expires_utc_ms=ends_ms(days, _now_ms()))
            token = lanes.add(c, lane, console_user(), _now_ms(), **given)
    finally:
        database.close()
    typer.echo(f"Token of {lane}; it is not shown again. Put it in lane.token beside the lane's lane.toml:")
    typer.echo(token)
    typer.echo("Add to lane.toml, with the address of this service:")
    typer.echo('[service]\nurl = "https://this-machine:8080"\ntoken_file = "lane.token"')


@app.command("list")
def list_all(data: DATA = Path("service-data")) -> None:
    """List all lanes."""
    with open_existing(data) as database, database.reading() as c:
        found = lanes.listed(c)
    for lane in found:
        typer.echo(f"{lane.id}{'  revoked' if lane.revoked else ''}")
    if not found:
        typer.echo("There are no lanes: add one with `lorryscan lanes add LANE`.")


@app.command("token")
def token(
    lane: LANE,
    scope: SCOPE = None,
    days: DAYS = None,
    overlap: OVERLAP = 0,
    data: DATA = Path("service-data"),
) -> None:
    """Give a lane a new token and print it once."""
    now_ms = _now_ms()
    given = Given(scopes=scope, expires_utc_ms=ends_ms(days, now_ms))
    with open_existing(data) as database, database.writing() as c:
        new = lanes.rotate(c, lane, console_user(), now_ms, overlap_ms=overlap * 60_000, **given)
    typer.echo(f"New token of {lane}; it is not shown again. Put it in lane.token:")
    typer.echo(new)


@app.command("revoke")
def revoke(lane: LANE, data: DATA = Path("service-data")) -> None:
    """Take a lane's token away; what it told stays."""
    with open_existing(data) as database, database.writing() as c:
        lanes.revoke(c, lane, console_user(), _now_ms())
    typer.echo(f"{lane} can no longer speak to the service.")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

"""``lorryscan accounts``: people who may log in, while the service is stopped."""

from __future__ import annotations

import getpass
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from drivers.api import ConfigError
from service.cli.data_folder import DATA, console_user, open_existing
from service.resources import Password, Role, UserName
from service.store import accounts
from service.store.open_store import open_store

_NAME: TypeAdapter[str] = TypeAdapter(UserName)
_PASSWORD: TypeAdapter[str] = TypeAdapter(Password)

NAME = Annotated[str, typer.Argument(help="as it is typed at login, like officer.north")]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="People's accounts, while the service is stopped."
)


@app.command("add")
def add(
    name: NAME,
    role: Annotated[Role, typer.Option("--role", help="what the person may do")],
    data: DATA = Path("service-data"),
) -> None:
    """Add an account. The password is asked for twice, or read as one line from a pipe."""
    _check_name(name)
    database = open_store(data)
    try:
        with database.reading() as c:
            accounts.require_new(c, name)  # said before a password is asked for
        new = _read_password()
        with database.writing() as c:
            accounts.add(c, name, role, new, console_user(), _now_ms())
    finally:
        database.close()
    typer.echo(f"{name} may log in as {role.value}.")


@app.command("list")
def list_all(data: DATA = Path("service-data")) -> None:
    """List all accounts with their roles."""
    with open_existing(data) as database, database.reading() as c:
        found = accounts.users(c)
    for user in found:
        typer.echo(f"{user.name}  {user.role.value}{'  disabled' if user.disabled else ''}")
    if not found:
        typer.echo("There are no accounts: add one with `lorryscan accounts add NAME --role supervisor`.")


@app.command("disable")
def disable(name: NAME, data: DATA = Path("service-data")) -> None:
    """Keep somebody out; what they did stays in the audit log."""
    with open_existing(data) as database, database.writing() as c:
        accounts.change(c, name, disabled=True, by=console_user(), now_ms=_now_ms())
    typer.echo(f"{name} can no longer log in.")


@app.command("password")
def password(name: NAME, data: DATA = Path("service-data")) -> None:
    """Give somebody a new password, asked for twice, or read as one line from a pipe."""
    with open_existing(data) as database:
        with database.reading() as c:
            accounts.user(c, name)  # a wrong name is said before a password is asked for
        new = _read_password()
        with database.writing() as c:
            accounts.change(c, name, password=new, by=console_user(), now_ms=_now_ms())
    typer.echo(f"{name} has a new password.")


def _check_name(name: str) -> None:
    try:
        _NAME.validate_python(name)
    except ValidationError:
        raise ConfigError(
            f"{name!r} cannot be a name: take up to 40 lower-case letters, digits, dots, hyphens or "
            "underscores, a letter or digit first"
        ) from None


def _read_password() -> str:
    if sys.stdin.isatty():
        typed = getpass.getpass("Password: ")
        if getpass.getpass("The same again: ") != typed:
            raise ConfigError("the two passwords differ: type them again")
    else:
        typed = sys.stdin.readline().rstrip("\r\n")
    try:
        return _PASSWORD.validate_python(typed)
    except ValidationError:
        raise ConfigError("a password has 10 to 200 characters: take a longer sentence") from None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

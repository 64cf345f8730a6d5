"""The ``lorryscan`` command."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from typing import ClassVar

import typer
from rich.console import Console

from drivers.api import ConfigError, LorryscanError
from service.cli.lazy_group import LazyGroup
from service.cli.out_file import disk_words

NAMES = (
    "lane",
    "serve",
    "demo",
    "replay",
    "simulate",
    "validate",
    "recording",
    "project",
    "calibrate",
    "drivers",
    "models",
    "accounts",
    "lanes",
    "gates",
    "audit",
    "privacy",
    "labels",
    "config",
    "doctor",
    "version",
)


class Commands(LazyGroup):
    """All commands."""

    found_in: ClassVar[Mapping[str, str]] = {name: f"service.cli.{name}" for name in NAMES}


app = typer.Typer(
    name="lorryscan",
    cls=Commands,
    help="Finds people hidden in tankers and refrigerated trailers, and proves how well.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _lorryscan() -> None:
    """Be a group, whose commands are found when they are called."""


def main() -> None:
    """Run the command; errors we foresee become one sentence and an exit status.

    1: it cannot be done now; 2: what was asked or configured is wrong.
    """
    try:
        app()
    except ConfigError as error:
        _say(error)
        sys.exit(2)
    except LorryscanError as error:
        _say(error)
        sys.exit(1)
    except OSError as error:
        _say(disk_words(error))
        sys.exit(1)


def _say(why: object) -> None:
    with contextlib.suppress(OSError):  # a terminal that hung up: the status still tells
        Console(stderr=True).print(
            f"lorryscan: {why}", style="red", markup=False, highlight=False, soft_wrap=True
        )

"""``lorryscan models``: whether image models fit, what they say of themselves, how they compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import typer

from service.cli.lazy_group import LazyGroup


class ModelCommands(LazyGroup):
    """All commands on image models."""

    found_in: ClassVar[Mapping[str, str]] = {
        name: f"service.cli.models_{name}" for name in ("check", "show", "card", "compare")
    }


app = typer.Typer(
    cls=ModelCommands,
    no_args_is_help=True,
    add_completion=False,
    help="Image models: check, show, give a card, compare.",
)


@app.callback()
def _models() -> None:
    """Be a group, whose commands are found when they are called."""

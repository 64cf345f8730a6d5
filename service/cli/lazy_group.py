"""Commands whose modules are imported when they are called: a service starts without a lane's code."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup


class LazyGroup(TyperGroup):
    """A group that finds its commands by name in modules.

    Attributes
    ----------
    found_in : module of each command, in the order of the help; it holds ``app``, a group of
        commands, or a function of the command's own name.
    """

    found_in: ClassVar[Mapping[str, str]] = {}

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the group's own form
        """Return the names of all commands."""
        return list(self.found_in)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Return a command, imported now; None when there is none of this name."""
        if cmd_name not in self.found_in:
            return None
        module = importlib.import_module(self.found_in[cmd_name])
        group = getattr(module, "app", None)
        if group is None:
            group = typer.Typer(add_completion=False)
            group.command(cmd_name)(getattr(module, cmd_name))
        made = typer.main.get_command(group)
        made.name = cmd_name
        return made

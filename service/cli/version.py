"""``lorryscan version``: what is installed."""

from __future__ import annotations

import typer

from scanner.methods import load_kit
from scanner.policy import make_policy


def version() -> None:
    """Print the version, and which code, models and calibrations are installed."""
    for name, value in load_kit().versions(make_policy({})).items():
        typer.echo(f"{name}: {value}")

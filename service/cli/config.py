"""``lorryscan config``: whether a configuration file is sound."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from calibration.certificates import CalibrationExpired, CalibrationMissing, check_valid
from scanner.lane.config import load_lane_config

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Check configuration files.",
)


@app.callback()
def _group() -> None:
    """Keep ``check`` a command of its own, though it is the only one."""


@app.command("check")
def check(file: Annotated[Path, typer.Argument(help="the lane's TOML file")]) -> None:
    """Say whether a lane's configuration is sound, and if not, how to mend it."""
    from scanner.lane.kit import load_lane_kit  # here: it brings every library of a lane

    checked = load_lane_config(file)
    kit = load_lane_kit(checked, file)
    console = Console()
    head = f"{file}: sound. Lane {checked.lane_id}, {len(checked.devices)} devices:"
    console.print(head, markup=False, highlight=False, soft_wrap=True)
    for spec in checked.devices:
        console.print(f"  {spec.name} ({spec.role.value})", highlight=False)
    for name in checked.model_files:
        console.print(f"  model.{name} {kit.model_ids()[name]}", markup=False, highlight=False)
    for note in kit.notes():
        console.print(f"  note: {note}", markup=False, highlight=False, soft_wrap=True)
    for sensor in checked.sensors.values():
        try:
            check_valid(sensor.certificate, sensor.name, time.time_ns())
        except (CalibrationMissing, CalibrationExpired) as note:
            console.print(f"  note: {note}", markup=False, highlight=False, soft_wrap=True)
